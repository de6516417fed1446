import { Paced } from '../../src/api/paced.js';
import { SimulatedEnvironment } from '../support/simulated-environment.js';

/** Something that runs when it is requested, and the times at which it ran, in milliseconds. */
function paced(found = false) {
  const clock = new SimulatedEnvironment();
  const start = clock.now();
  const runs: number[] = [];
  let looping = false;
  const subject = new Paced(clock, () => {
    runs.push(clock.now() - start);
    if (looping) subject.request();
    return Promise.resolve(found);
  });
  /** From now on each run is the reason for another one, or not. */
  const loop = (on: boolean): void => {
    looping = on;
    if (on) subject.request();
  };
  return { clock, runs, subject, loop };
}

describe('Paced', () => {
  test('runs at once when it is requested after a while', async () => {
    const { clock, runs, subject } = paced();
    for (let time = 0; time < 3; time += 1) {
      subject.request();
      await clock.advance(1_000);
    }
    expect(runs).toEqual([0, 1_000, 2_000]);
  });

  test('pauses longer and longer, up to 16 s, while each run is the reason for another one and finds nothing', async () => {
    const { clock, runs, loop } = paced();
    loop(true);
    await clock.advance(80_000);
    expect(runs).toEqual([0, 0, 1_000, 3_000, 7_000, 15_000, 31_000, 47_000, 63_000, 79_000]);
  });

  test('pauses for a second while each run finds something', async () => {
    const { clock, runs, loop } = paced(true);
    loop(true);
    await clock.advance(5_000);
    expect(runs).toEqual([0, 0, 1_000, 2_000, 3_000, 4_000, 5_000]);
  });

  test('does not take a request that comes just after a run for a new series', async () => {
    const { clock, runs, subject } = paced();
    for (let at = 0; at < 3_000; at += 10) {
      subject.request();
      await clock.advance(10);
    }
    expect(runs).toEqual([0, 10, 1_010]);
  });

  test('runs once more after the last of many requests, and then has no timer', async () => {
    const { clock, runs, subject, loop } = paced();
    loop(true);
    await clock.advance(10_000);
    loop(false);
    for (let time = 0; time < 100; time += 1) subject.request();
    await clock.advance(60_000);
    expect(runs.slice(-1)).toEqual([15_000]);
    expect(clock.pending).toEqual([]);
  });

  test('a reset takes back what was requested, and the next request is a new series', async () => {
    const { clock, runs, subject, loop } = paced();
    loop(true);
    await clock.advance(500);
    loop(false);
    subject.reset();
    expect(clock.pending).toEqual([]);
    await clock.advance(60_000);
    expect(runs).toEqual([0, 0]);
    subject.request();
    await clock.settle();
    expect(runs).toHaveLength(3);
  });
});
