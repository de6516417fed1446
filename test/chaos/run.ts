// Runs seeded schedules of calls, faults and deaths, and checks after each what must always hold. Options:
//   --schedules=N   over memory, in simulated time (default 2000)      --stdio=N   over processes (default 60)
//   --seed=N        the seed of the first schedule (default 1)         --quick     a small set, for every build
//   --verbose       prints the log of every schedule that went wrong
import { parseArgs } from 'node:util';
import { memoryCourse } from './memory-course.js';
import type { Finding } from './memory-course.js';

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
  memory: Number(values.schedules ?? (values.quick ? 300 : 2_000)),
};
/** Every so many schedules one is run twice, and must go the same way. */
const REPEAT_EVERY = 50;

const rejections: unknown[] = [];
process.on('unhandledRejection', (reason) => rejections.push(reason));

const totals: Record<string, number> = {};
let wrong = 0;

function take(kind: string, { schedule, log, violations, counts, faults }: Finding): void {
  for (const [name, count] of Object.entries({ ...counts, faults })) totals[name] = (totals[name] ?? 0) + count;
  const all = [...violations, ...rejections.splice(0).map((reason) => `nobody handled ${String(reason)}`)];
  if (all.length === 0) return;
  wrong += 1;
  console.error(`\n${kind}, seed ${schedule.seed}:\n  ${all.join('\n  ')}`);
  const only = kind === 'memory' ? '--schedules=1 --stdio=0' : '--schedules=0 --stdio=1';
  console.error(`  again: npm run chaos -- --seed=${schedule.seed} ${only} --verbose`);
  if (values.verbose) console.error(JSON.stringify({ ...schedule, steps: undefined }, null, 1), '\n', log.join('\n'));
}

async function overMemory(): Promise<void> {
  for (let seed = firstSeed; seed < firstSeed + howMany.memory; seed += 1) {
    const finding = await memoryCourse(seed);
    take('memory', finding);
    if (seed % REPEAT_EVERY !== 0) continue;
    const { log } = await memoryCourse(seed);
    const at = finding.log.findIndex((line, index) => line !== log[index]);
    if (at === -1 && log.length === finding.log.length) continue;
    wrong += 1;
    console.error(`\nmemory, seed ${seed}: goes another way when it is run again, from line ${at}:`);
    console.error(`  ${finding.log[at] ?? ''}\n  ${log[at] ?? ''}`);
  }
}

async function main(): Promise<void> {
  const startedAt = performance.now();
  await overMemory();
  console.log(`memory: ${howMany.memory} schedules, ${((performance.now() - startedAt) / 1_000).toFixed(1)} s`);
  console.log(
    Object.entries(totals)
      .map(([name, count]) => `${name}: ${count}`)
      .join(', '),
  );
  if (wrong > 0) {
    console.error(`${wrong} schedules went wrong.`);
    process.exitCode = 1;
  }
}

void main();
