import type { Environment, TimerHandle } from '../util/environment.js';
import type { Failure } from '../util/failure.js';
import { isFailure } from '../util/failure.js';
import type { JSONRPCMessage } from '../protocol/messages/json-rpc.js';
import { methodEntry } from '../protocol/methods.js';
import type { HandlerResponse } from '../protocol/server-requests/server-requests.js';
import type { Session } from '../protocol/session.js';
import { Connection } from '../machines/connection/connection.js';
import type { ConnectionListeners, ConnectionOptions } from '../machines/connection/connection.js';
import type { SessionExport } from '../machines/connection/session-export.js';
import type { ProbeResult } from '../machines/health/health-check.js';
import type { HandlerService } from '../machines/server-requests/handler-slots.js';
import { RecordedTransport } from './recorded-transport.js';
import { Recorder } from './recorder.js';
import type { RecordedOutcome, RecordingSink } from './recorded-events.js';
import type { Outcome } from '../machines/request/outcome.js';
import type { RequestSpec } from '../machines/request/request-spec.js';
import { RequestFailure } from '../machines/request/outcome.js';
import { SignalWatch } from '../machines/request/signal-watch.js';
import type { TimeLimit } from '../machines/subscription/watched-resources.js';

/** Milliseconds that closing waits for the recording. */
const FLUSH_TIMEOUT = 5_000;

/** What the header of a recording says besides what the connection knows. */
export interface RecordingOrigin {
  /** The package that writes it, as `name@version`. */
  readonly by: string;
  /** The class of the transport. */
  readonly transport: string;
}

/** A call that was written down. */
interface Begun {
  readonly call: number;
  /** Its signal is of no interest any more. */
  readonly forget?: (() => void) | undefined;
}

/** A connection of which everything is written down that comes from outside, and what it makes of it. */
export class RecordedConnection extends Connection {
  readonly #recorder: Recorder;
  readonly #sink: RecordingSink;
  readonly #environment: Environment;
  readonly #signals: SignalWatch;
  #calls = 0;

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
      questions,
    } = options;
    sink.begin({
      format: 'mcp-actors-recording',
      version: 2,
      by,
      redacted: false,
      transport: { type: transport, framing: options.transport.framing },
      ...{ policy, perRequest, era, healthInterval, inherited, identity, maxQueued, maxInputRounds, maxPendingReplies },
      lastId: continuation?.lastId ?? 0,
      ...(questions !== undefined && { maxServerRequests: questions.limit }),
    });
    const recorder = new Recorder(options.environment, sink);
    super(recorded(options, recorder), heard(listeners, recorder));
    this.#recorder = recorder;
    this.#sink = sink;
    this.#environment = options.environment;
    this.#signals = new SignalWatch((signal) => {
      recorder.input({ type: 'abort', signal });
    });
  }

  override send(event: Parameters<Connection['send']>[0]): void {
    this.#recorder.input({ type: 'event', event });
    super.send(event);
  }

  override connect(timeout: number, signal: AbortSignal | undefined): Promise<Session | Failure> {
    const begun = this.#begin('connect', timeout, signal);
    return this.#end(begun, super.connect(timeout, signal));
  }

  override join(timeout: number, signal: AbortSignal | undefined): Promise<Session | Failure> {
    const begun = this.#begin('join', timeout, signal);
    return this.#end(begun, super.join(timeout, signal));
  }

  override probe(timeout: number, signal?: AbortSignal): Promise<ProbeResult> {
    const begun = this.#begin('probe', timeout, signal);
    const probing = super.probe(timeout, signal);
    this.#watch(begun, probing, ({ outcome }) => fateOf(outcome));
    return probing;
  }

  override submit(spec: RequestSpec): Promise<Outcome> {
    const { method, params, headers, timeout, since, totalDeadline, maxTotalTimeout, repeatable, failFast, sharing } =
      spec;
    const { onProgress, entry } = spec;
    const call = (this.#calls += 1);
    const recorder = this.#recorder;
    const { mark, forget } = this.#signals.watch(spec.signal);
    recorder.input({
      ...{ type: 'submit', call, method, timeout, totalDeadline, repeatable, failFast },
      ...(since !== undefined && { since }),
      ...(params !== undefined && { params }),
      ...(headers !== undefined && { headers }),
      ...(sharing !== undefined && { sharing }),
      ...(maxTotalTimeout !== undefined && { maxTotalTimeout }),
      ...(entry !== methodEntry(method) && { unchecked: true as const }),
      progress: onProgress !== undefined,
      ...mark,
    });
    const submitted = super.submit({
      ...spec,
      onProgress:
        onProgress &&
        ((news) => {
          const { progress, total } = news;
          recorder.output({ type: 'progress', call, progress, ...(total !== undefined && { total }) });
          return recorder.outside(() => onProgress(news));
        }),
    });
    this.#watch({ call, forget }, submitted, fateOf);
    return submitted;
  }

  override watch(uri: string, limit: TimeLimit, signal: AbortSignal | undefined): Promise<Failure | undefined> {
    const call = (this.#calls += 1);
    const { mark, forget } = this.#signals.watch(signal);
    this.#recorder.input({ type: 'watch', call, uri, ...limit, ...mark });
    return this.#end({ call, forget }, super.watch(uri, limit, signal));
  }

  override unwatch(uri: string): void {
    this.#recorder.input({ type: 'unwatch', uri });
    super.unwatch(uri);
  }

  override sendMessage(message: JSONRPCMessage): Promise<Failure | undefined> {
    const call = (this.#calls += 1);
    this.#recorder.input({ type: 'send', call, message });
    return this.#end({ call }, super.sendMessage(message));
  }

  /** Resolves when the recording is safe, too. */
  override async disconnect(): Promise<void> {
    const call = (this.#calls += 1);
    this.#recorder.input({ type: 'disconnect', call });
    await this.#end({ call }, super.disconnect());
    await this.#flush();
  }

  /** Resolves when the recording is safe, too. */
  override async suspend(): Promise<SessionExport | Failure> {
    const call = (this.#calls += 1);
    this.#recorder.input({ type: 'suspend', call });
    const sessionExport = await this.#end({ call }, super.suspend());
    await this.#flush();
    return sessionExport;
  }

  /** Nobody waits for ever for a disk. */
  async #flush(): Promise<void> {
    const flushing = this.#sink.flush();
    if (flushing === undefined) return;
    const environment = this.#environment;
    let timer: TimerHandle;
    const patience = new Promise<void>((resolve) => {
      timer = environment.setTimeout(resolve, FLUSH_TIMEOUT);
    });
    await Promise.race([flushing, patience]);
    environment.clearTimeout(timer);
  }

  #begin(type: 'connect' | 'join' | 'probe', timeout: number, signal: AbortSignal | undefined): Begun {
    const call = (this.#calls += 1);
    const { mark, forget } = this.#signals.watch(signal);
    this.#recorder.input({ type, call, timeout, ...mark });
    return { call, forget };
  }

  #end<Result extends object | undefined | void>(begun: Begun, promise: Promise<Result>): Promise<Result> {
    this.#watch(begun, promise, (result) => (isFailure(result) ? fateOfFailure(result) : { ok: true }));
    return promise;
  }

  #watch<Result>({ call, forget }: Begun, promise: Promise<Result>, read: (result: Result) => RecordedOutcome): void {
    const settled = (fate: RecordedOutcome): void => {
      forget?.();
      this.#recorder.output({ type: 'settled', call, fate });
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
  }
}

function fateOf(outcome: Outcome): RecordedOutcome {
  if (!(outcome instanceof RequestFailure)) return { ok: true };
  return outcome.failure === undefined ? { aborted: true } : fateOfFailure(outcome.failure);
}

function fateOfFailure({ code, delivery, errorCode }: Failure): RecordedOutcome {
  return { code, ...(delivery !== undefined && { delivery }), ...(errorCode !== undefined && { errorCode }) };
}

function recorded(options: ConnectionOptions, recorder: Recorder): ConnectionOptions {
  const { environment } = options;
  const transport = new RecordedTransport(options.transport, recorder, environment);
  return {
    ...options,
    environment: recorder.environment,
    transport,
    questions: options.questions && recordedHandlers(options.questions, recorder),
    listener: (news) => {
      // That it could not be opened has been told by the transport.
      if (OUTPUTS.has(news.type) || (news.type === 'link.closed' && transport.failed)) recorder.output(news);
      else recorder.input(news);
    },
  };
}

/** Whoever answers the server is outside: what they are asked is written down, and what they say. */
function recordedHandlers(service: HandlerService, recorder: Recorder): HandlerService {
  let handlers = 0;
  return {
    limit: service.limit,
    answer: (asked, session, signal, tell, settled) => {
      const handler = (handlers += 1);
      let answered = false;
      recorder.output({ type: 'handler.called', handler, method: asked.method });
      // Whoever listens to it is outside, too.
      const withdrawal = new AbortController();
      signal.addEventListener('abort', () => {
        recorder.outside(() => {
          withdrawal.abort(signal.reason);
        });
      });
      recorder.outside(() => {
        const told = (answer: HandlerResponse): void => {
          // One that nobody wants any more makes no difference.
          if (signal.aborted) return;
          answered = true;
          recorder.input({ type: 'handler.responded', handler, answer });
          tell(answer);
        };
        service.answer(asked, session, withdrawal.signal, told, () => {
          if (answered) return;
          recorder.input({ type: 'handler.settled', handler });
          settled?.();
        });
      });
    },
  };
}

/** What the connection does to its link, or makes of it, rather than the link to the connection. */
const OUTPUTS: ReadonlySet<string> = new Set([
  'link.opening',
  'link.opened',
  'link.left',
  'message.out',
  'stream.opening',
  'stream.left',
]);

function heard(listeners: ConnectionListeners, recorder: Recorder): ConnectionListeners {
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
    suspectChanges: () => {
      recorder.output({ type: 'suspect' });
      recorder.outside(() => {
        listeners.suspectChanges();
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
