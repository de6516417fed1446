import { createActor, fromCallback, fromPromise } from 'xstate';
import type { Actor, EventObject, InspectionEvent, Observer } from 'xstate';

import type { Environment } from '../environment.js';
import { failure, toTransportFailure } from '../protocol/failure.js';
import type { Failure } from '../protocol/failure.js';
import type { JSONRPCMessage, Params } from '../protocol/json-rpc.js';
import { hasCapability, methodEntry } from '../protocol/methods.js';
import { answerOf, resultAnswer } from '../protocol/negotiation.js';
import { modernMeta } from '../protocol/request-meta.js';
import type { SubscriptionFilter } from '../protocol/schema/index.js';
import type { ClientIdentity, Session } from '../protocol/session.js';
import { callUserFunction } from '../protocol/user-function.js';
import type { Link } from '../transports/link.js';
import type { MCPTransport } from '../transports/transport.js';
import { createConnectionMachine } from './connection.js';
import type { ConnectionPorts } from './connection.js';
import type {
  ConnectionEvent,
  ConnectionFacts,
  ConnectionInput,
  ConnectionState,
  CurrentQuestion,
  DesiredState,
} from './connection-facts.js';
import { createHealthMachine } from './health.js';
import { check, probe, PROBE_TIMEOUT, trafficWatch } from './health-check.js';
import type { ProbeResult } from './health-check.js';
import { receive } from './inbound.js';
import { createLinkLogic, sendOver } from './link.js';
import { Unsuccessful } from './request-record.js';
import type { Outcome, RequestSpec } from './request-record.js';
import { Requests } from './requests.js';
import { createServerStreamMachine } from './server-stream.js';
import { createSubscriptionMachine } from './subscription.js';
import type { Tap } from './tap.js';

/** What a connection is made of. */
export interface ConnectionOptions extends ConnectionInput {
  readonly transport: MCPTransport;
  readonly identity: ClientIdentity;
  readonly environment: Environment;
  readonly maxQueued: number;
  /** Hears every event and snapshot of every actor of this connection. */
  readonly inspect?: Observer<InspectionEvent> | ((event: InspectionEvent) => void) | undefined;
  /** Hears of everything that goes over a link. */
  readonly tap?: Tap | undefined;
}

/** What a connection tells those who hold it. None of these may throw. */
export interface ConnectionListeners {
  /** A public state was entered. */
  entered(state: ConnectionState, from: ConnectionState): void;
  notified(method: string, params: Params | undefined): void;
  /** Changes may have been missed: what is cached may be stale. */
  suspectChanges(): void;
  /** Something went wrong that ends nothing. */
  report(problem: Failure): void;
}

type ConnectionActor = Actor<ReturnType<typeof createConnectionMachine>>;

/** A request that the connection makes for itself. */
type OwnRequest = Pick<RequestSpec, 'method' | 'params'> & Partial<RequestSpec>;

/**
 * A connection machine at work on a transport: this class starts the actor and carries out what the chart asks of the world. It
 * decides nothing that depends on state.
 */
export class Connection {
  readonly requests: Requests;
  readonly transport: MCPTransport;
  readonly #actor: ConnectionActor;
  readonly #options: ConnectionOptions;
  readonly #listeners: ConnectionListeners;
  readonly #waiting = new Map<number, (outcome: Session | Failure) => void>();
  #draining: (() => void)[] = [];
  #lastWaiter = 0;
  #state: ConnectionState = 'idle';
  #link: Link | undefined;
  #questions = new AbortController();

  constructor(options: ConnectionOptions, listeners: ConnectionListeners) {
    this.#options = options;
    this.#listeners = listeners;
    this.transport = options.transport;
    const { environment } = options;
    this.requests = new Requests({
      environment,
      framing: () => this.#link?.framing ?? options.transport.framing,
      retryUnreachable: options.policy.autoReconnect,
      unreachable: (failure) => {
        this.#actor.send({ type: 'link.closed', failure });
      },
      maxQueued: options.maxQueued,
      pooled: options.inspect === undefined,
      callUser: (fn) => {
        callUserFunction('onProgress', fn, (problem) => {
          listeners.report(problem);
        });
      },
    });
    this.#actor = createActor(createConnectionMachine(this.#ports()), {
      input: {
        policy: options.policy,
        perRequest: options.perRequest,
        era: options.era,
        healthInterval: options.healthInterval,
      },
      clock: {
        setTimeout: (fn, delay) => environment.setTimeout(fn, delay),
        clearTimeout: (handle: unknown) => {
          environment.clearTimeout(handle);
        },
      },
      ...(options.inspect !== undefined && { inspect: this.#inspector(options.inspect) }),
    });
    this.#actor.subscribe((snapshot) => {
      const [state] = snapshot.tags as Set<ConnectionState>;
      if (state === undefined || state === this.#state) return;
      const from = this.#state;
      this.#state = state;
      listeners.entered(state, from);
    });
    this.#actor.start();
  }

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
  send(event: Extract<ConnectionEvent, { type: 'desire' | 'monitor' | 'reconnect' }>): void {
    this.#actor.send(event);
  }

  /**
   * Asks for a session and promises it, or the failure. Shares an attempt that is under way.
   * An aborted signal rejects with its reason.
   */
  connect(timeout: number, signal: AbortSignal | undefined): Promise<Session | Failure> {
    return this.#wait('connect', timeout, signal);
  }

  /** Like `connect`, but where nobody else wants a session there is none. */
  join(timeout: number, signal: AbortSignal | undefined): Promise<Session | Failure> {
    return this.#wait('join', timeout, signal);
  }

  async #wait(type: 'connect' | 'join', timeout: number, signal: AbortSignal | undefined): Promise<Session | Failure> {
    signal?.throwIfAborted();
    if (type === 'connect') this.transport.claim(this);
    const id = (this.#lastWaiter += 1);
    const leave = (): void => {
      this.#waiting.delete(id);
      this.#actor.send({ type: 'leave', waiter: id });
    };
    const deadline = this.#options.environment.now() + timeout;
    let stop: (() => void) | undefined;
    try {
      return await new Promise<Session | Failure>((resolve, reject) => {
        stop = () => {
          leave();
          reject(signal?.reason as Error);
        };
        signal?.addEventListener('abort', stop);
        this.#waiting.set(id, resolve);
        this.#actor.send({ type, waiter: { id, deadline, timeout } });
      });
    } finally {
      if (stop !== undefined) signal?.removeEventListener('abort', stop);
    }
  }

  /** Ends the connection: pending requests fail in this very call; resolves when nothing is left of the link. */
  disconnect(): Promise<void> {
    return new Promise((resolve) => {
      this.#draining.push(resolve);
      this.#actor.send({ type: 'disconnect' });
    });
  }

  /** Sends a message that wants no answer; resolves with what went wrong, if anything did. */
  async sendMessage(message: JSONRPCMessage): Promise<Failure | undefined> {
    const link = this.#link;
    if (link === undefined) return notConnected();
    try {
      await link.send(message);
    } catch (thrown) {
      return toTransportFailure(thrown);
    }
    return undefined;
  }

  /** Asks the server for a sign of life, whatever else is going on. Without a session it fails at once. */
  async probe(timeout: number, signal?: AbortSignal): Promise<ProbeResult> {
    const { session, requests } = this;
    const { environment, identity } = this.#options;
    if (session === undefined) return { ok: false, latency: 0, outcome: Unsuccessful.failed(notConnected()) };
    return probe(requests, environment, session, identity, timeout, signal);
  }

  /** An inspector that throws would stop the actor that it looks at. */
  #inspector(inspect: NonNullable<ConnectionOptions['inspect']>): (event: InspectionEvent) => void {
    const look = typeof inspect === 'function' ? inspect : inspect.next?.bind(inspect);
    return (event) => {
      callUserFunction(
        'inspect',
        () => look?.(event),
        (problem) => {
          this.#listeners.report(problem);
        },
      );
    };
  }

  /** A tap that throws would end the link that it listens to. */
  #tap(): Tap | undefined {
    const { tap } = this.#options;
    if (tap === undefined) return undefined;
    return (event) => {
      callUserFunction(
        'tap',
        () => {
          tap(event);
        },
        (problem) => {
          this.#listeners.report(problem);
        },
      );
    };
  }

  #ask(request: OwnRequest): Promise<Outcome> {
    return this.requests.submit({
      entry: methodEntry(request.method),
      timeout: Infinity,
      totalDeadline: Infinity,
      maxTotalTimeout: undefined,
      repeatable: false,
      direct: true,
      quiet: true,
      failFast: true,
      signal: undefined,
      onProgress: undefined,
      onNotice: undefined,
      headers: undefined,
      ...request,
    });
  }

  #send(message: JSONRPCMessage): void {
    sendOver(this.#link, message)?.catch((thrown: unknown) => {
      this.#listeners.report(toTransportFailure(thrown));
    });
  }

  #ports(): ConnectionPorts {
    const { environment, transport, identity } = this.#options;
    const { requests } = this;
    const report = (problem: Failure): void => {
      this.#listeners.report(problem);
    };
    const useLink = (link: Link | undefined): void => {
      this.#link = link;
      requests.useLink(link);
    };
    const inbound = {
      requests,
      report,
      era: () => this.facts.session?.era,
      send: (message: JSONRPCMessage) => {
        this.#send(message);
      },
      notified: (method: string, params: Params | undefined) => {
        this.#listeners.notified(method, params);
      },
    };
    return {
      now: () => environment.now(),
      random: () => environment.random(),
      link: createLinkLogic({
        transport,
        environment,
        tap: this.#tap(),
        useLink,
        report: (problem) => {
          if (!requests.spoiled(problem)) report(problem);
        },
        interrupted: (id) => {
          requests.interrupted(id);
        },
        resumed: (id) => {
          requests.resumed(id);
        },
        received: (message) => {
          receive(inbound, message);
        },
      }),
      release: fromPromise(() => transport.closeLink()),
      requests: requests.logic,
      health: this.#healthMachine(),
      subscription: this.#subscriptionMachine(),
      serverStream: createServerStreamMachine({
        random: () => environment.random(),
        stream: fromCallback<EventObject>(({ sendBack }) => {
          const open = this.#link?.serverStream?.bind(this.#link);
          if (open === undefined) {
            sendBack({ type: 'unsupported' });
            return undefined;
          }
          return open({
            opened: () => {
              sendBack({ type: 'opened' });
            },
            unsupported: () => {
              sendBack({ type: 'unsupported' });
            },
            ended: (retry, failure) => {
              sendBack({ type: 'ended', retry, failure });
            },
          });
        }),
      }),
      tellRequests: (event) => {
        this.#actor.getSnapshot().children.requests?.send(event);
      },
      askDiscover: (question) => {
        const meta = modernMeta(question.version, identity, undefined);
        this.#negotiate('server/discover', { _meta: meta }, 'discovered');
      },
      askHandshake: (question) => {
        this.#negotiate('initialize', this.#initializeParams(question), 'shook');
      },
      withdrawQuestions: () => {
        const questions = this.#questions;
        this.#questions = new AbortController();
        questions.abort();
      },
      announce: (session) => {
        callUserFunction('established', () => this.#link?.established?.(session), report);
        if (session.era === 'legacy') this.#send({ jsonrpc: '2.0', method: 'notifications/initialized' });
      },
      applyDesired: (session, desired) => {
        const modern = session.era === 'modern';
        requests.useMeta(modern ? modernMeta(session.protocolVersion, identity, desired.logLevel) : undefined);
      },
      restore: (session, desired) => {
        void this.#restore(session, desired);
      },
      settle: (waiters, outcome) => {
        for (const id of waiters) {
          this.#waiting.get(id)?.(outcome);
          this.#waiting.delete(id);
        }
      },
      drained: () => {
        const { waiters } = this.facts;
        if (waiters.length === 0) transport.unclaim(this);
        for (const done of this.#draining.splice(0)) done();
      },
      report,
    };
  }

  #initializeParams(question: CurrentQuestion): Params {
    const { clientInfo, capabilities } = this.#options.identity;
    return { protocolVersion: question.version, capabilities, clientInfo };
  }

  /** Asks a question of the negotiation. An answer of a link that is gone by then reaches nobody. */
  #negotiate(method: string, params: Params, type: 'discovered' | 'shook'): void {
    const { signal } = this.#questions;
    void this.#ask({ method, params, entry: { ...methodEntry(method), check: () => undefined }, signal }).then(
      (outcome) => {
        if (signal.aborted) return;
        const answer = outcome instanceof Unsuccessful ? answerOf(outcome.failure) : resultAnswer(outcome);
        if (answer !== undefined) this.#actor.send({ type, answer });
        else if (outcome instanceof Unsuccessful && outcome.failure !== undefined) {
          this.#actor.send({ type: 'attempt.failed', failure: outcome.failure });
        }
      },
    );
  }

  /** Puts back what the user had asked of the session before. What is withdrawn is no longer waited for. */
  async #restore({ capabilities }: Session, { logLevel, resources }: DesiredState): Promise<void> {
    const { signal } = this.#questions;
    const ask = (method: string, params: Params): Promise<Outcome> =>
      this.#ask({ method, params, signal, quiet: false });
    const asked: Promise<Outcome>[] = [];
    if (logLevel !== undefined && hasCapability(capabilities, 'logging')) {
      asked.push(ask('logging/setLevel', { level: logLevel }));
    }
    if (hasCapability(capabilities, 'resources.subscribe')) {
      for (const uri of resources) asked.push(ask('resources/subscribe', { uri }));
    }
    const outcomes = await Promise.all(asked);
    if (signal.aborted) return;
    for (const outcome of outcomes) {
      if (outcome instanceof Unsuccessful && outcome.failure !== undefined) this.#listeners.report(outcome.failure);
    }
    this.#actor.send({ type: 'restored' });
  }

  #healthMachine() {
    const { requests } = this;
    const sawTraffic = trafficWatch(requests);
    return createHealthMachine({
      beginWindow: () => {
        sawTraffic();
      },
      check: () => {
        const { connectionCount, healthInterval } = this.facts;
        const ask = (): Promise<ProbeResult> => this.probe(Math.min(PROBE_TIMEOUT, healthInterval));
        void check(sawTraffic, requests, ask).then((found) => {
          // Of a session that is over by now it says nothing about this one.
          if (this.facts.connectionCount !== connectionCount) return;
          this.#actor.getSnapshot().children.health?.send({ type: 'checked', check: found });
        });
      },
      report: (news) => {
        this.#actor.send(news);
      },
    });
  }

  #subscriptionMachine() {
    let streams: AbortController[] = [];
    const dropAllBut = (kept: AbortController[]): void => {
      const dropped = streams.filter((stream) => !kept.includes(stream));
      streams = kept;
      for (const stream of dropped) stream.abort();
    };
    const tell = (
      event: { type: 'acknowledged'; honoured: SubscriptionFilter } | { type: 'ended'; failure: Failure | undefined },
    ) => {
      this.#actor.getSnapshot().children.subscription?.send(event);
    };
    return createSubscriptionMachine({
      random: () => this.#options.environment.random(),
      listen: (wanted) => {
        const stream = new AbortController();
        streams.push(stream);
        void this.#ask({
          method: 'subscriptions/listen',
          params: { notifications: wanted },
          direct: false,
          quiet: false,
          signal: stream.signal,
          onNotice: (method, params) => {
            if (method !== 'notifications/subscriptions/acknowledged' || stream !== streams.at(-1)) return;
            tell({ type: 'acknowledged', honoured: params?.notifications as SubscriptionFilter });
          },
        }).then((outcome) => {
          const newest = stream === streams.at(-1);
          streams = streams.filter((one) => one !== stream);
          if (!newest || stream.signal.aborted) return;
          tell({ type: 'ended', failure: outcome instanceof Unsuccessful ? outcome.failure : undefined });
        });
      },
      dropOlder: () => {
        dropAllBut(streams.slice(-1));
      },
      dropAll: () => {
        dropAllBut([]);
      },
      suspectChanges: () => {
        this.#listeners.suspectChanges();
      },
      report: (problem) => {
        this.#listeners.report(problem);
      },
    });
  }
}

function notConnected(): Failure {
  return failure('connection', 'MCP_NOT_CONNECTED', 'Not connected', { delivery: 'not-sent' });
}
