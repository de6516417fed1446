import { createActor } from 'xstate';

import { serverStreamMachine, serverStreamPorts } from '../../../src/machines/server-stream/server-stream-machine.js';
import type { ServerStreamEvent } from '../../../src/machines/server-stream/server-stream-machine.js';
import { SimulatedEnvironment } from '../../support/simulated-environment.js';

const opened = (resumed = false): ServerStreamEvent => ({ type: 'opened', resumed });
const ended = (retry?: number): ServerStreamEvent => ({ type: 'ended', retry, failure: undefined });

describe('the stream of a server', () => {
  function watched() {
    const clock = new SimulatedEnvironment();
    const openings: number[] = [];
    const suspicions: number[] = [];
    const actor = createActor(serverStreamMachine, {
      input: { unused: false, resumes: false },
      clock: { setTimeout: clock.setTimeout, clearTimeout: clock.clearTimeout },
    });
    serverStreamPorts.provide(actor.system, {
      random: () => 0.5,
      open: () => {
        openings.push(clock.now());
        return undefined;
      },
      missedChanges: () => suspicions.push(openings.length),
    });
    actor.start();
    return { clock, actor, openings, suspicions };
  }

  it('is opened again at the time that the server wished', async () => {
    const { clock, actor, openings } = watched();
    actor.send(ended(3_000));
    await clock.advance(2_999);
    expect(openings).toHaveLength(1);
    await clock.advance(1);
    expect(openings).toHaveLength(2);
    actor.stop();
    expect(clock.pending).toEqual([]);
  });

  it('is opened again later and later when it never opens', async () => {
    const { clock, actor, openings } = watched();
    for (let round = 0; round < 9; round += 1) {
      actor.send(ended());
      await clock.advance(60_000);
    }
    const [start = 0] = openings;
    const delays = openings.slice(1).map((time, at) => time - start - at * 60_000);
    expect(delays).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
    actor.stop();
  });

  it('is opened again soon when it had been open', async () => {
    const { clock, actor, openings } = watched();
    for (let round = 0; round < 5; round += 1) {
      actor.send(ended());
      await clock.advance(60_000);
    }
    actor.send(opened());
    await clock.advance(10_000);
    actor.send(ended());
    await clock.advance(500);
    expect(openings).toHaveLength(7);
    actor.stop();
    expect(clock.pending).toEqual([]);
  });

  it('is opened again later and later when it ends as soon as it is open', async () => {
    const { clock, actor, openings } = watched();
    for (let round = 0; round < 8; round += 1) {
      actor.send(opened());
      actor.send(ended());
      await clock.advance(60_000);
    }
    const [start = 0] = openings;
    const delays = openings.slice(1).map((time, at) => time - start - at * 60_000);
    expect(delays).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    actor.stop();
  });

  it('is opened again as often as the server wishes that says so on each stream', async () => {
    const { clock, actor, openings } = watched();
    for (let round = 0; round < 20; round += 1) {
      actor.send(opened());
      actor.send(ended(500));
      await clock.advance(500);
    }
    expect(openings).toHaveLength(21);
    actor.stop();
  });

  it('is opened again later and later when the server wishes to be asked at once and never opens it', async () => {
    const { clock, actor, openings } = watched();
    for (let round = 0; round < 5; round += 1) {
      actor.send(ended(0));
      await clock.advance(60_000);
    }
    const [start = 0] = openings;
    expect(openings.slice(1).map((time, at) => time - start - at * 60_000)).toEqual([100, 1_000, 2_000, 4_000, 8_000]);
    actor.stop();
  });

  it('reports missed changes when it was closed for a while and is not resumed', async () => {
    const { clock, actor, suspicions } = watched();
    actor.send(opened());
    await clock.advance(10_000);
    actor.send(ended(100));
    await clock.advance(100);
    actor.send(opened(true));
    actor.send(ended(100));
    expect(suspicions).toEqual([]);
    await clock.advance(100);
    actor.send(opened());
    expect(suspicions).toEqual([3]);
    actor.stop();
  });
});
