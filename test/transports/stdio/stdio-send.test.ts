import type { ChildProcess } from 'node:child_process';
import type { JSONRPCRequest } from '../../../src/protocol/messages/json-rpc.js';
import type { Link } from '../../../src/transports/link.js';
import { StdioTransport } from '../../../src/transports/stdio/stdio-transport.js';
import { LinkRecorder } from '../../support/link-recorder.js';
import { processFixture } from '../../support/servers/processes.js';

let recorder: LinkRecorder;
let transport: StdioTransport;
let link: Link;
let child: ChildProcess;

async function open(fixture: string, ...args: string[]): Promise<void> {
  transport = new StdioTransport(process.execPath, [processFixture(fixture), ...args]);
  recorder = new LinkRecorder();
  link = await transport.openLink(recorder.events, new AbortController().signal);
  child = transport.process as ChildProcess;
}

function echo(id: number, text = ''): JSONRPCRequest {
  return { jsonrpc: '2.0', id, method: 'echo', params: { text } };
}

function ids(messages: readonly unknown[]): unknown[] {
  return messages.flatMap((message) => (message as { id?: unknown }).id ?? []);
}

/** Sends more than the system takes, so that what follows has to wait. */
async function fill(count: number): Promise<void> {
  await recorder.until(() => recorder.messages.length > 0);
  for (let id = 0; id < count; id += 1) link.send(echo(id, 'x'.repeat(2_000)))?.catch(() => undefined);
  await new Promise(setImmediate);
}

afterEach(async () => {
  await transport.closeLink();
  expect(recorder.timers.size).toBe(0);
});

describe('sending', () => {
  function writesOf({ stdin }: ChildProcess): jest.SpyInstance {
    return jest.spyOn(stdin as NonNullable<ChildProcess['stdin']>, 'write');
  }

  test('1,000 messages of one tick leave in one write and are answered in order', async () => {
    await open('peer');
    const count = 1_000;
    const write = writesOf(child);
    for (let id = 0; id < count; id += 1) expect(link.send(echo(id))).toBeUndefined();
    await recorder.until(() => recorder.messages.length === count);
    expect(ids(recorder.messages)).toEqual(Array.from({ length: count }, (_, id) => id));
    expect(write).toHaveBeenCalledTimes(1);
  });

  test('10,000 messages of one tick leave in writes of 64 KiB and are answered in order', async () => {
    await open('peer');
    const count = 10_000;
    const write = writesOf(child);
    const sent = Array.from({ length: count }, async (_, id) => link.send(echo(id)));
    await recorder.until(() => recorder.messages.length === count);
    await Promise.all(sent);
    expect(ids(recorder.messages)).toEqual(Array.from({ length: count }, (_, id) => id));
    const lengths = (write.mock.calls as [string][]).map(([chunk]) => chunk.length);
    expect(Math.max(...lengths)).toBeLessThan(64 * 1024 + 100);
    expect(lengths.length).toBeLessThan(12);
  });

  test('each message is one line, whatever is in it', async () => {
    await open('stderr-echo');
    const text = 'line one\nline two\r\n\u2028\u2029\u0085é🎉\ud800';
    void link.send(echo(1, text));
    await transport.closeLink();
    // What ends a line to `readline` of Node 24, or to `str.splitlines` of Python.
    const [line, rest] = transport.stderrTail.split(/\r\n|[\n\r\v\f\x85\u2028\u2029]/);
    expect(line).toContain('\\u2028\\u2029\\u0085é🎉');
    expect(JSON.parse(line as string)).toEqual(echo(1, text));
    expect(rest).toBe('');
  });

  test('what JSON cannot express is rejected as not sent, and the others go', async () => {
    await open('peer');
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    const unable = { code: 'MCP_INVALID_PARAMS', delivery: 'not-sent', details: { method: 'tools/call' } };
    const before = link.send(echo(1));
    const big = link.send({ jsonrpc: '2.0', id: 2, method: 'tools/call', params: { big: 10n } });
    const cyclic = link.send({ jsonrpc: '2.0', id: 3, method: 'tools/call', params: cycle });
    const after = link.send(echo(4));
    expect([before, after]).toEqual([undefined, undefined]);
    await expect(big).rejects.toMatchObject({
      ...unable,
      message: 'tools/call cannot be sent as JSON: Do not know how to serialize a BigInt',
    });
    await expect(cyclic).rejects.toMatchObject({
      ...unable,
      message: 'tools/call cannot be sent as JSON: Converting circular structure to JSON',
    });
    await recorder.until(() => recorder.messages.length === 2);
    expect(ids(recorder.messages)).toEqual([1, 4]);
  });

  test('while a slow reader takes nothing messages wait, and go in order when it reads', async () => {
    await open('late-reader');
    await fill(1_000);
    const settled: number[] = [];
    const waiting = Array.from({ length: 500 }, async (_, index) => {
      const sent = link.send(echo(1_000 + index, 'y'.repeat(1_000)));
      expect(sent).toBeInstanceOf(Promise);
      await sent;
      settled.push(index);
    });
    await new Promise(setImmediate);
    expect(settled).toEqual([]);
    child.kill('SIGUSR2');
    await Promise.all(waiting);
    expect(settled).toEqual(Array.from({ length: 500 }, (_, index) => index));
    await recorder.until(() => ids(recorder.messages).length === 1_500);
    expect(ids(recorder.messages)).toEqual(Array.from({ length: 1_500 }, (_, id) => id));
    const free = link.send(echo(1_500));
    expect(free).toBeUndefined();
    await recorder.until(() => ids(recorder.messages).length === 1_501);
  });

  test('a request that waits can be cancelled, and only that: the others arrive in order, each as a whole line', async () => {
    await open('late-reader');
    await recorder.until(() => recorder.messages.length > 0);
    const large = Array.from({ length: 30 }, (_, id) => link.send(echo(id, 'x'.repeat(100_000))));
    const outcomes = Promise.allSettled(large.map(async (sent) => sent));
    const first = large.findIndex((sent) => sent !== undefined);
    // The system has some of them, and one is in the stream: nobody knows how much of it has arrived.
    expect(first).toBeLessThan(10);
    const cancelled = Array.from({ length: 30 }, (_, id) => link.cancelUnsent?.(id) === true);
    expect(cancelled).toEqual(Array.from({ length: 30 }, (_, id) => id >= first));
    expect(link.cancelUnsent?.(first)).toBe(false);
    const rejected = (await outcomes).filter(({ status }) => status === 'rejected');
    expect(rejected).toHaveLength(30 - first);
    expect(rejected[0]).toMatchObject({ reason: { delivery: 'not-sent' } });
    // Its id is free again.
    const again = link.send(echo(first, 'once more'));
    child.kill('SIGUSR2');
    await again;
    await recorder.until(() => ids(recorder.messages).length === first + 1);
    expect(ids(recorder.messages)).toEqual(Array.from({ length: first + 1 }, (_, id) => id));
    expect(link.cancelUnsent?.(first)).toBe(false);
  });

  test('a request can be cancelled in the tick in which it is sent, and its neighbours go', async () => {
    await open('peer');
    for (const id of [1, 2, 3]) expect(link.send(echo(id))).toBeUndefined();
    expect([link.cancelUnsent?.(2), link.cancelUnsent?.(2), link.cancelUnsent?.('unknown')]).toEqual([
      true,
      false,
      false,
    ]);
    await recorder.until(() => ids(recorder.messages).length === 2);
    expect(ids(recorder.messages)).toEqual([1, 3]);
    expect(link.cancelUnsent?.(1)).toBe(false);
  });

  test('a response that waits is no request, although it has the same id', async () => {
    await open('late-reader');
    await fill(1_000);
    const response = link.send({ jsonrpc: '2.0', id: 7_000, result: {} });
    const request = link.send(echo(7_000));
    const outcome = expect(request).rejects.toMatchObject({ delivery: 'not-sent' });
    expect([link.cancelUnsent?.(7_000), link.cancelUnsent?.(7_000)]).toEqual([true, false]);
    await outcome;
    child.kill('SIGUSR2');
    await response;
    await recorder.until(() => ids(recorder.messages).includes(7_000));
  });

  test('messages that wait when the server dies are rejected as not sent before the end of the link is reported', async () => {
    await open('late-reader');
    await fill(1_000);
    const order: unknown[] = [];
    const outcomes = [1_000, 1_001].map(async (id) => {
      try {
        await link.send(echo(id));
      } catch (failure) {
        order.push({ ends: recorder.ends.length, failure });
      }
    });
    child.kill('SIGKILL');
    await recorder.untilClosed();
    const rejected = {
      ends: 0,
      failure: expect.objectContaining({ code: 'MCP_PROCESS_EXITED', delivery: 'not-sent' }) as unknown,
    };
    expect(order).toEqual([rejected, rejected]);
    await Promise.all(outcomes);
  });

  test('much in one tick leaves in several writes, so that what a server that dies did not take was not sent', async () => {
    await open('late-reader');
    await recorder.until(() => recorder.messages.length > 0);
    const sent = Array.from({ length: 64 }, (_, id) => link.send(echo(id, 'x'.repeat(256 * 1024))));
    const outcomes = Promise.allSettled(sent.filter((one) => one !== undefined));
    child.kill('SIGKILL');
    await recorder.untilClosed();
    const reasons = (await outcomes).map((outcome) => (outcome as PromiseRejectedResult).reason as unknown);
    expect(reasons.length).toBeGreaterThan(50);
    for (const reason of reasons) expect(reason).toMatchObject({ delivery: 'not-sent' });
  });

  test('messages that wait when the link is closed are rejected as not sent', async () => {
    await open('late-reader');
    await fill(1_000);
    const waiting = link.send(echo(1_000));
    const outcome = expect(waiting).rejects.toMatchObject({ code: 'MCP_CONNECTION_CLOSED', delivery: 'not-sent' });
    child.kill('SIGKILL');
    await transport.closeLink();
    await outcome;
  });

  test('writing to a server that is just dying crashes nothing', async () => {
    await open('exit-at-start', '0');
    for (let id = 0; recorder.ends.length === 0; id += 1) {
      link.send(echo(id, 'x'.repeat(1_000)))?.catch(() => undefined);
      await new Promise(setImmediate);
    }
    expect(recorder.ends).toMatchObject([{ code: 'MCP_PROCESS_EXITED', details: { exitCode: 0 } }]);
  });
});
