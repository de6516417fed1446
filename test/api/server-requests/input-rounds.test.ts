import { inspect as show } from 'node:util';

import { HttpTransport, MCPCapabilityError, MCPClient, MCPProtocolError, MCPTimeoutError } from '../../../src/index.js';
import type {
  CallToolOptions,
  ElicitRequestFormParams,
  ElicitResult,
  ServerRequestContext,
} from '../../../src/index.js';
import { ClientRecorder } from '../../support/client-recorder.js';
import { modernServer, ScriptedHttpServer } from '../../support/servers/http-server.js';
import type { PostedMessage } from '../../support/servers/http-server.js';
import { ClientAndServer } from '../../support/scripted-clients.js';
import type { PairOptions } from '../../support/scripted-clients.js';
import { errorFrom, rejection, turns } from '../../support/outcomes.js';
import { RecordedLines, replayed } from '../../support/recordings.js';
import {
  answer,
  inTurn,
  legacyScript,
  modernScript,
  refuse,
  ScriptedProcess,
  scriptedServer,
} from '../../support/servers/scripts.js';
import type { ReceivedMessage, Step } from '../../support/servers/scripts.js';

const FORM = {
  message: 'Which seat?',
  requestedSchema: {
    type: 'object',
    properties: { seat: { type: 'integer', minimum: 1 }, window: { type: 'boolean', default: true } },
    required: ['seat'],
  },
};
const QUESTION = { method: 'elicitation/create', params: FORM };
const DONE = { resultType: 'complete', content: [{ type: 'text', text: 'booked' }] };

/** What a server answers that has to know something first. */
function needs(inputRequests: object | undefined, requestState?: string): object {
  return {
    resultType: 'input_required',
    ...(inputRequests !== undefined && { inputRequests }),
    ...(requestState !== undefined && { requestState }),
  };
}

/** The parameters of everything that was called, without metadata. */
function called(heard: readonly (ReceivedMessage | PostedMessage)[]): object[] {
  return heard
    .filter(({ method }) => method === 'tools/call')
    .map(({ params }) => {
      const { _meta, ...own } = params ?? {};
      return own;
    });
}

/** A form that is shown to somebody. */
interface Shown {
  readonly form: ElicitRequestFormParams;
  readonly context: ServerRequestContext;
  readonly answer: (result: ElicitResult) => void;
}

/** Somebody who is asked, and answers when the test says so. */
class Somebody {
  readonly shown: Shown[] = [];
  readonly elicitation = (form: ElicitRequestFormParams, context: ServerRequestContext): Promise<ElicitResult> =>
    new Promise((answer) => {
      this.shown.push({ form, context, answer });
    });
}

const seat = (number: number): ElicitResult => ({ action: 'accept', content: { seat: number } });

/** A modern server that asks once for each call, with a state that only this call has. */
const asksOnce = modernScript({
  'tools/call': ({ params }) => {
    const { name, inputResponses } = params ?? {};
    return answer(inputResponses === undefined ? needs({ which: QUESTION }, `state of ${String(name)}`) : DONE);
  },
});

/** A call that waits for somebody, in simulated time. */
async function asking({ call, ...options }: PairOptions & { readonly call?: CallToolOptions } = {}) {
  const somebody = new Somebody();
  const pair = await ClientAndServer.connect(asksOnce, { elicitation: somebody.elicitation, ...options });
  const { client, server, clock } = pair;
  const calling = client.callTool('book', { to: 'Bern' }, call);
  // It may fail before somebody looks.
  calling.catch(() => undefined);
  await clock.settle();
  const [shown] = somebody.shown as [Shown];
  return { pair, client, server, clock, shown, calling };
}

describe('a call for which the server has to know something first', () => {
  const wanting = answer(needs({ which: QUESTION }, ' the {"state"} '));
  const script = modernScript({ 'tools/call': inTurn(wanting, answer(DONE)) });
  const expected = [
    { name: 'book', arguments: { to: 'Bern' } },
    {
      name: 'book',
      arguments: { to: 'Bern' },
      inputResponses: { which: { action: 'accept', content: { seat: 7, window: true } } },
      requestState: ' the {"state"} ',
    },
  ];
  const options = { elicitation: () => seat(7) };

  async function call(client: MCPClient): Promise<void> {
    const announced = new ClientRecorder(client);
    expect(await client.callTool('book', { to: 'Bern' })).toEqual(DONE);
    expect([...announced.error, ...announced.warning]).toEqual([]);
  }

  test('is answered by who was appointed, and made again, in memory', async () => {
    await using server = await scriptedServer(script);
    await using client = await MCPClient.connect(server.transport, options);
    await call(client);
    expect(called(server.received)).toEqual(expected);
    const calls = server.received.filter(({ method }) => method === 'tools/call');
    expect(new Set(calls.map(({ id }) => id)).size).toBe(2);
    for (const { params } of calls) {
      expect(params?.['_meta']).toMatchObject({
        'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: {} } },
      });
    }
  });

  test('over stdio', async () => {
    using server = new ScriptedProcess(script);
    await using client = await MCPClient.connect(server.transport, options);
    await call(client);
    expect(called(server.received.flat())).toEqual(expected);
  });

  test.each(['JSON', 'a stream'])('over HTTP, answered as %s, with the same headers each time', async (how) => {
    const inputSchema = { type: 'object', properties: { to: { type: 'string', 'x-mcp-header': 'To' } } };
    const server = await ScriptedHttpServer.start(
      modernServer(
        (visit) => {
          if (visit.message.method !== 'tools/call') return false;
          const result =
            visit.message.params?.['inputResponses'] === undefined
              ? needs({ which: QUESTION }, ' the {"state"} ')
              : DONE;
          if (how === 'JSON') visit.result(result);
          else visit.stream().resultEvent(result).end();
          return true;
        },
        [{ name: 'book', inputSchema }],
      ),
    );
    await using client = await MCPClient.connect(new HttpTransport(server.url), options);
    await client.listTools();
    await call(client);
    const visits = server.asked('tools/call');
    expect(called(visits.map(({ message }) => message))).toEqual(expected);
    for (const { headers } of visits) {
      expect(headers).toMatchObject({ 'mcp-method': 'tools/call', 'mcp-name': 'book', 'mcp-param-to': 'Bern' });
    }
    await client.close();
    await server.close();
  });

  test.each<[method: string, ask: (client: MCPClient) => Promise<unknown>, done: object]>([
    ['prompts/get', (client) => client.getPrompt('greet', { name: 'Ada' }), { messages: [] }],
    ['resources/read', (client) => client.readResource('test://one'), { contents: [] }],
    ['vendor/work', (client) => client.request('vendor/work', { hard: true }), { worked: true }],
  ])('may be of %s, too', async (method, ask, done) => {
    await using pair = await ClientAndServer.connect(
      modernScript({ [method]: inTurn(wanting, answer({ resultType: 'complete', ...done })) }),
      options,
    );
    expect(await ask(pair.client)).toMatchObject(done);
    const [, again] = pair.server.received.filter((one) => one.method === method);
    expect(again?.params).toMatchObject({ requestState: ' the {"state"} ', inputResponses: {} });
  });

  test('may want everything at once that a client can offer', async () => {
    const inputRequests = {
      form: QUESTION,
      model: { method: 'sampling/createMessage', params: { messages: [], maxTokens: 10 } },
      roots: { method: 'roots/list' },
    };
    await using pair = await ClientAndServer.connect(
      modernScript({ 'tools/call': inTurn(answer(needs(inputRequests)), answer(DONE)) }),
      {
        elicitation: () => ({ action: 'decline' }),
        sampling: async ({ maxTokens }) => {
          await Promise.resolve();
          return { role: 'assistant', model: 'm', content: { type: 'text', text: `${maxTokens}` } };
        },
        roots: [{ uri: 'file:///plans' }],
      },
    );
    expect(await pair.client.callTool('book')).toEqual(DONE);
    expect(called(pair.server.received)[1]).toEqual({
      name: 'book',
      inputResponses: {
        form: { action: 'decline' },
        model: { role: 'assistant', model: 'm', content: { type: 'text', text: '10' } },
        roots: { roots: [{ uri: 'file:///plans' }] },
      },
    });
  });

  test('ends as any call does: its result is checked, and its error is thrown', async () => {
    const failed = { ...DONE, isError: true, content: [{ type: 'text', text: 'sold out' }] };
    await using pair = await ClientAndServer.connect(
      modernScript({ 'tools/call': inTurn(wanting, answer(failed), wanting, refuse(-32602, 'No such seat')) }),
      options,
    );
    expect(await errorFrom(pair.client.callTool('book'))).toMatchObject({
      name: 'MCPToolError',
      message: 'The tool book reported an error: sold out',
    });
    expect(await errorFrom(pair.client.callTool('book'))).toMatchObject({
      name: 'MCPToolError',
      errorCode: -32602,
      delivery: 'answered',
    });
  });

  test('can have several rounds, of which each sends back its own state only', async () => {
    const rounds = [needs({ a: QUESTION }, 'one'), needs({ b: QUESTION }), needs(undefined, 'three'), DONE];
    await using pair = await ClientAndServer.connect(
      modernScript({ 'tools/call': inTurn(...rounds.map((round) => answer(round))) }),
      options,
    );
    const calling = pair.client.callTool('book');
    await pair.clock.advance(2_000);
    expect(await calling).toEqual(DONE);
    expect(called(pair.server.received)).toMatchObject([
      { name: 'book' },
      { inputResponses: { a: {} }, requestState: 'one' },
      { inputResponses: { b: {} } },
      { requestState: 'three' },
    ]);
    expect(called(pair.server.received)[2]).not.toHaveProperty('requestState');
    expect(called(pair.server.received)[3]).not.toHaveProperty('inputResponses');
  });
});

describe('two calls at the same time', () => {
  test('have states and answers of their own', async () => {
    const somebody = new Somebody();
    await using pair = await ClientAndServer.connect(asksOnce, { elicitation: somebody.elicitation });
    const { client, clock, server } = pair;
    const names = Array.from({ length: 20 }, (_, at) => `tool ${at}`);
    const calls = names.map((name) => client.callTool(name));
    await clock.settle();
    // In another order than they were asked in.
    for (const [at, { answer: say }] of [...somebody.shown.entries()].reverse()) say(seat(at + 1));
    expect(await Promise.all(calls)).toEqual(names.map(() => DONE));
    const again = called(server.received).slice(20) as { name: string; inputResponses: object }[];
    expect(again.reverse()).toEqual(
      names.map((name, at) => ({
        name,
        requestState: `state of ${name}`,
        inputResponses: { which: { action: 'accept', content: { seat: at + 1, window: true } } },
      })),
    );
  });
});

describe('while a handler runs', () => {
  test('explain() shows it', async () => {
    const { pair, shown, client, calling } = await asking();
    await using _ends = pair;
    expect(client.explain()).toContain(
      'Requests: 0 in flight, 0 queued. Links opened: 1.\nRequests that wait for handlers, because the server requires input: 1.',
    );
    expect(shown.context).toMatchObject({
      method: 'elicitation/create',
      serverInfo: { name: 'scripted' },
      protocolVersion: '2026-07-28',
    });
    shown.answer(seat(1));
    await calling;
    expect(client.explain()).not.toContain('somebody');
  });

  test('an inspector sees it', async () => {
    const states: unknown[] = [];
    const { pair, shown, calling } = await asking({
      inspect: (event: unknown) => {
        const { type, snapshot } = event as {
          type: string;
          snapshot?: { value?: string; context?: { method?: string; asks?: unknown; rounds?: number } };
        };
        const { method, asks, rounds } = snapshot?.context ?? {};
        if (type === '@xstate.snapshot' && method === 'tools/call') states.push([snapshot?.value, rounds, asks]);
      },
    });
    await using _ends = pair;
    shown.answer(seat(1));
    await calling;
    expect(states).toEqual([
      ['queued', undefined, undefined],
      ['inFlight.waiting', undefined, undefined],
      ['asking.answering', 1, ['elicitation/create']],
      ['queued', 1, undefined],
      ['inFlight.waiting', 1, undefined],
      ['succeeded', 1, undefined],
    ]);
  });

  test('`timeout` does not count, and `maxTotalTimeout` does', async () => {
    const { pair, shown, calling, clock } = await asking({ call: { timeout: 1_000, maxTotalTimeout: 600_000 } });
    await using _ends = pair;
    await clock.advance(599_999);
    expect(shown.context.signal.aborted).toBe(false);
    const failed = errorFrom(calling);
    await clock.advance(1);
    expect(await failed).toBeInstanceOf(MCPTimeoutError);
    expect(await failed).toMatchObject({ delivery: 'answered', details: { phase: 'asking', timeout: 600_000 } });
    expect((await failed).explain()).toContain('raise `maxTotalTimeout`');
    expect(shown.context.signal.aborted).toBe(true);
    expect(pair.server.methods).not.toContain('notifications/cancelled');
  });

  test('an abort ends the call with its reason', async () => {
    const controller = new AbortController();
    const { pair, shown, calling } = await asking({ call: { signal: controller.signal } });
    await using _ends = pair;
    controller.abort('enough');
    expect(await rejection(calling)).toBe('enough');
    expect(shown.context.signal.aborted).toBe(true);
    shown.answer(seat(1));
    await pair.clock.settle();
    expect(called(pair.server.received)).toHaveLength(1);
  });

  test.each([
    ['disconnecting', (client: MCPClient) => client.disconnect(), 'MCP_CONNECTION_CLOSED'],
    ['suspending', (client: MCPClient) => client.suspend(), 'MCP_CONNECTION_CLOSED'],
  ])('%s ends the call at once', async (_what, end, code) => {
    const { pair, shown, calling, client } = await asking();
    await using _ends = pair;
    const failed = errorFrom(calling);
    await end(client);
    expect(await failed).toMatchObject({ code, delivery: 'answered' });
    expect(shown.context.signal.aborted).toBe(true);
  });

  test('a lost connection without another one ends the call at once', async () => {
    const { pair, shown, calling, server } = await asking();
    await using _ends = pair;
    const failed = errorFrom(calling);
    server.hangUp();
    expect(await failed).toMatchObject({ code: 'MCP_NOT_CONNECTED', delivery: 'answered' });
    expect(shown.context.signal.aborted).toBe(true);
  });

  test('a lost connection that comes back does not matter, though the call must not be repeated', async () => {
    const { pair, shown, calling, server, clock, client } = await asking({ autoReconnect: true });
    await using _ends = pair;
    server.hangUp();
    await clock.settle();
    expect(client.state).toBe('reconnecting');
    shown.answer(seat(3));
    await clock.advance(2_000);
    expect(await calling).toEqual(DONE);
    expect(called(server.received)).toMatchObject([{ name: 'book' }, { name: 'book', requestState: 'state of book' }]);
  });

  test('the next round may have run when its answer is lost', async () => {
    await using server = await scriptedServer();
    const client = new MCPClient(server.transport, { elicitation: () => seat(1), autoReconnect: true });
    const connecting = client.connect();
    server.respond(await server.receive('server/discover'), {
      resultType: 'complete',
      supportedVersions: ['2026-07-28'],
      capabilities: { tools: {} },
      ttlMs: 0,
      cacheScope: 'private',
    });
    await connecting;
    const failed = errorFrom(client.callTool('book'));
    server.respond(await server.receive('tools/call'), needs({ which: QUESTION }));
    await server.receive('tools/call');
    server.hangUp();
    expect(await failed).toMatchObject({ code: 'MCP_CONNECTION_LOST', delivery: 'unknown' });
    await client.disconnect();
  });
});

describe('a call that cannot be answered', () => {
  test('fails without a handler, and names the requested input', async () => {
    await using pair = await ClientAndServer.connect(asksOnce);
    const error = await errorFrom(pair.client.callTool('book'));
    expect(error).toBeInstanceOf(MCPCapabilityError);
    expect(error).toMatchObject({ delivery: 'answered', details: { required: 'elicitation.form' } });
    expect(error.message).toMatch(/has no handler: elicitation.form$/);
    expect(error.explain()).toContain('Hint: Pass the client handlers for server requests: the options `elicitation`');
    expect(pair.client.state).toBe('ready');
  });

  test.each<[what: string, elicitation: () => ElicitResult | Promise<ElicitResult>, why: RegExp]>([
    [
      'throws',
      () => {
        throw new Error('the screen is broken: hunter2');
      },
      /The function for elicitation\/create failed: the screen is broken/,
    ],
    ['rejects', () => Promise.reject(new Error('the screen is broken')), /the screen is broken/],
    ['gives no answer', () => undefined as unknown as ElicitResult, /returned an invalid result/],
    ['gives what the form does not allow', () => seat(0), /content.seat must be at least 1/],
  ])('fails when the handler %s, and the server gets nothing', async (_what, elicitation, why) => {
    await using pair = await ClientAndServer.connect(asksOnce, { elicitation });
    const error = await errorFrom(pair.client.callTool('book'));
    expect(error).toBeInstanceOf(MCPProtocolError);
    expect(error).toMatchObject({ code: 'MCP_INPUT_FAILED', delivery: 'answered' });
    expect(error.message).toMatch(why);
    expect(called(pair.server.received)).toHaveLength(1);
    // Somebody was waiting for it, and knows.
    expect(pair.announced.error).toEqual([]);
    expect(pair.client.state).toBe('ready');
    expect(await errorFrom(pair.client.callTool('book'))).toMatchObject({ code: 'MCP_INPUT_FAILED' });
  });

  test('fails when the server requests an invalid form', async () => {
    const odd = { method: 'elicitation/create', params: { message: 'Well?', requestedSchema: 'any' } };
    await using pair = await ClientAndServer.connect(
      modernScript({ 'tools/call': answer(needs({ odd, other: { method: 'elicitation/create' } })) }),
      { elicitation: () => seat(1) },
    );
    expect(await errorFrom(pair.client.callTool('book'))).toMatchObject({ code: 'MCP_INPUT_FAILED' });
  });

  test('fails when the server asks for ever', async () => {
    let asked = 0;
    await using pair = await ClientAndServer.connect(
      modernScript({ 'tools/call': answer(needs({ which: QUESTION }, 'again')) }),
      {
        elicitation: () => {
          asked += 1;
          return seat(asked);
        },
      },
    );
    const error = await errorFrom(pair.client.callTool('book'));
    expect(error).toMatchObject({ code: 'MCP_INPUT_LIMIT', delivery: 'answered', details: { limit: 10 } });
    expect(error.explain()).toContain('raise `limits.maxInputRounds`');
    expect(asked).toBe(10);
  });

  test('fails at the limits that the client was given', async () => {
    const script = modernScript({ 'tools/call': answer(needs({ a: QUESTION, b: QUESTION })) });
    const elicitation = (): ElicitResult => seat(1);
    await using never = await ClientAndServer.connect(script, { elicitation, limits: { maxInputRounds: 0 } });
    expect(await errorFrom(never.client.callTool('book'))).toMatchObject({
      details: { field: 'limits.maxInputRounds' },
    });
    await using few = await ClientAndServer.connect(script, { elicitation, limits: { maxServerRequests: 1 } });
    expect(await errorFrom(few.client.callTool('book'))).toMatchObject({
      code: 'MCP_INPUT_LIMIT',
      details: { field: 'limits.maxServerRequests', limit: 1 },
    });
    expect(() => new MCPClient(never.server.transport, { limits: { maxInputRounds: -1 } })).toThrow(/maxInputRounds/);
  });
});

describe('handlers that are asked for many calls at once', () => {
  test('run up to the limit, and the others wait their turn', async () => {
    const script = modernScript({
      'tools/call': ({ params }: ReceivedMessage) =>
        answer(params?.['inputResponses'] === undefined ? needs({ a: QUESTION }) : DONE),
    });
    let [atWork, most] = [0, 0];
    const elicitation = async (): Promise<ElicitResult> => {
      atWork += 1;
      most = Math.max(most, atWork);
      await turns();
      atWork -= 1;
      return seat(1);
    };
    await using pair = await ClientAndServer.connect(script, { elicitation, limits: { maxServerRequests: 3 } });
    await Promise.all(Array.from({ length: 50 }, () => pair.client.callTool('book')));
    expect(most).toBe(3);
  });

  test('count until they have settled, also when their calls were aborted', async () => {
    const script = modernScript({ 'tools/call': answer(needs({ a: QUESTION })) });
    const settle: (() => void)[] = [];
    const elicitation = (): Promise<ElicitResult> =>
      new Promise((resolve) =>
        settle.push(() => {
          resolve(seat(1));
        }),
      );
    await using pair = await ClientAndServer.connect(script, { elicitation, limits: { maxServerRequests: 2 } });
    const calls = Array.from({ length: 2 }, async () => {
      const given = new AbortController();
      const call = rejection(pair.client.callTool('book', {}, { signal: given.signal }));
      await turns();
      given.abort();
      await call;
    });
    await Promise.all(calls);
    const refused = await errorFrom(pair.client.callTool('book'));
    expect(refused).toMatchObject({
      code: 'MCP_INPUT_LIMIT',
      details: { field: 'limits.maxServerRequests', limit: 2 },
    });
    expect(refused.message).toContain('2 of the running handlers belong to cancelled requests');
    expect(settle).toHaveLength(2);
    for (const one of settle.splice(0)) one();
    await turns();
    const given = new AbortController();
    const again = rejection(pair.client.callTool('book', {}, { signal: given.signal }));
    await turns();
    expect(settle).toHaveLength(1);
    given.abort();
    await again;
    settle[0]?.();
  });
});

describe('a recorded call with rounds', () => {
  test.each<[how: string, elicitation: () => ElicitResult | Promise<ElicitResult>]>([
    ['at once', () => seat(4)],
    [
      'some time later',
      async () => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        return { action: 'accept', content: { seat: 4_711 } };
      },
    ],
    ['by calling the server itself', () => seat(5)],
    ['not at all', () => Promise.reject(new Error('no seat 4711'))],
  ])('is replayed, when it is answered %s', async (how, elicitation) => {
    const recorded = new RecordedLines();
    await using server = await scriptedServer(asksOnce);
    const client = new MCPClient(server.transport, {
      record: recorded,
      elicitation: async () => {
        if (how.startsWith('by calling')) await client.ping();
        return elicitation();
      },
    });
    await client.connect();
    await Promise.allSettled([client.callTool('book', { to: 'Bern' }), client.callTool('other')]);
    await client.disconnect();
    const report = await replayed(recorded.read());
    expect(report.remark).toBeUndefined();
    const outcomes = report.calls.filter(({ name }) => name === 'submit tools/call').map(({ outcome }) => outcome);
    const outcome = how === 'not at all' ? { code: 'MCP_INPUT_FAILED', delivery: 'answered' } : { ok: true };
    expect(outcomes).toEqual([outcome, outcome]);
    expect(recorded.text).not.toMatch(/Bern|state of|Which seat|4711/);
  });

  test('is replayed when it is aborted while a handler runs', async () => {
    const recorded = new RecordedLines();
    await using server = await scriptedServer(asksOnce);
    const somebody = new Somebody();
    const client = new MCPClient(server.transport, { record: recorded, elicitation: somebody.elicitation });
    await client.connect();
    const controller = new AbortController();
    const given = rejection(client.callTool('book', {}, { signal: controller.signal }));
    const closed = rejection(client.callTool('other'));
    while (somebody.shown.length < 2) await new Promise((resolve) => setImmediate(resolve));
    // Whoever is asked may do anything when nobody wants to know any more.
    somebody.shown[0]?.context.signal.addEventListener('abort', () => {
      client.addNotificationHandler('tools/list_changed', () => undefined);
    });
    controller.abort('enough');
    await given;
    await client.disconnect();
    await closed;
    const report = await replayed(recorded.read());
    expect(report.calls.filter(({ name }) => name === 'submit tools/call').map(({ outcome }) => outcome)).toEqual([
      { aborted: true },
      { code: 'MCP_CONNECTION_CLOSED', delivery: 'answered' },
    ]);
  });
});

describe('what was asked and answered', () => {
  test('is in no error and no inspection', async () => {
    const told: unknown[] = [];
    const secrets = ['hunter2', 'state of book', 'Which seat?', 'Bern'];
    await using pair = await ClientAndServer.connect(modernScript({ 'tools/call': ({ params }) => turn(params) }), {
      elicitation: () => ({ action: 'accept', content: { seat: 1, note: 'hunter2' } }),
      inspect: (one: unknown) => told.push(one),
    });
    function turn(params: ReceivedMessage['params']): Step[] {
      if (params?.['inputResponses'] === undefined) {
        const requestedSchema = { type: 'object', properties: { seat: { type: 'integer' }, note: { type: 'string' } } };
        const question = { method: 'elicitation/create', params: { message: 'Which seat?', requestedSchema } };
        return answer(needs({ which: question }, 'state of book'));
      }
      return refuse(-32000, 'No');
    }
    const error = await errorFrom(pair.client.callTool('book', { to: 'Bern' }));
    for (const text of [error.explain(), String(error), pair.client.explain(), show(told, { depth: 12 })]) {
      for (const secret of secrets) expect(text).not.toContain(secret);
    }
  });
});

describe('a server of 2025-11-25 that wants a page to be visited first', () => {
  const page = { mode: 'url', message: 'Sign in', url: 'https://example.com/sign-in', elicitationId: 'e1' };

  test('is asked again when the user has agreed and it says that this is done', async () => {
    const visited: string[] = [];
    await using pair = await ClientAndServer.connect(
      legacyScript('2025-11-25', {
        'tools/call': inTurn(refuse(-32042, 'Sign in first', { elicitations: [page] }), answer({ content: [] })),
      }),
      {
        elicitation: {
          url: ({ url }) => {
            visited.push(url);
            return { action: 'accept' };
          },
        },
      },
    );
    const { client, server, clock } = pair;
    const calling = client.callTool('book');
    await clock.settle();
    expect(visited).toEqual([page.url]);
    expect(called(server.received)).toHaveLength(1);
    server.notify('notifications/elicitation/complete', { elicitationId: 'unknown' });
    server.notify('notifications/elicitation/complete', { elicitationId: 'e1' });
    expect(await calling).toEqual({ content: [] });
    expect(called(server.received)).toEqual([{ name: 'book' }, { name: 'book' }]);
    server.notify('notifications/elicitation/complete', { elicitationId: 'e1' });
    await clock.settle();
    expect(pair.announced.warning).toEqual([]);
  });

  test('is an error as ever for a client that opens no pages', async () => {
    await using pair = await ClientAndServer.connect(
      legacyScript('2025-11-25', { 'tools/call': refuse(-32042, 'Sign in first', { elicitations: [page] }) }),
      { elicitation: () => seat(1) },
    );
    const error = await errorFrom(pair.client.callTool('book'));
    expect(error).toMatchObject({ code: 'MCP_RPC_ERROR', errorCode: -32042 });
    expect(error.explain()).toContain('`elicitation: { url }`');
  });
});
