// npm run bench:compare -- OTHER [--quick] [--only WHAT]: the client of this checkout against that of another checkout. See README.md.
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { callCases, ERAS, LEVELS } from './cases.mjs';
import { callsPerRound, Contestant, withHttpServer } from './measure-calls.mjs';
import { REVISIONS } from './echo.mjs';
import { table } from './report.mjs';
import { median, medians } from './statistics.mjs';

const { values: options, positionals } = parseArgs({
  options: { quick: { type: 'boolean' }, only: { type: 'string', default: '' } },
  allowPositionals: true,
});
const [other] = positionals;
if (other === undefined) throw new Error('Name the folder of the other checkout, in which "npm run build" was run');
const BENCHES = [fileURLToPath(new URL('.', import.meta.url)), path.resolve(other, 'bench')];

/** Two processes of the same code differ by up to 10 %, because of the layout of their memory: several pairs are started. */
const EFFORT = options.quick ? { pairs: 1, rounds: 4, warmUp: 1_000 } : { pairs: 6, rounds: 20, warmUp: 30_000 };
/** Milliseconds. A short round meets the same load of the machine as the one after it. */
const ROUND = 50;

/**
 * How many times as long as the other client this one takes: for each level, the medians over the rounds of one pair of processes.
 * @param first the one that starts and warms up first, 0 or 1: the first waits while the other warms up, which costs it up to 5 %
 */
async function comparePair(connection, first) {
  const pair = [];
  try {
    for (const one of [first, 1 - first]) pair[one] = await Contestant.start('ours', connection, BENCHES[one]);
    const found = [];
    for (const inFlight of LEVELS) found.push(await compareAt(inFlight, pair, first));
    return found;
  } finally {
    await Promise.all(pair.map((one) => one.end()));
  }
}

async function compareAt(inFlight, pair, first) {
  let calls = 0;
  for (const one of [first, 1 - first])
    calls = await callsPerRound(pair[one], inFlight, { ...EFFORT, roundTime: ROUND });
  const ratios = [];
  for (let round = 0; round < EFFORT.rounds; round += 1) {
    const found = new Map();
    for (const one of round % 2 === 0 ? pair : [...pair].reverse()) found.set(one, await one.measure(calls, inFlight));
    const [ours, theirs] = pair.map((one) => found.get(one));
    ratios.push({ wall: ours.wall / theirs.wall, cpu: ours.cpu / theirs.cpu });
  }
  return medians(ratios);
}

/** A cell: the median of the pairs, and the least and the greatest. */
function shown(ratios) {
  return `${median(ratios).toFixed(3)} (${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)})`;
}

await withHttpServer(async (http) => {
  const rows = [];
  for (const { title, ...connection } of callCases(http, options.only)) {
    for (const era of ERAS) {
      const pairs = [];
      for (let pair = 0; pair < EFFORT.pairs; pair += 1)
        pairs.push(await comparePair({ ...connection, era }, pair % 2));
      LEVELS.forEach((inFlight, level) => {
        const ratios = pairs.map((levels) => levels[level]);
        const name = `${title}, ${REVISIONS[era]}, ${inFlight} in flight`;
        rows.push([name, shown(ratios.map(({ wall }) => wall)), shown(ratios.map(({ cpu }) => cpu))]);
      });
    }
  }
  console.log(`this checkout, in times of ${path.basename(path.resolve(other))}; smaller is better\n`);
  console.log(table(['', 'clock', 'processor'], rows));
});
