import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { StdioTransport } from '../../src/index.js';
import { MCPClientGroup } from '../../src/group/index.js';
import { describeThrown } from '../../src/util/failure.js';
import { seededRandom } from '../../src/testing/random.js';
import { isAlive } from '../support/servers/processes.js';
import { FileLedger } from './ledger.js';
import { Tally } from './tally.js';
import type { Outcome } from './tally.js';

/** Started from the root of the project, as npm does. */
const SERVER = path.resolve('test/chaos/server.mjs');
const MEMBERS = 6;
const CALLS = 64;
/** Milliseconds. A call that takes as long hangs. */
const FOREVER = 20_000;

/** What came of the kills. */
export interface GroupKills {
  readonly counts: Tally['counts'];
  /** Calls to servers that were not killed, all of which were answered. */
  readonly untouched: number;
  /** What must not happen. */
  readonly wrong: readonly string[];
}

/**
 * Kills a random server of a group again and again, while calls to all servers are in flight. No call may hang, none may run twice, and calls to the
 * other servers may not notice anything.
 */
export async function killMembers(kills: number): Promise<GroupKills> {
  const directory = mkdtempSync(path.join(tmpdir(), 'mcp-actors-group-'));
  const file = path.join(directory, 'ledger');
  const ledger = new FileLedger(file);
  const random = seededRandom(kills);
  const transports = Array.from({ length: MEMBERS }, (_, index) => {
    const revision = index % 2 === 0 ? '2026-07-28' : '2025-11-25';
    return new StdioTransport(process.execPath, [SERVER, revision, file]);
  });
  const wrong: string[] = [];
  const tally = new Tally((what) => wrong.push(what));
  let untouched = 0;
  try {
    await using group = new MCPClientGroup(
      Object.fromEntries(transports.map((transport, index) => [`s${index}`, transport])),
      {
        defaults: { maxReconnectAttempts: 1_000, maxRestarts: Infinity, reconnectDelay: 20, maxReconnectDelay: 200 },
      },
    );
    // So that it knows which tools only read.
    await group.connect();
    for (let kill = 0; kill < kills; kill += 1) {
      const victim = Math.floor(random() * MEMBERS);
      const calls = Array.from({ length: CALLS }, (_, index) => {
        const key = `${kill}-${index}`;
        return call(group, index % MEMBERS, key, Math.floor(index / MEMBERS) % 2 === 0, 100 + 100 * random());
      });
      await sleep(40 * random());
      const pid = transports[victim]?.pid;
      if (pid !== undefined && isAlive(pid)) process.kill(pid, 'SIGKILL');
      const outcomes = await Promise.all(calls);
      const entries = ledger.entries();
      for (const [index, outcome] of outcomes.entries()) {
        const runs = entries.filter(({ key }) => key === outcome.key).length;
        if (index % MEMBERS === victim) tally.judge(outcome, runs);
        else if (outcome.error !== undefined)
          wrong.push(`${outcome.key} was not of the victim: ${describeThrown(outcome.error)}`);
        else if (runs !== 1) wrong.push(`${outcome.key} was not of the victim, and ran ${runs} times`);
        else untouched += 1;
      }
    }
    return { counts: tally.counts, untouched, wrong };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

async function call(
  group: MCPClientGroup,
  member: number,
  key: string,
  reads: boolean,
  takes: number,
): Promise<Outcome> {
  try {
    const name = `s${member}__${reads ? 'look' : 'act'}`;
    const { content } = await group.callTool(name, { key, takes }, { timeout: FOREVER });
    const [block] = content;
    if ((block as { text?: unknown } | undefined)?.text !== key)
      return { key, reads, error: new Error('another answer') };
    return { key, reads };
  } catch (error) {
    return { key, reads, error };
  }
}
