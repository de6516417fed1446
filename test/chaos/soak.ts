// Makes very many calls and loses the connection again and again, and checks that the client is as big at the end as it was after the
// first tenth. Options:
//   --over=A,B   the kinds of transports: memory, stdio, http; or groups, whose servers sleep and wake: group over memory, group-stdio;
//                default: all
//   --quick      a tenth of everything
import { getEventListeners } from 'node:events';
import { parseArgs } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { MCPClient } from '../../src/index.js';
import type { MCPTransport } from '../../src/index.js';
import { countedEnvironment } from './counted-environment.js';
import { GroupSoak, sleepyServer } from './group-soak.js';
import { held, listeners } from './processes.js';
import { HttpVictim, MemoryVictim, StdioVictim } from './victims.js';
import type { Victim } from './victims.js';

const { values } = parseArgs({
  options: {
    over: { type: 'string', default: 'memory,stdio,http,group,group-stdio' },
    quick: { type: 'boolean', default: false },
  },
});

interface Plan {
  readonly start: () => Promise<Victim>;
  readonly calls: number;
  readonly reconnects: number;
}

/** Nobody reads what the servers write down. */
const NOWHERE = '/dev/null';
const PLANS: Readonly<Record<string, Plan>> = {
  memory: { start: async () => new MemoryVictim('2026-07-28'), calls: 200_000, reconnects: 500 },
  stdio: { start: async () => new StdioVictim('2025-11-25', NOWHERE), calls: 20_000, reconnects: 50 },
  http: { start: () => HttpVictim.start('2025-11-25', NOWHERE), calls: 20_000, reconnects: 50 },
};
interface GroupPlan {
  readonly transport: (victim: MemoryVictim) => MCPTransport;
  readonly sleeps: number;
}

const GROUP_PLANS: Readonly<Record<string, GroupPlan>> = {
  group: { transport: (victim) => victim.transport(), sleeps: 10_000 },
  'group-stdio': { transport: sleepyServer, sleeps: 300 },
};
const SHARE = values.quick ? 10 : 1;
const AT_ONCE = 64;
/** Bytes that a heap may have grown by, or a share of it if that is more. */
const SLACK = 1_048_576;
const SLACK_SHARE = 0.05;
const READINGS = 7;
/** Milliseconds in which what is idle is let go: sockets, and streams that are drained. */
const PATIENCE = 15_000;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
let wrong = 0;

function complain(what: string): void {
  wrong += 1;
  console.error(`  ${what}`);
}

async function heap(): Promise<number> {
  const readings: number[] = [];
  for (let reading = 0; reading < READINGS; reading += 1) {
    await sleep(20);
    collectGarbage();
    readings.push(process.memoryUsage().heapUsed);
  }
  return readings.sort((one, other) => one - other)[Math.floor(READINGS / 2)] as number;
}

/** What the process holds besides memory. */
function resources(timers: number, aborts = 0): string {
  const names = held().filter((name) => name !== 'Timeout');
  return [...names.sort(), `${timers} timers`, `${listeners()} + ${aborts} listeners`].join(', ');
}

/** Something that works, and what it holds. */
interface Subject {
  /** Does this share of its work. */
  work(share: number): Promise<void>;
  holds(): string;
  end(): Promise<void>;
}

/** A client that works, and what it holds. */
class Soak {
  readonly #counted = countedEnvironment(1);
  readonly #stop = new AbortController();
  readonly #victim: Victim;
  readonly #client: MCPClient;

  constructor(victim: Victim) {
    this.#victim = victim;
    this.#client = new MCPClient(victim.transport(), {
      environment: this.#counted.environment,
      autoReconnect: true,
      maxReconnectAttempts: 1_000,
      maxRestarts: Infinity,
      reconnectDelay: 5,
      maxReconnectDelay: 50,
    });
  }

  /** Makes calls, and loses the connection after each so many of them. */
  async work(calls: number, reconnects: number): Promise<void> {
    await this.#client.connect();
    await this.#client.listTools();
    for (let round = 0; round < reconnects; round += 1) {
      for (let left = calls / reconnects; left > 0; left -= AT_ONCE) {
        await Promise.all(
          Array.from({ length: Math.min(AT_ONCE, left) }, (_, index) => this.#call(`${round}-${index}`)),
        );
      }
      await this.#victim.kill(this.#client);
    }
    await this.#call('last');
  }

  async #call(key: string): Promise<void> {
    const options = { signal: this.#stop.signal, onProgress: () => undefined };
    await this.#client.callTool('look', { key, takes: 0 }, options);
  }

  /** What it holds besides memory, when everything that is idle is gone. */
  holds(): string {
    return resources(this.#counted.pending.size, getEventListeners(this.#stop.signal, 'abort').length);
  }

  async end(): Promise<void> {
    await this.#client.close();
  }
}

async function overClient(kind: string, { start, ...plan }: Plan): Promise<void> {
  const [calls, reconnects] = [plan.calls / SHARE, plan.reconnects / SHARE];
  await using victim = await start();
  const soak = new Soak(victim);
  await measure(`${kind}: ${calls} calls, ${reconnects} reconnects`, {
    work: (share) => soak.work(calls * share, reconnects * share),
    holds: () => soak.holds(),
    end: () => soak.end(),
  });
}

async function overGroup(kind: string, { transport, sleeps: all }: GroupPlan): Promise<void> {
  const sleeps = all / SHARE;
  const victim = new MemoryVictim('2025-11-25');
  const soak = new GroupSoak(transport(victim));
  await measure(`${kind}: ${sleeps} sleeps and wakes`, {
    work: (share) => soak.work(sleeps * share),
    holds: () => resources(soak.timers),
    end: () => soak.end(),
  });
  await victim[Symbol.asyncDispose]();
}

async function measure(what: string, subject: Subject): Promise<void> {
  const startedAt = performance.now();
  // The heap grows until everything is compiled and every bounded buffer is full: over HTTP after some 10,000 calls.
  await subject.work(1 / 2);
  const [before, heldBefore] = [await heap(), await settled(subject)];
  await subject.work(1);
  const heldAfter = await settled(subject, heldBefore);
  const after = await heap();
  await subject.end();
  const grown = after - before;
  if (grown > Math.max(SLACK, before * SLACK_SHARE)) complain(`the heap has grown by ${grown} bytes from ${before}`);
  if (heldAfter !== heldBefore) complain(`it holds ${heldAfter} at the end, and held ${heldBefore}`);
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  const megabytes = (bytes: number): string => (bytes / 1_048_576).toFixed(2);
  console.log(`${what}, ${seconds} s: heap ${megabytes(before)} MiB, then ${megabytes(after)} MiB; holds ${heldAfter}`);
}

/** What it holds as soon as that is what is expected, or does not change any more. */
async function settled(soak: Subject, expected?: string): Promise<string> {
  for (const deadline = performance.now() + PATIENCE; performance.now() < deadline; await sleep(50)) {
    if (soak.holds() === expected) return soak.holds();
    if (expected === undefined && performance.now() > deadline - PATIENCE + 6_000) break;
  }
  return soak.holds();
}

async function main(): Promise<void> {
  for (const kind of values.over.split(',')) {
    const [plan, groupPlan] = [PLANS[kind], GROUP_PLANS[kind]];
    if (plan !== undefined) await overClient(kind, plan);
    else if (groupPlan !== undefined) await overGroup(kind, groupPlan);
    else complain(`There is no "${kind}"`);
  }
  if (wrong > 0) {
    console.error(`\n${wrong} went wrong.`);
    process.exitCode = 1;
  }
}

void main();
