// The process of a client that is attacked: `node victim.js NAME`. Writes a Report as JSON to its standard output.
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  HttpTransport,
  MCPClient,
  MCPError,
  SseTransport,
  StdioTransport,
  WebSocketTransport,
} from '../../src/index.js';
import type { MCPTransport } from '../../src/index.js';
import type { Attack, Host, Report } from './attack.js';
import { USUAL_BOUNDS } from './attack.js';
import { attackNamed, titleOf } from './attacks.js';

const DESCRIPTORS = '/proc/self/fd';
/** Milliseconds between two looks at the descriptors. */
const LOOK_EVERY = 20;
const HOSTILE = path.join(__dirname, 'hostile.js');

const escaped: string[] = [];
process.on('unhandledRejection', (reason) => escaped.push(`unhandled rejection: ${String(reason)}`));
process.on('uncaughtException', (thrown) => escaped.push(`uncaught exception: ${String(thrown)}`));
process.on('warning', ({ name, message }) => {
  if (name === 'MaxListenersExceededWarning') escaped.push(`${name}: ${message}`);
});

/** How much is open at most, and for how long the loop stands still, until it is stopped. */
class Meter {
  readonly #startedAt = performance.now();
  readonly #delay = monitorEventLoopDelay({ resolution: 5 });
  readonly #timer: NodeJS.Timeout;
  #descriptors = 0;

  constructor() {
    this.#delay.enable();
    this.#timer = setInterval(() => {
      if (existsSync(DESCRIPTORS)) this.#descriptors = Math.max(this.#descriptors, readdirSync(DESCRIPTORS).length);
    }, LOOK_EVERY);
  }

  stop(): Pick<Report, 'loop' | 'descriptors' | 'memory' | 'seconds'> {
    this.#delay.disable();
    clearInterval(this.#timer);
    return {
      loop: Math.round(this.#delay.max / 1e6),
      descriptors: this.#descriptors,
      memory: Math.round(process.resourceUsage().maxRSS / 1024),
      seconds: (performance.now() - this.#startedAt) / 1_000,
    };
  }
}

function transportTo(over: Attack['over'], url: string, title: string): MCPTransport {
  switch (over) {
    case 'stdio':
      return new StdioTransport(process.execPath, [HOSTILE, title]);
    case 'http':
      return new HttpTransport(url);
    case 'sse':
      return new SseTransport(url);
    case 'websocket':
      return new WebSocketTransport(url);
  }
}

async function attacked(attack: Attack, url: string): Promise<Report> {
  const title = titleOf(attack);
  const { seconds } = { ...USUAL_BOUNDS, ...attack.bounds };
  const clients: MCPClient[] = [];
  const host: Host = {
    async connect(options) {
      const client = new MCPClient(transportTo(attack.over, url, title), options);
      clients.push(client);
      await client.connect();
      return client;
    },
    sleep: (milliseconds) => sleep(milliseconds, undefined),
    async outcome(promise) {
      const late = sleep(seconds * 1_000, undefined, { ref: false }).then(() => {
        throw new Error(`A promise did not settle within ${seconds} s`);
      });
      try {
        await Promise.race([promise, late]);
        return 'ok';
      } catch (thrown) {
        if (thrown instanceof MCPError) return thrown.code;
        throw thrown;
      }
    },
    check(met, what) {
      if (!met) throw new Error(what);
    },
  };
  // Loading what is loaded once is no attack.
  const first = new MCPClient(transportTo(attack.over, url, title));
  await first.connect();
  await first.disconnect();
  const meter = new Meter();
  let said: string | undefined;
  let failure: string | undefined;
  try {
    said = await attack.program(host);
    await Promise.all(clients.map((client) => host.outcome(client.disconnect())));
  } catch (thrown) {
    failure = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
  }
  const cost = meter.stop();
  await Promise.allSettled(clients.map((client) => client.disconnect()));
  await new Promise(setImmediate);
  return { said, failure: failure ?? escaped[0], ...cost };
}

async function main(): Promise<void> {
  const attack = attackNamed(process.argv[2] ?? '');
  let server: ChildProcess | undefined;
  let url = '';
  if (attack.over !== 'stdio') {
    server = fork(HOSTILE, [titleOf(attack)], { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    [url] = (await once(server, 'message')) as [string];
  }
  const report = await attacked(attack, url);
  server?.kill('SIGKILL');
  process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit());
}

void main();
