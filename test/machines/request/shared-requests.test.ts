import type { RequestSpec } from '../../../src/machines/request/request-spec.js';
import { failureOf, LOST, reasonOf, Registry } from '../../support/charts/registry.js';
import type { Made } from '../../support/charts/registry.js';

const READS = { repeatable: true, sharing: [1] } as const;

/** Requests for the same list. */
function listing(registry: Registry, ...more: Partial<RequestSpec>[]): Made[] {
  return more.map((one) => registry.ask('tools/list', { ...READS, ...one }));
}

const TOOLS = { tools: [] };

describe('requests that ask the same', () => {
  it('are one request to the server, and its response is the outcome of each', async () => {
    const registry = Registry.flowing();
    const made = listing(registry, {}, {}, {});
    expect(registry.sentMethods).toEqual(['tools/list']);
    expect(registry.requests.counts.inFlight).toBe(3);
    registry.answer('tools/list', TOOLS);
    await registry.settle();
    expect(made.map(({ outcome }) => outcome)).toEqual([TOOLS, TOOLS, TOOLS]);
    expect(registry.requests.counts.inFlight).toBe(0);
    listing(registry, {});
    expect(registry.sentMethods).toHaveLength(2);
  });

  it.each([
    ['the numbers differ', { sharing: [2] }],
    ['the parameters differ', { params: { cursor: 'b' } }],
    ['only a later number is the same', { sharing: [3, 1] }],
    ['it shares nothing', { sharing: undefined }],
  ])('are not taken for the same when %s', (_, more) => {
    const registry = Registry.flowing();
    listing(registry, {}, more);
    expect(registry.sentMethods).toHaveLength(2);
  });

  it('are followed by their later numbers, too', () => {
    const registry = Registry.flowing();
    listing(registry, { sharing: [7, 1] }, { sharing: [1] }, { sharing: [7, 1] });
    expect(registry.sentMethods).toHaveLength(1);
  });

  it('share an error', async () => {
    const registry = Registry.flowing();
    const made = listing(registry, {}, {});
    registry.requests.inFlight.answered({ jsonrpc: '2.0', id: 1, error: { code: -32603, message: 'no' } });
    await registry.settle();
    expect(made.map((one) => failureOf(one)?.errorCode)).toEqual([-32603, -32603]);
  });

  it('have deadlines of their own, and only the last one that leaves sends a cancellation', async () => {
    const registry = Registry.flowing();
    const made = listing(registry, { timeout: 10 }, { timeout: 30 }, { timeout: 20 });
    await registry.environment.advance(10);
    expect(failureOf(made[0] as Made)).toMatchObject({
      code: 'MCP_TIMEOUT',
      delivery: 'unknown',
      details: { timeout: 10 },
    });
    await registry.environment.advance(10);
    expect(failureOf(made[2] as Made)).toMatchObject({ code: 'MCP_TIMEOUT', details: { timeout: 20 } });
    expect(registry.link.cancelled).toEqual([]);
    await registry.environment.advance(10);
    expect(failureOf(made[1] as Made)).toMatchObject({ code: 'MCP_TIMEOUT', details: { timeout: 30 } });
    expect(registry.link.cancelled).toEqual([1]);
    expect(registry.sentMethods).toEqual(['tools/list']);
    expect(registry.requests.counts).toEqual({ inFlight: 0, queued: 0, asking: 0 });
  });

  it.each([0, 1, 2])('are aborted one by one (number %d)', async (gone) => {
    const registry = Registry.flowing();
    const impatient = new AbortController();
    const made = listing(registry, ...[0, 1, 2].map((at) => (at === gone ? { signal: impatient.signal } : {})));
    impatient.abort('enough');
    await registry.settle();
    expect(reasonOf(made[gone] as Made)).toBe('enough');
    // It goes on, and still takes others along.
    made.push(...listing(registry, {}));
    expect(registry.link.cancelled).toEqual([]);
    expect(registry.sentMethods).toHaveLength(1);
    registry.requests.inFlight.answered({ jsonrpc: '2.0', id: 1, result: TOOLS });
    await registry.settle();
    expect(made.filter(({ outcome }) => outcome === TOOLS)).toHaveLength(3);
  });

  it('are aborted by one signal, and one cancellation is sent', async () => {
    const registry = Registry.flowing();
    const { signal, abort } = (() => {
      const controller = new AbortController();
      return { signal: controller.signal, abort: () => controller.abort('enough') };
    })();
    const made = listing(registry, { signal }, { signal }, { signal });
    abort();
    await registry.settle();
    expect(made.map(reasonOf)).toEqual(['enough', 'enough', 'enough']);
    expect(registry.link.cancelled).toEqual([1]);
  });

  it('are sent again once when the link is lost, and requests that may not be repeated reject', async () => {
    const registry = Registry.flowing();
    const made = listing(registry, {}, { repeatable: false }, {});
    registry.lose();
    registry.flow();
    expect(registry.sentMethods).toEqual(['tools/list']);
    registry.answer('tools/list', TOOLS);
    await registry.settle();
    expect(made.map((one) => failureOf(one)?.delivery ?? one.outcome)).toEqual([TOOLS, 'unknown', TOOLS]);
  });

  it('are sent again when the one that was sent is given up before a byte has left', async () => {
    const registry = Registry.flowing();
    const impatient = new AbortController();
    const made = listing(registry, { signal: impatient.signal }, {}, {});
    registry.link.unsent.add(1);
    impatient.abort('enough');
    await registry.settle();
    expect(reasonOf(made[0] as Made)).toBe('enough');
    expect(registry.sentMethods).toHaveLength(2);
    registry.answer('tools/list', TOOLS);
    await registry.settle();
    expect(made.slice(1).map(({ outcome }) => outcome)).toEqual([TOOLS, TOOLS]);
  });

  it('all learn that their request could not be sent', async () => {
    const registry = Registry.flowing({ framing: () => 'per-request' });
    let fail: (why: unknown) => void = () => undefined;
    registry.link.answerToSend = () => new Promise((_, reject) => (fail = reject));
    const impatient = new AbortController();
    const made = listing(
      registry,
      { signal: impatient.signal, repeatable: false },
      { repeatable: false },
      { repeatable: false },
    );
    impatient.abort('enough');
    fail({ ...LOST, kind: 'protocol', code: 'MCP_INVALID_JSON', delivery: 'answered' });
    await registry.settle();
    expect(made.slice(1).map((one) => failureOf(one)?.code)).toEqual(['MCP_INVALID_JSON', 'MCP_INVALID_JSON']);
  });

  it('end with the connection, and one cancellation is sent', async () => {
    const registry = Registry.flowing();
    const made = listing(registry, {}, {}, {});
    registry.refuse();
    await registry.settle();
    expect(made.map((one) => failureOf(one)?.delivery)).toEqual(['unknown', 'unknown', 'unknown']);
    expect(registry.link.cancelled).toEqual([1]);
  });

  it('stand still together while the server waits for this side', async () => {
    const registry = Registry.flowing();
    const made = listing(registry, { timeout: 10 }, { timeout: 10 });
    const held = registry.requests.inFlight.hold(1);
    await registry.environment.advance(100);
    expect(made.map(({ outcome }) => outcome)).toEqual([undefined, undefined]);
    registry.requests.inFlight.release(held);
    await registry.environment.advance(10);
    expect(made.map((one) => failureOf(one)?.code)).toEqual(['MCP_TIMEOUT', 'MCP_TIMEOUT']);
  });
});
