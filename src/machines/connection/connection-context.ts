import type { BackoffPolicy } from '../../util/retry-policy.js';
import type { Failure } from '../../util/failure.js';
import type { HealthCheck } from '../../diagnostics/health-score.js';
import type { Acceptable, Answer } from '../../protocol/negotiation.js';
import type { RestartBudget } from '../../util/restart-budget.js';
import type { Era, MCPProtocolVersion } from '../../protocol/revisions.js';
import type { LoggingLevel } from '../../protocol/schema/index.js';
import type { Session } from '../../protocol/session.js';

/**
 * The public states of a connection. `degraded`: the last health check was missed; calls go on as in `ready`, and three misses in a row with no
 * request in flight end the connection. `reconnecting`: the client waits before it opens the next link.
 */
export type ConnectionState = 'idle' | 'connecting' | 'initializing' | 'ready' | 'degraded' | 'reconnecting' | 'closed';

/** What a connection was told to do about trouble; set once, when it is made. */
export interface ConnectionPolicy {
  /** Whether a lost link is opened again. */
  readonly autoReconnect: boolean;
  /** Failed attempts in a row after which it gives up. */
  readonly maxReconnectAttempts: number;
  readonly backoff: BackoffPolicy;
  /** How often it may be lost although each time it came back. */
  readonly restarts: RestartBudget;
  /** Whether a first connect that failed is tried again like a lost link. */
  readonly retryInitialConnect: boolean;
  /** Milliseconds for one attempt to connect when nobody waits with a deadline of his own. */
  readonly connectTimeout: number;
  /** Milliseconds without a response to `server/discover` after which the client also sends `initialize`. */
  readonly probeTimeout: number;
  readonly acceptable: Acceptable;
}

/** What the user asked for that a new session has to be told again. */
export interface DesiredState {
  readonly logLevel: LoggingLevel | undefined;
  /** Resources whose changes are wanted. */
  readonly resources: readonly string[];
  /** Lists whose changes are wanted. */
  readonly lists: readonly ('tools' | 'prompts' | 'resources')[];
}

/** Somebody who waits for `connect()`, until a time. */
export interface Waiter {
  readonly id: number;
  readonly deadline: number;
  /** The length of the wait in milliseconds, for the error. */
  readonly timeout: number;
}

/** The negotiation request that was sent last. */
export interface NegotiationStep {
  readonly version: MCPProtocolVersion;
  /** The server named this version after it had refused another. */
  readonly corrected: boolean;
  /** Why a response to `server/discover` was invalid although it looked like that of a modern server. */
  readonly doubt?: Failure | undefined;
  /** Why the server refused `initialize`, in the state `refused`. */
  readonly refusal?: Failure | undefined;
}

/**
 * Why the client connects:
 * - `connect`: the first attempt since `connect()`. It lasts as long as a caller waits.
 * - `retry`: another attempt, since that one failed. `retryInitialConnect` allows more of them.
 * - `recover`: an established connection was lost. It needs no caller, and `autoReconnect` allows it.
 *
 * It is no state of the chart: each state from `connecting` to `restoring`, and `reconnecting`, would be there three times.
 */
export type Purpose = 'connect' | 'retry' | 'recover';

/** Everything a connection knows. Only facts: no sockets, maps or promises. */
export interface ConnectionFacts {
  readonly policy: ConnectionPolicy;
  /** Whether each request has an exchange of its own, so that there is no link whose silence means anything. */
  readonly perRequest: boolean;
  readonly desired: DesiredState;
  /** The number of the link; each link has its own. */
  readonly epoch: number;
  readonly waiters: readonly Waiter[];
  /** The time at which a recovering attempt is given up whoever waits; Infinity while there is none. */
  readonly attemptDeadline: number;
  /** The time for which the timer is set: the earliest of all these deadlines. */
  readonly armedFor: number;
  readonly purpose: Purpose;
  /** Attempts to recover since the connection last stood for a while. */
  readonly attempts: number;
  /** When the connection was lost while it stood, as far as that counts. */
  readonly losses: readonly number[];
  /** The era of the server, once known. It outlives the link. */
  readonly era: Era | undefined;
  readonly negotiation: NegotiationStep;
  /** How the server ended on `server/discover`, while its second start is under way; the cause of what fails then. */
  readonly firstEnding: Failure | undefined;
  readonly session: Session | undefined;
  /** Why the connection was lost or closed; undefined when the user asked for it. */
  readonly failure: Failure | undefined;
  /** Milliseconds until the next attempt. */
  readonly delay: number;
  /** Milliseconds until the last deadline of a first connect that the server put off; Infinity for any other attempt. */
  readonly patience: number;
  /** Milliseconds between health checks; 0 for none. */
  readonly healthInterval: number;
  readonly checks: readonly HealthCheck[];
  /** The time at which the session was established; undefined while there is none. */
  readonly establishedAt: number | undefined;
  readonly lastConnected: number | undefined;
  readonly connectionCount: number;
  /**
   * The session that another client exported, until a link has taken or refused it. It is no state of the chart: it is kept over lost links, so
   * each state in which a link is opened or awaited would be there twice.
   */
  readonly inherited: Session | undefined;
  /** Whether another client began the current session, or the last one. It decides nothing in the chart and outlives the session. */
  readonly resumed: boolean;
  /**
   * Whether the last session was exported by `suspend()`. It only selects the reason that callers receive; as a state it would double
   * `closed` with all its transitions.
   */
  readonly suspended: boolean;
  readonly errorCount: number;
  /** Milliseconds of all sessions that are over. */
  readonly pastUptime: number;
}

/** What a connection starts from. */
export interface ConnectionInput {
  readonly policy: ConnectionPolicy;
  readonly perRequest: boolean;
  readonly era: Era | undefined;
  readonly healthInterval: number;
  readonly inherited?: Inheritance | undefined;
}

/** What another client left behind, as far as it decides what happens. */
export interface Inheritance {
  readonly session: Session;
  readonly desired: DesiredState;
}

/** Everything that can happen to a connection. */
export type ConnectionEvent =
  // Asked for by the user.
  | { readonly type: 'connect'; readonly waiter: Waiter }
  /** To wait for a session that somebody else asked for. */
  | { readonly type: 'join'; readonly waiter: Waiter }
  | { readonly type: 'leave'; readonly waiter: number }
  | { readonly type: 'disconnect' }
  /** To close, and leave the session for another client to go on with. */
  | { readonly type: 'suspend' }
  | ConnectionWish
  // Told by the link.
  | { readonly type: 'link.opened' }
  | { readonly type: 'link.closed'; readonly failure: Failure }
  /** The server has forgotten the session; the link goes on. */
  | { readonly type: 'session.lost' }
  // Answers to the questions of negotiation and restoring.
  | { readonly type: 'discovered'; readonly answer: Answer }
  | { readonly type: 'shook'; readonly answer: Answer }
  | { readonly type: 'restored' }
  // Whether the link goes on with the session that was inherited.
  | { readonly type: 'resume.taken' }
  | { readonly type: 'resume.refused' }
  /** Negotiation cannot go on. */
  | { readonly type: 'attempt.failed'; readonly failure: Failure }
  // Told by the health monitor.
  | { readonly type: 'health.checked'; readonly check: HealthCheck }
  | { readonly type: 'health.suspect' }
  | { readonly type: 'health.recovered' }
  | { readonly type: 'health.failed'; readonly failure: Failure }
  // Told by the clock.
  | { readonly type: 'deadline' };

/** What the user may tell a connection without waiting for anything. */
export type ConnectionWish =
  | { readonly type: 'reconnect' }
  | { readonly type: 'desire'; readonly desired: Partial<DesiredState> }
  | { readonly type: 'monitor'; readonly interval: number };
