// Tries what reads the text of strangers with input that seeds decide, and fails when a process would have died, a promise does not settle,
// or something other than a clear error comes out. Options:
//   --runs=N      how many of each kind; default 2,000
//   --seed=N      the first seed; default 1
//   --only=TEXT   the kinds with this text in their names
import { parseArgs } from 'node:util';
import { fuzz } from './fuzzer.js';
import { fuzzers } from './fuzzers.js';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '2000' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
  },
});

async function main(): Promise<void> {
  const seeds = Array.from({ length: Number(values.runs) }, (_, index) => Number(values.seed) + index);
  for (const fuzzer of fuzzers.filter(({ name }) => name.includes(values.only))) {
    const startedAt = performance.now();
    const findings = await fuzz(fuzzer, seeds);
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
    console.log(`${fuzzer.name}: ${seeds.length} runs, ${findings.length} findings, ${seconds} s`);
    if (findings.length === 0) continue;
    process.exitCode = 1;
    for (const finding of findings.slice(0, 20)) console.error(`\n${finding}`);
  }
  // What hangs is told above; it must not keep this process, too.
  process.exit();
}

void main();
