import { createActor } from 'xstate';
import type { Actor, ActorRefFrom } from 'xstate';

import type { Environment } from '../../util/environment.js';
import type { Budget } from '../../util/budget.js';
import { withDelivery } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import type { JSONRPCMessage, Params } from '../../protocol/messages/json-rpc.js';
import { modernMeta } from '../../protocol/request-meta.js';
import type { ClientIdentity, Session } from '../../protocol/session.js';
import { callUserFunction } from '../../util/user-function.js';
import { connectionMachine } from './connection-machine.js';
import type { ConnectionFacts, ConnectionInput, ConnectionState, ConnectionWish } from './connection-context.js';
import { closedByFailure, internalFailure, stopRemains } from './error-boundary.js';
import { connectionPorts } from './connection-ports.js';
import type { ConnectionPorts } from './connection-ports.js';
import { HandlerSlots } from '../server-requests/handler-slots.js';
import { SessionExports } from './session-export.js';
import type { Continuation, SessionExport } from './session-export.js';
import { healthPorts } from '../health/health-machine.js';
import type { HealthPorts } from '../health/health-machine.js';
import { check, probe, PROBE_TIMEOUT, trafficWatch } from '../health/health-check.js';
import type { ProbeResult } from '../health/health-check.js';
import { receiver } from './inbound.js';
import { openLink } from './link-actor.js';
import type { ConnectionTransport, LinkPorts } from './link-actor.js';
import { inspectorOf, linkListenerOf } from './observers.js';
import type { Observers } from './observers.js';
import { notConnected, Outbound } from './outbound.js';
import { NegotiationRequests } from './negotiation-requests.js';
import { RequestFailure } from '../request/outcome.js';
import type { Outcome } from '../request/outcome.js';
import type { RequestSpec } from '../request/request-spec.js';
import { RequestRegistry } from '../request/request-registry.js';
import { requestsPorts } from '../request/request-gate.js';
import { serverRequestPorts } from '../server-requests/server-request-machine.js';
import { ServerRequests } from '../server-requests/server-requests.js';
import type { HandlerService } from '../server-requests/handler-slots.js';
import type { PendingServerRequest } from '../server-requests/server-requests.js';
import { hears, serverStreamPorts } from '../server-stream/server-stream-machine.js';
import type { ServerStreamSnapshot } from '../server-stream/server-stream-machine.js';
import { streamOver } from '../server-stream/server-stream-ports.js';
import { subscriptionPorts } from '../subscription/subscription-machine.js';
import type { subscriptionMachine } from '../subscription/subscription-machine.js';
import { SubscriptionStreams } from '../subscription/subscription-streams.js';
import { WaitingCallers } from './waiting-callers.js';
import { WatchedResources } from '../subscription/watched-resources.js';
import type { TimeLimit } from '../subscription/watched-resources.js';

/** What a connection is made of. */
export interface ConnectionOptions extends ConnectionInput, Observers {
  readonly transport: ConnectionTransport;
  readonly identity: ClientIdentity;
  readonly environment: Environment;
  /** What the connection may hold, and what waits to be written. */
  readonly budget: Budget;
  readonly maxQueued: number;
  /** Who answers what servers ask; undefined when nobody does. */
  readonly questions?: HandlerService | undefined;
  /** How often a server may ask for something before it answers a request. */
  readonly maxInputRounds: number;
  /** What is needed to go on with the session that was inherited, besides what the chart knows. */
  readonly continuation?: Continuation | undefined;
}

/** What a connection tells those who hold it. None of these may throw. */
export interface ConnectionListeners {
  /** The chart took an event; where it is now, as {@link Connection.path} says it. */
  moved?(path: string): void;
  /** A public state was entered. */
  entered(state: ConnectionState, from: ConnectionState): void;
  notified(method: string, params: Params | undefined): void;
  /** Changes may have been missed: what is cached may be stale. */
  suspectChanges(): void;
  /** Something went wrong that ends nothing. */
  report(problem: Failure): void;
  /** The server sent something malformed that could be read all the same. It may do so again and again. */
  tolerated(fault: Failure): void;
}

type ConnectionActor = Actor<typeof connectionMachine>;

/**
 * A connection machine at work on a transport: this class starts the actor and carries out what the chart asks of the world. It
 * decides nothing that depends on state.
 */
export class Connection {
  readonly requests: RequestRegistry;
  /** Makes a request of the user and promises its outcome. Never rejects. */
  readonly submit: (spec: RequestSpec) => Promise<Outcome>;
  readonly transport: ConnectionTransport;
  #actor: ConnectionActor;
  readonly #options: ConnectionOptions;
  readonly #listeners: ConnectionListeners;
  readonly #sessionExports: SessionExports;
  readonly #callers: WaitingCallers;
  readonly #questions: ServerRequests | undefined;
  readonly #outbound: Outbound;
  #draining: (() => void)[] = [];
  #state: ConnectionState = 'idle';
  /** Lets go of the link, or of the attempt to open one. */
  #leaveLink: (() => void) | undefined;
  /** The resources of a modern server that are watched. */
  readonly #watched: WatchedResources;

  readonly #report = (problem: Failure): void => {
    this.#listeners.report(problem);
  };

  readonly #tolerate = (fault: Failure): void => {
    this.#listeners.tolerated(fault);
  };

  constructor(options: ConnectionOptions, listeners: ConnectionListeners) {
    this.#options = options;
    this.#listeners = listeners;
    this.transport = options.transport;
    const { environment, budget } = options;
    const service = options.questions && new HandlerSlots(options.questions);
    this.requests = new RequestRegistry({
      environment,
      framing: () => this.#outbound.link?.framing ?? options.transport.framing,
      reconnect: options.policy.autoReconnect ? options.policy.backoff : undefined,
      tolerate: this.#tolerate,
      unreachable: (failure) => {
        this.#actor.send({ type: 'link.closed', failure });
      },
      maxQueued: options.maxQueued,
      input: {
        service,
        offered: options.identity.capabilities,
        maxInputRounds: options.maxInputRounds,
      },
      lastId: options.continuation?.lastId ?? 0,
      pooled: options.inspect === undefined || options.pooled === true,
      callUser: (purpose, fn) => {
        callUserFunction(purpose, fn, this.#report);
      },
    });
    this.submit = this.requests.submit.bind(this.requests);
    this.#outbound = new Outbound({
      requests: this.requests,
      budget,
      now: () => environment.now(),
      report: this.#report,
    });
    this.#callers = new WaitingCallers({
      now: () => environment.now(),
      tell: (event) => {
        this.#actor.send(event);
      },
    });
    this.#sessionExports = new SessionExports({
      continuation: options.continuation,
      link: () => this.#outbound.link,
      lastId: () => this.requests.lastId,
      whenDrained: (done) => {
        this.#draining.push(done);
      },
      tell: (event) => {
        this.#actor.send(event);
      },
      report: this.#report,
    });
    this.#questions = service && this.#serverQuestions(service);
    this.#watched = new WatchedResources({
      environment,
      resources: () => this.facts.desired.resources,
      desire: (resources) => {
        this.#actor.send({ type: 'desire', desired: { resources } });
      },
      honoured: () => this.#subscription?.getSnapshot().context.honoured,
      unsupported: () => this.#subscription?.getSnapshot().matches('unsupported') === true,
    });
    this.#actor = this.#begin(connectionMachine);
    this.#actor.start();
  }

  /** Makes the actor that runs a chart of a connection, and gives it what it needs. */
  #begin(machine: typeof connectionMachine): ConnectionActor {
    const { environment, policy, perRequest, era, healthInterval, inherited, inspect } = this.#options;
    const actor = createActor(machine, {
      input: { policy, perRequest, era, healthInterval, inherited },
      clock: {
        setTimeout: (fn, delay) => environment.setTimeout(fn, delay),
        clearTimeout: (handle: unknown) => {
          environment.clearTimeout(handle);
        },
      },
      ...(inspect !== undefined && { inspect: inspectorOf(inspect, this.#report) }),
    });
    this.#providePorts(actor);
    actor.subscribe({
      next: ({ tags }) => {
        try {
          this.#moved(tags as Set<ConnectionState>);
        } catch (thrown) {
          this.#report(internalFailure(thrown));
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
   * Something threw inside of the connection: in a chart, or in what takes messages and answers to it. Everybody who waits is told, by hand
   * since the charts cannot be relied upon, the link is let go, and another actor goes on where this one would be: closed.
   */
  readonly #fail = (thrown: unknown): void => {
    const failed = this.#actor;
    const why = internalFailure(thrown);
    const { environment, transport } = this.#options;
    const { context, value } = failed.getSnapshot();
    // One that is closed already may have thrown at just that, and would do so again without end.
    const drains = typeof value !== 'object' || !('closed' in value);
    this.#actor = this.#begin(closedByFailure(context, why, environment.now(), drains));
    stopRemains(failed);
    this.#leaveLink?.();
    this.#questions?.abandon();
    this.requests.abandon(why);
    this.#watched.failed(withDelivery(why, 'unknown'));
    this.#sessionExports.refuseHandOver(why);
    this.#callers.settleAll(why);
    this.#actor.start();
    if (!drains) {
      const released = (): void => {
        if (this.facts.waiters.length === 0) transport.unclaim(this);
        this.#drained();
      };
      void transport.closeLink().then(released, released);
    }
    this.#report(why);
  };

  /** The public state now. */
  get state(): ConnectionState {
    return this.#state;
  }

  /** Everything the connection knows now. */
  get facts(): ConnectionFacts {
    return this.#actor.getSnapshot().context;
  }

  /** The session that stands; undefined also while one is still being put in order. */
  get session(): Session | undefined {
    const { establishedAt, session } = this.facts;
    return establishedAt === undefined ? undefined : session;
  }

  /**
   * Whether no announcement is missed on which the user relies. A legacy server over HTTP needs a stream to announce something unasked; what
   * a modern one says about time holds whether or not it announces anything.
   */
  get hearing(): boolean {
    const { session, resumed } = this.facts;
    if (session?.era === 'modern' || (this.#outbound.link?.framing ?? this.transport.framing) === 'shared') return true;
    const { serverStream } = this.#actor.getSnapshot().children;
    if (serverStream === undefined) return false;
    const takenUp = resumed && this.#options.continuation?.memory?.lastEventId !== undefined;
    return hears(serverStream.getSnapshot() as ServerStreamSnapshot, takenUp);
  }

  /** What a legacy server has asked and is not answered yet, the oldest first. */
  get pendingServerRequests(): readonly PendingServerRequest[] {
    return this.#questions?.open ?? [];
  }

  /** The innermost state, for explanations: `linked.initializing.negotiating.discovering`, for instance. */
  get path(): string {
    const parts: string[] = [];
    let value: unknown = this.#actor.getSnapshot().value;
    while (typeof value === 'object' && value !== null) {
      const [[name, inner]] = Object.entries(value) as [[string, unknown]];
      parts.push(name);
      value = inner;
    }
    return [...parts, String(value)].join('.');
  }

  /** Tells the connection what the user wants of it. */
  send(event: ConnectionWish): void {
    this.#actor.send(event);
  }

  /**
   * Asks for a session and promises it, or the failure. Shares an attempt that is under way.
   * An aborted signal rejects with its reason.
   */
  async connect(timeout: number, signal: AbortSignal | undefined): Promise<Session | Failure> {
    signal?.throwIfAborted();
    this.transport.claim(this);
    return this.#callers.wait('connect', timeout, signal);
  }

  /** Like `connect`, but where nobody else wants a session there is none. */
  async join(timeout: number, signal: AbortSignal | undefined): Promise<Session | Failure> {
    signal?.throwIfAborted();
    return this.#callers.wait('join', timeout, signal);
  }

  /** Ends the connection: pending requests fail in this very call; resolves when nothing is left of the link. */
  disconnect(): Promise<void> {
    return new Promise((resolve) => {
      this.#draining.push(resolve);
      this.#actor.send({ type: 'disconnect' });
    });
  }

  /**
   * Ends the connection and leaves the session for another client. Pending requests fail in this very call; resolves when nothing is left
   * of the link, or with the reason for which there is no session to leave: then nothing has changed.
   */
  suspend(): Promise<SessionExport | Failure> {
    return this.#sessionExports.ask();
  }

  /**
   * Watches a resource of a modern server. Resolves when the server has acknowledged that, or with why it has not. An aborted signal
   * rejects with its reason.
   */
  watch(uri: string, limit: TimeLimit, signal: AbortSignal | undefined): Promise<Failure | undefined> {
    return this.#watched.watch(uri, limit, signal);
  }

  /** Watches a resource no longer. */
  unwatch(uri: string): void {
    this.#watched.unwatch(uri);
  }

  /** Sends a message that wants no answer; resolves with what went wrong, if anything did. */
  sendMessage(message: JSONRPCMessage): Promise<Failure | undefined> {
    return this.#outbound.sendMessage(message);
  }

  /** Asks the server for a sign of life, whatever else is going on. Without a session it fails at once. */
  probe(timeout: number, signal?: AbortSignal): Promise<ProbeResult> {
    return this.#probe(timeout, signal);
  }

  async #probe(timeout: number, signal?: AbortSignal): Promise<ProbeResult> {
    const { session, requests } = this;
    const { environment, identity } = this.#options;
    if (session === undefined) return { ok: false, latency: 0, outcome: RequestFailure.failed(notConnected()) };
    return probe(requests, environment, session, identity, timeout, signal);
  }

  /** The subscription of the session that stands. */
  get #subscription(): ActorRefFrom<typeof subscriptionMachine> | undefined {
    return this.#actor.getSnapshot().children.subscription as ActorRefFrom<typeof subscriptionMachine> | undefined;
  }

  readonly #drained = (): void => {
    for (const done of this.#draining.splice(0)) done();
  };

  /** Gives the charts what they may do to the world. */
  #providePorts({ system }: ConnectionActor): void {
    const { environment } = this.#options;
    const { requests } = this;
    connectionPorts.provide(system, this.#ports());
    requestsPorts.provide(system, requests);
    if (this.#questions !== undefined) serverRequestPorts.provide(system, this.#questions);
    healthPorts.provide(system, this.#healthPorts());
    serverStreamPorts.provide(
      system,
      streamOver({
        link: () => this.#outbound.link,
        random: () => environment.random(),
        suspectChanges: () => {
          this.#listeners.suspectChanges();
        },
        report: this.#report,
      }),
    );
    subscriptionPorts.provide(
      system,
      new SubscriptionStreams({
        requests,
        watched: this.#watched,
        random: () => environment.random(),
        tell: (event) => {
          this.#subscription?.send(event);
        },
        suspectChanges: () => {
          this.#listeners.suspectChanges();
        },
        report: this.#report,
        fail: this.#fail,
      }),
    );
  }

  #ports(): ConnectionPorts {
    const { environment, transport, identity } = this.#options;
    const { requests } = this;
    const linkPorts = this.#linkPorts();
    const questions = new NegotiationRequests({
      requests,
      identity,
      report: this.#report,
      tolerate: this.#tolerate,
      fail: this.#fail,
      tell: (event) => {
        this.#actor.send(event);
      },
    });
    return {
      now: () => environment.now(),
      random: () => environment.random(),
      openLink: (epoch, tell) => (this.#leaveLink = openLink(linkPorts, epoch, tell)),
      release: () => transport.closeLink(),
      describeSilence: () => transport.describeSilence?.(),
      tellRequests: (event) => {
        this.#actor.getSnapshot().children.requests?.send(event);
      },
      failWatches: (why) => {
        this.#watched.failed(withDelivery(why, 'unknown'));
      },
      abortServerRequests: () => {
        this.#questions?.lose();
      },
      sendDiscover: (question) => {
        questions.discover(question);
      },
      sendInitialize: (question) => {
        questions.handshake(question);
      },
      cancelNegotiation: () => {
        questions.withdraw();
      },
      announce: (session) => {
        callUserFunction('established', () => this.#outbound.link?.established?.(session), this.#report);
      },
      sendInitialized: () => {
        this.#outbound.sendInitialized();
      },
      applyDesired: (session, desired) => {
        const modern = session.era === 'modern';
        requests.meta = modern ? modernMeta(session.protocolVersion, identity, desired.logLevel) : undefined;
      },
      restore: (session, desired) => {
        questions.restore(session, desired).catch(this.#fail);
      },
      takeUp: (session) => {
        this.#sessionExports.takeUp(session);
      },
      exportSession: (session, desired) => {
        this.#sessionExports.exportSession(session, desired);
      },
      refuseHandOver: (why) => {
        this.#sessionExports.refuseHandOver(why);
      },
      settle: (waiters, outcome) => {
        this.#callers.settle(waiters, outcome);
      },
      drained: this.#drained,
      unclaim: () => {
        transport.unclaim(this);
      },
      report: this.#report,
    };
  }

  #serverQuestions(service: HandlerService): ServerRequests {
    return new ServerRequests({
      service,
      requests: this.requests,
      parent: () => this.#actor,
      session: () => this.facts.session,
      now: () => this.#options.environment.now(),
      send: (message) => {
        this.#outbound.send(message);
      },
      report: this.#report,
    });
  }

  #linkPorts(): LinkPorts {
    const { environment, transport, budget } = this.#options;
    const { requests } = this;
    const inbound = {
      requests,
      questions: this.#questions,
      report: this.#report,
      tolerate: this.#tolerate,
      fail: this.#fail,
      mayReply: () => this.#outbound.mayReply(),
      now: () => environment.now(),
      era: () => this.facts.session?.era,
      send: (message: JSONRPCMessage) => {
        this.#outbound.send(message);
      },
      notified: (method: string, params: Params | undefined) => {
        this.#listeners.notified(method, params);
      },
    };
    return {
      transport,
      environment,
      budget,
      listener: linkListenerOf(this.#options, environment, this.#report),
      useLink: (link) => {
        this.#outbound.link = link;
        requests.useLink(link);
      },
      report: (problem) => {
        if (!requests.inFlight.spoiled(problem)) this.#report(problem);
      },
      interrupted: (id) => {
        requests.inFlight.interrupted(id);
      },
      resumed: (id) => {
        requests.inFlight.resumed(id);
      },
      received: receiver(inbound),
    };
  }

  #healthPorts(): HealthPorts {
    const { requests } = this;
    const sawTraffic = trafficWatch(requests);
    return {
      beginWindow: () => {
        sawTraffic();
      },
      check: (tell) => {
        const { healthInterval } = this.facts;
        const ask = (): Promise<ProbeResult> => this.#probe(Math.min(PROBE_TIMEOUT, healthInterval));
        check(sawTraffic, requests, ask).then(tell).catch(this.#fail);
      },
      report: (news) => {
        this.#actor.send(news);
      },
    };
  }
}
