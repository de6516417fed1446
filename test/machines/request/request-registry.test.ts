import { failure } from '../../../src/util/failure.js';
import { modernMeta } from '../../../src/protocol/request-meta.js';
import { rejectedWith } from '../../../src/transports/link.js';
import { CLOSED, failureOf, FakeLink, LEGACY_SESSION, LOST, Registry } from '../../support/charts/registry.js';

describe('ids of requests', () => {
  it('grow and are never used twice', () => {
    const registry = Registry.flowing();
    for (let count = 0; count < 1_000; count += 1) {
      registry.ask('a');
      registry.answer('a');
    }
    const ids = registry.link.requests.map(({ id }) => id as number);
    expect(new Set(ids).size).toBe(1_000);
    expect([...ids].sort((one, other) => one - other)).toEqual(ids);
  });

  it('stay with a request that is open for long while thousands come and go', async () => {
    const registry = Registry.flowing();
    const long = registry.ask('long');
    const id = registry.link.requests[0]?.id ?? -1;
    for (let round = 0; round < 20; round += 1) {
      const many = Array.from({ length: 10 * (round + 1) }, (_, at) => registry.ask(`${round}/${at}`));
      many.forEach((_, at) => registry.answer(`${round}/${at}`, { at }));
      await registry.settle();
      expect(many.map(({ outcome }) => outcome)).toEqual(many.map((_, at) => ({ at })));
    }
    expect(long.outcome).toBeUndefined();
    expect(registry.requests.inFlight.answered({ jsonrpc: '2.0', id, result: { done: true } })).toBe(true);
    await registry.settle();
    expect(long.outcome).toEqual({ done: true });
  });

  it('lead to the right request with ten thousand of them in flight', async () => {
    const registry = Registry.flowing();
    const many = Array.from({ length: 10_000 }, (_, at) => registry.ask(`m${at}`, { timeout: 1_000 }));
    expect(registry.requests.counts).toEqual({ inFlight: 10_000, queued: 0, asking: 0 });
    expect(registry.environment.pending).toHaveLength(1);
    for (const { id, method } of [...registry.link.requests].reverse()) {
      registry.requests.inFlight.answered({ jsonrpc: '2.0', id, result: { method } });
    }
    await registry.settle();
    expect(many.filter(({ outcome }, at) => (outcome as { method?: string }).method !== `m${at}`)).toEqual([]);
    expect(registry.requests.counts).toEqual({ inFlight: 0, queued: 0, asking: 0 });
    expect(registry.environment.pending).toEqual([]);
  });

  it.each([0, -1, 1.5, 2, 65, 2 ** 32 + 1, '2', '01', '1.5', ' 1', '1e0', '', null, undefined])(
    'are compared by value: %p answers nothing that was asked as 1',
    async (id) => {
      const registry = Registry.flowing();
      const made = registry.ask('a');
      expect(registry.link.requests[0]?.id).toBe(1);
      expect(registry.requests.inFlight.answered({ jsonrpc: '2.0', id: id as number, result: {} })).toBe(false);
      await registry.settle();
      expect(made.outcome).toBeUndefined();
      expect(registry.requests.counts.inFlight).toBe(1);
    },
  );

  it('may come back as decimal text', async () => {
    const registry = Registry.flowing();
    const made = registry.ask('a');
    expect(registry.requests.inFlight.answered({ jsonrpc: '2.0', id: '1', result: {} })).toBe(true);
    await registry.settle();
    expect(made.outcome).toEqual({});
  });

  it('settle once: repeated and late responses are ignored', async () => {
    const registry = Registry.flowing();
    const first = registry.ask('a');
    expect(registry.answer('a', { first: true })).toBe(true);
    expect(registry.answer('a', { first: false })).toBe(false);
    // The second request reuses what the first was made of.
    const second = registry.ask('b');
    expect(registry.requests.inFlight.answered({ jsonrpc: '2.0', id: 1, result: { late: true } })).toBe(false);
    await registry.settle();
    expect(first.outcome).toEqual({ first: true });
    expect(second.outcome).toBeUndefined();
  });
});

describe('an answer', () => {
  it('with an error ends its request with the code of the server', async () => {
    const registry = Registry.flowing();
    const made = registry.ask('tools/call');
    registry.requests.inFlight.answered({ jsonrpc: '2.0', id: 1, error: { code: -32602, message: 'No such tool' } });
    await registry.settle();
    expect(failureOf(made)).toMatchObject({ code: 'MCP_RPC_ERROR', errorCode: -32602, delivery: 'answered' });
  });

  it('that is not what the method answers ends its request as answered', async () => {
    const registry = Registry.flowing();
    const made = registry.ask('tools/list');
    registry.answer('tools/list', { tools: 'none' });
    await registry.settle();
    expect(failureOf(made)).toMatchObject({ code: 'MCP_INVALID_RESULT', delivery: 'answered' });
  });

  it('that the link had to discard rejects its request, and no other', async () => {
    const registry = Registry.flowing();
    const [spoiled, other] = [registry.ask('a'), registry.ask('b')];
    const tooLarge = (requestId: unknown) =>
      failure('protocol', 'MCP_MESSAGE_TOO_LARGE', 'Too large', { delivery: 'answered', details: { requestId } });
    expect(registry.requests.inFlight.failed(tooLarge(1))).toBe(true);
    expect(registry.requests.inFlight.failed(tooLarge(undefined))).toBe(false);
    expect(registry.requests.inFlight.failed(tooLarge(77))).toBe(false);
    await registry.settle();
    expect(failureOf(spoiled)).toMatchObject({ code: 'MCP_MESSAGE_TOO_LARGE', delivery: 'answered' });
    expect(other.outcome).toBeUndefined();
  });

  it('is noted with its time', async () => {
    const registry = Registry.flowing();
    expect(registry.requests.inFlight.lastAnswerAt).toBeUndefined();
    registry.ask('a');
    await registry.environment.advance(250);
    registry.answer('a');
    expect(registry.requests.inFlight.lastAnswerAt).toBe(registry.environment.now());
  });
});

describe('before there is a session', () => {
  it('requests fail at once and were not sent', async () => {
    const registry = new Registry();
    const made = registry.ask('a');
    await registry.settle();
    expect(failureOf(made)).toMatchObject({ code: 'MCP_NOT_CONNECTED', delivery: 'not-sent' });
  });

  it('requests wait while one is on its way, and are sent in their order', async () => {
    const registry = new Registry();
    registry.hold();
    for (const method of ['a', 'b', 'c']) registry.ask(method);
    expect(registry.requests.counts).toEqual({ inFlight: 0, queued: 3, asking: 0 });
    registry.flow();
    registry.ask('d');
    expect(registry.sentMethods).toEqual(['a', 'b', 'c', 'd']);
    expect(registry.requests.counts).toEqual({ inFlight: 4, queued: 0, asking: 0 });
  });

  it('a request does not get the place of one that was given up', async () => {
    const registry = new Registry();
    registry.hold();
    registry.ask('a');
    const impatient = new AbortController();
    registry.ask('b', { signal: impatient.signal });
    registry.ask('c');
    impatient.abort();
    registry.ask('d');
    registry.flow();
    expect(registry.sentMethods).toEqual(['a', 'c', 'd']);
  });

  it('requests keep their order however many are given up', async () => {
    const registry = new Registry();
    registry.hold();
    const expected: string[] = [];
    for (let at = 0; at < 1_000; at += 1) {
      const impatient = new AbortController();
      registry.ask(`m${at}`, { signal: impatient.signal });
      if (at % 7 === 0) expected.push(`m${at}`);
      else impatient.abort();
    }
    expect(registry.requests.counts.queued).toBe(expected.length);
    registry.flow();
    expect(registry.sentMethods).toEqual(expected);
  });

  it('as many requests wait as are allowed, and the next one rejects with the limit', async () => {
    const registry = new Registry({ maxQueued: 2 });
    registry.hold();
    const impatient = new AbortController();
    const waiting = [registry.ask('a'), registry.ask('b', { signal: impatient.signal })];
    const refused = registry.ask('c');
    await registry.settle();
    expect(waiting.map(({ outcome }) => outcome)).toEqual([undefined, undefined]);
    expect(failureOf(refused)).toMatchObject({
      code: 'MCP_QUEUE_FULL',
      delivery: 'not-sent',
      message: '2 requests wait for the connection already, which is the limit `maxQueued`',
      details: { limit: 2 },
    });
    impatient.abort();
    const next = registry.ask('d');
    await registry.settle();
    expect(next.outcome).toBeUndefined();
    registry.flow();
    expect(registry.sentMethods).toEqual(['a', 'd']);
  });

  it('a request that does not want to wait fails at once', async () => {
    const registry = new Registry();
    registry.hold();
    const made = registry.ask('a', { failFast: true });
    await registry.settle();
    expect(failureOf(made)).toMatchObject({ code: 'MCP_NOT_CONNECTED', delivery: 'not-sent' });
    registry.flow();
    registry.ask('b', { failFast: true });
    expect(registry.sentMethods).toEqual(['b']);
  });

  it('a negotiation request is sent at once, without the metadata of a session', () => {
    const registry = new Registry();
    registry.requests.useLink(registry.link);
    registry.hold();
    registry.ask('server/discover', { direct: true, failFast: true });
    expect(registry.link.sent).toEqual([{ jsonrpc: '2.0', id: 1, method: 'server/discover' }]);
  });

  it('a negotiation request fails when there is no link', async () => {
    const registry = new Registry();
    registry.hold();
    const made = registry.ask('ping', { direct: true });
    await registry.settle();
    expect(failureOf(made)).toMatchObject({ code: 'MCP_NOT_CONNECTED', delivery: 'not-sent' });
  });

  it('requests wait for what the server can do, and fail without being sent when it cannot', async () => {
    const registry = new Registry();
    registry.hold();
    const [able, unable] = [registry.ask('tools/list'), registry.ask('prompts/list')];
    registry.flow({ ...LEGACY_SESSION, capabilities: { tools: {} } });
    await registry.settle();
    expect(registry.sentMethods).toEqual(['tools/list']);
    expect(able.outcome).toBeUndefined();
    expect(failureOf(unable)).toMatchObject({ code: 'MCP_CAPABILITY_MISSING', delivery: 'not-sent' });
  });
});

describe('the metadata of a session', () => {
  const identity = { clientInfo: { name: 'test', version: '1' }, capabilities: {} };
  it('is sent with every request, and a progress token with requests that want progress', () => {
    const registry = Registry.flowing();
    const meta = modernMeta('2026-07-28', identity, undefined);
    registry.requests.meta = meta;
    registry.ask('a', { params: { x: 1, _meta: { own: true } } });
    registry.ask('b', { onProgress: () => undefined });
    expect(registry.link.requests.map(({ params }) => params)).toEqual([
      { x: 1, _meta: { own: true, ...meta } },
      { _meta: { ...meta, progressToken: 2 } },
    ]);
  });
});

describe('when there will be no session any more', () => {
  it('what waits was not sent, what is in flight may have run, in the same call', async () => {
    const registry = Registry.flowing();
    const inFlight = registry.ask('a');
    registry.hold();
    const queued = registry.ask('b');
    registry.refuse();
    expect(registry.requests.counts).toEqual({ inFlight: 0, queued: 0, asking: 0 });
    await Promise.resolve();
    expect(failureOf(inFlight)).toMatchObject({ code: 'MCP_CONNECTION_CLOSED', delivery: 'unknown' });
    expect(failureOf(queued)).toMatchObject({ code: 'MCP_CONNECTION_CLOSED', delivery: 'not-sent' });
  });

  it('a cancellation is sent for each request in flight', () => {
    const registry = Registry.flowing();
    for (const method of ['a', 'b']) registry.ask(method);
    registry.ask('initialize', { direct: true, quiet: true });
    registry.refuse();
    expect(registry.link.cancelled).toEqual([1, 2]);
  });

  it('requests that wait for their time to be sent again end too', async () => {
    const registry = Registry.flowing({ framing: () => 'per-request' });
    registry.link.answerToSend = () =>
      rejectedWith(failure('transport', 'MCP_TRANSPORT_FAILED', 'No', { delivery: 'not-sent' }));
    const made = registry.ask('tools/list', { repeatable: true });
    await registry.settle();
    expect(registry.environment.pending).toHaveLength(1);
    registry.refuse();
    await registry.settle();
    expect(failureOf(made)).toMatchObject({ code: 'MCP_CONNECTION_CLOSED', delivery: 'not-sent' });
    expect(registry.environment.pending).toEqual([]);
  });

  it('new requests fail with the reason', async () => {
    const registry = Registry.flowing();
    registry.refuse();
    const made = registry.ask('a');
    await registry.settle();
    expect(failureOf(made)).toMatchObject({ message: CLOSED.message, delivery: 'not-sent' });
    registry.flow();
    registry.ask('b');
    expect(registry.sentMethods).toEqual(['b']);
  });
});

describe('when the link is lost', () => {
  it('a request that may be repeated is sent again over the next one, under a new id', async () => {
    const registry = Registry.flowing();
    const made = registry.ask('tools/list', { repeatable: true });
    registry.lose();
    expect(registry.requests.counts).toEqual({ inFlight: 0, queued: 1, asking: 0 });
    registry.flow();
    expect(registry.link.requests.map(({ id, method }) => [id, method])).toEqual([[2, 'tools/list']]);
    registry.answer('tools/list', { tools: [] });
    await registry.settle();
    expect(made.outcome).toEqual({ tools: [] });
  });

  it('the response to an earlier attempt is ignored', async () => {
    const registry = Registry.flowing();
    const made = registry.ask('tools/list', { repeatable: true });
    registry.lose();
    registry.flow();
    expect(registry.requests.inFlight.answered({ jsonrpc: '2.0', id: 1, result: { tools: [] } })).toBe(false);
    await registry.settle();
    expect(made.outcome).toBeUndefined();
  });

  it('a request that may not be repeated ends at once, and may have run', async () => {
    const registry = Registry.flowing();
    const made = registry.ask('tools/call');
    registry.lose();
    await registry.settle();
    expect(failureOf(made)).toMatchObject({ code: 'MCP_CONNECTION_LOST', delivery: 'unknown' });
    registry.flow();
    expect(registry.sentMethods).toEqual([]);
  });

  it('a request that is lost again and again is not sent for ever', async () => {
    const registry = Registry.flowing();
    const made = registry.ask('tools/list', { repeatable: true });
    let sent = 0;
    for (let round = 0; round < 20; round += 1) {
      sent += registry.sentMethods.length;
      registry.lose();
      registry.flow();
    }
    await registry.settle();
    expect(sent).toBe(5);
    expect(failureOf(made)).toMatchObject({ code: 'MCP_CONNECTION_LOST', delivery: 'unknown' });
  });

  it('repeated requests are sent before later requests', () => {
    const registry = Registry.flowing();
    registry.ask('a', { repeatable: true });
    registry.ask('b', { repeatable: true });
    registry.lose();
    registry.ask('c');
    registry.flow();
    expect(registry.sentMethods).toEqual(['a', 'b', 'c']);
  });

  it('for good, a request that was sent before rejects with the cause of its lost attempt', async () => {
    const registry = Registry.flowing();
    const sent = registry.ask('tools/list', { repeatable: true });
    registry.lose();
    const unsent = registry.ask('tools/list');
    registry.refuse(failure('connection', 'MCP_NOT_CONNECTED', 'Not connected: the link is gone', { cause: LOST }));
    await registry.settle();
    expect(failureOf(sent)).toEqual({ ...LOST, delivery: 'unknown' });
    expect(failureOf(unsent)).toMatchObject({ code: 'MCP_NOT_CONNECTED', delivery: 'not-sent' });
  });

  it('for good, because connecting took too long, a request that was sent before does not claim that its own time was up', async () => {
    const registry = Registry.flowing();
    const sent = registry.ask('tools/list', { repeatable: true, timeout: 10_000 });
    registry.lose();
    const cause = failure('timeout', 'MCP_TIMEOUT', 'Connecting took longer than 500 ms', { delivery: 'not-sent' });
    const refusal = failure('connection', 'MCP_NOT_CONNECTED', 'Not connected: it took too long', { cause });
    registry.refuse(refusal);
    await registry.settle();
    expect(failureOf(sent)).toEqual({ ...refusal, delivery: 'unknown' });
  });

  it('in the middle of sending, what was not written yet waits for the next one', async () => {
    const registry = new Registry();
    registry.hold();
    const [first, second] = [registry.ask('a'), registry.ask('b')];
    const link = new FakeLink();
    link.answerToSend = () => {
      registry.requests.useLink(undefined);
      return undefined;
    };
    registry.flow(LEGACY_SESSION, link);
    registry.ask('c');
    registry.lose();
    await registry.settle();
    expect(failureOf(first)).toMatchObject({ delivery: 'unknown' });
    expect(second.outcome).toBeUndefined();
    registry.flow();
    expect(registry.sentMethods).toEqual(['b', 'c']);
  });
});

describe('a link that cannot send', () => {
  const notSent = failure('transport', 'MCP_TRANSPORT_FAILED', 'The pipe is closed', { delivery: 'not-sent' });

  it('gives the request back, and it is sent over the next link', async () => {
    const registry = Registry.flowing();
    registry.link.answerToSend = () => rejectedWith(notSent);
    const made = registry.ask('tools/call');
    await registry.settle();
    expect(made.outcome).toBeUndefined();
    expect(registry.requests.counts).toEqual({ inFlight: 0, queued: 1, asking: 0 });
    registry.lose();
    registry.flow();
    expect(registry.sentMethods).toEqual(['tools/call']);
    registry.lose();
    await registry.settle();
    expect(failureOf(made)?.delivery).toBe('unknown');
  });

  it('gives the request back as one that was never sent', async () => {
    const registry = Registry.flowing();
    registry.link.answerToSend = () => rejectedWith(notSent);
    const made = registry.ask('tools/call');
    await registry.settle();
    registry.refuse();
    await registry.settle();
    expect(failureOf(made)?.delivery).toBe('not-sent');
  });

  it('does not make a request one that never ran when an earlier attempt may have', async () => {
    const registry = Registry.flowing({ framing: () => 'per-request', reconnect: undefined });
    const made = registry.ask('tools/call', { repeatable: true });
    registry.lose();
    const link = new FakeLink();
    link.answerToSend = () => rejectedWith(notSent);
    registry.flow(LEGACY_SESSION, link);
    await registry.settle();
    expect(failureOf(made)).toEqual({ ...notSent, delivery: 'unknown' });
  });

  it('says so too late for a request that has its answer, and for the next one made of the same parts', async () => {
    const registry = Registry.flowing();
    let fail: (why: unknown) => void = () => undefined;
    registry.link.answerToSend = () => new Promise((_resolve, reject) => (fail = reject));
    registry.ask('a');
    const failLate = fail;
    registry.answer('a');
    const next = registry.ask('b');
    failLate(notSent);
    await registry.settle();
    expect(next.outcome).toBeUndefined();
    expect(registry.requests.counts).toEqual({ inFlight: 1, queued: 0, asking: 0 });
    expect(registry.sentMethods).toEqual(['a', 'b']);
  });

  it('ends the request when the message itself is the reason', async () => {
    const registry = Registry.flowing();
    registry.link.answerToSend = () =>
      rejectedWith(failure('protocol', 'MCP_INVALID_PARAMS', 'Not JSON', { delivery: 'not-sent' }));
    const made = registry.ask('tools/call');
    await registry.settle();
    expect(failureOf(made)).toMatchObject({ code: 'MCP_INVALID_PARAMS', delivery: 'not-sent' });
  });

  it('and throws instead ends that request, and nothing else', async () => {
    const registry = Registry.flowing();
    registry.link.answerToSend = () => {
      throw new Error('Converting circular structure to JSON');
    };
    const made = registry.ask('tools/call', { timeout: 1_000 });
    await registry.settle();
    expect(failureOf(made)).toMatchObject({ message: 'Converting circular structure to JSON' });
    registry.link.answerToSend = () => undefined;
    const next = registry.ask('tools/call');
    registry.answer('tools/call', { content: [] });
    await registry.settle();
    expect(next.outcome).toEqual({ content: [] });
    expect(registry.environment.pending).toEqual([]);
  });
});

describe('a session that the server has forgotten', () => {
  const forgotten = failure('transport', 'MCP_SESSION_LOST', 'HTTP 404', { delivery: 'not-sent' });

  function refusing(): Registry {
    const registry = Registry.flowing({ framing: () => 'per-request' });
    registry.link.answerToSend = () => rejectedWith(forgotten);
    return registry;
  }

  it('has run nothing: a request that was refused for it and then finds no other was not sent', async () => {
    const registry = refusing();
    const made = registry.ask('tools/call');
    registry.hold();
    await registry.settle();
    expect(made.outcome).toBeUndefined();
    registry.refuse();
    await registry.settle();
    expect(failureOf(made)).toEqual({ ...CLOSED, delivery: 'not-sent' });
  });

  it('three times in a row, with a pause before the last, ends the request', async () => {
    const registry = refusing();
    const made = registry.ask('tools/call');
    await registry.settle();
    expect(made.outcome).toBeUndefined();
    expect(registry.sentMethods).toEqual(['tools/call', 'tools/call']);
    await registry.environment.advance(500);
    await registry.settle();
    expect(failureOf(made)).toEqual(forgotten);
    expect(registry.sentMethods).toEqual(['tools/call', 'tools/call', 'tools/call']);
  });

  it('after an attempt that may have run leaves that open', async () => {
    const registry = Registry.flowing({ framing: () => 'per-request' });
    const made = registry.ask('tools/call', { repeatable: true });
    registry.lose();
    const link = new FakeLink();
    link.answerToSend = () => rejectedWith(forgotten);
    registry.flow(LEGACY_SESSION, link);
    await registry.settle();
    await registry.environment.advance(500);
    await registry.settle();
    expect(failureOf(made)).toEqual({ ...forgotten, delivery: 'unknown' });
  });
});
