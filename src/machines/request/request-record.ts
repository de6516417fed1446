import type { ActorRefFrom, Snapshot } from 'xstate';

import type { Failure } from '../../util/failure.js';
import type { Input } from '../../protocol/server-requests/input-required.js';
import type { Params } from '../../protocol/messages/json-rpc.js';
import { methodEntry } from '../../protocol/methods.js';
import type { MethodEntry } from '../../protocol/methods.js';
import type { Progress } from '../../protocol/progress.js';
import type { Asking } from './input-rounds.js';
import type { ProgressGate } from './progress-throttle.js';
import type { RequestFacts } from './request-machine.js';
import type { RequestEffects, RequestLogic } from './request-actions.js';

/** How a request ended when it did not succeed. A class, so that an outcome is told from any result by one check. */
export class RequestFailure {
  readonly failure: Failure | undefined;
  /** What the caller's signal was aborted with; only without a failure. */
  readonly reason: unknown;

  private constructor(failure: Failure | undefined, reason: unknown) {
    this.failure = failure;
    this.reason = reason;
  }

  static failed(failure: Failure): RequestFailure {
    return new RequestFailure(failure, undefined);
  }

  static aborted(reason: unknown): RequestFailure {
    return new RequestFailure(undefined, reason);
  }
}

/** The result of a request, or why there is none. */
export type Outcome = Readonly<Record<string, unknown>> | RequestFailure;

/** What the caller wants. */
export interface RequestSpec {
  readonly method: string;
  readonly params: Params | undefined;
  readonly entry: MethodEntry;
  /** Milliseconds until it is given up, queueing included; Infinity for never. */
  readonly timeout: number;
  /** The time from which `timeout` counts at first; undefined: from when it is made. */
  readonly since: number | undefined;
  /** The time at which it is given up whatever happens; Infinity for never. */
  readonly totalDeadline: number;
  /** The length of that, for messages. */
  readonly maxTotalTimeout: number | undefined;
  /** Whether it may be sent again when its answer was lost. */
  readonly repeatable: boolean;
  /** Sent at once over a link whose negotiation is not over yet. Only the connection itself asks such questions. */
  readonly direct: boolean;
  /** The peer is not told when it is given up. Cancelling `initialize` is forbidden, for instance. */
  readonly quiet: boolean;
  /** It fails at once when it would have to wait for a link. */
  readonly failFast: boolean;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ((progress: Progress) => unknown) | undefined;
  /** Headers of its own, where the transport has headers. */
  readonly headers: Readonly<Record<string, string>> | undefined;
  /**
   * Requests with the same method, parameters and number may share one response: this one takes that of a request with its first number, and
   * others may take that of this one by any of its numbers.
   */
  readonly sharing: readonly number[] | undefined;
  /** Hears the notifications of the stream that this request opened, and says whether it asked for them. Must not throw. */
  readonly onNotice: ((method: string, params: Params | undefined) => boolean) | undefined;
}

/** Whether the progress token of a request is its id. Without a listener, a token that the caller put into `_meta` is left as it is. */
export function carriesProgressToken({ entry, onProgress, params }: RequestSpec): boolean {
  if (onProgress !== undefined) return true;
  const own = params?._meta;
  return entry.reportsProgress === true && !(typeof own === 'object' && own !== null && 'progressToken' in own);
}

/** What an idle record holds, so that it keeps nothing of its last request alive. */
export const NOTHING: RequestSpec = {
  method: '',
  params: undefined,
  entry: methodEntry(''),
  timeout: Infinity,
  since: undefined,
  totalDeadline: Infinity,
  maxTotalTimeout: undefined,
  repeatable: false,
  direct: false,
  quiet: true,
  failFast: false,
  signal: undefined,
  onProgress: undefined,
  onNotice: undefined,
  headers: undefined,
  sharing: undefined,
};

/** The snapshot of a request actor. While actors are pooled there is one object for each actor, changed in place. */
export interface RequestSnapshot extends Record<string, unknown> {
  status: Snapshot<unknown>['status'];
  value: string;
  output: undefined;
  error: undefined;
  context: RequestRecord;
}

/** Everything about one request in flight. Records and their actors are reused: nothing may keep one beyond its outcome. */
export class RequestRecord implements RequestFacts {
  spec = NOTHING;
  actor!: ActorRefFrom<RequestLogic>;
  /** The actor that hears of it when this one throws. */
  parent: unknown = undefined;
  /** What the actions of the chart do: the same for all requests of a connection. */
  effects!: RequestEffects;
  snapshot: RequestSnapshot;

  /** How many requests this record has been that are over. What was started for one of them must not touch it any more, nor a later one. */
  life = 0;
  repeatable = false;
  attempts = 0;
  refusals = 0;
  rounds = 0;
  /** How often it was sent in the rounds before this one. */
  earlierAttempts = 0;
  /** What goes with it in this round. */
  input: Input | undefined = undefined;
  /** Those who are asked for input at the moment. */
  asking: Asking | undefined = undefined;

  /** The JSON-RPC id of the attempt in flight; also its progress token. No two attempts have the same. */
  id = 0;
  /** When that attempt was sent; later by the time for which the server waited for this side. */
  sentAt = 0;
  resolve!: (outcome: Outcome) => void;

  /** Its index in the queue while it waits there, else -1. */
  place = -1;

  /** The request whose response it waits for, if that is not its own; and those that wait for the response to this one. */
  leader: RequestRecord | undefined = undefined;
  followers: Set<RequestRecord> | undefined = undefined;

  /** What lets its progress through, once there was some. */
  progress: ProgressGate | undefined = undefined;

  /** When the present wait ends, and when the whole ends. */
  idleDeadline = Infinity;
  /** For how many things the server waits before it goes on with this, and since when: the present wait does not end meanwhile. */
  holds = 0;
  heldSince = 0;
  wake: unknown = undefined;

  /** What whoever watches the request keeps of it. */
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
    this.refusals = 0;
    this.rounds = 0;
    this.earlierAttempts = 0;
    this.snapshot.value = 'idle';
  }

  /** The server has answered, but not with a result. What is sent next is another request, as far as losing it goes. */
  beginRound(): void {
    this.earlierAttempts += this.attempts;
    this.attempts = 0;
    this.refusals = 0;
    this.rounds += 1;
    this.input = undefined;
  }

  /** The earlier of the two deadlines. */
  get deadline(): number {
    const { totalDeadline } = this.spec;
    return this.holds > 0 ? totalDeadline : Math.min(this.idleDeadline, totalDeadline);
  }

  /** What inspectors show: the facts, and nothing of the machinery. */
  toJSON(): object {
    const { id, attempts, refusals, rounds, repeatable, deadline } = this;
    const { method, params, timeout } = this.spec;
    const asks = this.asking?.methods;
    return {
      ...{ method, params, id, attempts, refusals, repeatable, timeout, deadline },
      ...(rounds > 0 && { rounds }),
      ...(asks !== undefined && { asks }),
    };
  }
}
