// Runs seeded schedules of calls, faults and deaths, and checks after each what must always hold. Options:
//   --schedules=N   over memory, in simulated time (default 4000)      --stdio=N   over processes (default 80)
//   --seed=N        the seed of the first schedule (default 1)         --quick     a small set, at most 30 s
//   --verbose       prints the log of every schedule that went wrong
import path from 'node:path';
import { parseArgs } from 'node:util';
import { memoryCourse } from './memory-course.js';
import type { Finding } from './course.js';
import { Leftovers } from './processes.js';
import { stdioCourse } from './stdio-course.js';

const { values } = parseArgs({
  options: {
    schedules: { type: 'string' },
    stdio: { type: 'string' },
    seed: { type: 'string', default: '1' },
    quick: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
  },
});

const firstSeed = Number(values.seed);
const howMany = {
  memory: Number(values.schedules ?? (values.quick ? 200 : 4_000)),
  stdio: Number(values.stdio ?? (values.quick ? 4 : 80)),
};
/** Started from the root of the project, as npm does. */
const SERVER = path.resolve('test/chaos/server.mjs');
/** Schedules over processes that go on at the same time. */
const AT_ONCE = 4;
/** After so many milliseconds no other schedule of a kind begins: a busy machine is no reason to wait for ever. */
const PATIENCE = values.quick ? 12_000 : 240_000;
/** Every so many schedules one is run twice, and must go the same way. */
const REPEAT_EVERY = 50;

const rejections: unknown[] = [];
process.on('unhandledRejection', (reason) => rejections.push(reason));

let wrong = 0;

/** Adds a finding to the totals of its kind, and tells what is wrong with it. */
function take(kind: string, { schedule, log, violations, counts }: Finding, totals: Record<string, number>): void {
  for (const [name, count] of Object.entries({ schedules: 1, ...counts })) totals[name] = (totals[name] ?? 0) + count;
  const all = [...violations, ...rejections.splice(0).map((reason) => `nobody handled ${String(reason)}`)];
  if (all.length === 0) return;
  wrong += 1;
  console.error(`\n${kind}, seed ${schedule.seed}:\n  ${all.join('\n  ')}`);
  const only = kind === 'memory' ? '--schedules=1 --stdio=0' : '--schedules=0 --stdio=1';
  console.error(`  again: npm run chaos -- --seed=${schedule.seed} ${only} --verbose`);
  if (values.verbose) console.error(JSON.stringify({ ...schedule, steps: undefined }, null, 1), '\n', log.join('\n'));
}

async function overMemory(totals: Record<string, number>, deadline: number): Promise<void> {
  for (let seed = firstSeed; seed < firstSeed + howMany.memory && performance.now() < deadline; seed += 1) {
    const finding = await memoryCourse(seed);
    take('memory', finding, totals);
    if (seed % REPEAT_EVERY !== 0) continue;
    const { log } = await memoryCourse(seed);
    const at = finding.log.findIndex((line, index) => line !== log[index]);
    if (at === -1 && log.length === finding.log.length) continue;
    wrong += 1;
    console.error(`\nmemory, seed ${seed}: goes another way when it is run again, from line ${at}:`);
    console.error(`  ${finding.log[at] ?? ''}\n  ${log[at] ?? ''}`);
  }
}

async function overStdio(totals: Record<string, number>, deadline: number): Promise<void> {
  for (let seed = firstSeed; seed < firstSeed + howMany.stdio && performance.now() < deadline; seed += AT_ONCE) {
    const seeds = Array.from(
      { length: Math.min(AT_ONCE, firstSeed + howMany.stdio - seed) },
      (_, index) => seed + index,
    );
    using leftovers = new Leftovers();
    for (const finding of await Promise.all(seeds.map((one) => stdioCourse(one, SERVER))))
      take('stdio', finding, totals);
    totals.processes = (totals.processes ?? 0) + leftovers.started;
    const left = await leftovers.left();
    if (left.length === 0) continue;
    wrong += 1;
    console.error(`\nstdio, seeds ${seeds.join(', ')}: left behind: ${left.join('; ')}`);
  }
}

async function main(): Promise<void> {
  for (const [kind, run] of [
    ['memory', overMemory],
    ['stdio', overStdio],
  ] as const) {
    if (howMany[kind] === 0) continue;
    const startedAt = performance.now();
    const totals: Record<string, number> = { schedules: 0 };
    await run(totals, startedAt + PATIENCE);
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
    const counts = Object.entries(totals).map(([name, count]) => `${count} ${name}`);
    console.log(`${kind}, ${seconds} s: ${counts.join(', ')}`);
    if (totals.schedules !== howMany[kind]) console.log(`  (${howMany[kind]} were wanted; the time was up)`);
  }
  if (wrong > 0) {
    console.error(`${wrong} went wrong.`);
    process.exitCode = 1;
  }
}

void main();
