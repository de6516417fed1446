import { toError } from '../errors.js';
import type { MCPError } from '../errors.js';
import type { MCPTool } from '../protocol/schema/index.js';
import type { Failure } from '../util/failure.js';
import { callUserFunction } from '../util/user-function.js';

/**
 * The state of a server of a group. `asleep`: not running, a call wakes it; `waking`: it is being started; `awake`: it can be used;
 * `draining`: it is being put to sleep; `down`: it could not be started, or its connection ended for good, and the next call tries again;
 * `removed`. Servers of config files may also be `disabled`, `untrusted` (the user has not agreed to an entry of a project file) or `invalid`;
 * these are not started.
 */
export type GroupServerStatus =
  'asleep' | 'waking' | 'awake' | 'draining' | 'down' | 'removed' | 'disabled' | 'untrusted' | 'invalid';

/** The event `status`. */
export interface GroupStatusEvent {
  readonly server: string;
  readonly status: GroupServerStatus;
  /** Why it is `down`. */
  readonly reason: MCPError | undefined;
}

/** The event `toolsChanged`: the tools of one server have changed. All names are those of the group. */
export interface GroupToolsChanged {
  readonly server: string;
  /** The tools of this server now. */
  readonly tools: readonly MCPTool[];
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** The names of tools whose definitions have changed. */
  readonly changed: readonly string[];
}

/** A problem that fails no call. */
export interface GroupProblem {
  /** The server; undefined for a problem of the group. */
  readonly server: string | undefined;
  readonly problem: MCPError;
}

/** The events of a group, with the arguments of their listeners. */
export interface MCPClientGroupEvents {
  /** A server has another state. */
  status: [event: GroupStatusEvent];
  /** The tools of a server have changed, since they were known last. */
  toolsChanged: [event: GroupToolsChanged];
  /** A tool was left out, a list cache failed, or a server violated the protocol; no call failed. */
  warning: [event: GroupProblem];
  /** An operation failed that no call waits for. */
  error: [event: GroupProblem];
}

type Listener<Name extends keyof MCPClientGroupEvents> = (...args: MCPClientGroupEvents[Name]) => unknown;

/** The listeners of a group. If one throws, `error` is emitted; what a listener of `error` throws is ignored. */
export class GroupEvents {
  readonly #listeners = new Map<keyof MCPClientGroupEvents, Set<(...args: never[]) => unknown>>();

  on<Name extends keyof MCPClientGroupEvents>(name: Name, listener: Listener<Name>): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners);
    const own = (...args: MCPClientGroupEvents[Name]): unknown => listener(...args);
    listeners.add(own);
    return () => {
      listeners.delete(own);
    };
  }

  emit<Name extends keyof MCPClientGroupEvents>(name: Name, ...args: MCPClientGroupEvents[Name]): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      callUserFunction(
        name,
        () => (listener as Listener<Name>)(...args),
        (failed) => {
          if (name !== 'error') this.report('error', undefined, failed);
        },
      );
    }
  }

  /** Emits a problem that fails no call. */
  report(name: 'warning' | 'error', server: string | undefined, problem: Failure): void {
    this.emit(name, { server, problem: toError(problem) });
  }
}
