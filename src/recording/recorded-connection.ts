import type { Environment, TimerHandle } from '../util/environment.js';
import type { Failure } from '../util/failure.js';
import { isFailure } from '../util/failure.js';
import type { JSONRPCMessage } from '../protocol/messages/json-rpc.js';
import { methodEntry } from '../protocol/methods.js';
import type { HandlerResponse } from '../protocol/server-requests/server-requests.js';
import type { Session } from '../protocol/session.js';
import { Connection } from '../machines/connection/connection.js';
import type { ConnectionListeners, ConnectionOptions } from '../machines/connection/connection-options.js';
import type { ConnectionFacts, ConnectionState, ConnectionWish } from '../machines/connection/connection-context.js';
import type { ConnectionInterface } from '../machines/connection/connection-interface.js';
import type { SessionExport } from '../machines/connection/session-export.js';
import type { ProbeResult } from '../machines/health/health-check.js';
import type { HandlerService } from '../machines/server-requests/handler-slots.js';
import type { PendingServerRequest } from '../machines/server-requests/server-requests.js';
import { RecordedTransport } from './recorded-transport.js';
import { Recorder } from './recorder.js';
import type { RecordedCall, RecordedOutcome, RecordingSink } from './recorded-events.js';
import type { Outcome } from '../machines/request/outcome.js';
import type { RequestSpec } from '../machines/request/request-spec.js';
import { RequestFailure } from '../machines/request/outcome.js';
import { SignalWatch } from './signal-watch.js';
import type { TimeLimit } from '../machines/subscription/watched-resources.js';

/** How long `disconnect()` and `suspend()` wait for the file, in milliseconds. */
const FLUSH_TIMEOUT = 5_000;

/** The fields of the header that the connection does not know. */
export interface RecordingOrigin {
  /** The package that writes the recording, as `name@version`. */
  readonly by: string;
  /** The class name of the transport. */
  readonly transport: string;
}

/** The entry of a call, without the fields of its signal. */
type CallEntry = Extract<RecordedCall, { readonly call: number }>;

/**
 * A connection that records each input and each output. It implements {@link ConnectionInterface}, so a new method of {@link Connection}
 * does not compile before it is recorded here.
 */
export class RecordedConnection implements ConnectionInterface {
  readonly #connection: Connection;
  readonly #recorder: Recorder;
  readonly #sink: RecordingSink;
  readonly #environment: Environment;
  readonly #signals: SignalWatch;
  #calls = 0;

  /** Writes the header and creates the connection. */
  constructor(
    options: ConnectionOptions,
    listeners: ConnectionListeners,
    sink: RecordingSink,
    { by, transport }: RecordingOrigin,
  ) {
    const {
      policy,
      perRequest,
      era,
      healthInterval,
      inherited,
      identity,
      maxQueued,
      maxInputRounds,
      budget: { maxPendingReplies },
      continuation,
      handlers,
    } = options;
    sink.begin({
      format: 'mcp-actors-recording',
      version: 2,
      by,
      redacted: false,
      transport: { type: transport, framing: options.transport.framing },
      ...{ policy, perRequest, era, healthInterval, inherited, identity, maxQueued, maxInputRounds, maxPendingReplies },
      lastId: continuation?.lastId ?? 0,
      ...(handlers !== undefined && { maxServerRequests: handlers.limit }),
    });
    const recorder = new Recorder(options.environment, sink);
    this.#connection = new Connection(recordedOptions(options, recorder), recordedListeners(listeners, recorder));
    this.#recorder = recorder;
    this.#sink = sink;
    this.#environment = options.environment;
    this.#signals = new SignalWatch((signal) => {
      recorder.input({ type: 'abort', signal });
    });
  }

  get state(): ConnectionState {
    return this.#connection.state;
  }

  get facts(): ConnectionFacts {
    return this.#connection.facts;
  }

  get session(): Session | undefined {
    return this.#connection.session;
  }

  get receivesNotifications(): boolean {
    return this.#connection.receivesNotifications;
  }

  get pendingServerRequests(): readonly PendingServerRequest[] {
    return this.#connection.pendingServerRequests;
  }

  get path(): string {
    return this.#connection.path;
  }

  get requests(): ConnectionInterface['requests'] {
    return this.#connection.requests;
  }

  send(event: ConnectionWish): void {
    this.#recorder.input({ type: 'event', event });
    this.#connection.send(event);
  }

  unwatch(uri: string): void {
    this.#recorder.input({ type: 'unwatch', uri });
    this.#connection.unwatch(uri);
  }

  connect(timeout: number, signal: AbortSignal | undefined): Promise<Session | Failure> {
    return this.#call(
      (call) => ({ type: 'connect', call, timeout }),
      () => this.#connection.connect(timeout, signal),
      outcomeOfResult,
      signal,
    );
  }

  join(timeout: number, signal: AbortSignal | undefined): Promise<Session | Failure> {
    return this.#call(
      (call) => ({ type: 'join', call, timeout }),
      () => this.#connection.join(timeout, signal),
      outcomeOfResult,
      signal,
    );
  }

  probe(timeout: number, signal?: AbortSignal): Promise<ProbeResult> {
    return this.#call(
      (call) => ({ type: 'probe', call, timeout }),
      () => this.#connection.probe(timeout, signal),
      ({ outcome }) => recordedOutcome(outcome),
      signal,
    );
  }

  watch(uri: string, limit: TimeLimit, signal: AbortSignal | undefined): Promise<Failure | undefined> {
    return this.#call(
      (call) => ({ type: 'watch', call, uri, ...limit }),
      () => this.#connection.watch(uri, limit, signal),
      outcomeOfResult,
      signal,
    );
  }

  submit(spec: RequestSpec): Promise<Outcome> {
    const { onProgress } = spec;
    return this.#call(
      (call) => submitEntry(call, spec),
      (call) =>
        this.#connection.submit({
          ...spec,
          onProgress:
            onProgress &&
            ((news) => {
              const { progress, total } = news;
              this.#recorder.output({ type: 'progress', call, progress, ...(total !== undefined && { total }) });
              return this.#recorder.outside(() => onProgress(news));
            }),
        }),
      recordedOutcome,
      spec.signal,
    );
  }

  sendMessage(message: JSONRPCMessage): Promise<Failure | undefined> {
    return this.#call(
      (call) => ({ type: 'send', call, message }),
      () => this.#connection.sendMessage(message),
      outcomeOfResult,
    );
  }

  /** Resolves when the connection is closed and the recording is written. */
  async disconnect(): Promise<void> {
    await this.#call(
      (call) => ({ type: 'disconnect', call }),
      () => this.#connection.disconnect(),
      outcomeOfResult,
    );
    await this.#flush();
  }

  /** Resolves when the session is exported and the recording is written. */
  async suspend(): Promise<SessionExport | Failure> {
    const sessionExport = await this.#call(
      (call) => ({ type: 'suspend', call }),
      () => this.#connection.suspend(),
      outcomeOfResult,
    );
    await this.#flush();
    return sessionExport;
  }

  /** Records a call, makes it, and records its outcome. */
  #call<Result>(
    entryOf: (call: number) => CallEntry,
    make: (call: number) => Promise<Result>,
    read: (result: Result) => RecordedOutcome,
    signal?: AbortSignal,
  ): Promise<Result> {
    const call = (this.#calls += 1);
    const { mark, forget } = this.#signals.watch(signal);
    this.#recorder.input({ ...entryOf(call), ...mark });
    const promise = make(call);
    const settled = (outcome: RecordedOutcome): void => {
      forget?.();
      this.#recorder.output({ type: 'settled', call, outcome });
    };
    promise.then(
      (result) => {
        settled(read(result));
      },
      (thrown: unknown) => {
        const { code } = (thrown ?? {}) as { code?: unknown };
        settled(code === 'MCP_TRANSPORT_BUSY' ? { code, delivery: 'not-sent' } : { aborted: true });
      },
    );
    return promise;
  }

  /** Waits until the recording is written, for at most {@link FLUSH_TIMEOUT}. */
  async #flush(): Promise<void> {
    const flushing = this.#sink.flush();
    if (flushing === undefined) return;
    const environment = this.#environment;
    let timer: TimerHandle;
    const expired = new Promise<void>((resolve) => {
      timer = environment.setTimeout(resolve, FLUSH_TIMEOUT);
    });
    await Promise.race([flushing, expired]);
    environment.clearTimeout(timer);
  }
}

function submitEntry(call: number, spec: RequestSpec): CallEntry {
  const { method, params, headers, timeout, since, totalDeadline, maxTotalTimeout, repeatable, failFast } = spec;
  const { sharing, entry, onProgress } = spec;
  return {
    ...{ type: 'submit', call, method, timeout, totalDeadline, repeatable, failFast },
    ...(since !== undefined && { since }),
    ...(params !== undefined && { params }),
    ...(headers !== undefined && { headers }),
    ...(sharing !== undefined && { sharing }),
    ...(maxTotalTimeout !== undefined && { maxTotalTimeout }),
    ...(entry !== methodEntry(method) && { unchecked: true as const }),
    progress: onProgress !== undefined,
  };
}

/** The outcome of a call that resolves with a failure instead of rejecting. */
function outcomeOfResult(result: unknown): RecordedOutcome {
  return isFailure(result) ? outcomeOfFailure(result) : { ok: true };
}

function recordedOutcome(outcome: Outcome): RecordedOutcome {
  if (!(outcome instanceof RequestFailure)) return { ok: true };
  return outcome.failure === undefined ? { aborted: true } : outcomeOfFailure(outcome.failure);
}

function outcomeOfFailure({ code, delivery, errorCode }: Failure): RecordedOutcome {
  return { code, ...(delivery !== undefined && { delivery }), ...(errorCode !== undefined && { errorCode }) };
}

function recordedOptions(options: ConnectionOptions, recorder: Recorder): ConnectionOptions {
  const { environment } = options;
  const transport = new RecordedTransport(options.transport, recorder, environment);
  return {
    ...options,
    environment: recorder.environment,
    transport,
    handlers: options.handlers && recordedHandlers(options.handlers, recorder),
    listener: (news) => {
      // The transport has recorded already that the link could not be opened.
      if (OUTPUTS.has(news.type) || (news.type === 'link.closed' && transport.failed)) recorder.output(news);
      else recorder.input(news);
    },
  };
}

/** Handlers are outside of the connection: their calls are recorded as outputs, and their responses as inputs. */
function recordedHandlers(service: HandlerService, recorder: Recorder): HandlerService {
  let handlers = 0;
  return {
    limit: service.limit,
    answer: (request, session, signal, respond, settled) => {
      const handler = (handlers += 1);
      let responded = false;
      recorder.output({ type: 'handler.called', handler, method: request.method });
      // Listeners of the handler's signal are outside of the connection, too.
      const withdrawal = new AbortController();
      signal.addEventListener('abort', () => {
        recorder.outside(() => {
          withdrawal.abort(signal.reason);
        });
      });
      recorder.outside(() => {
        const respondRecorded = (answer: HandlerResponse): void => {
          // The response to a withdrawn server request changes nothing.
          if (signal.aborted) return;
          responded = true;
          recorder.input({ type: 'handler.responded', handler, answer });
          respond(answer);
        };
        service.answer(request, session, withdrawal.signal, respondRecorded, () => {
          if (responded) return;
          recorder.input({ type: 'handler.settled', handler });
          settled?.();
        });
      });
    },
  };
}

/** The link events that the connection causes. All other link events come from the link. */
const OUTPUTS: ReadonlySet<string> = new Set([
  'link.opening',
  'link.opened',
  'link.left',
  'message.out',
  'stream.opening',
  'stream.left',
]);

function recordedListeners(listeners: ConnectionListeners, recorder: Recorder): ConnectionListeners {
  return {
    moved: (path) => {
      recorder.output({ type: 'path', path });
    },
    entered: (state, from) => {
      recorder.output({ type: 'state', state, from });
      recorder.outside(() => {
        listeners.entered(state, from);
      });
    },
    notified: (method, params) => {
      recorder.output({ type: 'notified', method });
      recorder.outside(() => {
        listeners.notified(method, params);
      });
    },
    missedChanges: () => {
      recorder.output({ type: 'suspect' });
      recorder.outside(() => {
        listeners.missedChanges();
      });
    },
    report: (problem) => {
      recorder.output({ type: 'problem', code: problem.code });
      recorder.outside(() => {
        listeners.report(problem);
      });
    },
    tolerated: (fault) => {
      recorder.output({ type: 'problem', code: fault.code });
      recorder.outside(() => {
        listeners.tolerated(fault);
      });
    },
  };
}
