import { debuglog } from 'node:util';

import { steady } from '../util/environment.js';
import { raise, toError } from '../errors.js';
import type { MCPError } from '../errors.js';
import { Connection } from '../machines/connection/connection.js';
import type { ConnectionListeners, ConnectionOptions } from '../machines/connection/connection.js';
import type { ConnectionState } from '../machines/connection/connection-context.js';
import type { ProbeResult } from '../machines/health/health-check.js';
import { RecordedConnection } from '../recording/recorded-connection.js';
import { RequestFailure } from '../machines/request/outcome.js';
import type { Outcome } from '../machines/request/outcome.js';
import { requestSpec } from '../machines/request/request-spec.js';
import { describeAge } from '../util/age.js';
import { Budget } from '../util/budget.js';
import { failureOfCall } from '../protocol/call-failure.js';
import { explainFailure, hintFor } from '../diagnostics/explain.js';
import { failure, isFailure } from '../util/failure.js';
import type { Failure, FailureKind } from '../util/failure.js';
import type { Params } from '../protocol/messages/json-rpc.js';
import { healthReasons } from '../diagnostics/health-assessment.js';
import { healthScore } from '../diagnostics/health-score.js';
import { PACKAGE } from '../util/package.js';
import { barred, printable } from '../util/printable.js';
import { circumstancesOf, storyLines } from '../diagnostics/story.js';
import { recentLosses } from '../util/restart-budget.js';
import { methodEntry, notificationRefusal, uncheckedEntry } from '../protocol/methods.js';
import { LISTS, listsChangedBy } from '../protocol/cache-rules.js';
import { offeredCapabilities } from '../protocol/server-requests/server-requests.js';
import type { LoggingMessageNotificationParams } from '../protocol/schema/index.js';
import type { Session } from '../protocol/session.js';
import { shownUrl } from '../transports/http/http-failures.js';
import { Secrets } from '../transports/secrets.js';
import type { MCPTransport } from '../transports/transport.js';
import { checkParams, checkText } from './operations/call-arguments.js';
import type { ConnectOptions, RequestOptions } from './options/call-options.js';
import { ListCache } from './lists/list-cache.js';
import { Events } from './events.js';
import { History } from './history.js';
import { inspectionFor } from './inspection.js';
import { NotificationHandlers } from './notification-handlers.js';
import { describeServerRequests, handlerService } from './server-request-handlers.js';
import type { ResolvedOptions } from './options/options.js';
import type { HealthReport } from './health-report.js';
import { LineRecording } from '../recording/line-recording.js';
import { StructuredOutput } from './operations/structured-output.js';
import { explainSuspension, inherit } from './suspension.js';
import { callWithOtherHeaders, submitToolCall, wantsOtherHeaders } from './operations/tool-headers.js';

/** Options of a request that may be one of several which a call makes. */
export interface SubmitOptions extends RequestOptions {
  /** The time from which `timeout` counts. Default: now. */
  readonly since?: number | undefined;
  /** The time at which the whole call is given up. Default: `maxTotalTimeout` from now. */
  readonly totalDeadline?: number;
  /** The result is handed out whatever it looks like. Default false. */
  readonly unchecked?: boolean;
  /** The numbers by which requests that ask the same share one response. Default: none. */
  readonly sharing?: readonly number[] | undefined;
}

/** Failures whose errors tell what the connection had been through. Others are about what was asked. */
const ABOUT_CONNECTION: ReadonlySet<FailureKind> = new Set(['connection', 'timeout', 'transport', 'authentication']);

const A_METHOD = 'the name of a method';

/** Prints to stderr when the environment has `NODE_DEBUG=mcp-actors`. */
const debug = debuglog('mcp-actors');

/** Resources whose lists can be announced as changed. */
const WATCHABLE = ['tools', 'prompts', 'resources'] as const;

/**
 * What the facades of one connection share. `MCPConnection`, its `client` and that client's `protocol` are views on one of these.
 */
export class Core {
  readonly transport: MCPTransport;
  readonly options: ResolvedOptions;
  readonly connection: Connection;
  readonly events: Events;
  readonly handlers: NotificationHandlers;
  readonly listCache: ListCache;
  readonly structured: StructuredOutput;
  /** What was sent to the server and may not be shown: all that is told of the connection passes it. */
  readonly secrets: Secrets;
  /** What the connection may cost. */
  readonly budget: Budget;
  readonly history: History;
  #lastError: { readonly why: Failure; readonly error: MCPError } | undefined;

  /** @param name what whoever supervises it calls the connection */
  constructor(transport: MCPTransport, options: ResolvedOptions, name?: string) {
    this.transport = transport;
    const environment = steady(options.environment, (problem) => {
      this.#report(problem);
    });
    this.options = { ...options, environment };
    // Another copy of this package, perhaps an older one, may have made the transport.
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
    this.budget = new Budget(options.limits);
    this.connection = this.#connection(
      {
        transport,
        environment,
        identity: {
          clientInfo: options.clientInfo,
          capabilities: {
            ...offeredCapabilities(options.serverRequestHandlers),
            ...(options.extensions && { extensions: options.extensions }),
          },
        },
        questions: handlerService(options, name, this.budget),
        maxInputRounds: options.limits.maxInputRounds,
        budget: this.budget,
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
        suspectChanges: () => {
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

  #connection(options: ConnectionOptions, listeners: ConnectionListeners): Connection {
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

  /** A session, made if need be. Rejects with the error, or with the reason of the signal. */
  async connect(options: ConnectOptions = {}): Promise<Session> {
    const outcome = await this.connection.connect(options.timeout ?? this.options.connectTimeout, options.signal);
    if (isFailure(outcome)) throw this.error(outcome);
    return outcome;
  }

  /**
   * The session that a request needs, once whatever is under way has brought it about; rejects when nothing is, or when calls are not to
   * wait.
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
    if (isFailure(outcome)) throw this.error(this.failureOfCall(outcome, method, params));
    return outcome;
  }

  /** The session that stands now. */
  session(): Session {
    const { session } = this.connection;
    if (session !== undefined) return session;
    throw this.error(this.#notConnected());
  }

  #notConnected(): Failure {
    const { failure: cause } = this.connection.facts;
    return failure('connection', 'MCP_NOT_CONNECTED', `Not connected (the state is ${this.connection.state})`, {
      delivery: 'not-sent',
      cause,
    });
  }

  /** Makes a request and promises its outcome. */
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
    spec.since = options.since;
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

  /** Makes a request and promises its result. */
  async request(method: string, params: Params | undefined, options: SubmitOptions = {}): Promise<object> {
    checkText('method', A_METHOD, method);
    checkParams('params', params);
    const calls = method === 'tools/call';
    let outcome = await (calls ? submitToolCall(this, params, options) : this.submit(method, params, options));
    if (calls && wantsOtherHeaders(this, outcome)) outcome = await callWithOtherHeaders(this, outcome, params, options);
    if (outcome instanceof RequestFailure) throw this.errorOfCall(outcome, method, params);
    return outcome;
  }

  /**
   * The error for a failure. When it is about the connection it tells what that had been through. Call it where the caller's stack is
   * still the caller's.
   */
  error(why: Failure): MCPError {
    const failed = this.secrets.failure(why);
    if (!ABOUT_CONNECTION.has(failed.kind)) return toError(failed);
    return toError(
      failed,
      this.history.upToHere(this.options.environment.now(), () => this.connection.path),
    );
  }

  /** Why the connection was lost, or could not be made, since it last stood; told as things were then. */
  get lastError(): MCPError | undefined {
    const { failure: why } = this.connection.facts;
    if (why === undefined) return undefined;
    // Made when it happens; what did not change the state is told as things are when somebody looks first.
    if (this.#lastError?.why !== why) this.#lastError = { why, error: this.error(why) };
    return this.#lastError.error;
  }

  /** What a request that did not succeed throws: its error, or what the caller's signal was aborted with. */
  errorOf({ failure: failed, reason }: RequestFailure): unknown {
    return failed === undefined ? reason : this.error(failed);
  }

  /** The same for a request of the caller: the error names the tool, the prompt or the resource. */
  errorOfCall({ failure: failed, reason }: RequestFailure, method: string, params: Params | undefined): unknown {
    return failed === undefined ? reason : this.error(this.failureOfCall(failed, method, params));
  }

  /** A failure of a request of the caller, which names the tool, the prompt or the resource. */
  failureOfCall(failed: Failure, method: string, params: Params | undefined): Failure {
    return failureOfCall(failed, { method, params, known: (list) => this.listCache.known(list) });
  }

  /** Asks the server for a sign of life. */
  async probe(options: Pick<RequestOptions, 'timeout' | 'signal'>): Promise<ProbeResult> {
    return this.connection.probe(options.timeout ?? this.options.timeout, options.signal);
  }

  /** What the health of the connection looks like. Nothing is asked for it. */
  get health(): HealthReport {
    const { facts, requests } = this.connection;
    const { checks } = facts;
    return {
      healthScore: healthScore(checks),
      latencies: requests.inFlight.latencies.quantiles,
      reasons: healthReasons({ checks, ...requests.inFlight.silence }),
    };
  }

  /** Sends a notification. Before negotiation is over there is nobody to send it to. */
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
    if (problem !== undefined) throw this.error(problem);
  }

  /** Tells a server that the roots are not what they were, if it is one that wants to be told. */
  async rootsChanged(): Promise<void> {
    if (this.options.serverRequestHandlers.roots === undefined) {
      raise('This client offers no roots: give it the option `roots`', {
        code: 'MCP_INVALID_PARAMS',
        delivery: 'not-sent',
      });
    }
    // Also one that is still being put in order may have asked already. A server that comes later asks by itself.
    if (this.connection.facts.session?.era !== 'legacy') return;
    const method = 'notifications/roots/list_changed';
    const problem = await this.connection.sendMessage({ jsonrpc: '2.0', method });
    if (problem !== undefined) throw this.error(problem);
  }

  /** Why the connection is in the state it is in: text for a person. */
  explain(): string {
    const { state, path, facts, requests } = this.connection;
    const { inFlight, queued, asking } = requests.counts;
    const lines = [`The state is ${state} (${path}).`];
    if (facts.session !== undefined) {
      const { era, protocolVersion, serverInfo } = facts.session;
      lines.push(`Server: ${serverInfo?.name ?? 'unnamed'} ${serverInfo?.version ?? ''}, ${protocolVersion} (${era}).`);
    }
    lines.push(...explainSuspension(this));
    lines.push(`Requests: ${inFlight} in flight, ${queued} queued. Links opened: ${facts.epoch}.`);
    if (asking > 0) lines.push(`Requests that wait for somebody to tell what the server has to know first: ${asking}.`);
    const now = this.options.environment.now();
    lines.push(...describeServerRequests(this.connection.pendingServerRequests, now));
    const { restarts, maxReconnectAttempts } = facts.policy;
    if (facts.attempts > 0 || state === 'reconnecting')
      lines.push(`Attempts to reconnect: ${facts.attempts} of at most ${maxReconnectAttempts}.`);
    if (state === 'reconnecting') {
      const next = (this.history.latest?.at ?? now) + facts.delay - now;
      lines.push(`The next attempt is made in ${describeAge(Math.max(next, 0))}.`);
    }
    const losses = recentLosses(facts.losses, now, restarts).length;
    if (losses > 0)
      lines.push(`Lost in the last ${restarts.window} ms: ${losses} (\`maxRestarts\`: ${restarts.maxRestarts}).`);
    const { reasons } = this.health;
    if (reasons.length > 0) lines.push(`Health: ${reasons.join(', ')}.`);
    const story = this.history.everything(now, path);
    lines.push(...storyLines(story, 'ago'));
    const told = lines.map((line) => barred(line, /^ */.exec(line)?.[0] ?? ''));
    if (facts.failure !== undefined)
      told.push(
        'Last failure:',
        explainFailure(this.secrets.failure(facts.failure), { about: circumstancesOf(story) }),
      );
    else if (state === 'idle' || state === 'closed')
      told.push(`Hint: ${hintFor({ code: 'MCP_NOT_CONNECTED', message: '' }) ?? ''}`);
    return this.secrets.hide(printable(told.join('\n')));
  }

  #report(problem: Failure): void {
    this.history.note({ failure: this.secrets.failure(problem), at: this.options.environment.now() });
    this.events.report(problem);
  }

  #entered(state: ConnectionState, from: ConnectionState): void {
    this.history.add({ from, to: state, at: this.options.environment.now() });
    void this.lastError;
    if (debug.enabled) this.#debugState(state, from);
    if (state === 'initializing') this.events.sessionBegan();
    this.listCache.entered(state);
    if (state === 'closed') this.events.closed();
    this.events.emit('state', state, from);
  }

  /** Shows which connections are open: those keep the process from ending. */
  #debugState(state: ConnectionState, from: ConnectionState): void {
    const {
      command,
      pid,
      url,
      sseUrl = url,
    } = this.transport as Partial<Record<'command' | 'url' | 'sseUrl', string>> & {
      readonly pid?: number;
    };
    const where = command ?? (sseUrl !== undefined && URL.canParse(sseUrl) ? shownUrl(new URL(sseUrl)) : '');
    const server = [this.transport.constructor.name, where, pid === undefined ? '' : `pid ${pid}`]
      .filter(Boolean)
      .join(' ');
    const wasOpen = from !== 'idle' && from !== 'closed';
    const note = wasOpen || state === 'closed' ? '' : '; it keeps the process from ending until close() is called';
    debug('%s: %s → %s%s', this.secrets.hide(printable(server)), from, state, note);
  }

  #notified(method: string, params: Params | undefined): void {
    for (const list of listsChangedBy(method)) this.listCache.announced(list);
    this.handlers.call(method, params);
    this.events.emit('notification', { method, params });
    if (method === 'notifications/message') {
      this.events.emit('log', params as unknown as LoggingMessageNotificationParams);
    }
  }

  /** What is listened to decides which changes a modern server is asked to announce. */
  #watch(): void {
    const all = this.events.has('notification');
    const lists = WATCHABLE.filter(
      (list) => all || this.handlers.has(LISTS[list].changed) || (list === 'tools' && this.events.has('toolsChanged')),
    );
    const { desired } = this.connection.facts;
    if (lists.join() !== desired.lists.join()) this.connection.send({ type: 'desire', desired: { lists } });
  }
}
