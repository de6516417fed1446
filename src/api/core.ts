import { steady } from '../util/environment.js';
import { raise, toError } from '../errors.js';
import { Connection } from '../machines/connection/connection.js';
import type { ConnectionListeners, ConnectionOptions } from '../machines/connection/connection-options.js';
import type { ConnectionState } from '../machines/connection/connection-context.js';
import type { ConnectionInterface } from '../machines/connection/connection-interface.js';
import type { ProbeResult } from '../machines/health/health-check.js';
import { RecordedConnection } from '../recording/recorded-connection.js';
import { RequestFailure } from '../machines/request/outcome.js';
import type { Outcome } from '../machines/request/outcome.js';
import { requestSpec } from '../machines/request/request-spec.js';
import { Budget } from '../util/budget.js';
import { failure, isFailure } from '../util/failure.js';
import type { Failure } from '../util/failure.js';
import type { Params } from '../protocol/messages/json-rpc.js';
import { healthReasons } from '../diagnostics/health-assessment.js';
import { healthScore } from '../diagnostics/health-score.js';
import { PACKAGE } from '../util/package.js';
import { methodEntry, notificationRefusal, uncheckedEntry } from '../protocol/methods.js';
import { LISTS, listsChangedBy } from '../protocol/cache-rules.js';
import { offeredCapabilities } from '../protocol/server-requests/server-requests.js';
import type { LoggingMessageNotificationParams } from '../protocol/schema/index.js';
import type { Session } from '../protocol/session.js';
import { Secrets } from '../transports/secrets.js';
import type { MCPTransport } from '../transports/transport.js';
import { checkParams, checkText } from './operations/call-arguments.js';
import { SINCE } from './options/call-options.js';
import type { ConnectOptions, RequestOptions, SubmitOptions } from './options/call-options.js';
import { ConnectionErrors } from './connection-errors.js';
import { debugState } from './explanation.js';
import { ListCache } from './lists/list-cache.js';
import { Events } from './events.js';
import { History } from './history.js';
import { inspectionFor } from './inspection.js';
import { NotificationHandlers } from './notification-handlers.js';
import { handlerService } from './server-request-handlers.js';
import { announcedExtensions } from './options/announced-extensions.js';
import type { ResolvedOptions } from './options/options.js';
import type { HealthReport } from './health-report.js';
import { LineRecording } from '../recording/line-recording.js';
import { LazyAuthorization } from '../machines/authorization/lazy-authorization.js';
import { statusOf } from './operations/sign-in.js';
import { StructuredOutput } from './operations/structured-output.js';
import { inherit } from './suspension.js';
import { retryWithNewHeaders, headersOfCall, isHeaderMismatch } from './operations/tool-headers.js';

const A_METHOD = 'the name of a method';

/** The lists for which a server can announce changes. */
const WATCHABLE = ['tools', 'prompts', 'resources'] as const;

/**
 * The objects that the facades of one connection share: `MCPConnection`, its `client`, and the `protocol` of that client.
 */
export class Core {
  readonly transport: MCPTransport;
  readonly options: ResolvedOptions;
  readonly connection: ConnectionInterface;
  readonly events: Events;
  readonly handlers: NotificationHandlers;
  readonly listCache: ListCache;
  readonly structured: StructuredOutput;
  /** The secrets that were sent to the server. They are removed from everything that the client reports. */
  readonly secrets: Secrets;
  /** The memory that the connection may hold. */
  readonly budget: Budget;
  readonly history: History;
  readonly errors: ConnectionErrors;
  /** Undefined unless the transport has an `OAuth`. */
  readonly authorization: LazyAuthorization | undefined;

  /** @param name the name of the `MCPConnection`, if there is one */
  constructor(transport: MCPTransport, options: ResolvedOptions, name?: string) {
    this.transport = transport;
    const environment = steady(options.environment, (problem) => {
      this.#report(problem);
    });
    this.options = { ...options, environment };
    // The transport may come from another, perhaps older, copy of this package.
    this.secrets = (transport as Partial<MCPTransport>).secrets ?? new Secrets();
    this.history = new History(() => this.connection.requests.frames, this.secrets.hide);
    this.events = new Events(
      () => {
        this.#watch();
      },
      (problem) => toError(this.secrets.failure(problem)),
      { environment, maxProblemsPerSecond: options.limits.maxProblemsPerSecond },
    );
    this.handlers = new NotificationHandlers(this.events, () => {
      this.#watch();
    });
    this.errors = new ConnectionErrors(this);
    this.budget = new Budget(options.limits);
    this.authorization = this.#authorizationOf(transport);
    const extensions = announcedExtensions(options.extensions, transport);
    this.connection = this.#connection(
      {
        transport,
        environment,
        identity: {
          clientInfo: options.clientInfo,
          capabilities: {
            ...offeredCapabilities(options.serverRequestHandlers),
            ...(extensions && { extensions }),
          },
        },
        handlers: handlerService(options, name, this.budget),
        maxInputRounds: options.limits.maxInputRounds,
        budget: this.budget,
        authorizer: this.authorization,
        policy: options.policy,
        perRequest: transport.framing === 'per-request',
        era: options.priorEra ?? options.resume?.session.era ?? transport.priorEra,
        ...inherit(this.options, transport),
        healthInterval: options.healthCheckInterval,
        maxQueued: options.maxQueued,
        ...inspectionFor(options.inspect, {
          name,
          transport: transport.constructor.name,
          hide: this.secrets.hide,
        }),
      },
      {
        entered: (state, from) => {
          this.#entered(state, from);
        },
        notified: (method, params) => {
          this.#notified(method, params);
        },
        missedChanges: () => {
          this.listCache.expireAll();
        },
        report: (problem) => {
          this.#report(problem);
        },
        tolerated: (fault) => {
          this.events.warnOnce(fault);
        },
      },
    );
    this.listCache = new ListCache(this);
    this.structured = new StructuredOutput(options.limits.validationTime);
  }

  #authorizationOf(transport: MCPTransport): LazyAuthorization | undefined {
    const { authorization } = transport as Partial<MCPTransport>;
    return (
      authorization &&
      new LazyAuthorization(authorization, {
        clientName: this.options.clientInfo.name,
        environment: this.options.environment,
        secrets: this.secrets,
        report: (problem) => {
          this.#report(problem);
        },
        authTimeout: this.options.authTimeout,
        changed: (view) => {
          this.events.emit('authorization', statusOf(view, this.errors));
        },
      })
    );
  }

  #connection(options: ConnectionOptions, listeners: ConnectionListeners): ConnectionInterface {
    const { record } = this.options;
    if (record === undefined) return new Connection(options, listeners);
    const sink = new LineRecording(
      record,
      (text) => this.secrets.isIn(text),
      (problem) => {
        this.events.report(problem);
      },
    );
    const by = `${PACKAGE.name}@${PACKAGE.version}`;
    return new RecordedConnection(options, listeners, sink, { by, transport: this.transport.constructor.name });
  }

  /** Connects if necessary, and resolves with the session. Rejects with the error, or with the reason of the signal. */
  async connect(options: ConnectOptions = {}): Promise<Session> {
    this.authorization?.begin();
    const outcome = await this.connection.connect(options.timeout ?? this.options.connectTimeout, options.signal);
    if (isFailure(outcome)) throw this.errors.of(outcome);
    return outcome;
  }

  /**
   * Resolves with the session, after waiting for a connection attempt that is in progress. Rejects if there is none, and without waiting if
   * `whenDisconnected` is `'fail'`.
   */
  async established(
    options: Pick<RequestOptions, 'timeout' | 'signal'>,
    method: string,
    params: Params | undefined,
  ): Promise<Session> {
    const { timeout, whenDisconnected } = this.options;
    const outcome =
      whenDisconnected === 'fail'
        ? (this.connection.session ?? this.#notConnected())
        : await this.connection.join(options.timeout ?? timeout, options.signal);
    if (isFailure(outcome)) throw this.errors.of(this.errors.failureOfCall(outcome, method, params));
    return outcome;
  }

  /** The current session. Throws without one. */
  session(): Session {
    const { session } = this.connection;
    if (session !== undefined) return session;
    throw this.errors.of(this.#notConnected());
  }

  #notConnected(): Failure {
    const { failure: cause } = this.connection.facts;
    return failure('connection', 'MCP_NOT_CONNECTED', `Not connected (the state is ${this.connection.state})`, {
      delivery: 'not-sent',
      cause,
    });
  }

  /** Submits a request and resolves with its outcome. */
  submit(
    method: string,
    params: Params | undefined,
    options: SubmitOptions,
    repeatable?: boolean,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Outcome> {
    const entry = options.unchecked === true ? uncheckedEntry(method) : methodEntry(method);
    const { timeout, retry, whenDisconnected, environment } = this.options;
    const maxTotalTimeout = options.maxTotalTimeout ?? this.options.maxTotalTimeout;
    const policy = options.retry ?? retry;
    const spec = requestSpec(method, params, undefined, entry);
    spec.timeout = options.timeout ?? timeout;
    spec.since = options.since ?? options[SINCE];
    if (options.totalDeadline !== undefined) spec.totalDeadline = options.totalDeadline;
    else if (maxTotalTimeout !== undefined) spec.totalDeadline = environment.now() + maxTotalTimeout;
    spec.maxTotalTimeout = maxTotalTimeout;
    spec.repeatable = policy === 'auto' ? (repeatable ?? entry.repeatable) : policy === 'safe';
    spec.failFast = whenDisconnected === 'fail';
    spec.signal = options.signal;
    spec.onProgress = options.onProgress;
    spec.headers = headers;
    spec.sharing = options.sharing;
    return this.connection.submit(spec);
  }

  /** Submits a request and resolves with its result. */
  async request(method: string, params: Params | undefined, options: SubmitOptions = {}): Promise<object> {
    checkText('method', A_METHOD, method);
    checkParams('params', params);
    const calls = method === 'tools/call';
    const headers = calls ? headersOfCall(this, params) : undefined;
    let outcome = await this.submit(method, params, options, undefined, headers);
    if (calls && isHeaderMismatch(this, outcome)) outcome = await retryWithNewHeaders(this, outcome, params, options);
    if (outcome instanceof RequestFailure) throw this.errors.ofCall(outcome, method, params);
    return outcome;
  }

  /** Checks whether the server responds. */
  async probe(options: Pick<RequestOptions, 'timeout' | 'signal'>): Promise<ProbeResult> {
    return this.connection.probe(options.timeout ?? this.options.timeout, options.signal);
  }

  /** The health of the connection. Sends nothing. */
  get health(): HealthReport {
    const { facts, requests } = this.connection;
    const { checks } = facts;
    return {
      healthScore: healthScore(checks),
      latencies: requests.inFlight.latencies.quantiles,
      reasons: healthReasons({ checks, ...requests.inFlight.silence }),
    };
  }

  /** Sends a notification. Rejects without a session. */
  async notify(method: string, params: Params | undefined): Promise<void> {
    checkText('method', A_METHOD, method);
    checkParams('params', params);
    const refusal = notificationRefusal(method, this.session());
    if (refusal !== undefined) throw toError(refusal);
    const problem = await this.connection.sendMessage({
      jsonrpc: '2.0',
      method,
      ...(params !== undefined && { params }),
    });
    if (problem !== undefined) throw this.errors.of(problem);
  }

  /** Notifies a legacy server that the roots have changed. */
  async rootsChanged(): Promise<void> {
    if (this.options.serverRequestHandlers.roots === undefined) {
      raise('This client has no roots: pass the option `roots`', {
        code: 'MCP_INVALID_PARAMS',
        delivery: 'not-sent',
      });
    }
    // The session may not be ready yet, but its server may have requested the roots already.
    if (this.connection.facts.session?.era !== 'legacy') return;
    const method = 'notifications/roots/list_changed';
    const problem = await this.connection.sendMessage({ jsonrpc: '2.0', method });
    if (problem !== undefined) throw this.errors.of(problem);
  }

  /** Closes the connection, and waits for everything that belongs to it. */
  disconnect(): Promise<void> {
    const { authorization } = this;
    const disconnected = this.connection.disconnect();
    // A sign-in needs no connection.
    authorization?.close();
    return authorization === undefined ? disconnected : disconnected.then(() => authorization.closed());
  }

  #report(problem: Failure): void {
    this.history.note({ failure: this.secrets.failure(problem), at: this.options.environment.now() });
    this.events.report(problem);
  }

  #entered(state: ConnectionState, from: ConnectionState): void {
    this.history.add({ from, to: state, at: this.options.environment.now() });
    // Makes the error now, so that its story ends here.
    void this.errors.last;
    debugState(this, state, from);
    if (state === 'initializing') this.events.sessionBegan();
    this.listCache.entered(state);
    if (state === 'closed') {
      this.authorization?.close();
      this.events.closed();
    }
    this.events.emit('state', state, from);
  }

  #notified(method: string, params: Params | undefined): void {
    for (const list of listsChangedBy(method)) this.listCache.announced(list);
    this.handlers.call(method, params);
    this.events.emit('notification', { method, params });
    if (method === 'notifications/message') {
      this.events.emit('log', params as unknown as LoggingMessageNotificationParams);
    }
  }

  /** Requests change notifications for the lists that have a listener or a handler. */
  #watch(): void {
    const all = this.events.has('notification');
    const lists = WATCHABLE.filter(
      (list) => all || this.handlers.has(LISTS[list].changed) || (list === 'tools' && this.events.has('toolsChanged')),
    );
    const { desired } = this.connection.facts;
    if (lists.join() !== desired.lists.join()) this.connection.send({ type: 'desire', desired: { lists } });
  }
}
