import type { RequestSpec } from '../../../src/machines/request/request-spec.js';
import { failure } from '../../../src/util/failure.js';
import type { Failure } from '../../../src/util/failure.js';
import { rejectedWith } from '../../../src/transports/link.js';
import { LOST, Registry } from '../../support/charts/registry.js';

const refused = failure('transport', 'MCP_TRANSPORT_FAILED', 'refused', { delivery: 'not-sent' });
const silent = failure('transport', 'MCP_TRANSPORT_FAILED', 'no answer', { delivery: 'unknown' });
const unavailable = failure('transport', 'MCP_HTTP_STATUS', '503', { delivery: 'answered', details: { status: 503 } });
const broken = failure('transport', 'MCP_STREAM_BROKEN', 'broke', { delivery: 'unknown' });

/** Where each request has an exchange of its own, and where a failed one is not tried again. */
function perRequest(): Registry {
  return Registry.flowing({ framing: () => 'per-request', reconnect: undefined });
}

/** Makes requests whose exchanges fail when they are told to. */
function pending(registry: Registry, count: number): (() => Promise<void>)[] {
  const failing: (() => Promise<void>)[] = [];
  for (let made = 0; made < count; made += 1) {
    registry.link.answerToSend = () =>
      new Promise((_, reject) => {
        failing.push(async () => {
          reject(refused);
          await registry.settle();
        });
      });
    registry.ask('a');
  }
  return failing;
}

describe('a server is taken for unreachable', () => {
  /** Makes requests one after the other whose exchanges fail in these ways. */
  async function failOneByOne(
    registry: Registry,
    failures: readonly Failure[],
    spec?: Partial<RequestSpec>,
  ): Promise<void> {
    for (const why of failures) {
      expect(registry.unreachable).toEqual([]);
      registry.link.answerToSend = () => rejectedWith(why);
      registry.ask('a', spec);
      await registry.settle();
    }
  }

  it('when three exchanges in a row get no response, whatever becomes of their requests', async () => {
    const registry = perRequest();
    await failOneByOne(registry, [refused, silent, refused]);
    expect(registry.unreachable).toEqual([refused]);
  });

  it('not when the streams of responses break', async () => {
    const registry = perRequest();
    await failOneByOne(registry, [refused, refused, broken, broken, broken]);
    expect(registry.unreachable).toEqual([]);
  });

  it('not when a response of any status comes in between', async () => {
    const registry = perRequest();
    await failOneByOne(registry, [refused, refused, unavailable, refused, refused]);
    expect(registry.unreachable).toEqual([]);
  });

  it('not when streams in the background get no response', async () => {
    const registry = perRequest();
    await failOneByOne(registry, [refused, refused, refused, refused], { onNotice: () => true });
    expect(registry.unreachable).toEqual([]);
  });

  it('not because of exchanges that fail together, which count once', async () => {
    const registry = perRequest();
    for (const count of [3, 100]) for (const fail of pending(registry, count)) await fail();
    expect(registry.unreachable).toEqual([]);
    await failOneByOne(registry, [refused]);
    expect(registry.unreachable).toEqual([refused]);
  });

  it('because of an exchange that was sent when the one before had failed, but not because of those in flight then', async () => {
    const registry = perRequest();
    const [one, two] = pending(registry, 2);
    await one?.();
    const [three] = pending(registry, 1);
    await two?.();
    await three?.();
    expect(registry.unreachable).toEqual([]);
    await failOneByOne(registry, [refused]);
    expect(registry.unreachable).toEqual([refused]);
  });

  it('not when any message is received in between', async () => {
    const registry = perRequest();
    await failOneByOne(registry, [refused, refused]);
    registry.requests.received();
    await failOneByOne(registry, [refused, refused]);
    expect(registry.unreachable).toEqual([]);
  });

  it('not because of exchanges that belong to an earlier link', async () => {
    const registry = perRequest();
    await failOneByOne(registry, [refused, refused]);
    const failing = pending(registry, 3);
    registry.lose(LOST);
    registry.flow();
    for (const fail of failing) await fail();
    await failOneByOne(registry, [refused, refused]);
    expect(registry.unreachable).toEqual([]);
  });

  it('not because of some that failed over an earlier link and one that fails over this one', async () => {
    const registry = perRequest();
    await failOneByOne(registry, [refused, refused]);
    registry.lose(LOST);
    registry.flow();
    await failOneByOne(registry, [refused, refused]);
    expect(registry.unreachable).toEqual([]);
  });
});
