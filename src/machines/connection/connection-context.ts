import type { BackoffPolicy } from '../../util/retry-policy.js';
import type { Failure } from '../../util/failure.js';
import type { HealthCheck } from '../../diagnostics/health-score.js';
import type { Acceptable, Answer } from '../../protocol/negotiation.js';
import type { RestartBudget } from '../../util/restart-budget.js';
import type { Era, MCPProtocolVersion } from '../../protocol/revisions.js';
import type { LoggingLevel } from '../../protocol/schema/index.js';
import type { Session } from '../../protocol/session.js';

/**
 * The public states of a connection. `degraded`: the last health check was missed, and calls continue as in `ready`; or calls wait until a
 * person has signed in again. A third miss in a row while no request is in flight ends the link, except over modern HTTP. `reconnecting`: the
 * client waits before it opens the next link.
 */
export type ConnectionState = 'idle' | 'connecting' | 'initializing' | 'ready' | 'degraded' | 'reconnecting' | 'closed';

/** How a connection reacts to failures. It is set when the connection is made, and does not change. */
export interface ConnectionPolicy {
  /** Whether a lost link is opened again. */
  readonly autoReconnect: boolean;
  /** Failed attempts in a row after which the client stops reconnecting. */
  readonly maxReconnectAttempts: number;
  readonly backoff: BackoffPolicy;
  /** How often an established connection may be lost. */
  readonly restarts: RestartBudget;
  /** Whether a failed first connect is tried again, like a lost connection. */
  readonly retryInitialConnect: boolean;
  /** Milliseconds for one connect attempt without callers, which have deadlines of their own. */
  readonly connectTimeout: number;
  /** Milliseconds without a response to `server/discover` after which the client also sends `initialize`. */
  readonly probeTimeout: number;
  readonly acceptable: Acceptable;
}

/** Settings of the user that each new session of the server needs again. */
export interface DesiredState {
  readonly logLevel: LoggingLevel | undefined;
  /** Resources whose changes are wanted. */
  readonly resources: readonly string[];
  /** Lists whose changes are wanted. */
  readonly lists: readonly ('tools' | 'prompts' | 'resources')[];
}

/** A caller that waits for `connect()`, until its deadline. */
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
  readonly handshakeRefusal?: Failure | undefined;
}

/**
 * Why the client connects:
 * - `connect`: the first attempt since `connect()`. It ends when no caller waits any more.
 * - `retry`: another attempt, since that one failed. `retryInitialConnect` allows more of them.
 * - `recover`: an established connection was lost. It needs no caller, and `autoReconnect` allows it.
 *
 * It is not a state of the chart, because each state from `connecting` to `restoring`, and `reconnecting`, would be there three times.
 */
export type Purpose = 'connect' | 'retry' | 'recover';

/** The context of the connection chart. Only data: no sockets, maps or promises. */
export interface ConnectionFacts {
  readonly policy: ConnectionPolicy;
  /** Whether each request has an exchange of its own, so that the silence of one exchange means nothing for the others. */
  readonly perRequest: boolean;
  readonly desired: DesiredState;
  /** The number of the link; each link has its own. */
  readonly epoch: number;
  readonly waiters: readonly Waiter[];
  /** The time at which a connect attempt fails that needs no caller; Infinity at any other time. */
  readonly connectDeadline: number;
  /** The time for which the timer is set: the earliest of these deadlines. */
  readonly armedFor: number;
  /** The time since which these deadlines stand still, because a person is asked to sign in; undefined at any other time. */
  readonly pausedAt: number | undefined;
  readonly purpose: Purpose;
  /** Attempts to reconnect since a session was last established for a while. */
  readonly reconnectAttempts: number;
  /** The times at which the established connection or its session was lost, within the restart window. */
  readonly losses: readonly number[];
  /** The era of the server, once known. It is kept when the link is lost. */
  readonly era: Era | undefined;
  readonly negotiation: NegotiationStep;
  /** How the server ended on `server/discover`, during its second start: the cause of failures at that time. */
  readonly firstEnding: Failure | undefined;
  /** The session of the link, from the end of the negotiation. `establishedAt` says whether it is established. */
  readonly session: Session | undefined;
  /** Why the connection was lost or closed; undefined when the user disconnected. */
  readonly failure: Failure | undefined;
  /** Milliseconds until the next attempt. */
  readonly delay: number;
  /** Milliseconds until the last deadline of a first connect that the server postponed; Infinity for any other attempt. */
  readonly patience: number;
  /** Milliseconds between health checks; 0 for none. */
  readonly healthInterval: number;
  readonly checks: readonly HealthCheck[];
  /** The time at which the session was established; undefined while there is none. */
  readonly establishedAt: number | undefined;
  readonly lastConnected: number | undefined;
  readonly connectionCount: number;
  /**
   * The session that another client exported, until a link has taken or refused it. It is not a state of the chart: it is kept when links are
   * lost, so each state in which a link is opened or awaited would be there twice.
   */
  readonly inherited: Session | undefined;
  /** Whether another client began the current session, or the last one. */
  readonly resumed: boolean;
  /** Whether the server stream of a resumed session continues after the last event that the other client received. */
  readonly streamResumes: boolean;
  /**
   * Whether the last session was exported by `suspend()`. It only selects the reason that callers receive; as a state it would double
   * `closed` with all its transitions.
   */
  readonly suspended: boolean;
  readonly errorCount: number;
  /** Milliseconds for which all earlier sessions were established. */
  readonly pastUptime: number;
}

/** The input of the connection chart. */
export interface ConnectionInput {
  readonly policy: ConnectionPolicy;
  readonly perRequest: boolean;
  readonly era: Era | undefined;
  readonly healthInterval: number;
  readonly inherited?: Inheritance | undefined;
}

/** The part of an exported session that the chart needs. */
export interface Inheritance {
  readonly session: Session;
  readonly desired: DesiredState;
}

/** The events of the connection chart. */
export type ConnectionEvent =
  // From the user.
  | { readonly type: 'connect'; readonly waiter: Waiter }
  /** Waits for a session that another caller wants. */
  | { readonly type: 'join'; readonly waiter: Waiter }
  | { readonly type: 'leave'; readonly waiter: number }
  | { readonly type: 'disconnect' }
  /** Closes the connection and exports its session for another client. */
  | { readonly type: 'suspend' }
  | ConnectionWish
  // From the link.
  | { readonly type: 'link.opened' }
  | { readonly type: 'link.closed'; readonly failure: Failure }
  /** The server no longer knows the session; the link stays open. */
  | { readonly type: 'session.lost' }
  /** A person is asked to sign in, and no request can be sent until then. */
  | { readonly type: 'signIn.began' }
  /** The person has signed in, or is not asked any more. */
  | { readonly type: 'signIn.ended' }
  // Responses to the requests of `negotiating` and `restoring`.
  | { readonly type: 'discovered'; readonly answer: Answer }
  | { readonly type: 'shook'; readonly answer: Answer }
  | { readonly type: 'restored' }
  // Whether the link continues the exported session.
  | { readonly type: 'resume.taken'; readonly streamResumes: boolean }
  | { readonly type: 'resume.refused' }
  | { readonly type: 'negotiation.failed'; readonly failure: Failure }
  // From the health monitor.
  | { readonly type: 'health.checked'; readonly check: HealthCheck }
  | { readonly type: 'health.degraded' }
  | { readonly type: 'health.recovered' }
  | { readonly type: 'health.failed'; readonly failure: Failure }
  // From the clock.
  | { readonly type: 'deadline' };

/** The events from the user that have no result. */
export type ConnectionWish =
  | { readonly type: 'reconnect' }
  | { readonly type: 'desire'; readonly desired: Partial<DesiredState> }
  | { readonly type: 'monitor'; readonly interval: number };
