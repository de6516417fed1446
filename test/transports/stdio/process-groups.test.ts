import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import {
  groupLives,
  signalGroup,
  taskkillArguments,
  watchGroup,
} from '../../../src/transports/stdio/process-groups.js';
import { StdioTransport } from '../../../src/transports/stdio/stdio-transport.js';
import { systemProgram } from '../../../src/transports/stdio/system-program.js';
import { processFixture } from '../../support/servers/processes.js';

const EVENTS = ['exit', 'SIGINT', 'SIGTERM', 'SIGHUP'];

function listeners(): number[] {
  return EVENTS.map((event) => process.listenerCount(event));
}

function server(handleSignals: boolean): StdioTransport {
  return new StdioTransport(process.execPath, [processFixture('peer')], { handleSignals });
}

describe('listeners on process', () => {
  const none = listeners();

  function more(...counts: number[]): number[] {
    return none.map((before, index) => before + (counts[index] as number));
  }

  test('while servers live there is one for exit, however many they are, and it goes with the last', async () => {
    const transports = [server(false), server(false), server(false)];
    for (const transport of transports) {
      await transport.connect();
      expect(listeners()).toEqual(more(1, 0, 0, 0));
    }
    for (const transport of transports) {
      expect(listeners()).toEqual(more(1, 0, 0, 0));
      await transport.disconnect();
    }
    expect(listeners()).toEqual(none);
  });

  test('there is one for each signal while a server lives that asked for it', async () => {
    const plain = server(false);
    const asking = [server(true), server(true)];
    await plain.connect();
    for (const transport of asking) await transport.connect();
    expect(listeners()).toEqual(more(1, 1, 1, 1));
    await asking[0]?.disconnect();
    expect(listeners()).toEqual(more(1, 1, 1, 1));
    await asking[1]?.disconnect();
    expect(listeners()).toEqual(more(1, 0, 0, 0));
    await plain.disconnect();
    expect(listeners()).toEqual(none);
  });

  test('ending a watch twice does not end another watch', () => {
    // Numbers above any process id: nothing is ever sent to them.
    const [first, second] = [watchGroup(2 ** 30, true), watchGroup(2 ** 30 + 1, true)];
    first();
    first();
    expect(listeners()).toEqual(more(1, 1, 1, 1));
    second();
    expect(listeners()).toEqual(none);
  });

  test('a server that could not be started leaves none', async () => {
    await expect(
      new StdioTransport('no-such-program-anywhere', [], { handleSignals: true }).connect(),
    ).rejects.toThrow();
    expect(listeners()).toEqual(none);
  });
});

test('a group lives as long as one of its processes runs, with its leader or without', async () => {
  const script = processFixture('family');
  const leader = spawn(process.execPath, [script, 'exit'], { detached: true, stdio: ['pipe', 'pipe', 'ignore'] });
  const group = leader.pid as number;
  const exit = once(leader, 'exit');
  await once(leader, 'spawn');
  expect(await groupLives(group)).toBe(true);
  await exit;
  expect(await groupLives(group)).toBe(true);
  expect(signalGroup(group, 'SIGKILL')).toBe(true);
  // Nobody may have asked yet how its last process ended.
  for (const deadline = Date.now() + 10_000; (await groupLives(group)) && Date.now() < deadline;) await setImmediate();
  expect(await groupLives(group)).toBe(false);
});

test('many who ask at once share a scan of the processes, and none of them blocks the others', async () => {
  const leader = spawn(process.execPath, [processFixture('family'), 'exit'], {
    detached: true,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const group = leader.pid as number;
  // The leader exits by itself; only the rest of its group stays.
  const exit = once(leader, 'exit');
  await once(leader, 'spawn');
  const timed = async (asks: number): Promise<number> => {
    const start = performance.now();
    const lives = await Promise.all(Array.from({ length: asks }, () => groupLives(group)));
    expect(lives).not.toContain(false);
    return performance.now() - start;
  };
  const one = await timed(1);
  // With a scan each it would be a thousand times as long.
  expect(await timed(1_000)).toBeLessThan(50 * one + 500);
  signalGroup(group, 'SIGKILL');
  await exit;
});

test('a group that is not there does not live and takes no signal', async () => {
  expect(await groupLives(2 ** 30)).toBe(false);
  expect(signalGroup(2 ** 30, 'SIGTERM')).toBe(false);
});

test('programs of Windows are called by their path, so that none in the working directory is run', () => {
  const there = (path: string): boolean => path.startsWith('D:\\Win');
  expect(systemProgram('taskkill.exe', 'D:\\Win', there)).toBe('D:\\Win\\System32\\taskkill.exe');
  for (const elsewhere of [undefined, '', '.', 'Win', '\\\\server\\share', 'E:\\Win', 'D:Win']) {
    expect(systemProgram('taskkill.exe', elsewhere, there)).toBe('C:\\Windows\\System32\\taskkill.exe');
  }
});

test('on Windows a server is ended with all that it started, by force', () => {
  expect(taskkillArguments(1234)).toEqual(['/PID', '1234', '/T', '/F']);
});
