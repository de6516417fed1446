import { getEventListeners } from 'node:events';

import type { InputSource } from '../../../src/machines/request/input-rounds.js';
import type { RequestRegistryPorts } from '../../../src/machines/request/request-registry.js';
import type { RequestSpec } from '../../../src/machines/request/request-spec.js';
import { failure } from '../../../src/util/failure.js';
import type { Params } from '../../../src/protocol/messages/json-rpc.js';
import type { ServerRequest, HandlerResponse } from '../../../src/protocol/server-requests/server-requests.js';
import { modernMeta } from '../../../src/protocol/request-meta.js';
import type { Session } from '../../../src/protocol/session.js';
import { rejectedWith } from '../../../src/transports/link.js';
import { CLOSED, failureOf, FakeLink, LEGACY_SESSION, reasonOf, Registry } from '../../support/charts/registry.js';
import type { Made } from '../../support/charts/registry.js';

const MODERN_SESSION: Session = {
  era: 'modern',
  protocolVersion: '2026-07-28',
  capabilities: { tools: {}, prompts: {}, resources: {} },
};

const FORM: ServerRequest = { method: 'elicitation/create', params: { message: 'Sure?', requestedSchema: {} } };
const PAGE: ServerRequest = {
  method: 'elicitation/create',
  params: { mode: 'url', message: 'Sign in', url: 'https://example.com/', elicitationId: 'e1' },
};
const ROOTS: ServerRequest = { method: 'roots/list' };
const ACCEPTED = { action: 'accept', content: { sure: true } };

/** A question that was put to somebody, and how it can be answered. */
interface Put {
  readonly question: ServerRequest;
  readonly session: Session;
  readonly signal: AbortSignal;
  readonly answer: (answer: HandlerResponse) => void;
}

/** A registry whose server may ask, and what was asked. */
class Inquiry extends Registry {
  readonly put: Put[] = [];

  constructor(source: Partial<InputSource> = {}, ports: Partial<RequestRegistryPorts> = {}) {
    super({
      input: {
        offered: { elicitation: { form: {}, url: {} }, roots: {}, sampling: {} },
        maxInputRounds: 3,
        service: {
          limit: 4,
          answer: (question, session, signal, answer) => {
            this.put.push({ question, session, signal, answer });
          },
        },
        ...source,
      },
      ...ports,
    });
  }

  static begin(source?: Partial<InputSource>, ports?: Partial<RequestRegistryPorts>): Inquiry {
    const inquiry = new Inquiry(source, ports);
    inquiry.flow(MODERN_SESSION);
    return inquiry;
  }

  /** Calls a tool. */
  call(params: Params = { name: 'book' }, more: Partial<RequestSpec> = {}): Made {
    return this.ask('tools/call', { params, ...more });
  }

  /** The server has to know something before it goes on with the newest call. */
  needs(inputRequests: Readonly<Record<string, ServerRequest>> | undefined, requestState?: string): void {
    this.answer('tools/call', {
      resultType: 'input_required',
      ...(inputRequests !== undefined && { inputRequests }),
      ...(requestState !== undefined && { requestState }),
    });
  }

  /** Answers the newest question. */
  async says(result: Params): Promise<void> {
    this.put.at(-1)?.answer({ result });
    await this.settle();
  }

  /** What was sent, without metadata. */
  get sentParams(): (Params | undefined)[] {
    return this.link.requests.map(({ params }) => {
      if (params === undefined) return undefined;
      const { _meta, ...rest } = params;
      return rest;
    });
  }
}

/** The server refuses the newest call before a page was visited. */
function needsPage(inquiry: Inquiry, elicitations: unknown = [PAGE.params]): void {
  const { id } = inquiry.link.requests.at(-1) as { id: number };
  const error = { code: -32042, message: 'Sign in first', data: { elicitations } };
  inquiry.requests.inFlight.answered({ jsonrpc: '2.0', id, error });
}

describe('a request of which the server has to know something first', () => {
  it('fails every request that shares its response when the client cannot ask', async () => {
    const inquiry = new Inquiry({ service: undefined });
    inquiry.flow();
    const made = [1, 2, 3].map(() => inquiry.ask('tools/list', { repeatable: true, sharing: [1] }));
    needsPage(inquiry);
    await inquiry.settle();
    expect(made.map((one) => failureOf(one)?.errorCode)).toEqual([-32042, -32042, -32042]);
  });

  it('is asked for one caller, and requests that shared its response are sent again', async () => {
    const inquiry = new Inquiry();
    inquiry.flow();
    const made = [1, 2, 3].map(() => inquiry.ask('tools/list', { repeatable: true, sharing: [1] }));
    needsPage(inquiry);
    expect(inquiry.requests.counts).toEqual({ inFlight: 2, queued: 0, asking: 1 });
    expect(inquiry.link.requests.map(({ id }) => id)).toEqual([1, 4]);
    await inquiry.says({ action: 'decline' });
    inquiry.answer('tools/list', { tools: [] });
    await inquiry.settle();
    expect(failureOf(made[0] as Made)?.errorCode).toBe(-32042);
    expect(made.slice(1).map(({ outcome }) => outcome)).toEqual([{ tools: [] }, { tools: [] }]);
  });

  it.each([
    ['asks nothing', undefined],
    ['asks', { sure: FORM }],
  ])('settles every request that shares a response that %s, in the modern era', async (_, inputRequests) => {
    const inquiry = Inquiry.begin();
    const made = [1, 2, 3].map(() => inquiry.ask('prompts/get', { repeatable: true, sharing: [1] }));
    inquiry.answer('prompts/get', {
      resultType: 'input_required',
      requestState: 's',
      ...(inputRequests && { inputRequests }),
    });
    expect(inquiry.link.requests.map(({ id }) => id)).toEqual([1, 4]);
    const done = { messages: [] };
    inquiry.answer('prompts/get', done);
    if (inputRequests !== undefined) await inquiry.says(ACCEPTED);
    await inquiry.environment.advance(1_000);
    inquiry.answer('prompts/get', done);
    await inquiry.settle();
    expect(made.map(({ outcome }) => outcome)).toEqual([done, done, done]);
  });

  it('is made again with the answer and the state, under a new id', async () => {
    const inquiry = Inquiry.begin();
    const made = inquiry.call({ name: 'book', arguments: { seat: 4 } });
    inquiry.needs({ sure: FORM }, 'state');
    expect(inquiry.requests.counts).toEqual({ inFlight: 0, queued: 0, asking: 1 });
    expect(inquiry.put).toMatchObject([{ question: FORM, session: MODERN_SESSION }]);
    await inquiry.says(ACCEPTED);
    expect(inquiry.link.requests.map(({ id }) => id)).toEqual([1, 2]);
    expect(inquiry.sentParams[1]).toEqual({
      name: 'book',
      arguments: { seat: 4 },
      inputResponses: { sure: ACCEPTED },
      requestState: 'state',
    });
    inquiry.answer('tools/call', { content: [] });
    await inquiry.settle();
    expect(made.outcome).toEqual({ content: [] });
    expect(inquiry.requests.counts).toEqual({ inFlight: 0, queued: 0, asking: 0 });
    expect(inquiry.put[0]?.signal.aborted).toBe(false);
  });

  it('carries the metadata of the session, and a progress token of its own, each time', async () => {
    const inquiry = Inquiry.begin();
    const identity = { clientInfo: { name: 'test', version: '1' }, capabilities: { elicitation: { form: {} } } };
    inquiry.requests.meta = modernMeta('2026-07-28', identity, undefined);
    const progress: unknown[] = [];
    inquiry.call({ name: 'book', _meta: { mine: 1 } }, { onProgress: (one) => progress.push(one) });
    inquiry.requests.inFlight.progressed({ progressToken: 1, progress: 1 });
    inquiry.needs({ sure: FORM });
    await inquiry.says(ACCEPTED);
    inquiry.requests.inFlight.progressed({ progressToken: 2, progress: 1 });
    const metas = inquiry.link.requests.map(({ params }) => params?._meta as Params);
    expect(metas.map(({ progressToken }) => progressToken)).toEqual([1, 2]);
    for (const meta of metas) {
      expect(meta).toMatchObject({ mine: 1, 'io.modelcontextprotocol/protocolVersion': '2026-07-28' });
    }
    expect(progress).toEqual([
      { progress: 1, attempt: 1 },
      { progress: 1, attempt: 2 },
    ]);
  });

  it('sends back only what was asked for last', async () => {
    const inquiry = Inquiry.begin();
    inquiry.call({ name: 'book', inputResponses: { mine: {} }, requestState: 'mine' });
    inquiry.needs({ first: FORM }, 'one');
    await inquiry.says(ACCEPTED);
    inquiry.needs({ second: ROOTS });
    await inquiry.says({ roots: [] });
    inquiry.needs(undefined, 'three');
    await inquiry.environment.advance(10_000);
    expect(inquiry.sentParams.slice(1)).toEqual([
      { name: 'book', inputResponses: { first: ACCEPTED }, requestState: 'one' },
      { name: 'book', inputResponses: { second: { roots: [] } } },
      { name: 'book', requestState: 'three' },
    ]);
  });

  it.each([
    ['empty', ''],
    ['with spaces and line ends', ' \t\r\n{"a": 1}\u2028 '],
    ['that is no valid Unicode', '\ud800x'],
    ['of 1 MB', 'x'.repeat(1 << 20)],
    ['in composed and decomposed letters', 'é e\u0301'],
  ])('sends a state back as it came: %s', async (_what, state) => {
    const inquiry = Inquiry.begin();
    inquiry.call();
    inquiry.needs({ sure: FORM }, state);
    await inquiry.says(ACCEPTED);
    expect(inquiry.sentParams[1]?.requestState).toBe(state);
  });

  it('calls the handlers for all inputs at the same time, and waits for all responses', async () => {
    const inquiry = Inquiry.begin();
    inquiry.call();
    inquiry.needs({ a: FORM, b: ROOTS, c: FORM });
    const [a, b, c] = inquiry.put as [Put, Put, Put];
    expect(inquiry.put).toHaveLength(3);
    c.answer({ result: { action: 'decline' } });
    a.answer({ result: ACCEPTED });
    await inquiry.settle();
    expect(inquiry.link.requests).toHaveLength(1);
    b.answer({ result: { roots: [] } });
    await inquiry.settle();
    // A no is an answer, too.
    expect(inquiry.sentParams[1]?.inputResponses).toEqual({ a: ACCEPTED, b: { roots: [] }, c: { action: 'decline' } });
  });

  it('takes any key for a key', async () => {
    const inquiry = Inquiry.begin();
    inquiry.call();
    const keys = ['__proto__', 'constructor', '', '7', 'toString'];
    inquiry.needs(Object.fromEntries(keys.slice(0, 4).map((key) => [key, FORM])));
    for (const { answer } of inquiry.put) answer({ result: ACCEPTED });
    await inquiry.settle();
    const sent = JSON.parse(JSON.stringify(inquiry.sentParams[1]?.inputResponses)) as object;
    expect(Object.keys(sent).sort()).toEqual(keys.slice(0, 4).sort());
  });

  it('does not mix its state and its answers with those of another', async () => {
    const inquiry = Inquiry.begin();
    const [one, other] = [inquiry.ask('prompts/get'), inquiry.ask('tools/call')];
    const asks = (question: ServerRequest, requestState: string) => ({
      resultType: 'input_required',
      inputRequests: { same: question },
      requestState,
    });
    inquiry.answer('tools/call', asks(FORM, 'tool'));
    inquiry.answer('prompts/get', asks(ROOTS, 'prompt'));
    inquiry.put[1]?.answer({ result: { roots: [] } });
    inquiry.put[0]?.answer({ result: ACCEPTED });
    inquiry.ask('resources/read');
    await inquiry.settle();
    expect(inquiry.sentMethods.slice(2)).toEqual(['prompts/get', 'tools/call', 'resources/read']);
    expect(inquiry.sentParams.slice(2)).toEqual([
      { inputResponses: { same: { roots: [] } }, requestState: 'prompt' },
      { inputResponses: { same: ACCEPTED }, requestState: 'tool' },
      undefined,
    ]);
    inquiry.answer('prompts/get', { messages: [] });
    inquiry.answer('tools/call', { content: [] });
    await inquiry.settle();
    expect([one.outcome, other.outcome]).toEqual([{ messages: [] }, { content: [] }]);
    // What they were made of is used again, and brings nothing along.
    inquiry.ask('tools/call');
    inquiry.ask('prompts/get');
    expect(inquiry.sentParams.slice(-2)).toEqual([{}, undefined]);
  });
});

describe('a server that only wants to be asked again', () => {
  it('gets the request again after a delay, in which no handler is called', async () => {
    const inquiry = Inquiry.begin();
    inquiry.call(undefined, { timeout: 60_000 });
    inquiry.needs(undefined, 'later');
    await inquiry.settle();
    expect(inquiry.link.requests).toHaveLength(1);
    await inquiry.environment.advance(500);
    expect(inquiry.sentParams[1]).toEqual({ name: 'book', requestState: 'later' });
    expect(inquiry.put).toEqual([]);
  });

  it('gets an empty input when it asked for none', async () => {
    const inquiry = Inquiry.begin();
    inquiry.call();
    inquiry.needs({});
    await inquiry.environment.advance(500);
    expect(inquiry.sentParams[1]).toEqual({ name: 'book', inputResponses: {} });
  });

  it('gets the request again also when the client has no handlers', async () => {
    const inquiry = Inquiry.begin({ service: undefined });
    inquiry.call();
    inquiry.needs(undefined, 'later');
    await inquiry.environment.advance(500);
    expect(inquiry.sentParams[1]).toEqual({ name: 'book', requestState: 'later' });
  });

  it('is not asked for ever', async () => {
    const inquiry = Inquiry.begin();
    const made = inquiry.call();
    for (let round = 0; round < 4; round += 1) {
      inquiry.needs(undefined, `${round}`);
      await inquiry.environment.advance(10_000);
    }
    expect(inquiry.link.requests).toHaveLength(4);
    expect(failureOf(made)).toMatchObject({
      code: 'MCP_INPUT_LIMIT',
      message: 'tools/call needed input more than 3 times, which is the limit `limits.maxInputRounds`',
      delivery: 'answered',
      details: { limit: 3 },
    });
    expect(inquiry.environment.pending).toEqual([]);
  });
});

describe('an input that no handler can supply', () => {
  it.each<[what: string, question: ServerRequest, required: string]>([
    ['of a kind that is not offered', { method: 'sampling/createMessage', params: {} }, 'sampling'],
    ['with a page to open', PAGE, 'elicitation.url'],
    ['of a kind that does not exist', { method: 'vendor/ask' }, 'vendor/ask'],
  ])('%s fails the request, and no handler is called', async (_what, question, required) => {
    const inquiry = Inquiry.begin({ offered: { elicitation: { form: {} } } });
    const made = inquiry.call();
    inquiry.needs({ form: FORM, other: question });
    await inquiry.settle();
    expect(inquiry.put).toEqual([]);
    expect(failureOf(made)).toMatchObject({
      kind: 'capability',
      code: 'MCP_CAPABILITY_MISSING',
      message: `tools/call needs input from the user or the host, for which this client has no handler: ${required}`,
      delivery: 'answered',
      details: { method: 'tools/call', resultType: 'input_required', required },
    });
  });

  it('with tools for the model wants a model that takes them', async () => {
    const sampling = (more: object): ServerRequest => ({
      method: 'sampling/createMessage',
      params: { maxTokens: 1, ...more },
    });
    const inquiry = Inquiry.begin({ offered: { sampling: {} } });
    const made = inquiry.call();
    inquiry.needs({ a: sampling({}), b: sampling({ tools: [] }), c: sampling({ toolChoice: {} }) });
    await inquiry.settle();
    expect(failureOf(made)?.details).toMatchObject({ required: 'sampling.tools' });
    const able = Inquiry.begin({ offered: { sampling: { tools: {} } } });
    able.call();
    able.needs({ a: sampling({ tools: [] }) });
    expect(able.put).toHaveLength(1);
  });

  it('fails the request when one handler fails, and aborts the other handlers', async () => {
    const inquiry = Inquiry.begin();
    const made = inquiry.call();
    inquiry.needs({ a: FORM, b: ROOTS });
    const why = failure('protocol', 'MCP_HANDLER_FAILED', 'The function for roots/list failed: no disk');
    inquiry.put[1]?.answer({ error: { code: -32603, message: 'Failed' }, failure: why });
    await inquiry.settle();
    expect(failureOf(made)).toMatchObject({
      code: 'MCP_INPUT_FAILED',
      delivery: 'answered',
      details: { method: 'tools/call', serverRequest: 'roots/list' },
      cause: why,
    });
    expect(inquiry.put[0]?.signal.aborted).toBe(true);
    // Late, and of no use.
    inquiry.put[0]?.answer({ result: ACCEPTED });
    await inquiry.settle();
    expect(inquiry.link.requests).toHaveLength(1);
  });

  it('fails the request when there are too many of them', async () => {
    const inquiry = Inquiry.begin();
    const made = inquiry.call();
    inquiry.needs(Object.fromEntries(Array.from({ length: 5 }, (_, at) => [`q${at}`, FORM])));
    await inquiry.settle();
    expect(inquiry.put).toEqual([]);
    expect(failureOf(made)).toMatchObject({
      code: 'MCP_INPUT_LIMIT',
      message: 'tools/call needs 5 server requests at once; the limit `limits.maxServerRequests` is 4',
    });
  });

  it.each<[what: string, fields: object, path: string]>([
    ['no questions and no state', {}, 'inputRequests'],
    ['questions in a list', { inputRequests: [FORM] }, 'inputRequests'],
    ['a question without a method', { inputRequests: { a: { params: {} } } }, 'inputRequests'],
    ['a state that is no text', { requestState: { a: 1 } }, 'requestState'],
  ])('fails the request when the server asks with %s', async (_what, fields, path) => {
    const inquiry = Inquiry.begin();
    const made = inquiry.call();
    inquiry.answer('tools/call', { resultType: 'input_required', ...fields });
    await inquiry.settle();
    expect(failureOf(made)).toMatchObject({ code: 'MCP_INVALID_RESULT', delivery: 'answered', details: { path } });
  });

  it('is none in the legacy era, whatever the server writes into its results', async () => {
    const inquiry = new Inquiry();
    inquiry.flow(LEGACY_SESSION);
    const made = inquiry.call();
    inquiry.answer('tools/call', { content: [], resultType: 'input_required', inputRequests: { a: FORM } });
    await inquiry.settle();
    expect(made.outcome).toMatchObject({ content: [] });
    expect(inquiry.put).toEqual([]);
  });
});

describe('while a handler runs', () => {
  it('timeout is paused, and begins again with the next round', async () => {
    const inquiry = Inquiry.begin();
    const { environment } = inquiry;
    const made = inquiry.call(undefined, { timeout: 1_000 });
    await environment.advance(900);
    inquiry.needs({ sure: FORM });
    await environment.advance(86_400_000);
    expect(inquiry.put[0]?.signal.aborted).toBe(false);
    await inquiry.says(ACCEPTED);
    await environment.advance(999);
    expect(made.outcome).toBeUndefined();
    await environment.advance(1);
    expect(failureOf(made)).toMatchObject({ code: 'MCP_TIMEOUT', delivery: 'unknown', details: { phase: 'waiting' } });
    expect(inquiry.link.cancelled).toEqual([2]);
    expect(environment.pending).toEqual([]);
  });

  it('the time of the whole goes on, and ends it', async () => {
    const inquiry = Inquiry.begin();
    const { environment } = inquiry;
    const totalDeadline = environment.now() + 5_000;
    const made = inquiry.call(undefined, { timeout: 1_000, totalDeadline, maxTotalTimeout: 5_000 });
    inquiry.needs({ sure: FORM });
    await environment.advance(4_999);
    expect(made.outcome).toBeUndefined();
    await environment.advance(1);
    expect(failureOf(made)).toMatchObject({
      code: 'MCP_TIMEOUT',
      message: 'tools/call did not get the input that the server needs within 5000 ms (maxTotalTimeout)',
      delivery: 'answered',
      details: { operation: 'tools/call', timeout: 5_000, phase: 'asking' },
    });
    expect(inquiry.put[0]?.signal.aborted).toBe(true);
    expect(inquiry.link.cancelled).toEqual([]);
    expect(environment.pending).toEqual([]);
  });

  it('an abort ends the request at once, and sends no cancellation', async () => {
    const inquiry = Inquiry.begin();
    const controller = new AbortController();
    const made = inquiry.call(undefined, { signal: controller.signal });
    inquiry.needs({ sure: FORM }, 'state');
    controller.abort('enough');
    await inquiry.settle();
    expect(reasonOf(made)).toBe('enough');
    expect(inquiry.put[0]?.signal.aborted).toBe(true);
    expect(inquiry.link.sent).toHaveLength(1);
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
    await inquiry.says(ACCEPTED);
    expect(inquiry.link.sent).toHaveLength(1);
  });

  it('the end of the connection ends it at once, and says that the server had answered', async () => {
    const inquiry = Inquiry.begin();
    const made = inquiry.call();
    inquiry.needs({ sure: FORM });
    inquiry.refuse();
    await inquiry.settle();
    expect(failureOf(made)).toMatchObject({ code: CLOSED.code, delivery: 'answered' });
    expect(inquiry.put[0]?.signal.aborted).toBe(true);
    expect(inquiry.requests.counts).toEqual({ inFlight: 0, queued: 0, asking: 0 });
  });

  it('a lost link does not matter: the request goes on over the next one', async () => {
    const inquiry = Inquiry.begin();
    const made = inquiry.call();
    inquiry.needs({ sure: FORM }, 'state');
    inquiry.lose();
    await inquiry.says(ACCEPTED);
    expect(inquiry.requests.counts).toEqual({ inFlight: 0, queued: 1, asking: 0 });
    inquiry.flow(MODERN_SESSION);
    expect(inquiry.sentParams).toEqual([{ name: 'book', inputResponses: { sure: ACCEPTED }, requestState: 'state' }]);
    inquiry.answer('tools/call', { content: [] });
    await inquiry.settle();
    expect(made.outcome).toEqual({ content: [] });
  });

  it('the input is not sent to a server that comes back in the other era', async () => {
    const inquiry = Inquiry.begin();
    const made = inquiry.call();
    inquiry.needs({ sure: FORM }, 'state');
    inquiry.lose();
    await inquiry.says(ACCEPTED);
    inquiry.flow(LEGACY_SESSION);
    await inquiry.settle();
    expect(failureOf(made)).toMatchObject({ code: 'MCP_UNSUPPORTED_VERSION', delivery: 'answered' });
    expect(inquiry.link.sent).toEqual([]);
  });

  it('a caller who does not want to wait for a link fails when the answer is there and the link is not', async () => {
    const inquiry = Inquiry.begin();
    const made = inquiry.call(undefined, { failFast: true });
    inquiry.needs({ sure: FORM });
    inquiry.lose();
    await inquiry.settle();
    expect(made.outcome).toBeUndefined();
    await inquiry.says(ACCEPTED);
    expect(failureOf(made)).toMatchObject({ code: 'MCP_NOT_CONNECTED', delivery: 'answered' });
  });

  it('what is in flight is none of it', () => {
    const inquiry = Inquiry.begin();
    inquiry.call();
    inquiry.needs({ sure: FORM });
    expect(inquiry.requests.inFlight.working).toBe(false);
    expect(inquiry.requests.inFlight.silence).toEqual({ inFlight: 0, silence: undefined });
  });
});

describe('the request of a later round', () => {
  async function secondRound(more: Partial<RequestSpec> = {}, ports?: Partial<RequestRegistryPorts>) {
    const inquiry = Inquiry.begin(undefined, ports);
    const made = inquiry.call(undefined, more);
    inquiry.needs({ sure: FORM }, 'state');
    await inquiry.says(ACCEPTED);
    return { inquiry, made };
  }

  it('may have run when its answer is lost', async () => {
    const { inquiry, made } = await secondRound();
    inquiry.lose();
    await inquiry.settle();
    expect(failureOf(made)).toMatchObject({ code: 'MCP_CONNECTION_LOST', delivery: 'unknown' });
  });

  it('is sent again, with all that belongs to it, when that is safe', async () => {
    const { inquiry, made } = await secondRound({ repeatable: true });
    inquiry.lose();
    inquiry.flow(MODERN_SESSION);
    expect(inquiry.sentParams).toEqual([{ name: 'book', inputResponses: { sure: ACCEPTED }, requestState: 'state' }]);
    inquiry.answer('tools/call', { content: [] });
    await inquiry.settle();
    expect(made.outcome).toEqual({ content: [] });
  });

  it('was answered, as far as anybody knows, when it could not be sent', async () => {
    const inquiry = Inquiry.begin(undefined, { framing: () => 'per-request', reconnect: undefined });
    const made = inquiry.call();
    inquiry.needs({ sure: FORM });
    inquiry.link.answerToSend = () =>
      rejectedWith(failure('transport', 'MCP_TRANSPORT_FAILED', 'Refused', { delivery: 'not-sent' }));
    await inquiry.says(ACCEPTED);
    await inquiry.settle();
    expect(failureOf(made)).toMatchObject({ code: 'MCP_TRANSPORT_FAILED', delivery: 'answered' });
  });

  it('fails with delivery answered when it waited for a link and there was none', async () => {
    const inquiry = Inquiry.begin();
    const made = inquiry.call(undefined, { timeout: 1_000 });
    inquiry.needs({ sure: FORM });
    inquiry.lose();
    await inquiry.says(ACCEPTED);
    await inquiry.environment.advance(1_000);
    expect(failureOf(made)).toMatchObject({
      code: 'MCP_TIMEOUT',
      delivery: 'answered',
      details: { phase: 'queued' },
    });
  });
});

describe('a legacy server that wants a page to be visited before it serves a request', () => {
  function begin(source?: Partial<InputSource>): { inquiry: Inquiry; made: Made } {
    const inquiry = new Inquiry(source);
    inquiry.flow(LEGACY_SESSION);
    return { inquiry, made: inquiry.call(undefined, { timeout: 1_000 }) };
  }

  it('is sent again when the user agreed and the server reports that the page is completed', async () => {
    const { inquiry, made } = begin();
    needsPage(inquiry);
    expect(inquiry.put.map(({ question }) => question)).toEqual([PAGE]);
    await inquiry.environment.advance(3_600_000);
    await inquiry.says({ action: 'accept' });
    expect(inquiry.link.requests).toHaveLength(1);
    inquiry.requests.inFlight.visited('another');
    inquiry.requests.inFlight.visited('e1');
    inquiry.requests.inFlight.visited('e1');
    expect(inquiry.sentParams).toEqual([{ name: 'book' }, { name: 'book' }]);
    inquiry.answer('tools/call', { content: [] });
    await inquiry.settle();
    expect(made.outcome).toEqual({ content: [] });
  });

  it('is asked again at once when it was done before the user said so', async () => {
    const { inquiry } = begin();
    needsPage(inquiry);
    inquiry.requests.inFlight.visited('e1');
    await inquiry.settle();
    expect(inquiry.link.requests).toHaveLength(1);
    await inquiry.says({ action: 'accept' });
    expect(inquiry.link.requests).toHaveLength(2);
  });

  it('is waited for as long as for any answer', async () => {
    const { inquiry, made } = begin();
    needsPage(inquiry);
    await inquiry.says({ action: 'accept' });
    await inquiry.environment.advance(999);
    expect(made.outcome).toBeUndefined();
    await inquiry.environment.advance(1);
    expect(failureOf(made)).toMatchObject({ code: 'MCP_TIMEOUT', delivery: 'answered', details: { phase: 'asking' } });
    inquiry.requests.inFlight.visited('e1');
    expect(inquiry.link.requests).toHaveLength(1);
  });

  it.each(['decline', 'cancel'])('has refused the request when the user says %s', async (action) => {
    const { inquiry, made } = begin();
    needsPage(inquiry);
    await inquiry.says({ action });
    expect(failureOf(made)).toMatchObject({ code: 'MCP_RPC_ERROR', errorCode: -32042, delivery: 'answered' });
    expect(inquiry.link.requests).toHaveLength(1);
  });

  it.each<[what: string, elicitations: unknown, source: Partial<InputSource>]>([
    ['nobody may be asked', [PAGE.params], { offered: { elicitation: { form: {} } } }],
    ['it names none', [], {}],
    ['it names what is none', [PAGE.params, FORM.params], {}],
    ['it names none that can be told apart', [{ ...PAGE.params, elicitationId: 7 }], {}],
    ['it does not say which', null, {}],
    ['it has asked often enough', [PAGE.params], { maxInputRounds: 0 }],
    ['there are too many', [PAGE.params, PAGE.params, PAGE.params, PAGE.params, PAGE.params], {}],
  ])('has refused the request when %s', async (_what, elicitations, source) => {
    const { inquiry, made } = begin(source);
    needsPage(inquiry, elicitations);
    await inquiry.settle();
    expect(failureOf(made)).toMatchObject({ code: 'MCP_RPC_ERROR', errorCode: -32042, delivery: 'answered' });
    expect(inquiry.put).toEqual([]);
  });

  it('has refused the request in every other revision', async () => {
    for (const session of [MODERN_SESSION, { ...LEGACY_SESSION, protocolVersion: '2025-06-18' } as const]) {
      const inquiry = new Inquiry();
      inquiry.flow(session, new FakeLink());
      const made = inquiry.call();
      needsPage(inquiry);
      await inquiry.settle();
      expect(failureOf(made)).toMatchObject({ code: 'MCP_RPC_ERROR', errorCode: -32042 });
      expect(inquiry.put).toEqual([]);
    }
  });
});
