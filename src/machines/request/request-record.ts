import type { ActorRef, EventObject, Snapshot } from 'xstate';

import type { Step } from '../../compiled-chart.js';
import type { Input, NeededInput } from '../../protocol/server-requests/input-required.js';
import type { Outcome } from './outcome.js';
import type { ProgressThrottle } from './progress-throttle.js';
import type { RequestEvent, RequestEventData, RequestFacts } from './request-machine.js';
import { requestSpec } from './request-spec.js';
import type { RequestSpec } from './request-spec.js';

/** The spec of a record that is no request at the moment, so that it keeps nothing of its last request alive. */
export const NO_REQUEST: RequestSpec = requestSpec('', undefined);

/** The snapshot of a request actor. While actors are pooled there is one object for each actor, changed in place. */
export interface RequestSnapshot extends Record<string, unknown> {
  status: Snapshot<unknown>['status'];
  value: string;
  output: undefined;
  error: undefined;
  context: RequestRecord;
}

/** A step of the compiled chart. */
export type RequestStep = Step<RequestRecord, RequestEventData>;

/** The input that the handlers are asked for, for one request. */
export class PendingInput {
  readonly needs: NeededInput;
  readonly controller = new AbortController();
  /** Up to 2025-11-25: the pages that the user has to visit, until the server reports that they are completed. */
  readonly pages: Set<string>;
  readonly responses: Readonly<Record<string, unknown>>[] = [];
  /** How many responses are missing. */
  left: number;

  constructor(needs: NeededInput) {
    const { requests = [], refusal } = needs;
    this.needs = needs;
    this.left = requests.length;
    this.pages = new Set(refusal === undefined ? [] : requests.map(([key]) => key));
  }

  /** The methods of the server requests, for inspectors. */
  get methods(): readonly string[] {
    return (this.needs.requests ?? []).map(([, { method }]) => method);
  }
}

/** The data of one request. Records and their actors are reused: no code may keep a record after its outcome. */
export class RequestRecord implements RequestFacts {
  spec = NO_REQUEST;
  actor!: ActorRef<RequestSnapshot, RequestEvent, EventObject>;
  /** The actor that receives an event when this one throws. */
  parent: unknown = undefined;
  snapshot: RequestSnapshot;
  /** The last step of the request; undefined before its first one. */
  at: RequestStep | undefined = undefined;

  /** How many requests have used this record and ended. Callbacks that belong to an ended request are ignored. */
  life = 0;
  repeatable = false;
  attempts = 0;
  sessionLosses = 0;
  rounds = 0;
  earlierAttempts = 0;
  /** The input for this round. */
  input: Input | undefined = undefined;
  /** The input that handlers are asked for at the moment. */
  asking: PendingInput | undefined = undefined;

  /** The JSON-RPC id of the attempt in flight; also its progress token. No two attempts have the same. */
  id = 0;
  /** When that attempt was sent, plus the time for which the server waited for the client. */
  sentAt = 0;
  resolve!: (outcome: Outcome) => void;

  /** Its index in the queue while it waits there, else -1. */
  place = -1;

  /** The request whose response it shares; and the requests that share the response of this one. */
  leader: RequestRecord | undefined = undefined;
  followers: Set<RequestRecord> | undefined = undefined;

  /** Throttles the progress reports; set at the first report. */
  progress: ProgressThrottle | undefined = undefined;

  /** When `timeout` ends. */
  idleDeadline = Infinity;
  /** For how many server requests the server waits before it continues, and since when. `timeout` is paused meanwhile. */
  holds = 0;
  heldSince = 0;
  wake: unknown = undefined;

  /** Data that an observer keeps with the request. */
  notes: object | undefined = undefined;

  /** Neighbours in the list of deadlines. */
  previous: RequestRecord | undefined = undefined;
  next: RequestRecord | undefined = undefined;

  constructor() {
    this.snapshot = { status: 'active', value: 'idle', output: undefined, error: undefined, context: this };
  }

  /** Begins to be a request. */
  start(spec: RequestSpec, resolve: (outcome: Outcome) => void): void {
    this.spec = spec;
    this.resolve = resolve;
    this.repeatable = spec.repeatable;
    this.attempts = 0;
    this.sessionLosses = 0;
    this.rounds = 0;
    this.earlierAttempts = 0;
    this.snapshot.value = 'idle';
    this.at = undefined;
  }

  /** The earlier of the two deadlines. */
  get deadline(): number {
    const { totalDeadline } = this.spec;
    return this.holds > 0 ? totalDeadline : Math.min(this.idleDeadline, totalDeadline);
  }

  /** The facts that inspectors show. */
  toJSON(): object {
    const { id, attempts, sessionLosses, rounds, repeatable, deadline } = this;
    const { method, params, timeout } = this.spec;
    const asks = this.asking?.methods;
    return {
      ...{ method, params, id, attempts, sessionLosses, repeatable, timeout, deadline },
      ...(rounds > 0 && { rounds }),
      ...(asks !== undefined && { asks }),
    };
  }
}
