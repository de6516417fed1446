// npm run bench [-- [--quick] [--json] [--only WHAT]]: see README.md.
import os from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { measureCalls, withHttpServer } from './measure-calls.mjs';
import { measureInspector } from './measure-inspector.mjs';
import { measureIdle, measureLoading } from './measure-start.mjs';
import { report } from './report.mjs';

const { values: options } = parseArgs({
  options: { quick: { type: 'boolean' }, json: { type: 'boolean' }, only: { type: 'string', default: '' } },
});

const CLIENTS = ['ours', 'floor', 'official'];
/** Over HTTP also what the kernel and Node take by themselves. */
const HTTP_CLIENTS = [...CLIENTS, 'socket'];
const LEVELS = [1, 64, 1_000];
const STDIO_SERVER = fileURLToPath(new URL('echo-server.mjs', import.meta.url));
/** Warm-up in calls, the time of a round in milliseconds. Calls over HTTP take the longest by far: fewer of them have to do. */
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

/** Whether what has this title is to be measured. */
function isWanted(title) {
  return title.toLowerCase().startsWith(options.only.toLowerCase());
}

/** All cases of calls, by what they connect to. */
async function measureAllCalls(http) {
  const { rounds, warmUp, httpWarmUp, roundTime } = EFFORT;
  const cases = [
    { title: 'memory', transport: 'memory', warmUp, clients: CLIENTS },
    { title: 'stdio', transport: 'stdio', server: STDIO_SERVER, warmUp, clients: CLIENTS },
    ...[
      { title: 'HTTP, JSON answers', server: `${http}/json` },
      { title: 'HTTP, stream answers', server: `${http}/stream` },
    ].map((one) => ({ ...one, transport: 'http', warmUp: httpWarmUp, clients: HTTP_CLIENTS })),
  ];
  const calls = [];
  for (const era of ['legacy', 'modern']) {
    for (const one of cases.filter(({ title }) => isWanted(title))) {
      progress(`${one.title}, ${era} …`);
      calls.push(await measureCalls({ ...one, era, levels: LEVELS, rounds, roundTime }));
    }
  }
  return calls;
}

async function measureAll() {
  const { rounds, loadingRounds, idleRounds, inspectedTime } = EFFORT;
  const calls = await withHttpServer(measureAllCalls);
  progress('start …');
  const loading = isWanted('start') ? await measureLoading(loadingRounds) : undefined;
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
  return { machine, rounds, calls, loading, idle, inspector };
}

const found = await measureAll();
console.log(options.json ? JSON.stringify(found, undefined, 2) : report(found));
