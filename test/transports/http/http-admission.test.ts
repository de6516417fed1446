import { HttpAdmission } from '../../../src/transports/http/http-admission.js';
import type { Admittable } from '../../../src/transports/http/http-admission.js';
import { SimulatedEnvironment } from '../../support/simulated-environment.js';

/** Something that waits for its turn, and ends when a test says so. */
class Errand implements Admittable {
  admitted: Admittable['admitted'] = undefined;
  over = false;

  constructor(
    readonly crowd: Crowd,
    readonly name: number,
  ) {}

  start(): void {
    this.crowd.started.push(this.name);
  }

  end(): void {
    this.over = true;
    this.crowd.admission.left(this);
  }
}

/** Errands that are begun in their order. */
class Crowd {
  readonly environment = new SimulatedEnvironment();
  readonly admission: HttpAdmission<Errand>;
  readonly started: number[] = [];
  readonly all: Errand[] = [];

  constructor(ceiling?: number, reserved?: number) {
    this.admission = new HttpAdmission<Errand>(this.environment, ceiling, reserved);
  }

  begin(count: number, own?: boolean): void {
    for (let left = count; left > 0; left -= 1) {
      const errand = new Errand(this, this.all.length);
      this.all.push(errand);
      this.admission.admit(errand, own);
    }
  }

  get active(): Errand[] {
    return this.all.filter(({ admitted, over }) => admitted && !over);
  }

  /** Ends so many of those that go on, the oldest first. */
  async end(count: number): Promise<void> {
    for (let left = count; left > 0; left -= 1) {
      this.active[0]?.end();
      await Promise.resolve();
    }
  }
}

describe('the admission of exchanges', () => {
  it('starts up to 64 at once, and needs no timer for that', () => {
    const crowd = new Crowd();
    crowd.begin(64);
    expect(crowd.started).toHaveLength(64);
    expect(crowd.environment.pending).toEqual([]);
  });

  it('starts another in order for each that ends, once whoever told of the end is done', async () => {
    const crowd = new Crowd();
    crowd.begin(67);
    crowd.all[3]?.end();
    crowd.all[5]?.end();
    expect(crowd.started).toHaveLength(64);
    await Promise.resolve();
    expect(crowd.started.slice(64)).toEqual([64, 65]);
  });

  it('lets none overtake those that wait', async () => {
    const crowd = new Crowd();
    crowd.begin(66);
    crowd.all[0]?.end();
    crowd.begin(1);
    await Promise.resolve();
    expect(crowd.started.slice(64)).toEqual([64]);
    await crowd.end(2);
    expect(crowd.started.slice(64)).toEqual([64, 65, 66]);
  });

  it('lets more go on step by step while none ends, so that nobody waits for anybody', async () => {
    const crowd = new Crowd();
    crowd.begin(300);
    const counts = [];
    for (let looks = 0; looks < 4; looks += 1) {
      await crowd.environment.advance(25);
      counts.push(crowd.started.length);
    }
    expect(counts).toEqual([128, 192, 256, 300]);
    expect(crowd.started).toEqual(crowd.all.map(({ name }) => name));
  });

  it('keeps to its connections while others end at a pace that promises a turn soon', async () => {
    const crowd = new Crowd();
    crowd.begin(1_000);
    for (let looks = 0; looks < 3; looks += 1) {
      // Those that wait, 696 at first, are served in 73 ms.
      await crowd.end(240);
      await crowd.environment.advance(25);
      expect(crowd.active).toHaveLength(64);
    }
  });

  it('makes the next step later when one did not help', async () => {
    const crowd = new Crowd();
    crowd.begin(5_000);
    const active: number[] = [];
    for (let looks = 0; looks < 16; looks += 1) {
      // As many as the server can, however many go on.
      await crowd.end(20);
      await crowd.environment.advance(25);
      active.push(crowd.active.length);
    }
    expect(active.filter((count, at) => count > (active[at - 1] ?? 64))).toEqual([128, 192, 256]);
  });

  it('makes the next step at once when one helped', async () => {
    const crowd = new Crowd();
    crowd.begin(5_000);
    for (let looks = 1; looks <= 5; looks += 1) {
      // A tenth of those that go on.
      await crowd.end(Math.floor(crowd.active.length / 10));
      await crowd.environment.advance(25);
      expect(crowd.active).toHaveLength(64 * (looks + 1));
    }
  });

  it('does not let one that ends keep many waiting', async () => {
    const crowd = new Crowd();
    crowd.begin(164);
    // One in 25 ms: the hundredth would wait for 2.5 seconds.
    await crowd.end(1);
    await crowd.environment.advance(25);
    expect(crowd.started).toHaveLength(129);
  });

  it('passes over those that ended while they waited', async () => {
    const crowd = new Crowd();
    crowd.begin(66);
    crowd.all[64]?.end();
    await crowd.end(1);
    expect(crowd.started.slice(64)).toEqual([65]);
  });

  it('does not count the end of one that never started as a free connection', async () => {
    const crowd = new Crowd();
    crowd.begin(66);
    crowd.all[64]?.end();
    await Promise.resolve();
    expect(crowd.started).toHaveLength(64);
  });

  it('admits none that is over already', () => {
    const crowd = new Crowd();
    const errand = new Errand(crowd, 0);
    errand.over = true;
    crowd.admission.admit(errand);
    expect(crowd.started).toEqual([]);
  });

  it('goes back to 64 when the rush is over', async () => {
    const crowd = new Crowd();
    crowd.begin(150);
    await crowd.environment.advance(50);
    expect(crowd.started).toHaveLength(150);
    await crowd.end(100);
    crowd.begin(20);
    expect(crowd.started).toHaveLength(164);
  });

  it('leaves no timer behind, neither when none waits any more nor when it is closed', async () => {
    const crowd = new Crowd();
    crowd.begin(65);
    await crowd.end(1);
    await crowd.environment.advance(25);
    expect(crowd.environment.pending).toEqual([]);
    crowd.begin(1);
    crowd.admission.close();
    expect(crowd.environment.pending).toEqual([]);
    expect(crowd.started).toHaveLength(65);
  });

  it('can have all end while it starts them', async () => {
    const crowd = new Crowd();
    crowd.begin(64);
    const hasty = Array.from({ length: 200 }, () => {
      const errand = new Errand(crowd, 1_000);
      errand.start = () => {
        errand.end();
      };
      return errand;
    });
    for (const errand of hasty) crowd.admission.admit(errand);
    await crowd.end(1);
    expect(hasty.every(({ over }) => over)).toBe(true);
  });

  it('starts no more than the ceiling, needs no timer there, and forgets those that end while they wait', async () => {
    const crowd = new Crowd(100, 2);
    crowd.begin(300);
    for (let looks = 0; looks < 10; looks += 1) await crowd.environment.advance(25);
    expect(crowd.active).toHaveLength(100);
    expect(crowd.environment.pending).toEqual([]);
    for (const errand of crowd.all.slice(100, 299)) errand.end();
    await crowd.end(1);
    expect(crowd.started.slice(100)).toEqual([299]);
  });

  it("starts a few of the connection's own beyond the ceiling, and the rest in their turn", async () => {
    const crowd = new Crowd(1, 2);
    crowd.begin(1);
    crowd.begin(4, true);
    expect(crowd.started).toEqual([0, 1, 2]);
    crowd.all[1]?.end();
    crowd.begin(1, true);
    expect(crowd.started).toEqual([0, 1, 2, 5]);
    await crowd.end(1);
    expect(crowd.started).toEqual([0, 1, 2, 5, 3]);
  });

  it('gives the place of an exchange that waits for a person to another one, and takes it back without a wait', async () => {
    const crowd = new Crowd(64);
    crowd.begin(66);
    const [first] = crowd.all as [Errand];
    crowd.admission.park(first);
    await Promise.resolve();
    expect(crowd.started).toHaveLength(65);
    crowd.admission.unpark(first);
    await crowd.end(1);
    // One more than the ceiling was active.
    expect(crowd.started).toHaveLength(65);
    await crowd.end(1);
    expect(crowd.started).toHaveLength(66);
  });

  it('counts an exchange that ends while it waits for a person once', async () => {
    const crowd = new Crowd(64);
    crowd.begin(66);
    const [first] = crowd.all as [Errand];
    crowd.admission.park(first);
    await Promise.resolve();
    first.end();
    await Promise.resolve();
    expect(crowd.started).toHaveLength(65);
  });
});
