// Compares two contestants in rounds that alternate, with several pairs of processes.
import { callsPerRound } from './measure-calls.mjs';
import { median, medians } from './statistics.mjs';

/** Two processes of the same code differ by up to 10 %, because of the layout of their memory: several pairs are started. */
const WHOLE = { pairs: 6, rounds: 20, warmUp: 30_000 };
const QUICK = { pairs: 1, rounds: 4, warmUp: 1_000 };
/** Milliseconds. A short round meets the same load of the machine as the one after it. */
const ROUND = 50;

/**
 * How many times as long as the second contestant the first one takes: a row for each number of calls in flight, with a cell for the clock and
 * one for the processor.
 * @param starts two functions, each of which starts a contestant
 */
export async function compareContestants(starts, levels, { quick }) {
  const effort = quick ? QUICK : WHOLE;
  const pairs = [];
  for (let pair = 0; pair < effort.pairs; pair += 1) pairs.push(await comparePair(starts, pair % 2, levels, effort));
  return levels.map((inFlight, level) => {
    const ratios = pairs.map((found) => found[level]);
    return { inFlight, clock: shown(ratios.map(({ wall }) => wall)), processor: shown(ratios.map(({ cpu }) => cpu)) };
  });
}

/**
 * For each level, the medians over the rounds of one pair of processes.
 * @param first the one that starts and warms up first, 0 or 1: the first waits while the other warms up, which costs it up to 5 %
 */
async function comparePair(starts, first, levels, effort) {
  const pair = [];
  try {
    for (const one of [first, 1 - first]) pair[one] = await starts[one]();
    const found = [];
    for (const inFlight of levels) found.push(await compareAt(inFlight, pair, first, effort));
    return found;
  } finally {
    await Promise.all(pair.map((one) => one.end()));
  }
}

async function compareAt(inFlight, pair, first, effort) {
  let calls = 0;
  for (const one of [first, 1 - first])
    calls = await callsPerRound(pair[one], inFlight, { ...effort, roundTime: ROUND });
  const ratios = [];
  for (let round = 0; round < effort.rounds; round += 1) {
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
