import { createActor } from 'xstate';

import type { Failure } from '../../util/failure.js';
import type { JSONRPCMessage } from '../../protocol/messages/json-rpc.js';
import type { Session } from '../../protocol/session.js';
import type { ProbeResult } from '../health/health-check.js';
import type { Outcome } from '../request/outcome.js';
import type { RequestRegistry } from '../request/request-registry.js';
import type { RequestSpec } from '../request/request-spec.js';
import type { PendingServerRequest } from '../server-requests/server-requests.js';
import type { TimeLimit } from '../subscription/watched-resources.js';
import type { ConnectionFacts, ConnectionState, ConnectionWish } from './connection-context.js';
import { ConnectionEffects } from './connection-effects.js';
import type { ConnectionActor } from './connection-effects.js';
import { connectionMachine } from './connection-machine.js';
import type { ConnectionListeners, ConnectionOptions } from './connection-options.js';
import { establishedSession, pathOf, receivesNotifications } from './connection-selectors.js';
import { closedByException, closedByFailure, stopRemains } from './error-boundary.js';
import type { ConnectionTransport } from './link-actor.js';
import { inspectorOf } from './observers.js';
import type { SessionExport } from './session-export.js';

/**
 * Runs the chart of a connection over a transport: starts its actor, sends it the wishes of the user, and emits its public states. All
 * decisions are in the charts; `connection-effects.ts` has their effects.
 */
export class Connection {
  readonly requests: RequestRegistry;
  /** Makes a request of the user and promises its outcome. Never rejects. */
  readonly submit: (spec: RequestSpec) => Promise<Outcome>;
  readonly transport: ConnectionTransport;
  readonly #options: ConnectionOptions;
  readonly #listeners: ConnectionListeners;
  readonly #effects: ConnectionEffects;
  #actor: ConnectionActor;
  #state: ConnectionState = 'idle';

  constructor(options: ConnectionOptions, listeners: ConnectionListeners) {
    this.#options = options;
    this.#listeners = listeners;
    this.transport = options.transport;
    this.#effects = new ConnectionEffects(options, listeners, {
      actor: () => this.#actor,
      owner: this,
      fail: this.#fail,
    });
    this.requests = this.#effects.requests;
    this.submit = this.requests.submit.bind(this.requests);
    this.#actor = this.#createActor(connectionMachine);
    this.#actor.start();
  }

  #createActor(machine: typeof connectionMachine): ConnectionActor {
    const { environment, policy, perRequest, era, healthInterval, inherited, inspect } = this.#options;
    const { report } = this.#effects;
    const actor = createActor(machine, {
      input: { policy, perRequest, era, healthInterval, inherited },
      clock: {
        setTimeout: (fn, delay) => environment.setTimeout(fn, delay),
        clearTimeout: (handle: unknown) => {
          environment.clearTimeout(handle);
        },
      },
      ...(inspect !== undefined && { inspect: inspectorOf(inspect, report) }),
    });
    this.#effects.provide(actor.system);
    actor.subscribe({
      next: ({ tags }) => {
        try {
          this.#moved(tags as Set<ConnectionState>);
        } catch (thrown) {
          report(closedByException(thrown));
        }
      },
      error: this.#fail,
    });
    return actor;
  }

  #moved([state]: Set<ConnectionState>): void {
    this.#listeners.moved?.(this.path);
    if (state === undefined || state === this.#state) return;
    const from = this.#state;
    this.#state = state;
    this.#listeners.entered(state, from);
  }

  /**
   * Handles an exception of a chart, of an effect, or of the code that receives messages: all that wait reject, the link is closed, and
   * another actor continues in the state `closed`.
   */
  readonly #fail = (thrown: unknown): void => {
    const failed = this.#actor;
    const why = closedByException(thrown);
    this.#actor = this.#createActor(closedByFailure(failed.getSnapshot(), why, this.#effects.now()));
    stopRemains(failed);
    this.#effects.abandon(why);
    this.#actor.start();
    this.#listeners.report(why);
  };

  /** The public state now. */
  get state(): ConnectionState {
    return this.#state;
  }

  /** The context of the chart now. */
  get facts(): ConnectionFacts {
    return this.#actor.getSnapshot().context;
  }

  /** The established session; undefined also while a session is being restored. */
  get session(): Session | undefined {
    return establishedSession(this.#actor.getSnapshot());
  }

  /** Whether every change notification that the user relies on reaches the client. */
  get receivesNotifications(): boolean {
    return receivesNotifications(this.#actor.getSnapshot(), this.#effects.framing);
  }

  /** The requests of a legacy server that have no response yet, the oldest first. */
  get pendingServerRequests(): readonly PendingServerRequest[] {
    return this.#effects.serverRequests?.open ?? [];
  }

  /** The innermost state, for explanations: `linked.initializing.negotiating.discovering`, for instance. */
  get path(): string {
    return pathOf(this.#actor.getSnapshot());
  }

  /** Sends a wish of the user to the chart. */
  send(event: ConnectionWish): void {
    this.#actor.send(event);
  }

  /**
   * Connects, or shares an attempt that is under way. Resolves with the session or the failure. An aborted signal rejects with its reason.
   */
  async connect(timeout: number, signal: AbortSignal | undefined): Promise<Session | Failure> {
    signal?.throwIfAborted();
    this.transport.claim(this);
    return this.#effects.callers.wait('connect', timeout, signal);
  }

  /** Waits for a session like `connect`, but starts no attempt: without one it fails at once. */
  async join(timeout: number, signal: AbortSignal | undefined): Promise<Session | Failure> {
    signal?.throwIfAborted();
    return this.#effects.callers.wait('join', timeout, signal);
  }

  /** Ends the connection. Pending requests reject during this call. Resolves when the link has released everything. */
  disconnect(): Promise<void> {
    return new Promise((resolve) => {
      this.#effects.whenDrained(resolve);
      this.#actor.send({ type: 'disconnect' });
    });
  }

  /**
   * Ends the connection and exports the session for another client. Pending requests reject during this call. Resolves when the link has
   * released everything, or with the reason why there is no session to export; then nothing has changed.
   */
  suspend(): Promise<SessionExport | Failure> {
    return this.#effects.sessionExports.request();
  }

  /**
   * Watches a resource of a modern server. Resolves when the server has acknowledged it, or with the reason why it has not. An aborted
   * signal rejects with its reason.
   */
  watch(uri: string, limit: TimeLimit, signal: AbortSignal | undefined): Promise<Failure | undefined> {
    return this.#effects.watched.watch(uri, limit, signal);
  }

  /** Stops watching a resource. */
  unwatch(uri: string): void {
    this.#effects.watched.unwatch(uri);
  }

  /** Sends a message that gets no response. Resolves with the failure, if it was not sent. */
  sendMessage(message: JSONRPCMessage): Promise<Failure | undefined> {
    return this.#effects.outbound.sendMessage(message);
  }

  /** Sends a probe to the server, also while requests are in flight. Fails at once without a session. */
  probe(timeout: number, signal?: AbortSignal): Promise<ProbeResult> {
    return this.#effects.health.probe(timeout, signal);
  }
}
