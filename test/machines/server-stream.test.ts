import { createActor } from 'xstate';
import type { AnyStateMachine } from 'xstate';

import { serverStreamMachine, serverStreamPorts } from '../../src/machines/server-stream.js';
import type { ServerStreamEvent, ServerStreamFacts } from '../../src/machines/server-stream.js';
import { declaredTransitions, watchTransitions } from '../support/chart-coverage.js';
import { Exploration } from '../support/explorer.js';
import { SimulatedEnvironment } from '../support/simulated-environment.js';

const ended = (retry?: number): ServerStreamEvent => ({ type: 'ended', retry, failure: undefined });

describe('the chart of the stream of a server', () => {
  // A copy, since watching it changes it.
  const machine = serverStreamMachine.provide({}) as unknown as AnyStateMachine;
  const taken = new Set<string>();
  watchTransitions(machine, taken);
  const found = new Exploration<ServerStreamFacts>(
    machine,
    [true, false].map((unused) => ({
      name: unused ? 'unused' : 'used',
      input: { unused },
      events: () => [{ type: 'opened' }, { type: 'unsupported' }, ended(), ended(3_000)],
      deciding: ({ endings, retry }) => [Math.min(endings, 3), retry],
    })),
  );

  it('is explored completely, and never stops', () => {
    expect(found.paths).toEqual(['listening.open', 'listening.opening', 'retrying', 'unsupported']);
    expect(declaredTransitions(machine).filter((name) => !taken.has(name))).toEqual([]);
    expect(found.violations(({ snapshot }) => snapshot.status === 'active')).toEqual([]);
  });

  it('has the stream running exactly while it listens', () => {
    expect(
      found.violations(({ path, snapshot }) => 'stream' in snapshot.children === path.startsWith('listening.')),
    ).toEqual([]);
  });

  it('listens again by time alone, unless there is nothing to listen to', () => {
    const listening = found.reaching(
      ({ path }) => path.startsWith('listening.'),
      ({ type }) => type.startsWith('xstate.after'),
    );
    expect(found.violations((vertex) => vertex.path === 'unsupported' || listening.has(vertex))).toEqual([]);
    expect(
      found.violations(({ path, next }) => path !== 'unsupported' || next.every(({ to }) => to.path === 'unsupported')),
    ).toEqual([]);
  });
});

describe('the stream of a server', () => {
  function watched() {
    const clock = new SimulatedEnvironment();
    const opened: number[] = [];
    const actor = createActor(serverStreamMachine, {
      input: { unused: false },
      clock: { setTimeout: clock.setTimeout, clearTimeout: clock.clearTimeout },
    });
    serverStreamPorts.provide(actor.system, {
      random: () => 0.5,
      open: () => {
        opened.push(clock.now());
        return undefined;
      },
    });
    actor.start();
    return { clock, actor, opened };
  }

  it('is opened again at the time that the server wished', async () => {
    const { clock, actor, opened } = watched();
    actor.send(ended(3_000));
    await clock.advance(2_999);
    expect(opened).toHaveLength(1);
    await clock.advance(1);
    expect(opened).toHaveLength(2);
    actor.stop();
    expect(clock.pending).toEqual([]);
  });

  it('is opened again later and later when it never opens', async () => {
    const { clock, actor, opened } = watched();
    for (let round = 0; round < 9; round += 1) {
      actor.send(ended());
      await clock.advance(60_000);
    }
    const [start = 0] = opened;
    const delays = opened.slice(1).map((time, at) => time - start - at * 60_000);
    expect(delays).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
    actor.stop();
  });

  it('is opened again soon when it had been open', async () => {
    const { clock, actor, opened } = watched();
    for (let round = 0; round < 5; round += 1) {
      actor.send(ended());
      await clock.advance(60_000);
    }
    actor.send({ type: 'opened' });
    actor.send(ended());
    await clock.advance(500);
    expect(opened).toHaveLength(7);
    actor.stop();
    expect(clock.pending).toEqual([]);
  });
});
