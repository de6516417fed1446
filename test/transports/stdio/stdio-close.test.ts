import { channel } from 'node:diagnostics_channel';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { systemEnvironment } from '../../../src/util/environment.js';
import type { Environment } from '../../../src/util/environment.js';
import type { Link } from '../../../src/transports/link.js';
import { signalGroup } from '../../../src/transports/stdio/process-groups.js';
import { StdioTransport } from '../../../src/transports/stdio/stdio-transport.js';
import type { StdioTransportOptions } from '../../../src/transports/stdio/stdio-transport.js';
import { hastyEnvironment, LinkRecorder } from '../../support/link-recorder.js';
import { isAlive, processFixture, waitForExit } from '../../support/servers/processes.js';

const node = process.execPath;
const hasty = hastyEnvironment(10);
let recorder: LinkRecorder;

interface Opened {
  readonly transport: StdioTransport;
  readonly link: Link;
  readonly child: ChildProcess;
}

interface OpenOptions extends StdioTransportOptions {
  readonly environment?: Environment;
}

async function open(fixture: string, args: string[] = [], options: OpenOptions = {}): Promise<Opened> {
  const { environment = systemEnvironment, ...rest } = options;
  const transport = new StdioTransport(node, [processFixture(fixture), ...args], rest);
  recorder = new LinkRecorder(environment);
  const link = await transport.openLink(recorder.events, new AbortController().signal);
  return { transport, link, child: transport.process as ChildProcess };
}

/** The process id in the first message of the server. */
async function announcedPid(): Promise<number> {
  await recorder.until(() => recorder.messages.length > 0);
  return (recorder.messages[0] as { params: { pid: number } }).params.pid;
}

afterEach(() => {
  expect(recorder.timers.size).toBe(0);
});

test('a link whose owner throws at its last message ends, and leaves no process', async () => {
  const message = JSON.stringify({ jsonrpc: '2.0', method: 'notifications/last' });
  const transport = new StdioTransport(node, ['-e', `process.stdout.write(${JSON.stringify(message)})`]);
  recorder = new LinkRecorder();
  const broken = {
    ...recorder.events,
    message: () => {
      throw new Error('The owner is broken');
    },
  };
  await transport.openLink(broken, new AbortController().signal);
  expect(await recorder.untilClosed()).toMatchObject({ kind: 'transport' });
  await transport.closeLink();
});

describe('closing', () => {
  test('a server that ends with its standard input is asked no further', async () => {
    const { transport, child } = await open('peer');
    await transport.closeLink();
    expect(child).toMatchObject({ exitCode: 0, signalCode: null });
    expect(child.stdio.map((stream) => stream?.closed)).toEqual([true, true, true]);
    expect(recorder.log).toEqual([]);
  });

  test('a server that stays gets SIGTERM', async () => {
    const { transport, child } = await open('stays', [], { environment: hasty });
    await announcedPid();
    await transport.closeLink();
    expect(child).toMatchObject({ exitCode: null, signalCode: 'SIGTERM' });
  });

  test('a server that ignores SIGTERM gets SIGKILL', async () => {
    const { transport, child } = await open('stays', ['deaf'], { environment: hasty });
    await announcedPid();
    await transport.closeLink();
    expect(child).toMatchObject({ exitCode: null, signalCode: 'SIGKILL' });
  });

  test('each step is given two seconds, by the clock of the environment', async () => {
    const delays: number[] = [];
    const environment: Environment = {
      ...systemEnvironment,
      setTimeout: (callback, delay) => {
        delays.push(delay);
        return systemEnvironment.setTimeout(callback, delay / 20);
      },
    };
    const { transport, child } = await open('stays', ['deaf'], { environment });
    await announcedPid();
    delays.length = 0;
    await transport.closeLink();
    expect(delays).toEqual([2_000, 2_000, 2_000]);
    expect(child.signalCode).toBe('SIGKILL');
  });

  test('a server that writes without end does not keep it from closing', async () => {
    const { transport, link, child } = await open('peer');
    await link.send({ jsonrpc: '2.0', id: 1, method: 'burst', params: { count: 100_000 } });
    await recorder.until(() => recorder.messages.length > 0);
    await transport.closeLink();
    expect(child).toMatchObject({ exitCode: 0, signalCode: null });
  });

  test('what was sent in the same tick still reaches the server', async () => {
    const { transport, link } = await open('stderr-echo');
    void link.send({ jsonrpc: '2.0', method: 'notifications/cancelled' });
    await transport.closeLink();
    expect(transport.stderrTail).toBe('{"jsonrpc":"2.0","method":"notifications/cancelled"}\n');
  });

  test('a server that another process kills while it closes counts as closed', async () => {
    const { transport, child } = await open('stays', ['deaf']);
    await announcedPid();
    const closing = transport.closeLink();
    child.kill('SIGKILL');
    await closing;
    expect(child.signalCode).toBe('SIGKILL');
    expect(recorder.ends).toEqual([]);
  });

  test('a server that cannot be killed does not keep it from closing, and is not forgotten', async () => {
    const listeners = process.listenerCount('exit');
    const { transport, child } = await open('stays', ['deaf'], { environment: hasty });
    await announcedPid();
    const kill = jest.spyOn(process, 'kill').mockReturnValue(true);
    await transport.closeLink();
    expect(kill.mock.calls).toEqual([
      [-(child.pid as number), 'SIGTERM'],
      [-(child.pid as number), 'SIGKILL'],
    ]);
    kill.mockRestore();
    expect(isAlive(child.pid as number)).toBe(true);
    // This process tries again when it exits.
    expect(process.listenerCount('exit')).toBe(listeners + 1);
    child.kill('SIGKILL');
    await once(child, 'close');
    expect(process.listenerCount('exit')).toBe(listeners);
  });

  test('an abort while it opens leaves no process', async () => {
    const children: ChildProcess[] = [];
    const spawned = (message: unknown): unknown => children.push((message as { process: ChildProcess }).process);
    const controller = new AbortController();
    channel('child_process').subscribe(spawned);
    try {
      const transport = new StdioTransport(node, [processFixture('stays'), 'deaf']);
      recorder = new LinkRecorder();
      const opening = transport.openLink(recorder.events, controller.signal);
      const outcome = expect(opening).rejects.toThrow('no more');
      while (children.length === 0) await Promise.resolve();
      controller.abort(new Error('no more'));
      await outcome;
      await transport.closeLink();
      const [child] = children;
      expect(child?.pid).toEqual(expect.any(Number));
      expect(isAlive(child?.pid as number)).toBe(false);
    } finally {
      channel('child_process').unsubscribe(spawned);
    }
  });
});

describe('what the server started', () => {
  test.each([
    ['dies when it is closed', []],
    ['dies when it is closed, also if it ignores SIGTERM', ['deaf']],
    ['dies when it is closed, also if it holds the output open', ['holding']],
  ])('%s', async (_, args) => {
    const { transport, child } = await open('family', args);
    const grandchild = await announcedPid();
    expect(isAlive(grandchild)).toBe(true);
    await transport.closeLink();
    expect(child).toMatchObject({ exitCode: 0, signalCode: null });
    expect(isAlive(grandchild)).toBe(false);
  });

  test.each([
    ['dies when the server exits by itself', ['exit']],
    [
      'dies when the server exits by itself, also if it ignores SIGTERM and holds the output open',
      ['exit', 'deaf', 'holding'],
    ],
  ])('%s', async (_, args) => {
    const { transport } = await open('family', args);
    const grandchild = await announcedPid();
    expect(await recorder.untilClosed()).toMatchObject({ code: 'MCP_PROCESS_EXITED', details: { exitCode: 3 } });
    // Nobody has to ask for it.
    await waitForExit(grandchild);
    await transport.closeLink();
  });

  test('is listened to for a moment when the server is gone, while what is sent then was not sent', async () => {
    // A tenth of a second is short for a busy machine.
    const { transport, link, child } = await open('family', ['exit', 'holding', 'heir'], {
      environment: hastyEnvironment(0.01),
    });
    await once(child, 'exit');
    const sent = link.send({ jsonrpc: '2.0', method: 'notifications/initialized' });
    const outcome = expect(sent).rejects.toMatchObject({ delivery: 'not-sent' });
    await recorder.until(() => recorder.messages.length === 2);
    expect(recorder.messages[1]).toEqual({ jsonrpc: '2.0', method: 'inherited' });
    signalGroup(child.pid as number, 'SIGKILL');
    expect(await recorder.untilClosed()).toMatchObject({ code: 'MCP_PROCESS_EXITED', details: { exitCode: 3 } });
    await outcome;
    await transport.closeLink();
  });

  test('does not delay the news of an exit by holding the output open', async () => {
    const delays: number[] = [];
    const environment: Environment = {
      ...systemEnvironment,
      setTimeout: (callback, delay) => {
        delays.push(delay);
        return systemEnvironment.setTimeout(callback, delay);
      },
    };
    const { transport } = await open('family', ['exit', 'holding'], { environment });
    delays.length = 0;
    await recorder.untilClosed();
    expect(delays[0]).toBe(100);
    await transport.closeLink();
  });
});

describe('a server that can no longer be talked to', () => {
  test('one that closes its output but stays is reported, and ended', async () => {
    const { transport, child } = await open('half-closed', ['1'], { environment: hasty });
    expect(await recorder.untilClosed()).toEqual({
      kind: 'transport',
      code: 'MCP_TRANSPORT_FAILED',
      message: `The server process "${node}" closed its standard output`,
      details: { command: node, pid: child.pid, exitCode: null, signal: null, stderr: 'I stay\n' },
    });
    // Nobody has to ask for it.
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    expect(child.signalCode).toBe('SIGTERM');
    await transport.closeLink();
  });

  test('one that closes its input is reported when it is written to, and what is sent after that was not sent', async () => {
    const { transport, link, child } = await open('half-closed', ['0'], { environment: hasty });
    await recorder.until(() => recorder.messages.length > 0);
    const broken = once(child.stdin as NodeJS.WritableStream, 'error');
    expect(link.send({ jsonrpc: '2.0', method: 'one' })).toBeUndefined();
    await broken;
    const sent = link.send({ jsonrpc: '2.0', method: 'two' });
    await expect(sent).rejects.toMatchObject({ delivery: 'not-sent', code: 'MCP_TRANSPORT_FAILED' });
    expect(await recorder.untilClosed()).toMatchObject({
      code: 'MCP_TRANSPORT_FAILED',
      message: `The server process "${node}" stopped reading its standard input (EPIPE)`,
      details: { stderr: 'I stay\n' },
    });
    await transport.closeLink();
    expect(child.signalCode).toBe('SIGTERM');
  });

  test('when it exits soon after, the exit is what is reported', async () => {
    const { transport, child } = await open('half-closed', ['1']);
    await once(child.stdout as NodeJS.ReadableStream, 'end');
    child.kill('SIGKILL');
    expect(await recorder.untilClosed()).toMatchObject({ code: 'MCP_PROCESS_EXITED', details: { signal: 'SIGKILL' } });
    await transport.closeLink();
  });
});
