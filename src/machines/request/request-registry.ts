import { createActor } from 'xstate';
import type { ActorRefFrom } from 'xstate';

import type { Environment } from '../../util/environment.js';
import type { BackoffPolicy } from '../../util/retry-policy.js';
import { failure, withDelivery } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import { FrameLog } from '../../diagnostics/frame-log.js';
import { refusalOf } from '../../protocol/methods.js';
import { inputOfAnotherEra } from '../../protocol/server-requests/input-required.js';
import type { NeededInput } from '../../protocol/server-requests/input-required.js';
import type { SessionMeta } from '../../protocol/request-meta.js';
import type { ProgressNotificationParams } from '../../protocol/schema/index.js';
import type { Session } from '../../protocol/session.js';
import type { Link } from '../../transports/link.js';
import type { Framing } from '../../transports/transport.js';
import { AbortWatch } from './abort-watch.js';
import { Deadlines } from './deadlines.js';
import { IdRing } from './id-ring.js';
import { InputRounds } from './input-rounds.js';
import type { InputSource } from './input-rounds.js';
import { fateOf, timedOut } from './request-failures.js';
import { createRequestLogic } from './request-actions.js';
import type { RequestLogic } from './request-actions.js';
import type { Gate, RequestsEvent, RequestsLogic, RequestsPorts } from './request-gate.js';
import { ProgressGate } from './progress-throttle.js';
import { RequestQueue } from './request-queue.js';
import { RequestFailure } from './outcome.js';
import { NO_REQUEST, RequestRecord } from './request-record.js';
import type { RequestEffects } from './request-record.js';
import type { Outcome } from './outcome.js';
import type { RequestSpec } from './request-spec.js';
import { RequestSending } from './request-sending.js';
import { RequestsInFlight } from './requests-in-flight.js';

/** What the registry needs from its surroundings. */
export interface RequestRegistryPorts {
  readonly environment: Environment;
  readonly maxQueued: number;
  /** The highest id that was used in this session before. Default 0. */
  readonly lastId?: number;
  /** Reuse actors. Off when somebody inspects them who takes each for a request. */
  readonly pooled: boolean;
  /** Calls a function of the user; what it throws is reported and goes no further. */
  readonly callUser: (purpose: string, fn: () => unknown) => void;
  /** How messages share the link that is open. */
  readonly framing: () => Framing;
  /** How long a request waits for a server that cannot be reached for a moment; undefined when it does not. */
  readonly reconnect: BackoffPolicy | undefined;
  /** Who answers what the server has to know before it goes on with a request. */
  readonly input: InputSource;
  /** Reports a fault in an answer that is handed out all the same. */
  readonly tolerate: (fault: Failure) => void;
  /** Called when several exchanges in a row got no response at all. */
  readonly unreachable: (failure: Failure) => void;
}

/** How many idle actors are kept for reuse. */
const LARGEST_POOL = 1_024;

/** States of a request that is not in flight. */
const WAITING: ReadonlySet<string> = new Set(['idle', 'queued', 'backingOff']);

const IGNORE = (): void => undefined;

const SUBMIT = { type: 'submit' } as const;
const DISPATCH = { type: 'dispatch' } as const;

/** The executor of every outcome promise: one function for all of them, so that a request costs no closure. */
let lastResolve: (outcome: Outcome) => void;
const captureResolve = (resolve: (outcome: Outcome) => void): void => {
  lastResolve = resolve;
};

/**
 * The requests of one connection: an actor for each, found by id when its answer comes, queued while there is no link, and given up
 * at its deadline. The actors decide by their chart; this class carries out what the chart names.
 */
export class RequestRegistry implements RequestsPorts {
  readonly #ports: RequestRegistryPorts;
  readonly #requestLogic: RequestLogic;
  readonly #ring: IdRing;
  readonly #deadlines: Deadlines;
  readonly #aborts = new AbortWatch((record, reason) => {
    this.#abort(record, reason);
  });
  readonly #pool: RequestRecord[] = [];
  readonly #queue = new RequestQueue();
  /** Those that wait for a time at which to be sent again. */
  readonly #sleeping = new Set<RequestRecord>();
  /** Those of which the server has to know something first. */
  readonly #rounds: InputRounds;
  readonly #sending: RequestSending;
  #gate: Gate = 'refusing';
  #refusal: Failure = failure('connection', 'MCP_NOT_CONNECTED', 'Not connected', { delivery: 'not-sent' });
  #self: ActorRefFrom<RequestsLogic> | undefined;
  #session: Session | undefined;

  /** Those that were sent and not answered yet, for what comes in. */
  readonly inFlight: RequestsInFlight;
  /** The last messages that went by, in both directions. */
  readonly frames = new FrameLog();

  constructor(ports: RequestRegistryPorts) {
    this.#ports = ports;
    this.#ring = new IdRing(ports.lastId);
    const { environment, callUser, framing, reconnect, unreachable } = ports;
    this.#sending = new RequestSending({
      environment,
      ring: this.#ring,
      frames: this.frames,
      callUser,
      framing,
      reconnect,
      unreachable,
      session: () => this.#session,
      flowing: () => this.#gate === 'flowing',
      flush: () => {
        this.#flush();
      },
    });
    this.#deadlines = new Deadlines(environment, (record) => {
      this.#sending.cancelUnsent(record);
      record.actor.send({ type: 'expire', failure: timedOut(record) });
      this.#sendShared();
    });
    this.#rounds = new InputRounds({
      source: ports.input,
      session: () => this.#session,
      random: () => environment.random(),
      proceed: (record) => {
        if (this.#gate === 'flowing') this.#flush();
        else this.#keepOrRefuse(record);
      },
    });
    this.inFlight = new RequestsInFlight({
      environment,
      ring: this.#ring,
      frames: this.frames,
      rounds: this.#rounds,
      session: () => this.#session,
      tolerate: ports.tolerate,
    });
    this.#requestLogic = createRequestLogic(this.#effects(), ports.pooled, (record) => this.#recycle(record));
  }

  /** Takes the link that requests are written to; undefined when there is none any more. */
  useLink(link: Link | undefined): void {
    this.#sending.useLink(link);
  }

  /** A message was received, whatever it says: the server can be reached. */
  heard(): void {
    this.#sending.heard();
  }

  /** Takes the metadata that goes with every request from now on. */
  useMeta(meta: SessionMeta): void {
    this.#sending.meta = meta;
  }

  /** The metadata that goes with every request but those of the connection itself. */
  get meta(): SessionMeta {
    return this.#sending.meta;
  }

  /** How many requests are in flight, how many wait for a link, and for how many somebody is asked what the server has to know. */
  get counts(): { readonly inFlight: number; readonly queued: number; readonly asking: number } {
    return { inFlight: this.#ring.size, queued: this.#queue.size, asking: this.#rounds.size };
  }

  /** The highest id that was used. */
  get lastId(): number {
    return this.#ring.last;
  }

  /** Makes a request and promises its outcome. Never rejects. */
  submit(spec: RequestSpec): Promise<Outcome> {
    const record = this.#acquire();
    const outcome = new Promise(captureResolve);
    record.start(spec, lastResolve);
    const now = this.#ports.environment.now();
    record.idleDeadline = (spec.since ?? now) + spec.timeout;
    this.#deadlines.add(record, now);
    const { signal, direct } = spec;
    record.actor.send(SUBMIT);
    if (signal !== undefined) this.#listen(record, signal);
    if (direct) this.#dispatchDirectly(record, now);
    else if (this.#gate === 'flowing') this.#flush(now);
    else this.#keepOrRefuse(record);
    return outcome;
  }

  #listen(record: RequestRecord, signal: AbortSignal): void {
    try {
      if (signal.aborted) this.#abort(record, signal.reason);
      else this.#aborts.add(signal, record);
    } catch (thrown) {
      // The value only looks like an AbortSignal, so it could never cancel the request.
      this.#abort(record, thrown);
    }
  }

  /** The caller gave up. */
  #abort(record: RequestRecord, reason: unknown): void {
    this.#sending.cancelUnsent(record);
    record.actor.send({ type: 'abort', reason });
    this.#sendShared();
  }

  /** Sends those that shared a request that was taken back. */
  #sendShared(): void {
    if (this.#queue.size > 0 && this.#gate === 'flowing') this.#flush();
  }

  #dispatchDirectly(record: RequestRecord, now: number): void {
    this.#sending.at = now;
    record.actor.send(this.#sending.linked ? DISPATCH : { type: 'refuse', failure: this.#refusal });
  }

  #keepOrRefuse(record: RequestRecord): void {
    if (this.#gate === 'refusing') {
      record.actor.send({ type: 'refuse', failure: this.#refusal });
    } else if (record.spec.failFast) {
      const message = 'Not connected at the moment, and `whenDisconnected` is "fail"';
      record.actor.send({ type: 'refuse', failure: failure('connection', 'MCP_NOT_CONNECTED', message) });
    } else if (this.#queue.size > this.#ports.maxQueued) {
      const limit = this.#ports.maxQueued;
      const message = `${limit} requests wait for the connection already, which is the limit \`maxQueued\``;
      record.actor.send({
        type: 'refuse',
        failure: failure('connection', 'MCP_QUEUE_FULL', message, { details: { limit } }),
      });
    }
  }

  begin(self: ActorRefFrom<RequestsLogic>): void {
    this.#self = self;
  }

  /**
   * The connection has failed from inside: ends all requests by hand, whatever their actors would do, and forgets them and their actors,
   * which belong to a parent that is gone.
   */
  abandon(why: Failure): void {
    this.#gate = 'refusing';
    this.#refusal = withDelivery(why, 'not-sent');
    this.#session = undefined;
    this.#pool.length = 0;
    this.#queue.clear();
    this.#sending.clear();
    this.#rounds.clear();
    for (const { wake } of this.#sleeping) this.#ports.environment.clearTimeout(wake);
    this.#sleeping.clear();
    for (const record of this.#deadlines.takeAll()) {
      const waits = WAITING.has(record.snapshot.value);
      const fate = waits ? fateOf(record, { type: 'refuse', failure: why }) : withDelivery(why, 'unknown');
      this.#settle(record, RequestFailure.failed(fate));
      record.life += 1;
    }
  }

  get gate(): Gate {
    return this.#gate;
  }

  receive(event: RequestsEvent): void {
    switch (event.type) {
      case 'flow':
        this.#gate = 'flowing';
        this.#deadlines.open(true);
        this.#session = event.session;
        this.#flush();
        break;
      case 'hold':
        this.#gate = 'holding';
        this.#session = undefined;
        // Where the session is lost and not the link, they would only be refused.
        for (const record of this.#ring.all()) if (!record.spec.direct) this.#sending.cancelUnsent(record);
        break;
      case 'refuse': {
        this.#gate = 'refusing';
        this.#refusal = event.failure;
        const waiting = this.#queue.takeAll();
        const all = [...this.#ring.all(), ...this.#sleeping, ...this.#rounds.records, ...waiting];
        for (const record of all) {
          this.#sending.cancelUnsent(record);
          record.actor.send(event);
        }
        // Not before: how the peer is told depends on its era.
        this.#session = undefined;
        this.#deadlines.open(false);
        break;
      }
      case 'lose':
        for (const record of this.#ring.all()) {
          if (!this.#sending.cancelUnsent(record)) record.actor.send(event);
          else if (record.spec.failFast) record.actor.send({ type: 'refuse', failure: event.failure });
        }
        break;
    }
  }

  /** Sends what waits, for as long as there is a link and a session: sending may be what ends them. */
  #flush(now = this.#ports.environment.now()): void {
    this.#sending.at = now;
    this.#queue.drain(this.#dispatchNext);
  }

  readonly #dispatchNext = (record: RequestRecord): boolean => {
    if (!this.#sending.linked || this.#gate !== 'flowing') return false;
    this.#dispatch(record);
    return true;
  };

  #dispatch(record: RequestRecord): void {
    const { method, entry } = record.spec;
    const session = this.#session;
    let refusal = session === undefined ? undefined : refusalOf(method, entry, session);
    if (record.input !== undefined && session?.era === 'legacy') refusal = inputOfAnotherEra(method, session);
    record.actor.send(refusal === undefined ? DISPATCH : { type: 'refuse', failure: refusal });
  }

  #acquire(): RequestRecord {
    const record = this.#pool.pop();
    if (record !== undefined) return record;
    const fresh = new RequestRecord();
    if (this.#self === undefined) throw new Error('Requests are made before the connection was started');
    fresh.parent = this.#self;
    fresh.actor = createActor(this.#requestLogic, {
      parent: this.#self,
      input: fresh,
    });
    fresh.actor.start();
    return fresh;
  }

  #settle(record: RequestRecord, outcome: Outcome): void {
    const { signal } = record.spec;
    if (signal !== undefined) this.#aborts.remove(signal, record);
    if (record.progress !== undefined) {
      record.progress.stop();
      record.progress = undefined;
    }
    this.#deadlines.remove(record);
    record.resolve(outcome);
  }

  /** Empties a record, and keeps it for reuse while there is room. */
  #recycle(record: RequestRecord): boolean {
    record.resolve = IGNORE;
    record.life += 1;
    // Who inspects it wants to see what it was also when it is over.
    if (!this.#ports.pooled) return false;
    record.spec = NO_REQUEST;
    record.input = undefined;
    record.leader = undefined;
    const kept = this.#pool.length < LARGEST_POOL && record.parent === this.#self;
    if (kept) this.#pool.push(record);
    return kept;
  }

  /** What the chart names. */
  #effects(): RequestEffects {
    return {
      enqueue: (record) => {
        this.#queue.add(record);
      },
      dequeue: (record) => {
        this.#queue.remove(record);
      },
      write: (record) => {
        this.#sending.write(record);
      },
      withdraw: (record) => {
        this.#sending.withdraw(record);
        this.#deadlines.releaseAll(record);
      },
      extendDeadline: (record) => {
        this.#deadlines.extend(record);
      },
      holdDeadline: (record) => {
        this.#deadlines.hold(record);
      },
      releaseDeadline: (record) => {
        this.#deadlines.release(record);
      },
      reportProgress: (record, event) => {
        this.#reportProgress(record, event.params as ProgressNotificationParams);
      },
      setWake: (record, event) => {
        this.#sleeping.add(record);
        record.wake = this.#ports.environment.setTimeout(() => {
          record.actor.send({ type: 'elapse' });
          if (this.#gate === 'flowing') this.#flush();
        }, event.delay ?? 0);
      },
      clearWake: (record) => {
        this.#sleeping.delete(record);
        this.#ports.environment.clearTimeout(record.wake);
      },
      ask: (record, event) => {
        // A person may take any time. What counts is how long the whole may take.
        record.idleDeadline = Infinity;
        this.#rounds.ask(record, event.needs as NeededInput);
      },
      dismiss: (record) => {
        this.#rounds.dismiss(record);
      },
      takeInput: (record, { input }) => {
        record.input = input;
      },
      tellPeer: (record, event) => {
        this.#sending.tellPeer(record, event.failure?.message ?? 'The caller gave up');
      },
      succeed: (record, event) => {
        record.progress?.finish();
        this.#settle(record, event.result as Outcome);
      },
      fail: (record, event) => {
        this.#settle(record, RequestFailure.failed(fateOf(record, event)));
      },
      cancel: (record, event) => {
        this.#settle(record, RequestFailure.aborted(event.reason));
      },
      timeOut: (record, event) => {
        this.#settle(record, RequestFailure.failed(event.failure as Failure));
      },
      loseAnswer: (record, event) => {
        this.#settle(record, RequestFailure.failed(withDelivery(event.failure as Failure, 'unknown')));
      },
    };
  }

  #reportProgress(record: RequestRecord, { progress, total, message }: ProgressNotificationParams): void {
    const { onProgress } = record.spec;
    if (onProgress === undefined) return;
    const attempt = record.earlierAttempts + record.attempts;
    record.progress ??= new ProgressGate(this.#ports.environment, (one) => {
      this.#ports.callUser('onProgress', () => onProgress(one));
    });
    record.progress.pass({
      progress,
      attempt,
      ...(total != null && { total }),
      ...(message != null && { message }),
    });
  }
}
