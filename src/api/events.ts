import type { AuthorizationStatus } from './operations/authorization-status.js';
import type { Environment } from '../util/environment.js';
import type { MCPError } from '../errors.js';
import type { ConnectionState } from '../machines/connection/connection-context.js';
import type { Failure, FailureCode } from '../util/failure.js';
import type { Params } from '../protocol/messages/json-rpc.js';
import type { LoggingMessageNotificationParams } from '../protocol/schema/index.js';
import { callUserFunction } from '../util/user-function.js';
import { ProblemRate } from './problem-rate.js';
import type { ToolsDifference } from './lists/tools-difference.js';
import { WarningBudget } from './warning-budget.js';

/** A notification of the server, with its wire name. */
export interface NotificationEvent {
  readonly method: string;
  readonly params: Params | undefined;
}

/** The events of a client, with the arguments of their listeners. */
export interface MCPClientEvents {
  /** The connection entered a state. */
  state: [state: ConnectionState, from: ConnectionState];
  /** The server sent a notification. */
  notification: [notification: NotificationEvent];
  /** The tools of the server have changed. */
  toolsChanged: [difference: ToolsDifference];
  /** The server sent a log message. 2026-07-28 server/utilities/logging. */
  log: [message: LoggingMessageNotificationParams];
  /** The sign-in of a transport with `auth: oauth()` has another state: see {@link AuthorizationStatus}. */
  authorization: [status: AuthorizationStatus];
  /**
   * The server violated the protocol, but no call failed. A warning about an item that was left out of a list or message is emitted once
   * for each text, and for at most 30 faults of each method in a session.
   */
  warning: [problem: MCPError];
  /**
   * An operation failed that no call waits for. Beyond `limits.maxProblemsPerSecond`, the `error` and `warning` events with one code are
   * combined into one event.
   */
  error: [problem: MCPError];
}

/** The name of an event. */
export type MCPClientEventName = keyof MCPClientEvents;

type Listener<Name extends MCPClientEventName> = (...args: MCPClientEvents[Name]) => unknown;

/** Faults of the server that fail no call. */
const HARMLESS: ReadonlySet<FailureCode> = new Set<FailureCode>([
  'MCP_INVALID_JSON',
  'MCP_INVALID_MESSAGE',
  'MCP_UNKNOWN_RESPONSE',
]);

function nameOf({ code }: Failure): 'warning' | 'error' {
  return HARMLESS.has(code) ? 'warning' : 'error';
}

/**
 * The listeners of a client. If a listener throws, `error` is emitted; if a listener of `error` throws, its other listeners are called
 * once.
 */
export class Events {
  readonly #listeners = new Map<MCPClientEventName, Set<(...args: never[]) => unknown>>();
  readonly #changed: () => void;
  readonly #errorOf: (problem: Failure) => MCPError;
  readonly #warnings = new WarningBudget();
  readonly #rate: ProblemRate;

  /**
   * @param changed called when a listener is added or removed
   * @param errorOf makes the error of a failure, without secrets
   * @param rate how many problems are emitted in a second, and the clock
   */
  constructor(
    changed: () => void,
    errorOf: (problem: Failure) => MCPError,
    rate: { readonly environment: Environment; readonly maxProblemsPerSecond: number },
  ) {
    this.#changed = changed;
    this.#errorOf = errorOf;
    this.#rate = new ProblemRate(rate.environment, rate.maxProblemsPerSecond, (problem) => {
      this.#emitProblem(problem);
    });
  }

  on<Name extends MCPClientEventName>(name: Name, listener: Listener<Name>): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners);
    // One wrapper for each call, so that the same function can be added twice and removed once.
    const own = (...args: MCPClientEvents[Name]): unknown => listener(...args);
    listeners.add(own);
    this.#changed();
    return () => {
      if (listeners.delete(own)) this.#changed();
    };
  }

  /** Whether the event has a listener. */
  has(name: MCPClientEventName): boolean {
    return (this.#listeners.get(name)?.size ?? 0) > 0;
  }

  emit<Name extends MCPClientEventName>(name: Name, ...args: MCPClientEvents[Name]): void {
    const listeners = this.#listeners.get(name);
    if (listeners === undefined) return;
    for (const listener of [...listeners]) {
      const failed = (problem: Failure): void => {
        if (name === 'error') this.#reportToOthers(problem, listener);
        else this.report(problem);
      };
      callUserFunction(name, () => (listener as Listener<Name>)(...args), failed);
    }
  }

  /** Reports the error of an `error` listener to the other ones. If one of them throws, too, its error is ignored, to avoid a loop. */
  #reportToOthers(problem: Failure, failed: unknown): void {
    for (const listener of [...(this.#listeners.get('error') ?? [])]) {
      if (listener === failed) continue;
      callUserFunction(
        'error',
        () => (listener as Listener<'error'>)(this.#errorOf(problem)),
        () => undefined,
      );
    }
  }

  /**
   * Emits `warning` for a fault of the server that fails no call: once for each text, and for a limited number of faults of each method in
   * a session.
   */
  warnOnce(fault: Failure): void {
    if (!this.has('warning')) return;
    const warning = this.#warnings.admitted(fault);
    if (warning !== undefined && this.#rate.admits(warning)) this.emit('warning', this.#errorOf(warning));
  }

  /** Resets the limit of warnings for a new session. */
  sessionBegan(): void {
    this.#warnings.sessionBegan();
  }

  /**
   * Emits `error` or `warning` for a problem that fails no call, if there is a listener. Problems beyond the limit of a second are
   * combined. Never throws.
   */
  report(problem: Failure): void {
    if (this.has(nameOf(problem)) && this.#rate.admits(problem)) this.#emitProblem(problem);
  }

  #emitProblem(problem: Failure): void {
    this.emit(nameOf(problem), this.#errorOf(problem));
  }

  /** Emits the combined problems now, because the connection is closed. */
  closed(): void {
    this.#rate.flush();
  }
}
