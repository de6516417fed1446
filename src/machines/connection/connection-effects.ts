import type { Actor } from 'xstate';

import { withDelivery } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import { callUserFunction } from '../../util/user-function.js';
import { modernMeta } from '../../protocol/request-meta.js';
import type { Session } from '../../protocol/session.js';
import type { Link } from '../../transports/link.js';
import type { Framing, SilentServer } from '../../transports/transport.js';
import { HealthChecks } from '../health/health-check.js';
import { healthPorts } from '../health/health-machine.js';
import { requestsPorts } from '../request/request-gate.js';
import type { RequestsEvent } from '../request/request-gate.js';
import { RequestRegistry } from '../request/request-registry.js';
import { HandlerSlots } from '../server-requests/handler-slots.js';
import { serverRequestPorts } from '../server-requests/server-request-machine.js';
import { ServerRequests } from '../server-requests/server-requests.js';
import { serverStreamPorts } from '../server-stream/server-stream-machine.js';
import { streamOver } from '../server-stream/server-stream-ports.js';
import { subscriptionPorts } from '../subscription/subscription-machine.js';
import { SubscriptionStreams } from '../subscription/subscription-streams.js';
import { WatchedResources } from '../subscription/watched-resources.js';
import type { ConnectionEvent, DesiredState, NegotiationStep } from './connection-context.js';
import type { connectionMachine } from './connection-machine.js';
import type { ConnectionListeners, ConnectionOptions } from './connection-options.js';
import { connectionPorts } from './connection-ports.js';
import type { ConnectionPorts } from './connection-ports.js';
import { establishedSession, subscriptionOf } from './connection-selectors.js';
import type { RestoringRequest } from './desired-state.js';
import { receiver } from './inbound.js';
import { openLink } from './link-actor.js';
import type { LinkPorts } from './link-actor.js';
import { NegotiationRequests } from './negotiation-requests.js';
import { linkListenerOf } from './observers.js';
import { Outbound } from './outbound.js';
import { SessionExports } from './session-export.js';
import { WaitingCallers } from './waiting-callers.js';

export type ConnectionActor = Actor<typeof connectionMachine>;

/** What the effects of a connection need from the object that runs its chart. */
export interface ConnectionEffectsPorts {
  /** The actor that runs the chart now. */
  readonly actor: () => ConnectionActor;
  /** Owns the transport while the connection uses it. */
  readonly owner: object;
  /** Handles an exception that is caught nowhere else: ends the connection. */
  readonly fail: (thrown: unknown) => void;
}

/** The effects of the chart of one connection, and of the charts that it starts. */
export class ConnectionEffects implements ConnectionPorts {
  readonly requests: RequestRegistry;
  readonly outbound: Outbound;
  readonly callers: WaitingCallers;
  readonly sessionExports: SessionExports;
  readonly watched: WatchedResources;
  readonly health: HealthChecks;
  /** The requests of a legacy server that are being handled; undefined when the user gave no handlers. */
  readonly serverRequests: ServerRequests | undefined;
  readonly #options: ConnectionOptions;
  readonly #listeners: ConnectionListeners;
  readonly #ports: ConnectionEffectsPorts;
  readonly #negotiation: NegotiationRequests;
  readonly #linkPorts: LinkPorts;
  #draining: (() => void)[] = [];
  /** Closes the link, or ends the attempt to open one. */
  #leaveLink: (() => void) | undefined;

  constructor(options: ConnectionOptions, listeners: ConnectionListeners, ports: ConnectionEffectsPorts) {
    this.#options = options;
    this.#listeners = listeners;
    this.#ports = ports;
    const { environment, budget, identity, continuation, transport } = options;
    const { actor, fail } = ports;
    const report = this.report;
    const tolerate = listeners.tolerated.bind(listeners);
    const send = this.#send.bind(this);
    const now = this.now;
    const session = (): Session | undefined => actor().getSnapshot().context.session;
    const service = options.handlers && new HandlerSlots(options.handlers);
    const requests = new RequestRegistry({
      environment,
      framing: () => this.framing,
      reconnect: options.policy.autoReconnect ? options.policy.backoff : undefined,
      tolerate,
      unreachable: (failure) => {
        send({ type: 'link.closed', failure });
      },
      maxQueued: options.maxQueued,
      input: { service, offered: identity.capabilities, maxInputRounds: options.maxInputRounds },
      lastId: continuation?.lastId ?? 0,
      pooled: options.inspect === undefined || options.pooled === true,
      callUser: (purpose, fn) => {
        callUserFunction(purpose, fn, report);
      },
    });
    this.requests = requests;
    this.outbound = new Outbound({ requests, budget, now, report });
    this.callers = new WaitingCallers({ now, send });
    this.sessionExports = new SessionExports({
      continuation,
      link: () => this.#link,
      lastId: () => requests.lastId,
      whenDrained: this.whenDrained,
      send,
      report,
    });
    const sendMessage = this.outbound.send.bind(this.outbound);
    this.serverRequests =
      service && new ServerRequests({ service, requests, parent: actor, session, now, send: sendMessage, report });
    this.watched = new WatchedResources({
      environment,
      resources: () => actor().getSnapshot().context.desired.resources,
      desire: (resources) => {
        send({ type: 'desire', desired: { resources } });
      },
      honoured: () => this.#subscription?.getSnapshot().context.honoured,
      unsupported: () => this.#subscription?.getSnapshot().matches('unsupported') === true,
    });
    this.#negotiation = new NegotiationRequests({ requests, identity, report, tolerate, fail, send });
    this.health = new HealthChecks({
      requests,
      environment,
      identity,
      session: () => establishedSession(actor().getSnapshot()),
      send,
      fail,
    });
    this.#linkPorts = {
      transport,
      environment,
      budget,
      authorizer: options.authorizer,
      listener: linkListenerOf(options, environment, report),
      useLink: (link) => {
        this.outbound.link = link;
        requests.useLink(link);
      },
      report: (problem) => {
        if (!requests.inFlight.failed(problem)) report(problem);
      },
      interrupted: (id) => {
        requests.inFlight.interrupted(id);
      },
      resumed: (id) => {
        requests.inFlight.resumed(id);
      },
      parked: (id) => {
        requests.inFlight.parked(id);
      },
      unparked: (id) => {
        requests.inFlight.unparked(id);
      },
      received: receiver({
        requests,
        serverRequests: this.serverRequests,
        report,
        tolerate,
        fail,
        mayReply: () => this.outbound.mayReply(),
        now,
        era: () => session()?.era,
        send: sendMessage,
        notified: listeners.notified.bind(listeners),
      }),
    };
  }

  /** Gives the charts of an actor system their ports. */
  provide(system: object): void {
    const { requests } = this;
    const random = this.random;
    const report = this.report;
    const missedChanges = (): void => {
      this.#listeners.missedChanges();
    };
    connectionPorts.provide(system, this);
    requestsPorts.provide(system, requests);
    if (this.serverRequests !== undefined) serverRequestPorts.provide(system, this.serverRequests);
    healthPorts.provide(system, this.health);
    serverStreamPorts.provide(system, streamOver({ link: () => this.#link, random, missedChanges, report }));
    subscriptionPorts.provide(
      system,
      new SubscriptionStreams({
        ...{ requests, watched: this.watched, random, missedChanges, report, fail: this.#ports.fail },
        send: (event) => {
          this.#subscription?.send(event);
        },
      }),
    );
  }

  /** Ends everything that waits for the charts, without them: one of them has thrown. Calls that wait reject with `why`. */
  abandon(why: Failure): void {
    this.#leaveLink?.();
    this.serverRequests?.abandon();
    this.requests.abandon(why);
    this.failWatches(why);
    this.sessionExports.refuse(why);
    this.callers.settleAll(why);
    this.unclaim();
    void this.release().then(this.drained, this.drained);
  }

  /** Calls `done` when the link has released everything. */
  readonly whenDrained = (done: () => void): void => {
    this.#draining.push(done);
  };

  /** How messages share the link. */
  get framing(): Framing {
    return this.#link?.framing ?? this.#options.transport.framing;
  }

  get #link(): Link | undefined {
    return this.outbound.link;
  }

  get #subscription(): ReturnType<typeof subscriptionOf> {
    return subscriptionOf(this.#ports.actor().getSnapshot());
  }

  #send(event: ConnectionEvent): void {
    this.#ports.actor().send(event);
  }

  readonly now = (): number => this.#options.environment.now();

  readonly random = (): number => this.#options.environment.random();

  openLink(epoch: number, send: (event: ConnectionEvent) => void): () => void {
    return (this.#leaveLink = openLink(this.#linkPorts, epoch, send));
  }

  release(): Promise<void> {
    return this.#options.transport.closeLink();
  }

  describeSilence(): SilentServer | undefined {
    return this.#options.transport.describeSilence?.();
  }

  sendToRequests(event: RequestsEvent): void {
    this.#ports.actor().getSnapshot().children.requests?.send(event);
  }

  failWatches(why: Failure): void {
    this.watched.failed(withDelivery(why, 'unknown'));
  }

  abortServerRequests(): void {
    this.serverRequests?.drop();
  }

  sendDiscover(step: NegotiationStep): void {
    this.#negotiation.discover(step);
  }

  sendInitialize(step: NegotiationStep): void {
    this.#negotiation.initialize(step);
  }

  cancelNegotiation(): void {
    this.#negotiation.cancel();
  }

  announce(session: Session): void {
    callUserFunction('established', () => this.#link?.established?.(session), this.report);
  }

  sendInitialized(): void {
    this.outbound.sendInitialized();
  }

  applyDesired({ era, protocolVersion }: Session, { logLevel }: DesiredState): void {
    const { identity } = this.#options;
    this.requests.meta = era === 'modern' ? modernMeta(protocolVersion, identity, logLevel) : undefined;
  }

  restore(requests: readonly RestoringRequest[]): void {
    this.#negotiation.restore(requests).catch(this.#ports.fail);
  }

  resume(session: Session): void {
    this.sessionExports.resume(session);
  }

  exportSession(session: Session, desired: DesiredState): void {
    this.sessionExports.export(session, desired);
  }

  refuseExport(why: Failure): void {
    this.sessionExports.refuse(why);
  }

  settle(waiters: readonly number[], outcome: Session | Failure): void {
    this.callers.settle(waiters, outcome);
  }

  readonly drained = (): void => {
    for (const done of this.#draining.splice(0)) done();
  };

  unclaim(): void {
    this.#options.transport.unclaim(this.#ports.owner);
  }

  readonly report = (problem: Failure): void => {
    this.#listeners.report(problem);
  };
}
