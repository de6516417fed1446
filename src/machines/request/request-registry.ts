import { createActor } from 'xstate';
import type { ActorRefFrom } from 'xstate';

import type { Environment } from '../../util/environment.js';
import { withDelivery } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import type { Session } from '../../protocol/session.js';
import { RequestFailure } from './outcome.js';
import type { Outcome } from './outcome.js';
import { RequestActions } from './request-actions.js';
import type { RequestPorts } from './request-actions.js';
import { failureOfRejected } from './request-failures.js';
import type { Gate, RequestsLogic, RequestsPorts } from './request-gate.js';
import { createRequestLogic } from './request-logic.js';
import type { RequestLogic } from './request-logic.js';
import { NO_REQUEST, RequestRecord } from './request-record.js';
import type { RequestSpec } from './request-spec.js';
import { RequestsInFlight } from './requests-in-flight.js';

/** What the registry needs from its connection. */
export interface RequestRegistryPorts extends RequestPorts {
  /** Whether actors are reused. Off when an inspector takes each actor for a request. */
  readonly pooled: boolean;
  /** Reports a fault in a response that is used all the same. */
  readonly tolerate: (fault: Failure) => void;
}

/** How many idle actors are kept for reuse. */
const LARGEST_POOL = 1_024;

/** States in which a request is neither in flight nor waiting for input. */
const WAITING: ReadonlySet<string> = new Set(['idle', 'queued', 'backingOff']);

const IGNORE = (): void => undefined;

const SUBMIT = { type: 'submit' } as const;

/** The executor of every outcome promise: one function for all of them, so that a request costs no closure. */
let lastResolve: (outcome: Outcome) => void;
const captureResolve = (resolve: (outcome: Outcome) => void): void => {
  lastResolve = resolve;
};

/**
 * The pending requests of one connection. Each is an actor that decides by the request chart: it is found by its id when its response comes,
 * waits in the queue while there is no session, and times out at its deadline.
 */
export class RequestRegistry extends RequestActions implements RequestsPorts {
  readonly #environment: Environment;
  readonly #pooled: boolean;
  readonly #requestLogic: RequestLogic;
  readonly #pool: RequestRecord[] = [];
  #self: ActorRefFrom<RequestsLogic> | undefined;

  /** The requests that were sent and have no response yet. */
  readonly inFlight: RequestsInFlight;

  constructor(ports: RequestRegistryPorts) {
    super(ports);
    const { environment, pooled, tolerate } = ports;
    this.#environment = environment;
    this.#pooled = pooled;
    this.inFlight = new RequestsInFlight({
      environment,
      ring: this.ring,
      frames: this.frames,
      rounds: this.rounds,
      session: () => this.session,
      tolerate,
      flush: () => {
        this.flush();
      },
    });
    this.#requestLogic = createRequestLogic(this, pooled, (record) => this.#recycle(record));
  }

  /** How many requests are in flight, how many are queued, and how many wait for input. */
  get counts(): { readonly inFlight: number; readonly queued: number; readonly asking: number } {
    return { inFlight: this.ring.size, queued: this.queue.size, asking: this.rounds.records.length };
  }

  /** The highest id that was used. */
  get lastId(): number {
    return this.ring.last;
  }

  /** Makes a request and promises its outcome. Never rejects. */
  submit(spec: RequestSpec): Promise<Outcome> {
    const record = this.#acquire();
    const outcome = new Promise(captureResolve);
    record.start(spec, lastResolve);
    const now = this.#environment.now();
    record.idleDeadline = (spec.since ?? now) + spec.timeout;
    this.deadlines.add(record, now);
    const { signal, direct } = spec;
    record.actor.send(SUBMIT);
    if (signal !== undefined) this.#listen(record, signal);
    if (direct) this.admitDirectly(record, now);
    else if (this.gate === 'open') this.flush(now);
    else this.admit(record);
    return outcome;
  }

  #listen(record: RequestRecord, signal: AbortSignal): void {
    try {
      if (signal.aborted) this.abort(record, signal.reason);
      else this.aborts.add(signal, record);
    } catch (thrown) {
      // The value only looks like an AbortSignal, so it could never cancel the request.
      this.abort(record, thrown);
    }
  }

  begin(self: ActorRefFrom<RequestsLogic>): void {
    this.#self = self;
  }

  /**
   * Rejects all requests without their charts, after an exception inside the connection, and forgets their actors, whose parent is gone.
   */
  abandon(why: Failure): void {
    this.gate = 'closed';
    this.closedBecause = withDelivery(why, 'not-sent');
    this.session = undefined;
    this.#pool.length = 0;
    for (const record of this.forgetAll()) {
      const waits = WAITING.has(record.snapshot.value);
      const end = waits ? failureOfRejected(record, why) : withDelivery(why, 'unknown');
      this.settle(record, RequestFailure.failed(end));
      record.life += 1;
    }
  }

  gateMoved(gate: Gate): void {
    this.gate = gate;
  }

  open(session: Session): void {
    this.deadlines.open(true);
    this.session = session;
    this.flush();
  }

  pause(): void {
    this.session = undefined;
    // If the session is lost and not the link, the server would refuse them.
    for (const record of this.ring.all()) if (!record.spec.direct) this.cancelUnsent(record);
  }

  close(why: Failure): void {
    this.closedBecause = why;
    for (const record of [...this.ring.all(), ...this.sleeping, ...this.rounds.records, ...this.queue.takeAll()]) {
      this.cancelUnsent(record);
      record.actor.send({ type: 'reject', failure: why });
    }
    // Not before: how requests are cancelled depends on the era.
    this.session = undefined;
    this.deadlines.open(false);
  }

  lose(why: Failure): void {
    for (const record of this.ring.all()) {
      if (!this.cancelUnsent(record)) record.actor.send({ type: 'lose', failure: why });
      else if (record.spec.failFast) record.actor.send({ type: 'reject', failure: why });
    }
  }

  holdQueued(): void {
    for (const record of this.queue.all()) this.deadlines.hold(record);
  }

  releaseQueued(): void {
    for (const record of this.queue.all()) this.deadlines.release(record);
  }

  #acquire(): RequestRecord {
    const record = this.#pool.pop();
    if (record !== undefined) return record;
    const fresh = new RequestRecord();
    if (this.#self === undefined) throw new Error('A request was submitted before the connection started');
    fresh.parent = this.#self;
    fresh.actor = createActor(this.#requestLogic, { parent: this.#self, input: fresh });
    fresh.actor.start();
    return fresh;
  }

  /** Empties a record, and keeps it for reuse while there is room. */
  #recycle(record: RequestRecord): boolean {
    record.resolve = IGNORE;
    record.life += 1;
    // Inspectors show ended requests, too.
    if (!this.#pooled) return false;
    record.spec = NO_REQUEST;
    record.input = undefined;
    record.leader = undefined;
    const kept = this.#pool.length < LARGEST_POOL && record.parent === this.#self;
    if (kept) this.#pool.push(record);
    return kept;
  }
}
