// npm run bench [-- [--quick] [--json] [--only WHAT]]: see README.md.
import os from 'node:os';
import { parseArgs } from 'node:util';
import { callCases, ERAS, LEVELS } from './cases.mjs';
import { measureCalls, withHttpServer } from './measure-calls.mjs';
import { measureInspector } from './measure-inspector.mjs';
import { measureFirstCalls, measureIdle, measureLoading } from './measure-start.mjs';
import { report } from './report.mjs';

const { values: options } = parseArgs({
  options: { quick: { type: 'boolean' }, json: { type: 'boolean' }, only: { type: 'string', default: '' } },
});

const CLIENTS = ['ours', 'floor', 'official'];
/** Over HTTP also a bare socket: the time of Node and the kernel. */
const HTTP_CLIENTS = [...CLIENTS, 'socket'];
/** The warm-up in calls, and the time of a round in ms. Calls over HTTP take the longest, so there are fewer. */
const EFFORT = options.quick
  ? { rounds: 3, warmUp: 2_000, httpWarmUp: 1_000, roundTime: 20, loadingRounds: 3, idleRounds: 1, inspectedTime: 500 }
  : {
      rounds: 9,
      warmUp: 20_000,
      httpWarmUp: 4_000,
      roundTime: 150,
      loadingRounds: 15,
      idleRounds: 3,
      inspectedTime: 3_000,
    };

function progress(text) {
  if (process.stderr.isTTY && !options.json) process.stderr.write(`${text}\n`);
}

/** Whether the case with this title is selected. */
function isWanted(title) {
  return title.toLowerCase().startsWith(options.only.toLowerCase());
}

/** All cases of calls, by their server. */
async function measureAllCalls(http) {
  const { rounds, warmUp, httpWarmUp, roundTime } = EFFORT;
  const calls = [];
  for (const era of ERAS) {
    for (const one of callCases(http, options.only)) {
      progress(`${one.title}, ${era} …`);
      const effort =
        one.transport === 'http' ? { clients: HTTP_CLIENTS, warmUp: httpWarmUp } : { clients: CLIENTS, warmUp };
      calls.push(await measureCalls({ ...one, ...effort, era, levels: LEVELS, rounds, roundTime }));
    }
  }
  return calls;
}

async function measureAll() {
  const { rounds, loadingRounds, idleRounds, inspectedTime } = EFFORT;
  const calls = await withHttpServer(measureAllCalls);
  progress('start …');
  const loading = isWanted('start') ? await measureLoading(loadingRounds) : undefined;
  const firstCalls = isWanted('start') ? await measureFirstCalls(CLIENTS, loadingRounds) : undefined;
  const idle = isWanted('start') ? await measureIdle(CLIENTS, idleRounds) : undefined;
  progress('inspector …');
  const inspector = isWanted('inspector') ? await measureInspector(rounds, inspectedTime) : undefined;
  const cpus = os.cpus();
  const machine = {
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    cpu: cpus[0]?.model.trim() ?? 'unknown',
    cores: cpus.length,
  };
  return { machine, rounds, calls, loading, firstCalls, idle, inspector };
}

const found = await measureAll();
console.log(options.json ? JSON.stringify(found, undefined, 2) : report(found));
