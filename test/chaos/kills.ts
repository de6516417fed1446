// Kills servers that are processes while calls are in flight, and checks after each time that no call hangs and that no side effect
// happened twice. Then it says how long it took until calls were answered again. Options:
//   --over=A,B   the kinds of transports: stdio, http; or group, for a group of servers over stdio; default: all
//   --kills=N    how often a server of each is killed; default 100
//   --quick      10 times
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { MCPClient } from '../../src/index.js';
import type { MCPProtocolVersion } from '../../src/index.js';
import { seededRandom } from '../../src/testing/random.js';
import { HttpVictim, StdioVictim } from './victims.js';
import type { Victim } from './victims.js';
import { killMembers } from './group-kills.js';
import { FileLedger } from './ledger.js';
import { Leftovers } from './processes.js';
import { Tally } from './tally.js';
import type { Outcome } from './tally.js';

const { values } = parseArgs({
  options: {
    over: { type: 'string', default: 'stdio,http,group' },
    kills: { type: 'string' },
    quick: { type: 'boolean', default: false },
  },
});

const VICTIMS = {
  stdio: async (revision: MCPProtocolVersion, ledger: string) => new StdioVictim(revision, ledger),
  http: (revision: MCPProtocolVersion, ledger: string) => HttpVictim.start(revision, ledger),
};
const kills = Number(values.kills ?? (values.quick ? 10 : 100));
const CALLS = 64;
/** Milliseconds. A call that takes as long hangs. */
const FOREVER = 20_000;
/** How often the time of a connect is taken. */
const CONNECTS = 5;
const REVISIONS: readonly MCPProtocolVersion[] = ['2026-07-28', '2025-11-25'];

let wrong = 0;

function complain(what: string): void {
  wrong += 1;
  console.error(`  ${what}`);
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((one, other) => one - other)[Math.floor(numbers.length / 2)] ?? NaN;
}

async function call(client: MCPClient, key: string, reads: boolean, takes: number): Promise<Outcome> {
  try {
    const { content } = await client.callTool(reads ? 'look' : 'act', { key, takes }, { timeout: FOREVER });
    const { text } = content[0] as { text?: unknown };
    if (text !== key) complain(`${key} has the answer of another: ${String(text)}`);
    return { key, reads };
  } catch (error) {
    return { key, reads, error };
  }
}

/** Kills the server of one client so many times. Returns the milliseconds that passed each time until it answered again. */
async function killAgainAndAgain(
  name: string,
  victim: Victim,
  ledger: FileLedger,
  times: number,
  tally: Tally,
): Promise<number[]> {
  const random = seededRandom(times);
  await using client = await MCPClient.connect(victim.transport(), {
    autoReconnect: true,
    maxReconnectAttempts: 1_000,
    maxRestarts: Infinity,
    reconnectDelay: 20,
    maxReconnectDelay: 200,
  });
  // So that it knows which of them only read.
  await client.listTools();
  const pauses: number[] = [];
  for (let kill = 0; kill < times; kill += 1) {
    const calls = Array.from({ length: CALLS }, (_, index) =>
      call(client, `${name}-${kill}-${index}`, index % 2 === 0, 100 + 100 * random()),
    );
    await sleep(40 * random());
    const back = victim.kill(client);
    const probe = call(client, `${name}-${kill}-probe`, true, 0);
    const answeredAt = probe.then(() => performance.now());
    const since = await back;
    pauses.push((await answeredAt) - since);
    const outcomes = await Promise.all(calls.concat(probe));
    const entries = ledger.entries();
    for (const outcome of outcomes) {
      tally.judge(outcome, entries.filter(({ key }) => key === outcome.key).length);
    }
  }
  return pauses;
}

/** Milliseconds that a new client takes to connect and to have one call answered. */
async function bareConnect(victim: Victim): Promise<number> {
  const before = performance.now();
  await using client = await MCPClient.connect(victim.transport());
  await client.callTool('look', { key: `bare-${before}`, takes: 0 });
  return performance.now() - before;
}

async function over(kind: keyof typeof VICTIMS): Promise<void> {
  const directory = mkdtempSync(path.join(tmpdir(), 'mcp-actors-kills-'));
  const ledger = new FileLedger(path.join(directory, 'ledger'));
  const tally = new Tally(complain);
  const pauses: number[] = [];
  const connects: number[] = [];
  using leftovers = new Leftovers();
  for (const [index, revision] of REVISIONS.entries()) {
    await using victim = await VICTIMS[kind](revision, path.join(directory, 'ledger'));
    for (let connect = 0; connect < CONNECTS; connect += 1) connects.push(await bareConnect(victim));
    const times = Math.floor((kills + index) / REVISIONS.length);
    pauses.push(...(await killAgainAndAgain(revision, victim, ledger, times, tally)));
  }
  const left = await leftovers.left();
  if (left.length > 0) complain(`left behind: ${left.join('; ')}`);
  rmSync(directory, { recursive: true });
  const { answered, unknown, notSent } = tally.counts;
  const [again, bare] = [median(pauses), median(connects)];
  console.log(
    `${kind}: ${kills} kills with ${CALLS} calls in flight: ${answered} answered, ${unknown} unknown, ${notSent} not sent; ` +
      `answers again after ${again.toFixed(0)} ms, ${(again / bare).toFixed(1)} times a bare connect (${bare.toFixed(0)} ms)`,
  );
}

async function overGroup(): Promise<void> {
  using leftovers = new Leftovers();
  const { counts, untouched, wrong: found } = await killMembers(kills);
  for (const what of found) complain(what);
  const left = await leftovers.left();
  if (left.length > 0) complain(`left behind: ${left.join('; ')}`);
  const { answered, unknown, notSent } = counts;
  console.log(
    `group: ${kills} kills of random members with ${CALLS} calls in flight: of the members that were killed ${answered} answered, ` +
      `${unknown} unknown, ${notSent} not sent; of the others ${untouched} answered`,
  );
}

async function main(): Promise<void> {
  for (const kind of values.over.split(',')) {
    if (kind === 'stdio' || kind === 'http') await over(kind);
    else if (kind === 'group') await overGroup();
    else complain(`There is no "${kind}"`);
  }
  if (wrong > 0) {
    console.error(`\n${wrong} went wrong.`);
    process.exitCode = 1;
  }
}

void main();
