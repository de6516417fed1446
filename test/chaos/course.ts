import { MCPError } from '../../src/index.js';
import type { ConnectionState, Environment, MCPClient, TimerHandle } from '../../src/index.js';
import type { Fault, ProxyFault } from '../../src/testing/index.js';
import type { Ledger } from './ledger.js';
import type { CallStep, Schedule, Step } from './schedule.js';
import type { Subject } from './subject.js';

/** What the server's side of a schedule can do. */
export interface Backstage {
  /** Ends the server; it is back after `pause` milliseconds. */
  die(pause: number): void;
  /** Announces that the tools changed. */
  announce(): void;
  /** How many requests with this text were hit by a fault that ended no link. */
  readonly hits?: (text: string) => number;
}

/** A call that was made, and what became of it. */
interface Call {
  readonly key: string;
  readonly step: CallStep;
  readonly startedAt: number;
  /** It has to be sent again when its answer is lost. */
  readonly safe: boolean;
  /** It must not be sent again. */
  readonly once: boolean;
  readonly connectedAtStart: boolean;
  readonly linksBefore: number;
  readonly endsBefore: number;
  readonly handshakesBefore: number;
  abortedAt: number | undefined;
  settled: { readonly at: number; readonly error?: unknown; readonly value?: unknown } | undefined;
}

/** How a schedule went. */
export interface Finding {
  readonly schedule: Schedule;
  /** What happened, with times in milliseconds from the start. */
  readonly log: readonly string[];
  /** What should not have happened. */
  readonly violations: readonly string[];
  readonly counts: Readonly<Record<string, number>>;
}

/** Milliseconds for a call when nothing is in the way. */
const AMPLE = 20_000;

/**
 * Carries out a schedule on a client and watches that everything happens that should and nothing that should not.
 */
export class Course {
  readonly #log: string[] = [];
  readonly #violations: string[] = [];
  readonly #counts = { calls: 0, succeeded: 0, lost: 0, notSent: 0, timedOut: 0, aborted: 0, other: 0 };
  readonly #schedule: Schedule;
  readonly #subject: Subject;
  readonly #environment: Environment;
  readonly #backstage: Backstage;
  readonly #ledger: Ledger;
  readonly #late: number;
  readonly #calls: Call[] = [];
  readonly #timers = new Set<TimerHandle>();
  readonly #others = new Set<string>();
  readonly #start: number;
  #client: MCPClient | undefined;
  #state: ConnectionState | undefined;
  /** Whether a session stood since the user asked for one. */
  #stood = false;
  /** Times at which there was no connection any more, nor the attempt to make one. */
  #ends = 0;
  #links = 0;
  #handshakes = 0;
  #userLeft = true;
  #toolsKnown = false;
  /** The server said that its tools have changed: from whenever the client hears that, what it knew of them may not count. */
  #announced = false;
  #over = false;

  /** `late`: what timers may be late by, in milliseconds. */
  constructor(
    schedule: Schedule,
    subject: Subject,
    environment: Environment,
    backstage: Backstage,
    ledger: Ledger,
    late: number,
  ) {
    this.#schedule = schedule;
    this.#subject = subject;
    this.#environment = environment;
    this.#backstage = backstage;
    this.#ledger = ledger;
    this.#late = late;
    this.#start = environment.now();
    this.#listen();
  }

  /** Sets out all steps. They happen as time passes. */
  begin(): void {
    this.#schedule.steps.forEach(([at, step], index) => {
      if (at < this.#schedule.end) {
        this.#later(at, () => {
          this.#take(step, index);
        });
      }
    });
  }

  /** Ends it: the client is disconnected, and every call has to be settled in that very turn. */
  async end(settle: () => Promise<void>): Promise<void> {
    for (const timer of this.#timers) this.#environment.clearTimeout(timer);
    this.note('the end');
    const gone = this.#leave();
    await settle();
    for (const { key, settled } of this.#calls) {
      if (settled === undefined) this.wrong(`${key} is not settled after disconnect()`);
    }
    for (const name of this.#others) {
      // Another disconnect() waits for the same process.
      if (!name.startsWith('disconnect')) this.wrong(`${name} is not settled after disconnect()`);
    }
    await gone;
    await settle();
    for (const name of this.#others) this.wrong(`${name} is not settled when everything is gone`);
    const state = this.#subject.client()?.state;
    if (state !== undefined && state !== 'closed' && state !== 'idle') this.wrong(`the state is ${state} at the end`);
    if (this.#subject.client()?.isConnected() === true) this.wrong('it says that it is connected at the end');
    this.#over = true;
  }

  /** Connects once more, without faults, and makes two calls that must succeed. */
  async again(): Promise<void> {
    this.#over = false;
    this.note('once more, without faults');
    try {
      await this.#subject.connect({ timeout: AMPLE });
      const client = this.#subject.client() as MCPClient;
      await client.listTools({ useCache: false, timeout: AMPLE });
      const key = `${this.#schedule.seed}-again`;
      const result = await client.callTool('act', { key, takes: 0 }, { timeout: AMPLE });
      if (textOf(result) !== key) this.wrong('the call after the end has the answer of another');
      if (this.#ledger.runs(key) !== 1) this.wrong(`the call after the end ran ${this.#ledger.runs(key)} times`);
    } catch (thrown) {
      this.wrong(`it does not work again: ${describe(thrown)}`);
    }
    await this.#leave();
    this.#over = true;
  }

  /** Looks at every call when nothing can happen any more. */
  judge(): void {
    for (const call of this.#calls) this.#judge(call);
  }

  /** How it went, and which faults there were. */
  finding(faults: readonly (Fault | ProxyFault)[]): Finding {
    const hit = faults.map(
      ({ fault, direction, index, method }) => `fault ${fault} ${direction ?? ''} ${index} ${method ?? ''}`,
    );
    return {
      schedule: this.#schedule,
      log: [...this.#log, ...hit],
      violations: this.#violations,
      counts: { ...this.#counts, links: this.#links, faults: faults.length },
    };
  }

  wrong(what: string): void {
    this.#violations.push(what);
    this.note(`WRONG: ${what}`);
  }

  note(what: string): void {
    this.#log.push(`${Math.round((this.#environment.now() - this.#start) * 1000) / 1000} ${what}`);
  }

  #later(delay: number, act: () => void): void {
    const timer = this.#environment.setTimeout(() => {
      this.#timers.delete(timer);
      act();
    }, delay);
    this.#timers.add(timer);
  }

  #listen(): void {
    const client = this.#subject.client();
    if (client === null || client === this.#client) return;
    this.#client = client;
    client.on('state', (state) => {
      this.#entered(state);
    });
    for (const name of ['error', 'warning'] as const) {
      client.on(name, (problem) => {
        this.note(`${name} ${problem.code}`);
        if (this.#over) this.wrong(`${name} after the end: ${problem.message}`);
      });
    }
    if (this.#schedule.seed % 3 === 0) client.on('toolsChanged', () => undefined);
  }

  #entered(state: ConnectionState): void {
    this.note(`state ${state}`);
    if (this.#over) this.wrong(`the state ${state} was entered after the end`);
    this.#state = state;
    if (state === 'ready') this.#stood = true;
    if (state === 'connecting') this.#links += 1;
    if (state === 'initializing') this.#handshakes += 1;
    if (state !== 'closed') return;
    this.#ends += 1;
    if (this.#schedule.fair && this.#stood && !this.#userLeft) this.wrong('it gave up although it may try for ever');
  }

  #take(step: Step, index: number): void {
    this.note(`do ${step.do}`);
    switch (step.do) {
      case 'connect':
        this.#connect(step.abortAfter, index);
        break;
      case 'disconnect':
        this.#watch(`disconnect ${index}`, this.#leave());
        break;
      case 'reconnect':
        this.#userLeft = false;
        if (this.#client?.isConnected() !== true) this.#stood = false;
        this.#watch(`reconnect ${index}`, this.#subject.reconnect());
        break;
      case 'die':
        this.#backstage.die(step.pause);
        break;
      case 'announce':
        this.#announced = true;
        this.#backstage.announce();
        break;
      case 'ping':
      case 'watch':
      case 'unwatch':
      case 'log':
        this.#small(step.do, index);
        break;
      default:
        this.#call(step, index);
    }
  }

  #connect(abortAfter: number | undefined, index: number): void {
    this.#userLeft = false;
    if (this.#client?.isConnected() !== true) this.#stood = false;
    const controller = new AbortController();
    if (abortAfter !== undefined && !this.#schedule.supervised) {
      this.#later(abortAfter, () => {
        // Nobody else may be waiting, and then that ends the attempt.
        this.#stood = false;
        controller.abort(new Error('impatient'));
      });
    }
    const connected = this.#subject.connect({ signal: controller.signal }).then(() => {
      this.#listen();
    });
    this.#watch(`connect ${index}`, connected);
  }

  #leave(): Promise<void> {
    this.#userLeft = true;
    this.#ends += 1;
    return this.#subject.disconnect();
  }

  #small(what: 'ping' | 'watch' | 'unwatch' | 'log', index: number): void {
    const client = this.#subject.client();
    if (client === null) return;
    const acts = {
      ping: () => client.ping(),
      watch: () => client.subscribe('chaos://watched'),
      unwatch: () => client.unsubscribe('chaos://watched'),
      log: () => client.setLogLevel('info'),
    };
    this.#watch(`${what} ${index}`, acts[what]());
  }

  /** Notes how a promise ends that is not one of a call. */
  #watch(name: string, promise: Promise<unknown>): void {
    this.#others.add(name);
    promise.then(
      () => {
        this.#others.delete(name);
        this.note(`${name}: done`);
      },
      (thrown: unknown) => {
        this.#others.delete(name);
        this.note(`${name}: ${describe(thrown)}`);
      },
    );
  }

  #call(step: CallStep, index: number): void {
    const client = this.#subject.client();
    if (client === null) return;
    const { timeout, maxTotalTimeout, abortAfter, progress, retry } = step;
    const policy = retry ?? this.#schedule.options.retry ?? 'auto';
    const reads = step.do === 'list' || step.do === 'read' || step.do === 'look';
    // That it only reads the client knows when it has seen the list.
    const known = step.do !== 'look' || (this.#toolsKnown && !this.#announced);
    const call: Call = {
      key: `${this.#schedule.seed}-${index}-${step.do}`,
      step,
      startedAt: this.#environment.now(),
      safe: policy === 'safe' || (policy === 'auto' && reads && known),
      once: policy === 'never' || (policy === 'auto' && !reads),
      connectedAtStart: this.#state !== undefined && this.#state !== 'closed' && this.#state !== 'idle',
      linksBefore: this.#links,
      endsBefore: this.#ends,
      handshakesBefore: this.#handshakes,
      abortedAt: undefined,
      settled: undefined,
    };
    this.#calls.push(call);
    this.#counts.calls += 1;
    const controller = new AbortController();
    if (abortAfter !== undefined) {
      this.#later(abortAfter, () => {
        if (call.settled === undefined) call.abortedAt = this.#environment.now();
        controller.abort(new Error(`abort of ${call.key}`));
      });
    }
    const options = {
      ...(timeout !== undefined && { timeout }),
      ...(maxTotalTimeout !== undefined && { maxTotalTimeout }),
      ...(retry !== undefined && { retry }),
      ...(abortAfter !== undefined && { signal: controller.signal }),
      ...(progress && {
        onProgress: () => {
          if (call.settled !== undefined) this.wrong(`${call.key} reports progress after it was settled`);
        },
      }),
    };
    this.#make(client, call, options).then(
      (value) => {
        this.#settle(call, { value });
      },
      (error: unknown) => {
        this.#settle(call, { error });
      },
    );
  }

  async #make(client: MCPClient, { step, key }: Call, options: object): Promise<unknown> {
    switch (step.do) {
      case 'list': {
        const tools = await client.listTools({ useCache: false, ...options });
        this.#toolsKnown = true;
        return tools.length === 3 ? key : `${tools.length} tools`;
      }
      case 'read': {
        const { contents } = await client.readResource(`chaos://${key}?${step.takes}`, options);
        return (contents[0] as { text: string }).text;
      }
      default:
        return textOf(await client.callTool(step.do, { key, takes: step.takes }, options));
    }
  }

  #settle(call: Call, outcome: { value?: unknown; error?: unknown }): void {
    if (call.settled !== undefined) this.wrong(`${call.key} was settled twice`);
    call.settled = { at: this.#environment.now(), ...outcome };
    const { error } = outcome;
    this.note(`${call.key}: ${error === undefined ? 'succeeded' : describe(error)}`);
    if (error === undefined) this.#counts.succeeded += 1;
    else if (!MCPError.isInstance(error)) this.#counts.aborted += 1;
    else if (error.code === 'MCP_TIMEOUT') this.#counts.timedOut += 1;
    else if (error.delivery === 'not-sent') this.#counts.notSent += 1;
    else if (error.delivery === 'unknown') this.#counts.lost += 1;
    else this.#counts.other += 1;
    // What was known at the end of the call, before it is forgotten.
    if (error !== undefined && call.safe) this.#judgeSafe(call, error);
    this.#judgeTime(call, call.settled.at, error);
  }

  /** A call that may be repeated fails only for want of time, or of a server to talk to, or because the user wants it to. */
  #judgeSafe(call: Call, error: unknown): void {
    const { fair, options } = this.#schedule;
    if (!MCPError.isInstance(error) || error.delivery === 'answered') return;
    if (error.code === 'MCP_TIMEOUT') {
      if (fair) this.wrong(`${call.key} timed out although nothing disappears`);
      return;
    }
    if (!call.connectedAtStart || this.#ends > call.endsBefore || options.autoReconnect !== true) return;
    if (error.code === 'MCP_QUEUE_FULL' && !fair) return;
    // A server may refuse each token, and its authorization server may be away.
    if (error.name === 'MCPAuthenticationError' || error.code === 'MCP_AUTH_UNREACHABLE') return;
    if (error.code === 'MCP_NOT_CONNECTED' && options.whenDisconnected === 'fail') return;
    // Where each request has an exchange of its own, one is given up when the next try would come too late.
    const perRequest = this.#client?.transport.framing === 'per-request';
    if (!fair && perRequest && error.code === 'MCP_TRANSPORT_FAILED') return;
    const hits = this.#backstage.hits?.(call.step.do === 'list' ? 'tools/list' : call.key) ?? 0;
    // A request that was lost five times is not sent again.
    if (this.#links - call.linksBefore + hits >= 4) return;
    // Nor is one that came to three servers that did not know the session, the first two of which made the client shake hands.
    if (error.code === 'MCP_SESSION_LOST' && this.#handshakes - call.handshakesBefore >= 2) return;
    this.wrong(`${call.key} is safe to repeat and failed: ${describe(error)}`);
  }

  #judgeTime({ key, step, startedAt, abortedAt }: Call, at: number, error: unknown): void {
    const late = this.#late;
    if (abortedAt !== undefined && at - abortedAt > late) {
      this.wrong(`${key} was settled ${at - abortedAt} ms after it was aborted`);
    }
    // Two pages, and both once more when the session changed between them.
    const pages = step.do === 'list' ? 4 : 1;
    const timeout = (step.timeout ?? this.#schedule.options.timeout ?? 30_000) * pages;
    // The servers report the progress of each tool call, which restarts its timeout.
    const reports = step.progress || step.do === 'look' || step.do === 'act' || step.do === 'fail';
    const limit = Math.min(reports ? Infinity : timeout, step.maxTotalTimeout ?? Infinity);
    if (at - startedAt > limit + late) this.wrong(`${key} took ${at - startedAt} ms, its limit is ${limit}`);
    const early = MCPError.isInstance(error) && error.code === 'MCP_TIMEOUT';
    if (early && at - startedAt < Math.min(timeout / pages, step.maxTotalTimeout ?? Infinity) - 1) {
      this.wrong(`${key} timed out after ${at - startedAt} ms already`);
    }
  }

  #judge({ key, step, once, settled }: Call): void {
    if (settled === undefined) return;
    const { error, value } = settled;
    const runs = this.#ledger.runs(key);
    if (error === undefined && value !== key) this.wrong(`${key} got the answer of another: ${String(value)}`);
    if (step.do === 'list') return;
    const delivery = MCPError.isInstance(error) ? error.delivery : undefined;
    if (MCPError.isInstance(error) && delivery === undefined) this.wrong(`${key} does not say whether it was sent`);
    if (delivery === 'not-sent' && runs > 0) this.wrong(`${key} was reported not-sent and ran`);
    // What a server says with a status alone may be that it does not want to run it.
    const refused = MCPError.isInstance(error) && error.code === 'MCP_HTTP_STATUS';
    if (delivery === 'answered' && runs === 0 && !refused) this.wrong(`${key} was reported as answered and never ran`);
    if (error === undefined && runs === 0) this.wrong(`${key} succeeded and never ran`);
    if (once && runs > 1) this.wrong(`${key} may not be repeated and ran ${runs} times`);
  }
}

function textOf({ content }: { content: readonly unknown[] }): unknown {
  return (content[0] as { text?: unknown } | undefined)?.text;
}

function describe(thrown: unknown): string {
  if (!MCPError.isInstance(thrown)) return String(thrown);
  return `${thrown.name} ${thrown.code} ${thrown.delivery ?? ''}: ${thrown.message}`;
}
