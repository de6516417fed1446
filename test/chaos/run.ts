// Runs seeded schedules of calls, faults and deaths, and checks after each what must always hold. Options:
//   --over=A,B       the kinds of transports: memory (in simulated time), stdio, http, websocket, and sign-in, which is HTTP with a server
//                    that requires tokens; default: all
//   --schedules=N    how many of each; default: 3000 over memory, 150 over stdio,
//                    400 over http, websocket and sign-in each
//   --seed=N         the seed of the first schedule of each kind; default 1
//   --quick          a small set, at most 30 s
//   --verbose        tells everything about schedules that went wrong
import { parseArgs } from 'node:util';
import type { Finding } from './course.js';
import { httpStage } from './http-stage.js';
import { memoryCourse } from './memory-course.js';
import { Leftovers } from './processes.js';
import { realCourse } from './real-course.js';
import type { Schedule } from './schedule.js';
import { signInStage } from './sign-in-stage.js';
import { stdioStage } from './stdio-stage.js';
import { webSocketStage } from './websocket-stage.js';

const { values } = parseArgs({
  options: {
    over: { type: 'string', default: 'memory,stdio,http,websocket,sign-in' },
    schedules: { type: 'string' },
    seed: { type: 'string', default: '1' },
    quick: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
  },
});

const STAGES = {
  stdio: stdioStage,
  http: (schedule: Schedule) => httpStage(schedule),
  websocket: webSocketStage,
  'sign-in': signInStage,
};
const firstSeed = Number(values.seed);
/** How many schedules there are in a small set, and in all. */
const USUAL = { memory: [200, 3_000], stdio: [4, 150], http: [16, 400], websocket: [16, 400], 'sign-in': [16, 400] };
/** Schedules in real time that go on at the same time. */
const AT_ONCE = 8;
/** After so many milliseconds no other schedule of a kind begins: a busy machine is no reason to wait for ever. */
const PATIENCE = values.quick ? 6_000 : 240_000;
/** Every so many schedules one is run twice, and must go the same way. */
const REPEAT_EVERY = 50;

const rejections: unknown[] = [];
process.on('unhandledRejection', (reason) => rejections.push(reason));

let wrong = 0;

function complain(what: string): void {
  wrong += 1;
  console.error(`\n${what}`);
}

/** What has been run over one kind of transport. */
class Tally {
  readonly #kind: string;
  readonly #wanted: number;
  readonly #startedAt = performance.now();
  readonly #totals: Record<string, number> = { schedules: 0 };

  constructor(kind: string, wanted: number) {
    this.#kind = kind;
    this.#wanted = wanted;
  }

  /** The seeds of the next schedules, at most `count`; none when it is over. */
  next(count: number): number[] {
    const { schedules = 0 } = this.#totals;
    if (performance.now() - this.#startedAt > PATIENCE) return [];
    return Array.from(
      { length: Math.min(count, this.#wanted - schedules) },
      (_, index) => firstSeed + schedules + index,
    );
  }

  count(name: string, more: number): void {
    this.#totals[name] = (this.#totals[name] ?? 0) + more;
  }

  take({ schedule, log, violations, counts }: Finding): void {
    this.count('schedules', 1);
    for (const [name, count] of Object.entries(counts)) this.count(name, count);
    const all = [...violations, ...rejections.splice(0).map((reason) => `nobody handled ${String(reason)}`)];
    if (all.length === 0) return;
    const { seed } = schedule;
    const again = `npm run chaos -- --over=${this.#kind} --seed=${seed} --schedules=1 --verbose`;
    complain(`${this.#kind}, seed ${seed}:\n  ${all.join('\n  ')}\n  again: ${again}`);
    if (!values.verbose) return;
    console.error(JSON.stringify({ ...schedule, steps: undefined }, null, 1));
    console.error(log.join('\n'));
  }

  report(): void {
    const seconds = ((performance.now() - this.#startedAt) / 1_000).toFixed(1);
    const counts = Object.entries(this.#totals).map(([name, count]) => `${count} ${name}`);
    console.log(`${this.#kind}, ${seconds} s: ${counts.join(', ')}`);
    if (this.#totals.schedules !== this.#wanted) console.log(`  (the time was up before all ${this.#wanted})`);
  }
}

async function overMemory(tally: Tally): Promise<void> {
  for (let seeds = tally.next(1); seeds.length > 0; seeds = tally.next(1)) {
    const [seed] = seeds as [number];
    const finding = await memoryCourse(seed);
    tally.take(finding);
    if (seed % REPEAT_EVERY !== 0) continue;
    const { log } = await memoryCourse(seed);
    const at = finding.log.findIndex((line, index) => line !== log[index]);
    if (at === -1 && log.length === finding.log.length) continue;
    complain(`memory, seed ${seed}: goes another way when it is run again:\n  ${finding.log[at]}\n  ${log[at]}`);
  }
}

async function overReal(kind: keyof typeof STAGES, tally: Tally): Promise<void> {
  for (let seeds = tally.next(AT_ONCE); seeds.length > 0; seeds = tally.next(AT_ONCE)) {
    using leftovers = new Leftovers();
    const findings = await Promise.all(seeds.map((seed) => realCourse(seed, STAGES[kind])));
    for (const finding of findings) tally.take(finding);
    if (kind === 'stdio') tally.count('processes', leftovers.started);
    const left = await leftovers.left();
    if (left.length > 0) complain(`${kind}, seeds ${seeds.join(', ')}: left behind: ${left.join('; ')}`);
  }
}

async function main(): Promise<void> {
  for (const kind of values.over.split(',')) {
    const memory = kind === 'memory';
    const usual = USUAL[kind as keyof typeof USUAL]?.[values.quick ? 0 : 1];
    const tally = new Tally(kind, Number(values.schedules ?? usual));
    if (memory) await overMemory(tally);
    else if (kind in STAGES) await overReal(kind as keyof typeof STAGES, tally);
    else complain(`There is no "${kind}"`);
    tally.report();
  }
  if (wrong > 0) {
    console.error(`\n${wrong} went wrong.`);
    process.exitCode = 1;
  }
}

void main();
