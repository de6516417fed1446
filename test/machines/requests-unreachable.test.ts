import { failure } from '../../src/protocol/failure.js';
import { rejectedWith } from '../../src/transports/link.js';
import { LOST, Registry } from '../support/registry.js';

const refused = failure('transport', 'MCP_TRANSPORT_FAILED', 'refused', { delivery: 'not-sent' });
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
  it('when three exchanges in a row fail, whatever becomes of their requests', async () => {
    const registry = perRequest();
    for (const why of [refused, broken, refused]) {
      expect(registry.unreachable).toEqual([]);
      registry.link.answerToSend = () => rejectedWith(why);
      registry.ask('a');
      await registry.settle();
    }
    expect(registry.unreachable).toEqual([refused]);
  });

  it('not when something is answered in between', async () => {
    const registry = perRequest();
    const [one, two, three, four] = pending(registry, 4);
    await one?.();
    await two?.();
    registry.link.answerToSend = () => undefined;
    registry.ask('b');
    registry.answer('b');
    await three?.();
    await four?.();
    expect(registry.unreachable).toEqual([]);
  });

  it('not because of exchanges that belong to an earlier link', async () => {
    const registry = perRequest();
    const failing = pending(registry, 3);
    registry.lose(LOST);
    registry.flow();
    for (const fail of failing) await fail();
    expect(registry.unreachable).toEqual([]);
  });

  it('not because of some that failed over an earlier link and one that fails over this one', async () => {
    const registry = perRequest();
    for (const fail of pending(registry, 2)) await fail();
    registry.lose(LOST);
    registry.flow();
    for (const fail of pending(registry, 2)) await fail();
    expect(registry.unreachable).toEqual([]);
  });
});
