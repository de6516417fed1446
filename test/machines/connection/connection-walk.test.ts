import { getEventListeners } from 'node:events';

import { RequestFailure } from '../../../src/machines/request/outcome.js';
import { failure } from '../../../src/util/failure.js';
import { rejectedWith } from '../../../src/transports/link.js';
import {
  deferred,
  legacyServer,
  modernServer,
  neverOpens,
  NOTHING_LEFT,
  silentServer,
  ManualConnection,
  ManualTransport,
  watch,
} from '../../support/manual-connection.js';
import type { Behaviour } from '../../support/manual-connection.js';

const GONE = failure('transport', 'MCP_PROCESS_EXITED', 'The server exited');
const notSent = failure('transport', 'MCP_TRANSPORT_FAILED', 'The pipe is closed', { delivery: 'not-sent' });

/** Ends on every question that it does not like. */
const moody: Behaviour = (request, link) => {
  if (request.method !== 'server/discover') return legacyServer(request, link);
  queueMicrotask(() => {
    link.ends(GONE);
  });
  return undefined;
};

interface Call extends Caller {
  readonly repeatable: boolean;
}

interface Caller {
  readonly what: string;
  readonly deadline: number;
  readonly signal: AbortSignal;
  readonly seen: ReturnType<typeof watch>;
}

const answer = { jsonrpc: '2.0', result: {} };

/** The deeds in groups of which each is done as often as any other. */
const OFTEN: readonly (readonly string[])[] = [
  ['call', 'read'],
  ['call', 'read'],
  ['connect'],
  ['connect', 'join', 'mend'],
  ['mend'],
  ['pass', 'settle'],
  ['pass', 'passLong', 'answer'],
  ['answer', 'speak'],
  ['abort'],
  ['hush', 'watch', 'monitor', 'suspend'],
  ['end', 'oldEnd', 'reconnect', 'disconnect'],
  ['behave', 'send', 'open', 'close', 'closed'],
];

/** Someone who does everything that users and servers do, in an order that only the seed knows. */
class Walk {
  readonly manual: ManualConnection;
  readonly #transport = new ManualTransport();
  readonly #calls: Call[] = [];
  readonly #callers: Caller[] = [];
  readonly #aborts: AbortController[] = [];
  readonly #closings: (() => void)[] = [];
  readonly #suspensions: ReturnType<typeof watch>[] = [];
  /** The methods of calls of which a link said that they were not sent. */
  readonly #givenBack = new Map<string, number>();
  readonly steps: string[] = [];

  constructor(seed: number) {
    this.manual = new ManualConnection({
      seed,
      transport: this.#transport,
      policy: { retryInitialConnect: seed % 3 === 0, autoReconnect: seed % 4 !== 0 },
      healthInterval: seed % 2 === 0 ? 3_000 : 0,
      maxQueued: 3,
    });
  }

  get #random(): number {
    return this.manual.environment.random();
  }

  #pick<Item>(items: readonly Item[]): Item {
    return items[Math.floor(this.#random * items.length)] as Item;
  }

  #signal(): AbortSignal {
    const controller = new AbortController();
    this.#aborts.push(controller);
    return controller.signal;
  }

  #connect(type: 'connect' | 'join'): void {
    const timeout = this.#pick([50, 500, 5_000, 20_000]);
    const signal = this.#signal();
    const { connection, environment } = this.manual;
    this.#callers.push({
      what: `${type} ${this.#callers.length}`,
      deadline: environment.now() + timeout,
      signal,
      seen: watch(connection[type](timeout, signal)),
    });
  }

  #ask(repeatable: boolean): void {
    const method = `call-${this.#calls.length}`;
    const timeout = this.#pick([10, 300, 3_000, 30_000]);
    const signal = this.#signal();
    const { environment } = this.manual;
    const options = { repeatable, timeout, signal, ...(this.#random < 0.3 && { onProgress: () => undefined }) };
    this.#calls.push({
      what: method,
      repeatable,
      // Progress moves the timeout out, and the limit of the whole ends that.
      deadline: environment.now() + 2 * timeout,
      signal,
      seen: watch(
        this.manual.ask(method, {
          ...options,
          totalDeadline: environment.now() + 2 * timeout,
          maxTotalTimeout: 2 * timeout,
        }),
      ),
    });
  }

  /** Everything that may happen. */
  readonly #deeds: Readonly<Record<string, () => unknown>> = {
    connect: () => {
      this.#connect('connect');
    },
    join: () => {
      this.#connect('join');
    },
    call: () => {
      this.#ask(false);
    },
    read: () => {
      this.#ask(true);
    },
    abort: () => {
      this.#pick(this.#aborts.slice(-4))?.abort('enough');
    },
    disconnect: () => void this.manual.connection.disconnect(),
    suspend: () => {
      this.#suspensions.push(watch(this.manual.connection.suspend()));
    },
    reconnect: () => {
      this.manual.connection.send({ type: 'reconnect' });
    },
    watch: () => {
      const lists = this.#pick([[], ['tools'], ['tools', 'prompts']] as const);
      this.manual.connection.send({ type: 'desire', desired: { lists, resources: this.#pick([[], ['file:///a']]) } });
    },
    monitor: () => {
      this.manual.connection.send({ type: 'monitor', interval: this.#pick([0, 700, 5_000]) });
    },
    hush: () => {
      this.#transport.server = silentServer;
    },
    behave: () => {
      this.#transport.server = this.#pick([modernServer, modernServer, legacyServer, silentServer, moody]);
    },
    open: () => {
      const open = undefined;
      this.#transport.opening = this.#pick([
        () => open,
        () => open,
        () => rejectedWith(notSent),
        neverOpens,
        () => {
          throw new Error('no link');
        },
      ]);
    },
    send: () => {
      this.#transport.sending = this.#pick<ManualTransport['sending']>([
        () => undefined,
        () => undefined,
        () => Promise.resolve(),
        (message) => {
          if ('method' in message) {
            this.#givenBack.set(message.method, (this.#givenBack.get(message.method) ?? 0) + 1);
          }
          return rejectedWith(notSent);
        },
        () => {
          throw new Error('no message');
        },
      ]);
    },
    close: () => {
      const slow = deferred();
      this.#closings.push(slow.resolve);
      this.#transport.closing = this.#pick([() => Promise.resolve(), () => slow.promise]);
    },
    closed: () => {
      for (const close of this.#closings) close();
    },
    end: () => {
      this.#transport.links.at(-1)?.ends(this.#pick([GONE, undefined]));
    },
    oldEnd: () => {
      this.#pick(this.#transport.links)?.ends(GONE);
    },
    speak: () => {
      const id = Math.floor(this.#random * 30);
      this.#pick(this.#transport.links)?.says(
        this.#pick<unknown>([
          { jsonrpc: '2.0', id, result: {} },
          { jsonrpc: '2.0', id, error: { code: -32603, message: 'No' } },
          { jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: id, progress: 1 } },
          { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: id } },
          { jsonrpc: '2.0', id: 'theirs', method: 'ping' },
          { jsonrpc: '2.0', method: 'notifications/tools/list_changed' },
          { hello: 'there' },
          [],
          null,
        ]),
      );
    },
    answer: () => {
      const requests = this.#transport.links.at(-1)?.sent.filter((message) => 'id' in message && 'method' in message);
      const request = this.#pick(requests ?? []);
      if (request !== undefined && 'id' in request) this.#transport.newest.says({ ...answer, id: request.id });
    },
    mend: () => {
      this.#transport.server = this.#pick([modernServer, legacyServer]);
      this.#transport.opening = () => undefined;
      this.#transport.sending = () => undefined;
      this.#transport.closing = () => Promise.resolve();
      this.#deeds.closed?.();
    },
    pass: () => this.manual.advance(this.#random * 2_000),
    passLong: () => this.manual.advance(this.#random * 20_000),
    settle: () => this.manual.settle(),
  };

  async step(): Promise<void> {
    const name = this.#pick(OFTEN[Math.floor(this.#random * OFTEN.length)] ?? []);
    this.steps.push(name);
    await this.#deeds[name]?.();
  }

  /** Puts everything in order, so that what still hangs now hangs for ever. */
  async finish(): Promise<void> {
    for (const close of this.#closings) close();
    this.#transport.closing = () => Promise.resolve();
    expect(await this.manual.end()).toEqual(NOTHING_LEFT);
    expect(this.#transport.links.filter(({ closed }) => !closed)).toEqual([]);
    expect([...this.#calls, ...this.#callers].filter(({ seen }) => !seen.settled).map(({ what }) => what)).toEqual([]);
    expect(this.#suspensions.filter(({ settled }) => !settled)).toEqual([]);
    expect(this.#aborts.filter(({ signal }) => getEventListeners(signal, 'abort').length > 0)).toEqual([]);
  }

  /** How everything ended, and where the connection has been. */
  seen(): string[] {
    const ends = this.#calls.map(({ seen: { value } }) => {
      if (!(value instanceof RequestFailure)) return 'an answer';
      return value.failure === undefined ? 'an abort' : `${value.failure.code} ${value.failure.delivery ?? ''}`;
    });
    return [...ends, ...this.manual.states];
  }

  /** What should never be otherwise, whatever happened, and is. */
  violations(): string[] {
    const now = this.manual.environment.now();
    const found: string[] = [];
    for (const { what, deadline, signal, seen } of [...this.#calls, ...this.#callers]) {
      if (seen.settled) continue;
      if (deadline < now) found.push(`${what} is past its deadline`);
      if (signal.aborted) found.push(`${what} was aborted`);
    }
    const written = new Map<string, number>();
    for (const method of this.#transport.log) written.set(method, (written.get(method) ?? 0) + 1);
    for (const { what, repeatable, seen } of this.#calls) {
      const sent = (written.get(what) ?? 0) - (this.#givenBack.get(what) ?? 0);
      if (sent > 1 && !repeatable) found.push(`${what} was sent ${sent} times`);
      if (seen.value instanceof RequestFailure && seen.value.failure?.delivery === 'not-sent' && sent > 0)
        found.push(`${what} was sent and says it was not`);
    }
    return found;
  }
}

describe('a connection', () => {
  const seen = new Set<string>();

  it.each(Array.from({ length: 60 }, (_, at) => at + 1))('keeps its promises whatever happens (%i)', async (seed) => {
    const walk = new Walk(seed);
    try {
      for (let step = 0; step < 200; step += 1) {
        await walk.step();
        await walk.manual.settle();
        expect(walk.violations()).toEqual([]);
      }
      await walk.finish();

      for (const one of walk.seen()) seen.add(one);
    } catch (thrown) {
      (thrown as Error).message += `\nafter ${walk.steps.length} steps: ${walk.steps.slice(-25).join(', ')}`;
      throw thrown;
    }
  });

  it('has been everywhere on these walks, and calls have ended in every way', () => {
    for (const state of ['connecting', 'initializing', 'ready', 'degraded', 'reconnecting', 'closed']) {
      expect(seen).toContain(state);
    }
    for (const end of [
      'an answer',
      'an abort',
      'MCP_TIMEOUT not-sent',
      'MCP_TIMEOUT unknown',
      'MCP_CONNECTION_CLOSED not-sent',
      'MCP_CONNECTION_CLOSED unknown',
      'MCP_PROCESS_EXITED unknown',
      'MCP_QUEUE_FULL not-sent',
    ]) {
      expect(seen).toContain(end);
    }
  });
});
