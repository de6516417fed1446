// npm run bench [-- --quick] [--json]: see README.md.
import os from 'node:os';
import { parseArgs } from 'node:util';
import { measureCalls } from './measure-calls.mjs';
import { measureIdle, measureLoading } from './measure-start.mjs';
import { report } from './report.mjs';

const { values: options } = parseArgs({ options: { quick: { type: 'boolean' }, json: { type: 'boolean' } } });

const CLIENTS = ['ours', 'floor', 'official'];
/** Warm-up in calls, the time of a round in milliseconds. */
const EFFORT = options.quick
  ? { rounds: 3, warmUp: 2_000, roundTime: 20, loadingRounds: 3, idleRounds: 1 }
  : { rounds: 9, warmUp: 20_000, roundTime: 150, loadingRounds: 15, idleRounds: 3 };

function progress(text) {
  if (process.stderr.isTTY && !options.json) process.stderr.write(`${text}\n`);
}

async function measureAll() {
  const { rounds, warmUp, roundTime, loadingRounds, idleRounds } = EFFORT;
  const calls = [];
  for (const era of ['legacy', 'modern']) {
    for (const transport of ['memory', 'stdio']) {
      progress(`${transport}, ${era} …`);
      const levels = [1, 64, 1_000];
      calls.push(await measureCalls({ transport, era, clients: CLIENTS, levels, rounds, warmUp, roundTime }));
    }
  }
  progress('loading …');
  const loading = await measureLoading(loadingRounds);
  progress('idle connections …');
  const idle = await measureIdle(CLIENTS, idleRounds);
  const cpus = os.cpus();
  const machine = {
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    cpu: cpus[0]?.model.trim() ?? 'unknown',
    cores: cpus.length,
  };
  return { machine, rounds, calls, loading, idle };
}

const found = await measureAll();
console.log(options.json ? JSON.stringify(found, undefined, 2) : report(found));
