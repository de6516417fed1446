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

/** What one can listen to, and what a listener is called with. */
export interface MCPClientEvents {
  /** A state was entered. */
  state: [state: ConnectionState, from: ConnectionState];
  /** The server sent a notification. */
  notification: [notification: NotificationEvent];
  /** The server's tools are not what they were. */
  toolsChanged: [difference: ToolsDifference];
  /** The server logged something. 2026-07-28 server/utilities/logging. */
  log: [message: LoggingMessageNotificationParams];
  /**
   * The server did something it should not, which did no harm. What was left out of a list, or of a message, is told once for each text, and
   * of about 30 faults for each method in a session.
   */
  warning: [problem: MCPError];
  /**
   * Something failed that no call waits for. Beyond `limits.maxProblemsPerSecond`, `error` and `warning` events of one code are combined into one.
   */
  error: [problem: MCPError];
}

/** The name of an event. */
export type MCPClientEventName = keyof MCPClientEvents;

type Listener<Name extends MCPClientEventName> = (...args: MCPClientEvents[Name]) => unknown;

/** Faults of the server that lose nothing which anybody waits for. */
const HARMLESS: ReadonlySet<FailureCode> = new Set<FailureCode>([
  'MCP_INVALID_JSON',
  'MCP_INVALID_MESSAGE',
  'MCP_UNKNOWN_RESPONSE',
]);

function nameOf({ code }: Failure): 'warning' | 'error' {
  return HARMLESS.has(code) ? 'warning' : 'error';
}

/** Who listens to a client. A listener that throws is reported to `error`; one of `error` to the others of these, once. */
export class Events {
  readonly #listeners = new Map<MCPClientEventName, Set<(...args: never[]) => unknown>>();
  readonly #changed: () => void;
  readonly #errorOf: (problem: Failure) => MCPError;
  readonly #warnings = new WarningBudget();
  readonly #rate: ProblemRate;

  /**
   * @param changed called when somebody begins or ceases to listen
   * @param errorOf makes the error of a failure that may be shown
   * @param rate how many problems are told in a second, by which clock
   */
  constructor(
    changed: () => void,
    errorOf: (problem: Failure) => MCPError,
    rate: { readonly environment: Environment; readonly maxProblemsPerSecond: number },
  ) {
    this.#changed = changed;
    this.#errorOf = errorOf;
    this.#rate = new ProblemRate(rate.environment, rate.maxProblemsPerSecond, (problem) => {
      this.#tell(problem);
    });
  }

  on<Name extends MCPClientEventName>(name: Name, listener: Listener<Name>): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners);
    // A wrapper of its own for each call, so that the same function may listen twice and stop once.
    const own = (...args: MCPClientEvents[Name]): unknown => listener(...args);
    listeners.add(own);
    this.#changed();
    return () => {
      if (listeners.delete(own)) this.#changed();
    };
  }

  /** Whether anybody listens. */
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

  /** Reports that a listener of `error` failed, to the other ones. What fails at that goes nowhere, or there would be no end. */
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
   * Warns of a fault of the server that lost nothing: once for each text, however often it comes, and of so many faults of each method in a
   * session.
   */
  warnOnce(fault: Failure): void {
    if (!this.has('warning')) return;
    const told = this.#warnings.admitted(fault);
    if (told !== undefined && this.#rate.admits(told)) this.emit('warning', this.#errorOf(told));
  }

  /** A new session may warn of new faults. */
  sessionBegan(): void {
    this.#warnings.sessionBegan();
  }

  /**
   * Emits `error` or `warning` for a problem that fails no call, if there is a listener. Never throws. Problems beyond the limit of a second are
   * reported together.
   */
  report(problem: Failure): void {
    if (this.has(nameOf(problem)) && this.#rate.admits(problem)) this.#tell(problem);
  }

  #tell(problem: Failure): void {
    this.emit(nameOf(problem), this.#errorOf(problem));
  }

  /** The connection is closed: tells what has not been told. */
  closed(): void {
    this.#rate.flush();
  }
}
