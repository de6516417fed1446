import { steady, systemEnvironment } from '../../src/util/environment.js';
import type { Environment } from '../../src/util/environment.js';
import { SimulatedEnvironment } from '../support/simulated-environment.js';

/** A steady environment over simulated time, whose own clock is wrong by what a test says. */
function wrongClock(): { time: SimulatedEnvironment; wrong: { by: number }; environment: Environment } {
  const time = new SimulatedEnvironment({ start: 0 });
  const wrong = { by: 0 };
  return { time, wrong, environment: steady({ ...time, random: time.random, now: () => time.now() + wrong.by }) };
}

describe('a steady environment', () => {
  test('is the one that was given as long as its clock runs forward', async () => {
    const { time, environment } = wrongClock();
    expect(environment.now()).toBe(0);
    await time.advance(500);
    expect(environment.now()).toBe(500);
    expect(environment.newId()).toBe('id-1');
    expect(environment.random()).toBe(new SimulatedEnvironment().random());
  });

  test('takes a jump forward for time that has passed', async () => {
    const { time, wrong, environment } = wrongClock();
    wrong.by = 3_600_000;
    await time.advance(1);
    expect(environment.now()).toBe(3_600_001);
  });

  test('goes on from where it was when its clock jumps back', async () => {
    const { time, wrong, environment } = wrongClock();
    await time.advance(1_000);
    expect(environment.now()).toBe(1_000);
    wrong.by = -3_600_000;
    expect(environment.now()).toBe(1_000);
    await time.advance(250);
    expect(environment.now()).toBe(1_250);
  });

  test('learns from a timer how much time has passed unseen', async () => {
    const { time, wrong, environment } = wrongClock();
    const seen: number[] = [];
    environment.setTimeout(() => seen.push(environment.now()), 800);
    wrong.by = -3_600_000;
    await time.advance(900);
    expect(seen).toEqual([800]);
    expect(environment.now()).toBe(900);
  });

  test('does not hurry because of a timer that came a little early', async () => {
    const { time, wrong, environment } = wrongClock();
    environment.setTimeout(() => undefined, 800);
    wrong.by = -2;
    await time.advance(800);
    expect(environment.now()).toBe(798);
  });

  test('forgets timers', async () => {
    const { time, environment } = wrongClock();
    let fired = false;
    const timer = environment.setTimeout(() => {
      fired = true;
    }, 10);
    environment.clearTimeout(timer);
    await time.advance(20);
    expect(fired).toBe(false);
    expect(time.pending).toEqual([]);
  });

  test('costs nothing where the clock is that of the system', () => {
    expect(steady(systemEnvironment)).toBe(systemEnvironment);
  });
});

describe('the environment of this process', () => {
  test.each([
    ['a number', 1],
    ['an object', {}],
    ['nothing', undefined],
  ])('accepts %s as a timer in an environment that is derived from it and has its own timers', (_what, handle) => {
    const environment: Environment = { ...systemEnvironment, setTimeout: () => handle };
    const timer = environment.setTimeout(() => undefined, 1);
    environment.hold?.(timer, false);
    environment.hold?.(timer, true);
  });
});
