import { failureOf, LOST, reasonOf, Registry } from '../../support/charts/registry.js';
import type { Made } from '../../support/charts/registry.js';
import type { RequestSpec } from '../../../src/machines/request/request-spec.js';

/** A request that the link has, and of which no byte has left yet. */
function unsent(registry: Registry, more: Partial<RequestSpec> = {}): Made {
  const made = registry.ask('a', more);
  registry.link.unsent.add(registry.link.requests.at(-1)?.id);
  return made;
}

describe('a request of which no byte has left', () => {
  it('waits for the next link when this one is lost, although it may not be repeated', async () => {
    const registry = Registry.flowing();
    const made = unsent(registry);
    registry.requests.lose(LOST);
    registry.hold();
    expect(registry.requests.counts).toEqual({ inFlight: 0, queued: 1, asking: 0 });
    registry.flow();
    registry.answer('a', { done: true });
    await registry.settle();
    expect(made.outcome).toEqual({ done: true });
  });

  it('waits for the next session when this one is lost, and a negotiation request does not', async () => {
    const registry = Registry.flowing();
    const made = unsent(registry);
    const own = unsent(registry, { direct: true, failFast: true });
    registry.hold();
    expect(registry.requests.counts).toMatchObject({ inFlight: 1, queued: 1 });
    registry.flow();
    registry.answer('a', { done: true });
    await registry.settle();
    expect([made, own].map(({ outcome }) => outcome)).toEqual([{ done: true }, undefined]);
  });

  it.each([
    ['does not wait for a link', {}],
    ['is a question of the connection itself', { direct: true }],
  ])('is over when the link is lost and it %s', async (_, more) => {
    const registry = Registry.flowing();
    const made = unsent(registry, { failFast: true, ...more });
    registry.requests.lose(LOST);
    await registry.settle();
    expect(failureOf(made)).toEqual({ ...LOST, delivery: 'not-sent' });
    registry.flow();
    expect(registry.sentMethods).toEqual([]);
  });

  it('was not sent when there will be no session any more', async () => {
    const registry = Registry.flowing();
    const [made, other] = [unsent(registry), registry.ask('b')];
    registry.refuse();
    await registry.settle();
    expect([made, other].map((one) => failureOf(one)?.delivery)).toEqual(['not-sent', 'unknown']);
    expect(registry.link.cancelled).toEqual([2]);
  });

  it('was not sent when it times out, and no cancellation is sent', async () => {
    const registry = Registry.flowing();
    const made = unsent(registry, { timeout: 10 });
    await registry.environment.advance(10);
    expect(failureOf(made)).toMatchObject({
      code: 'MCP_TIMEOUT',
      message: 'a was not sent within 10 ms',
      delivery: 'not-sent',
      details: { phase: 'queued' },
    });
    expect(registry.link.cancelled).toEqual([]);
  });

  it('may have run when an earlier attempt may have', async () => {
    const registry = Registry.flowing();
    const made = registry.ask('a', { repeatable: true, timeout: 10 });
    registry.lose();
    registry.flow();
    registry.link.unsent.add(2);
    await registry.environment.advance(10);
    expect(failureOf(made)).toMatchObject({ code: 'MCP_TIMEOUT', delivery: 'unknown' });
  });

  it('is given up by its caller without a word to the server', async () => {
    const registry = Registry.flowing();
    const impatient = new AbortController();
    const made = unsent(registry, { signal: impatient.signal });
    impatient.abort('enough');
    await registry.settle();
    expect(reasonOf(made)).toBe('enough');
    expect(registry.link.cancelled).toEqual([]);
    expect(registry.requests.counts).toEqual({ inFlight: 0, queued: 0, asking: 0 });
  });

  it('is not affected by events of the link after it was cancelled unsent', async () => {
    const registry = Registry.flowing();
    let fail: (why: unknown) => void = () => undefined;
    registry.link.answerToSend = () => new Promise((_, reject) => (fail = reject));
    const made = unsent(registry);
    registry.requests.lose(LOST);
    registry.hold();
    registry.flow();
    fail({ ...LOST, delivery: 'not-sent' });
    await registry.settle();
    expect(registry.requests.counts).toEqual({ inFlight: 1, queued: 0, asking: 0 });
    registry.answer('a');
    await registry.settle();
    expect(made.outcome).toEqual({});
  });
});
