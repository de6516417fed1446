import { MCPClient } from '../../src/index.js';
import type { ElicitResult, MCPClientOptions, MCPError } from '../../src/index.js';
import { createInspectorServer } from '../../src/inspect/index.js';
import { ClientRecorder } from '../support/client-recorder.js';
import { InspectorPage } from '../support/inspector-page.js';
import { turns } from '../support/outcomes.js';
import { RecordedLines } from '../support/recordings.js';
import { legacyScript, scriptedServer } from '../support/servers/scripts.js';
import type { ScriptedServer } from '../support/servers/scripts.js';

const requestedSchema = { type: 'object', properties: { name: { type: 'string', maxLength: 3 } } };
const text = { content: [{ type: 'text', text: 'done' }] };

let server: ScriptedServer;
let client: MCPClient;
let announced: ClientRecorder;

async function begin(options: MCPClientOptions): Promise<void> {
  server = await scriptedServer(legacyScript('2025-11-25', { 'tools/call': [{ answer: text }] }));
  client = new MCPClient(server.transport, options);
  announced = new ClientRecorder(client);
  await client.connect();
}

afterEach(async () => {
  await client.close();
  await server[Symbol.asyncDispose]();
});

function ask(id: string | number, method: string, params: object = {}): void {
  server.send({ jsonrpc: '2.0', id, method, params });
}

async function answersOf(count: number): Promise<unknown[]> {
  const answers: unknown[] = [];
  while (answers.length < count) answers.push(await server.receiveResponse());
  return answers;
}

describe('a handler that fails', () => {
  const failures: [string, () => unknown][] = [
    [
      'throws',
      () => {
        throw new Error('hunter2');
      },
    ],
    ['rejects', () => Promise.reject(new Error('hunter2'))],
    [
      'throws what is no error',
      () => {
        // eslint-disable-next-line @typescript-eslint/only-throw-error -- users do
        throw 'hunter2';
      },
    ],
    [
      'throws what throws when it is looked at',
      () => {
        throw Object.defineProperty(new Error(), 'message', {
          get: () => {
            throw new Error('hunter2');
          },
        });
      },
    ],
    ['says nothing', () => undefined],
    ['says something else', () => ({ action: 'accept', content: { name: 'hunter2' } })],
    [
      'says what throws when it is read',
      () => ({
        get action(): string {
          throw new Error('hunter2');
        },
      }),
    ],
  ];

  test.each(failures)('because it %s costs one answer, one error, and nothing else', async (_how, fail) => {
    const recorded = new RecordedLines();
    await begin({ elicitation: fail as () => ElicitResult, record: { write: recorded.write } });
    ask(1, 'elicitation/create', { message: 'm', requestedSchema });
    expect(await answersOf(1)).toEqual([
      { jsonrpc: '2.0', id: 1, error: { code: -32603, message: 'The client failed to handle the request' } },
    ]);
    const [error] = await announced.first('error');
    expect(error).toMatchObject({ code: 'MCP_HANDLER_FAILED', details: { handler: 'elicitation/create' } });
    ask(2, 'ping');
    expect(await answersOf(1)).toMatchObject([{ id: 2, result: {} }]);
    expect(await client.callTool('x')).toEqual(text);
    expect([announced.error.length, announced.warning.length, client.state]).toEqual([1, 0, 'ready']);
    await client.close();
    expect(JSON.stringify(server.received)).not.toContain('hunter2');
    expect(recorded.text).not.toContain('hunter2');
  });

  test('to settle does not delay other calls, and its signal is aborted when the client closes', async () => {
    const signals: AbortSignal[] = [];
    await begin({
      elicitation: (_form, { signal }) => {
        signals.push(signal);
        return new Promise(() => undefined);
      },
    });
    ask(1, 'elicitation/create', { message: 'm', requestedSchema });
    await turns();
    expect(await client.callTool('x')).toEqual(text);
    await client.close();
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
  });
});

describe('a server that asks too much', () => {
  test('is answered up to the limit, and refused beyond it', async () => {
    const waiting: ((answer: ElicitResult) => void)[] = [];
    await begin({
      elicitation: () => new Promise((resolve) => waiting.push(resolve)),
      limits: { maxServerRequests: 10 },
    });
    for (let id = 1; id <= 1_000; id += 1) ask(id, 'elicitation/create', { message: 'm', requestedSchema });
    const refused = (await answersOf(990)) as { id: number; error: object }[];
    expect(refused.every(({ id, error }) => id > 10 && error !== undefined)).toBe(true);
    expect(refused[0]).toMatchObject({
      error: { code: -32603, message: '10 server requests are being handled already' },
    });
    expect(waiting).toHaveLength(10);
    const [warning] = announced.warning as [MCPError];
    expect(warning.message).toContain('which is `limits.maxServerRequests`');
    for (const settle of waiting) settle({ action: 'cancel' });
    expect(new Set(((await answersOf(10)) as { id: number }[]).map(({ id }) => id)).size).toBe(10);
    ask('after', 'elicitation/create', { message: 'm', requestedSchema });
    await turns();
    waiting.at(-1)?.({ action: 'decline' });
    expect(await answersOf(1)).toMatchObject([{ id: 'after', result: { action: 'decline' } }]);
    expect(announced.error).toEqual([]);
  });

  test('is answered a thousand times at once when that is allowed', async () => {
    await begin({ roots: [{ uri: 'file:///a' }], limits: { maxServerRequests: Infinity } });
    for (let id = 1; id <= 1_000; id += 1) ask(id, 'roots/list');
    const answers = (await answersOf(1_000)) as { id: number; result: unknown }[];
    expect(answers.every(({ result }) => result !== undefined)).toBe(true);
    expect(new Set(answers.map(({ id }) => id)).size).toBe(1_000);
  });

  test('and cancels its requests again and again never runs more handlers than the limit', async () => {
    const settle: (() => void)[] = [];
    await begin({
      // It does not look at its signal.
      elicitation: () =>
        new Promise((resolve) =>
          settle.push(() => {
            resolve({ action: 'cancel' });
          }),
        ),
      limits: { maxServerRequests: 10 },
    });
    for (let id = 1; id <= 1_000; id += 1) {
      ask(id, 'elicitation/create', { message: 'm', requestedSchema });
      server.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: id } });
    }
    expect(await answersOf(990)).toHaveLength(990);
    expect(settle).toHaveLength(10);
    const [warning] = announced.warning as [MCPError];
    expect(warning.details).toMatchObject({ field: 'limits.maxServerRequests', limit: 10, abandoned: 10 });
    expect(warning.message).toContain('10 of the running handlers belong to cancelled requests');
    for (const one of settle.splice(0, 3)) one();
    await turns();
    for (let id = 2_000; id < 2_010; id += 1) ask(id, 'elicitation/create', { message: 'm', requestedSchema });
    await turns();
    expect(settle).toHaveLength(10);
  });

  test('and cancels all of its requests aborts the signal of each handler', async () => {
    const signals: AbortSignal[] = [];
    await begin({
      elicitation: (_form, { signal }) => {
        signals.push(signal);
        return new Promise(() => undefined);
      },
    });
    for (let id = 1; id <= 100; id += 1) ask(id, 'elicitation/create', { message: 'm', requestedSchema });
    for (let id = 1; id <= 100; id += 1) server.notify('notifications/cancelled', { requestId: id });
    ask('last', 'ping');
    await answersOf(1);
    expect(signals).toHaveLength(100);
    expect(signals.every(({ aborted }) => aborted)).toBe(true);
    expect(client.explain()).not.toContain('for an answer');
  });
});

describe('a server that asks wrongly', () => {
  test.each<[string, unknown, object]>([
    ['parameters of the wrong kind', { message: 7 }, { id: 1, error: { code: -32602 } }],
    [
      'a page that is none',
      { message: 'm', mode: 'url', url: 'javascript:alert(1)' },
      { id: 1, error: { code: -32602 } },
    ],
    ['a form as an array', { message: 'm', requestedSchema: [] }, { id: 1, error: { code: -32602 } }],
  ])('with %s gets an error response, and the client emits a warning', async (_what, params, answer) => {
    const never = jest.fn();
    await begin({ elicitation: { form: never, url: never } });
    ask(1, 'elicitation/create', params as object);
    expect(await answersOf(1)).toMatchObject([answer]);
    const [warning] = await announced.first('warning');
    expect(warning).toMatchObject({ code: 'MCP_INVALID_MESSAGE', details: { method: 'elicitation/create' } });
    expect(never).not.toHaveBeenCalled();
  });

  test('and calls off with nonsense hurts nothing', async () => {
    await begin({ roots: [] });
    server.notify('notifications/cancelled', {});
    server.notify('notifications/cancelled', { requestId: {} });
    ask(1, 'roots/list');
    expect(await answersOf(1)).toMatchObject([{ id: 1, result: { roots: [] } }]);
    expect(announced.warning).toHaveLength(2);
  });
});

describe('a server request in an inspector', () => {
  test('is an actor with a chart, whose words are hidden', async () => {
    await using inspector = await createInspectorServer();
    let settle: (answer: ElicitResult) => void = () => undefined;
    await begin({
      inspect: inspector,
      elicitation: () => new Promise((resolve) => (settle = resolve)),
    });
    await using page = await InspectorPage.open(inspector);
    ask(1, 'elicitation/create', { message: 'a secret question', requestedSchema });
    await page.untilRecord('actor', ({ id }) => id === 'serverRequest');
    settle({ action: 'accept', content: { name: 'zzz' } });
    await answersOf(1);
    await page.untilRecord('step', ({ v }) => v?.[0] === 'serverRequest.responded');
    const [actor] = page.all('actor').filter(({ id }) => id === 'serverRequest');
    expect(actor?.chart).toBe('serverRequest');
    const everything = JSON.stringify([page.all('actor'), page.all('step'), page.all('message')]);
    expect(everything).not.toContain('secret question');
    expect(everything).not.toContain('zzz');
  });
});
