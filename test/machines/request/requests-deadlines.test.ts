import { getEventListeners } from 'node:events';

import type { Params } from '../../../src/protocol/messages/json-rpc.js';
import { SimulatedEnvironment } from '../../../src/testing/simulated-environment.js';
import { failureOf, FakeLink, LEGACY_SESSION, reasonOf, Registry } from '../../support/charts/registry.js';

describe('the deadlines of requests', () => {
  it('need one timer for all, and none once the last is gone', async () => {
    const registry = Registry.flowing();
    const { environment } = registry;
    for (const timeout of [500, 300, 400]) registry.ask(`t${timeout}`, { timeout });
    expect(environment.pending.map(({ at }) => at - environment.now())).toEqual([300]);
    registry.answer('t300');
    registry.answer('t500');
    expect(environment.pending).toHaveLength(1);
    registry.answer('t400');
    await registry.settle();
    expect(environment.pending).toEqual([]);
  });

  it('leave their timer to later requests where it can be kept from holding the process', async () => {
    const held: boolean[] = [];
    const environment = Object.assign(new SimulatedEnvironment(), {
      hold: (_handle: unknown, hold: boolean) => held.push(hold),
    });
    const registry = Registry.flowing({ environment });
    registry.ask('one', { timeout: 300 });
    const [timer] = environment.pending;
    registry.answer('one');
    expect(environment.pending).toEqual([timer]);
    expect(held).toEqual([false]);
    await environment.advance(100);
    const other = registry.ask('other', { timeout: 300 });
    expect(environment.pending).toEqual([timer]);
    expect(held).toEqual([false, true]);
    await environment.advance(299);
    expect(other.outcome).toBeUndefined();
    await environment.advance(1);
    expect(failureOf(other)).toMatchObject({ code: 'MCP_TIMEOUT' });
    expect(environment.pending).toEqual([]);
  });

  it('leave no timer after the connection is closed, also when requests follow', async () => {
    const environment = Object.assign(new SimulatedEnvironment(), { hold: () => undefined });
    const registry = Registry.flowing({ environment });
    registry.ask('one', { timeout: 300 });
    registry.refuse();
    registry.ask('late', { timeout: 300 });
    await registry.settle();
    expect(environment.pending).toEqual([]);
  });

  it('let their timer go when it fires and no request needs it', async () => {
    const environment = Object.assign(new SimulatedEnvironment(), { hold: () => undefined });
    const registry = Registry.flowing({ environment });
    registry.ask('one', { timeout: 300 });
    registry.answer('one');
    await environment.advance(300);
    expect(environment.pending).toEqual([]);
  });

  it('need no timer from the very moment on when the connection ends', () => {
    const registry = Registry.flowing();
    registry.ask('answered', { timeout: 300 });
    registry.answer('answered');
    registry.refuse();
    expect(registry.environment.pending).toEqual([]);
  });

  it('are met by each request at its own time, and only then', async () => {
    const registry = Registry.flowing();
    const { environment } = registry;
    const start = environment.now();
    const ends: [string, number][] = [];
    for (const timeout of [70, 10, 40, 40, 25]) {
      const method = `t${timeout}`;
      void registry.ask(method, { timeout }).promise.then(() => ends.push([method, environment.now() - start]));
    }
    await environment.advance(100);
    expect(ends).toEqual([
      ['t10', 10],
      ['t25', 25],
      ['t40', 40],
      ['t40', 40],
      ['t70', 70],
    ]);
    expect(environment.pending).toEqual([]);
  });

  it('say what was waited for, how long, and that the request may have run', async () => {
    const registry = Registry.flowing();
    const made = registry.ask('tools/call', { timeout: 250 });
    await registry.environment.advance(249);
    expect(made.outcome).toBeUndefined();
    await registry.environment.advance(1);
    await registry.settle();
    expect(failureOf(made)).toEqual({
      kind: 'timeout',
      code: 'MCP_TIMEOUT',
      message: 'tools/call got no answer within 250 ms',
      delivery: 'unknown',
      details: { operation: 'tools/call', timeout: 250, phase: 'waiting' },
    });
    expect(registry.link.cancelled).toEqual([1]);
  });

  it('hold in the queue too, where the request was not sent', async () => {
    const registry = new Registry();
    registry.hold();
    const made = registry.ask('tools/call', { timeout: 250 });
    await registry.environment.advance(250);
    await registry.settle();
    expect(failureOf(made)).toMatchObject({
      message: 'tools/call was not sent within 250 ms',
      delivery: 'not-sent',
      details: { operation: 'tools/call', timeout: 250, phase: 'queued' },
    });
    registry.flow();
    expect(registry.link.sent).toEqual([]);
  });

  it('count from the time of the call, not from that of the sending', async () => {
    const registry = new Registry();
    registry.hold();
    const made = registry.ask('tools/call', { timeout: 250 });
    await registry.environment.advance(200);
    registry.flow();
    await registry.environment.advance(50);
    await registry.settle();
    expect(failureOf(made)?.details).toMatchObject({ phase: 'waiting', timeout: 250 });
  });

  it('in the queue after an attempt was lost leave open whether it ran', async () => {
    const registry = Registry.flowing();
    const made = registry.ask('tools/list', { timeout: 250, repeatable: true });
    await registry.environment.advance(100);
    registry.lose();
    await registry.environment.advance(150);
    await registry.settle();
    expect(failureOf(made)).toMatchObject({ delivery: 'unknown', details: { phase: 'queued' } });
    expect(registry.environment.pending).toEqual([]);
  });

  it('do not exist for a request without any', () => {
    const registry = Registry.flowing();
    registry.ask('a');
    expect(registry.environment.pending).toEqual([]);
  });

  it('are met also when sending the cancellation ends the link', async () => {
    const registry = Registry.flowing();
    const many = [1, 2, 3].map((at) => registry.ask(`m${at}`, { timeout: 100 }));
    const repeatable = registry.ask('tools/list', { timeout: 200, repeatable: true });
    registry.link.answerToSend = () => {
      registry.lose();
      return undefined;
    };
    await registry.environment.advance(100);
    await registry.settle();
    expect(many.map((made) => failureOf(made)?.delivery)).toEqual(['unknown', 'unknown', 'unknown']);
    expect(repeatable.outcome).toBeUndefined();
    await registry.environment.advance(100);
    await registry.settle();
    expect(failureOf(repeatable)?.code).toBe('MCP_TIMEOUT');
    expect(registry.environment.pending).toEqual([]);
  });
});

describe('progress', () => {
  const progressOf = (registry: Registry, progressToken: number, progress: number): boolean =>
    registry.requests.inFlight.progressed({ progressToken, progress });

  it('moves out the timeout', async () => {
    const registry = Registry.flowing();
    const made = registry.ask('a', { timeout: 100, onProgress: () => undefined });
    for (let round = 0; round < 5; round += 1) {
      await registry.environment.advance(90);
      expect(progressOf(registry, 1, round)).toBe(true);
    }
    await registry.environment.advance(99);
    expect(made.outcome).toBeUndefined();
    await registry.environment.advance(1);
    await registry.settle();
    expect(failureOf(made)?.message).toBe('a got no answer within 100 ms');
  });

  it('does not move out the limit of the whole', async () => {
    const registry = Registry.flowing();
    const { environment } = registry;
    const made = registry.ask('a', {
      timeout: 100,
      totalDeadline: environment.now() + 250,
      maxTotalTimeout: 250,
      onProgress: () => undefined,
    });
    for (let round = 0; round < 3; round += 1) {
      await environment.advance(80);
      progressOf(registry, 1, round);
    }
    expect(made.outcome).toBeUndefined();
    await environment.advance(10);
    await registry.settle();
    expect(failureOf(made)).toMatchObject({
      message: 'a got no answer within 250 ms (maxTotalTimeout)',
      details: { timeout: 250, phase: 'waiting' },
    });
    expect(environment.pending).toEqual([]);
  });

  it.each<[string, { timeout: number; total?: number }, number]>([
    ['the timeout alone', { timeout: 100 }, 100],
    ['the limit of the whole alone', { timeout: Infinity, total: 150 }, 150],
    ['the earlier of both', { timeout: 100, total: 150 }, 100],
    ['the earlier of both the other way round', { timeout: 200, total: 150 }, 150],
  ])('is not needed for a deadline: %s is armed', async (_what, { timeout, total }, expected) => {
    const registry = Registry.flowing();
    const { environment } = registry;
    const limits = total === undefined ? {} : { totalDeadline: environment.now() + total, maxTotalTimeout: total };
    const made = registry.ask('a', { timeout, ...limits });
    await environment.advance(expected - 1);
    expect(made.outcome).toBeUndefined();
    await environment.advance(1);
    await registry.settle();
    expect(failureOf(made)?.details?.timeout).toBe(expected);
  });

  it('reaches the listener of its request, with the attempt that it belongs to', async () => {
    const registry = Registry.flowing();
    const heard: unknown[] = [];
    registry.ask('tools/list', { repeatable: true, onProgress: (one) => heard.push(one) });
    registry.requests.inFlight.progressed({ progressToken: 1, progress: 0.5, total: 1, message: 'half' });
    registry.lose();
    registry.flow();
    expect(progressOf(registry, 1, 0.6)).toBe(false);
    expect(progressOf(registry, 2, 0.1)).toBe(true);
    expect(heard).toEqual([
      { progress: 0.5, total: 1, message: 'half', attempt: 1 },
      { progress: 0.1, attempt: 2 },
    ]);
  });

  it('is ignored when the request did not ask for it, or has ended', () => {
    const registry = Registry.flowing();
    registry.ask('a');
    expect(progressOf(registry, 1, 1)).toBe(false);
    registry.ask('b', { onProgress: () => undefined });
    registry.answer('b');
    expect(progressOf(registry, 2, 1)).toBe(false);
  });

  it('to a listener that throws is reported, and the request goes on', async () => {
    const registry = Registry.flowing();
    const made = registry.ask('a', {
      onProgress: () => {
        throw new Error('listener');
      },
    });
    progressOf(registry, 1, 1);
    expect(registry.reports).toEqual([new Error('listener')]);
    registry.answer('a', { fine: true });
    await registry.settle();
    expect(made.outcome).toEqual({ fine: true });
  });

  it('may make its listener ask, give up and end everything', async () => {
    const registry = Registry.flowing();
    const impatient = new AbortController();
    const asked = registry.ask('a', {
      signal: impatient.signal,
      onProgress: () => {
        registry.ask('b');
        impatient.abort('seen enough');
      },
    });
    const ending = registry.ask('c', {
      onProgress: () => {
        registry.refuse();
      },
    });
    progressOf(registry, 1, 1);
    progressOf(registry, 2, 1);
    await registry.settle();
    expect(registry.sentMethods).toEqual(['a', 'c', 'b']);
    expect(reasonOf(asked)).toBe('seen enough');
    expect(failureOf(ending)?.delivery).toBe('unknown');
    expect(registry.requests.counts).toEqual({ inFlight: 0, queued: 0, asking: 0 });
  });
});

describe('an abort', () => {
  const listeners = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length;

  it('before the call keeps the request from being sent', async () => {
    const registry = Registry.flowing();
    const made = registry.ask('a', { signal: AbortSignal.abort('no'), timeout: 100 });
    await registry.settle();
    expect(reasonOf(made)).toBe('no');
    expect(registry.link.sent).toEqual([]);
    expect(registry.environment.pending).toEqual([]);
  });

  it('in the queue takes the request out of it', async () => {
    const registry = new Registry();
    registry.hold();
    const impatient = new AbortController();
    const made = registry.ask('a', { signal: impatient.signal, timeout: 100 });
    impatient.abort('no');
    await registry.settle();
    expect(reasonOf(made)).toBe('no');
    expect(registry.requests.counts.queued).toBe(0);
    registry.flow();
    expect(registry.link.sent).toEqual([]);
    expect(registry.environment.pending).toEqual([]);
  });

  it('in flight ends the request with the reason of the signal, and sends a cancellation', async () => {
    const registry = Registry.flowing();
    const impatient = new AbortController();
    const made = registry.ask('a', { signal: impatient.signal });
    const reason = new Error('changed my mind');
    impatient.abort(reason);
    expect(registry.requests.counts.inFlight).toBe(0);
    await registry.settle();
    expect(reasonOf(made)).toBe(reason);
    expect(registry.link.cancelled).toEqual([1]);
    expect(registry.answer('a')).toBe(false);
  });

  it('sends no cancellation for a request that must not be cancelled', () => {
    const registry = Registry.flowing();
    const impatient = new AbortController();
    registry.ask('initialize', { signal: impatient.signal, direct: true, quiet: true });
    impatient.abort();
    expect(registry.link.cancelled).toEqual([]);
  });

  it('after the answer changes nothing', async () => {
    const registry = Registry.flowing();
    const impatient = new AbortController();
    const made = registry.ask('a', { signal: impatient.signal });
    registry.answer('a', { fine: true });
    impatient.abort();
    await registry.settle();
    expect(made.outcome).toEqual({ fine: true });
    expect(registry.link.cancelled).toEqual([]);
  });

  it('of one signal ends all requests that it was given to', async () => {
    const registry = Registry.flowing();
    const impatient = new AbortController();
    const many = Array.from({ length: 100 }, () => registry.ask('a', { signal: impatient.signal }));
    impatient.abort('all of you');
    await registry.settle();
    expect(many.map(reasonOf)).toEqual(many.map(() => 'all of you'));
    expect(listeners(impatient.signal)).toBe(0);
  });

  it.each<[string, (registry: Registry) => unknown]>([
    ['an answer', (registry) => registry.answer('a')],
    [
      'an error',
      (registry) => registry.requests.inFlight.answered({ jsonrpc: '2.0', id: 1, error: { code: 1, message: '' } }),
    ],
    ['its deadline', (registry) => registry.environment.advance(100)],
    [
      'losing the link',
      (registry) => {
        registry.lose();
      },
    ],
    [
      'the end of the connection',
      (registry) => {
        registry.refuse();
      },
    ],
  ])('is not listened for any more after %s', async (_what, end) => {
    const registry = Registry.flowing();
    const { signal } = new AbortController();
    const made = registry.ask('a', { signal, timeout: 100 });
    expect(listeners(signal)).toBe(1);
    await end(registry);
    await registry.settle();
    expect(made.outcome).toBeDefined();
    expect(listeners(signal)).toBe(0);
  });

  it('is listened for once, over attempts', () => {
    const registry = Registry.flowing();
    const { signal } = new AbortController();
    registry.ask('tools/list', { signal, repeatable: true });
    for (let round = 0; round < 3; round += 1) {
      registry.lose();
      registry.flow();
    }
    expect(listeners(signal)).toBe(1);
  });
});

describe('the cancellation of a request', () => {
  it('is dropped without a report when the link cannot send it', async () => {
    const registry = Registry.flowing();
    const impatient = new AbortController();
    const made = registry.ask('a', { signal: impatient.signal });
    registry.link.answerToSend = () => Promise.reject(new Error('broken'));
    impatient.abort('no');
    await registry.settle();
    expect(reasonOf(made)).toBe('no');
    registry.link.answerToSend = () => {
      throw new Error('more broken');
    };
    const other = registry.ask('b', { timeout: 10 });
    await registry.environment.advance(10);
    await registry.settle();
    expect(other.outcome).toBeDefined();
  });

  it('is not sent when closing the exchange cancels the request, and the exchange is closed', () => {
    const registry = new Registry({ framing: () => 'per-request' });
    const abandoned: unknown[] = [];
    const link = Object.assign(new FakeLink(), { abandon: (id: unknown) => abandoned.push(id) });
    registry.flow({ ...LEGACY_SESSION, era: 'modern', protocolVersion: '2026-07-28' }, link);
    const impatient = new AbortController();
    registry.ask('a', { signal: impatient.signal });
    impatient.abort();
    expect(link.cancelled).toEqual([]);
    expect(abandoned).toEqual([1]);
  });
});

describe('the end of a stream by the server', () => {
  it('ends the request that opened it without an error, and no other request', async () => {
    const registry = Registry.flowing();
    const stream = registry.ask('subscriptions/listen', { onNotice: () => true, direct: true });
    const call = registry.ask('tools/call');
    registry.requests.inFlight.cancelledByPeer({ requestId: 2, reason: 'mischief' });
    registry.requests.inFlight.cancelledByPeer({ requestId: 1, reason: 'shutting down' });
    await registry.settle();
    expect(stream.outcome).toEqual({});
    expect(call.outcome).toBeUndefined();
  });

  it('is distinguished from notifications, which are passed to the request that opened the stream', () => {
    const registry = Registry.flowing();
    const heard: unknown[] = [];
    const onNotice = (method: string, params: unknown): boolean => heard.push([method, params]) < 2;
    registry.ask('tools/call');
    registry.ask('subscriptions/listen', { direct: true, onNotice });
    const notice = (id: unknown, params?: Params): string =>
      registry.requests.inFlight.noticed(id, 'notifications/tools/list_changed', params);
    expect(notice(2, { x: 1 })).toBe('wanted');
    expect(notice(2, { x: 2 })).toBe('unwanted');
    expect([notice('02'), notice(7), notice(0)]).toEqual(['unwanted', 'unwanted', 'unwanted']);
    expect(notice(1)).toBe('unwanted');
    registry.answer('tools/call');
    expect(notice(1)).toBe('late');
    expect(heard).toEqual([1, 2].map((x) => ['notifications/tools/list_changed', { x }]));
  });
});
