import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { compiled } from '../../support/compiled.js';
import { isAlive, waitForExit } from '../../support/servers/processes.js';

const NODE_PATH = path.resolve(__dirname, '../../../node_modules');
const HOST = path.resolve(__dirname, '../../fixtures/hosts/host.mjs');
const SERVERS = ['polite', 'staying', 'family', 'grandchild'] as const;
type Server = (typeof SERVERS)[number];
type Pids = Readonly<Record<Server, number>>;

let host: ChildProcessWithoutNullStreams;
let lines: AsyncIterator<string, undefined>;
let pids: Pids | undefined;

/** Starts a host and waits until its servers run. */
async function start(ending: string, ...options: string[]): Promise<Pids> {
  pids = undefined;
  const args = [HOST, compiled('transports/stdio/stdio-transport'), ending, ...options];
  host = spawn(process.execPath, args, { env: { ...process.env, NODE_PATH } });
  host.stderr.resume();
  lines = createInterface({ input: host.stdout })[Symbol.asyncIterator]();
  pids = JSON.parse(await nextLine()) as Pids;
  return pids;
}

async function nextLine(): Promise<string> {
  const { value } = await lines.next();
  if (value === undefined) throw new Error('The host ended too early');
  return value;
}

/** How the host ended. */
async function end(): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
  if (host.exitCode === null && host.signalCode === null) await once(host, 'exit');
  return { code: host.exitCode, signal: host.signalCode };
}

/** Waits for the end of those that should end, and says who is left then. */
async function survivors(running: Pids, expected: readonly Server[]): Promise<Server[]> {
  for (const server of SERVERS) {
    if (!expected.includes(server)) await waitForExit(running[server]);
  }
  return SERVERS.filter((server) => isAlive(running[server]));
}

afterEach(async () => {
  host.kill('SIGKILL');
  await end();
  for (const pid of Object.values(pids ?? {})) {
    if (isAlive(pid)) process.kill(pid, 'SIGKILL');
    await waitForExit(pid);
  }
});

describe('a host', () => {
  test.each([[[]], [['handleSignals']]])(
    'that closes its transports ends by itself and has no listeners left %j',
    async (options) => {
      const running = await start('close', ...options);
      expect(await nextLine()).toBe('[0,0,0,0]');
      expect(await end()).toEqual({ code: 0, signal: null });
      expect(await survivors(running, [])).toEqual([]);
    },
  );

  test.each([
    ['calls process.exit', 'exit', { code: 5, signal: null }],
    ['throws what nobody catches', 'throw', { code: 1, signal: null }],
    ['rejects what nobody handles', 'reject', { code: 1, signal: null }],
  ])('that %s takes its servers and what they started with it', async (_, ending, outcome) => {
    const running = await start(ending);
    expect(await end()).toEqual(outcome);
    expect(await survivors(running, [])).toEqual([]);
  });

  // Without a handler Node dies of a signal without a word. A server that reads its standard input notices; no other process does.
  test.each(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGKILL'] as const)(
    'that dies of %s leaves the servers that ignore the end of their input, and what servers started',
    async (signal) => {
      const running = await start('wait');
      host.kill(signal);
      expect(await end()).toEqual({ code: null, signal });
      expect(await survivors(running, ['staying', 'grandchild'])).toEqual(['staying', 'grandchild']);
    },
  );

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'with handleSignals that gets %s takes them all with it and still dies of that signal',
    async (signal) => {
      const running = await start('wait', 'handleSignals');
      host.kill(signal);
      expect(await end()).toEqual({ code: null, signal });
      expect(await survivors(running, [])).toEqual([]);
    },
  );

  test('with handleSignals that dies of SIGKILL cannot take anybody with it', async () => {
    const running = await start('wait', 'handleSignals');
    host.kill('SIGKILL');
    expect(await end()).toEqual({ code: null, signal: 'SIGKILL' });
    expect(await survivors(running, ['staying', 'grandchild'])).toEqual(['staying', 'grandchild']);
  });

  test('with handleSignals and a handler of its own is not killed: its handler decides, and gets the signal once', async () => {
    const running = await start('own handler', 'handleSignals');
    expect(await nextLine()).toBe('ready');
    host.kill('SIGTERM');
    expect(await nextLine()).toBe('heard it');
    expect(await lines.next()).toEqual({ done: true, value: undefined });
    expect(await end()).toEqual({ code: 9, signal: null });
    expect(await survivors(running, [])).toEqual([]);
  });
});
