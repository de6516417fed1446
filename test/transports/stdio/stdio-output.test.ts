import { StdioTransport } from '../../../src/transports/stdio/stdio-transport.js';
import type { StdioTransportOptions } from '../../../src/transports/stdio/stdio-transport.js';
import { LinkRecorder } from '../../support/link-recorder.js';
import { processFixture } from '../../support/servers/processes.js';

const node = process.execPath;
let transport: StdioTransport;
let recorder: LinkRecorder;

async function open(fixture: string, args: string[] = [], options: StdioTransportOptions = {}): Promise<void> {
  transport = new StdioTransport(node, [processFixture(fixture), ...args], options);
  recorder = new LinkRecorder();
  await transport.openLink(recorder.events, new AbortController().signal);
}

function chunks(...bytes: (string | Uint8Array)[]): string[] {
  return bytes.map((one) => Buffer.from(one as string).toString('base64'));
}

afterEach(async () => {
  await transport.closeLink();
  expect(recorder.timers.size).toBe(0);
});

describe('what a server writes to standard output', () => {
  test('a message may be split anywhere, also within a character', async () => {
    const message = { jsonrpc: '2.0', method: 'n', params: { text: 'é漢🎉' } };
    const bytes = Buffer.from(`${JSON.stringify(message)}\n`);
    const start = bytes.indexOf('é');
    const cuts = [0, 1, start + 1, start + 3, start + 6, start + 7, start + 8, bytes.length - 1, bytes.length];
    const pieces = cuts.slice(1).map((to, index) => bytes.subarray(cuts[index], to));
    await open('write-chunks', chunks(...pieces));
    await recorder.until(() => recorder.log.length > 0);
    expect(recorder.log).toEqual([{ type: 'message', message }]);
  });

  test('several messages in one write, ends of lines of both kinds and blank lines are fine', async () => {
    await open('write-chunks', chunks('{"id":1}\r\n\n{"id":2}\n \r\n[{"id":3}]\n'));
    await recorder.until(() => recorder.log.length >= 3);
    expect(recorder.messages).toEqual([{ id: 1 }, { id: 2 }, [{ id: 3 }]]);
    expect(recorder.problems).toEqual([]);
  });

  test('a line that is not JSON is reported with an excerpt that is safe to print, and the link goes on', async () => {
    await open(
      'write-chunks',
      chunks(
        'Starting \u001b[31mserver\u001b[0m\u0007 on\tport 80…\n',
        `{"id":1}\n{"broken": ${'x'.repeat(500)}\n{"id":2}\n`,
      ),
    );
    await recorder.until(() => recorder.log.length >= 4);
    expect(recorder.log).toEqual([
      {
        type: 'problem',
        failure: {
          kind: 'protocol',
          code: 'MCP_INVALID_JSON',
          message: 'The server wrote a line that is not JSON: "Starting server on\\tport 80…"',
          details: { excerpt: 'Starting server on\tport 80…' },
        },
      },
      { type: 'message', message: { id: 1 } },
      {
        type: 'problem',
        failure: expect.objectContaining({
          details: { excerpt: `{"broken": ${'x'.repeat(69)}… (511 characters in all)` },
        }) as unknown,
      },
      { type: 'message', message: { id: 2 } },
    ]);
  });

  test('an excerpt does not show the secrets that the server was given', async () => {
    const env = { TOKEN: 'hunter22', SHORT: 'abc', LONG: 'hunter22-and-more' };
    await open('write-chunks', chunks('token hunt\u001b[0mer22, abc, hunter22-and-more\n'), { env });
    await recorder.until(() => recorder.log.length > 0);
    expect(recorder.problems).toMatchObject([{ details: { excerpt: 'token [redacted], abc, [redacted]' } }]);
  });

  test('a line of 64 MiB is discarded and reported with the limit, its length and the request, and the link goes on', async () => {
    await open('huge-line', ['64']);
    await recorder.until(() => recorder.log.length >= 2);
    const received = 64 * 1024 * 1024 + '{"jsonrpc":"2.0","id":7,"result":{"text":""}}'.length;
    expect(recorder.log).toEqual([
      {
        type: 'problem',
        failure: {
          kind: 'protocol',
          code: 'MCP_MESSAGE_TOO_LARGE',
          message: `A message of the server has ${received} bytes, more than maxMessageBytes, 33554432`,
          delivery: 'answered',
          details: { field: 'maxMessageBytes', limit: 33_554_432, received, requestId: 7 },
        },
      },
      { type: 'message', message: { jsonrpc: '2.0', id: 8, result: {} } },
    ]);
  });

  test('maxMessageBytes may be lowered and raised', async () => {
    await open('write-chunks', chunks(`{"id":1,"text":"${'x'.repeat(100)}"}\n{"id":2}\n`), { maxMessageBytes: 100 });
    await recorder.until(() => recorder.log.length >= 2);
    expect(recorder.problems).toMatchObject([
      { code: 'MCP_MESSAGE_TOO_LARGE', details: { limit: 100, received: 118 } },
    ]);
    expect(recorder.messages).toEqual([{ id: 2 }]);
    await transport.closeLink();

    await open('huge-line', ['40'], { maxMessageBytes: 64 * 1024 * 1024 });
    await recorder.until(() => recorder.log.length >= 2);
    expect(recorder.log.map(({ type }) => type)).toEqual(['message', 'message']);
  });

  test('everything written just before the exit is delivered, also a last line without an end', async () => {
    const count = 20_000;
    await open('last-words', [String(count)]);
    const failure = await recorder.untilClosed();
    expect(recorder.messages).toHaveLength(count);
    expect(recorder.messages.at(-1)).toEqual({ jsonrpc: '2.0', method: 'n', params: { index: count - 1 } });
    expect(recorder.log.at(-1)).toMatchObject({ type: 'closed' });
    expect(failure).toMatchObject({ code: 'MCP_PROCESS_EXITED', details: { exitCode: 4, stderr: 'good bye\n' } });
  });
});

describe('what a server writes to standard error', () => {
  test('megabytes of it do not block the server, and the last 64 KiB are kept', async () => {
    await open('chatty-stderr', ['8']);
    await recorder.until(() => recorder.messages.length > 0);
    await transport.closeLink();
    const { stderrTail } = transport;
    expect(Buffer.byteLength(stderrTail)).toBeLessThanOrEqual(64 * 1024);
    expect(Buffer.byteLength(stderrTail)).toBeGreaterThan(64 * 1024 - 4);
    expect(stderrTail).toMatch(/é\nthe end\n$/);
    expect(recorder.problems).toEqual([]);
  });

  test('it is offered to onStderr as text, with no character broken', async () => {
    const bytes = Buffer.from('één 漢 🎉\n');
    const heard: string[] = [];
    await open('stderr-words', chunks(...Array.from(bytes, (byte) => Uint8Array.of(byte)), Uint8Array.of(0xe6)), {
      onStderr: (text) => heard.push(text),
    });
    await recorder.untilClosed();
    expect(heard.join('')).toBe('één 漢 🎉\n\ufffd');
    expect(heard).not.toContain('');
  });

  test('an onStderr that throws or rejects is reported and does no harm', async () => {
    const throws = (): void => {
      throw new Error('my fault');
    };
    const rejects = (): Promise<void> => Promise.reject(new Error('my fault'));
    for (const onStderr of [throws, rejects as () => void]) {
      await open('stderr-words', chunks('one', 'two'), { onStderr });
      // Both words may arrive together.
      await recorder.until(() => recorder.problems.length >= 1);
      expect(recorder.problems[0]).toMatchObject({
        code: 'MCP_HANDLER_FAILED',
        message: 'The function for onStderr failed: my fault',
        details: { handler: 'onStderr' },
      });
      expect(await recorder.untilClosed()).toMatchObject({ details: { exitCode: 1, stderr: 'onetwo' } });
    }
  });
});

describe('a server that exits', () => {
  test('the failure has the exit code, the process id and what it said on standard error', async () => {
    await open('exit-at-start', ['3', 'Error: API_KEY is missing\n']);
    const { pid } = transport;
    expect(await recorder.untilClosed()).toEqual({
      kind: 'transport',
      code: 'MCP_PROCESS_EXITED',
      message: `The server process "${node}" exited with code 3`,
      details: { command: node, pid, exitCode: 3, signal: null, stderr: 'Error: API_KEY is missing\n' },
    });
    expect(transport).toMatchObject({
      connected: false,
      process: undefined,
      stderrTail: 'Error: API_KEY is missing\n',
    });
  });

  test('the failure has the signal that killed it', async () => {
    await open('exit-at-start', ['SIGKILL']);
    expect(await recorder.untilClosed()).toMatchObject({
      message: `The server process "${node}" was killed by SIGKILL`,
      details: { exitCode: null, signal: 'SIGKILL', stderr: 'cannot start\n' },
    });
  });

  test('an exit with code 0 is reported as well', async () => {
    await open('exit-at-start', ['0']);
    expect(await recorder.untilClosed()).toMatchObject({ code: 'MCP_PROCESS_EXITED', details: { exitCode: 0 } });
  });

  test('the failure has at most the last 4 KiB of standard error, without secrets and control characters', async () => {
    const env = { TOKEN: 'hunter22', KEY: `-----BEGIN-----\n${'k'.repeat(100)}\n-----END-----` };
    const said = `${'x'.repeat(100_000)}\n\u001b[1mkey\u001b[0m ${env.KEY} hunter22${'y'.repeat(4_000)}\r\nend\u0000\n`;
    await open('stderr-words', chunks(said.slice(0, 60_000), said.slice(60_000)), { env });
    const failure = await recorder.untilClosed();
    const stderr = String(failure?.details?.['stderr']);
    expect(stderr).toHaveLength(4_096);
    expect(stderr).toMatch(/x\nkey \[redacted\] \[redacted\]y{4000}\nend\n$/);
    // To the user, who gave the secrets, it is shown as it is.
    expect(transport.stderrTail.endsWith(said.slice(-5_000))).toBe(true);
  });

  test('no piece of a secret shows where the tail was cut off', async () => {
    const TOKEN = 's3cr3t'.repeat(15_000);
    await open('stderr-words', chunks(TOKEN.slice(0, 60_000), TOKEN.slice(60_000), ' end'), { env: { TOKEN } });
    const failure = await recorder.untilClosed();
    expect(failure?.details?.['stderr']).toBe('[redacted] end');
  });
});
