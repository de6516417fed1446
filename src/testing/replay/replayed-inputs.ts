import type { HandlerService } from '../../machines/server-requests/handler-slots.js';
import { requestSpec } from '../../machines/request/request-spec.js';
import { methodEntry, uncheckedEntry } from '../../protocol/methods.js';
import type { HandlerResponse } from '../../protocol/server-requests/server-requests.js';
import type { RecordedConnection } from '../../recording/recorded-connection.js';
import type { RecordedEntry, RecordedEvent } from '../../recording/recorded-events.js';

/** The entries that are inputs of the connection. */
export const INPUTS: ReadonlySet<string> = new Set([
  ...[
    'connect',
    'join',
    'probe',
    'submit',
    'watch',
    'unwatch',
    'send',
    'disconnect',
    'suspend',
    'event',
    'abort',
    'timer.fired',
    'handler.responded',
    'handler.settled',
  ],
  ...['link.ready', 'link.failed', 'link.released', 'link.problem', 'message.in', 'message.settled', 'session.lost'],
  ...['answer.interrupted', 'answer.resumed', 'stream.opened', 'stream.unsupported', 'stream.ended'],
  ...['signIn.began', 'signIn.ended', 'request.parked', 'request.unparked'],
]);

type CallWithSignal = Extract<RecordedEvent, { type: 'connect' | 'join' | 'probe' | 'submit' | 'watch' }>;

/** Repeats the calls of the user and the responses of handlers. */
export class ReplayedInputs {
  readonly #signals = new Map<number, AbortController>();
  /** The calls of handlers, in order. */
  readonly #handlerCalls: {
    readonly respond: (response: HandlerResponse) => void;
    readonly settled: (() => void) | undefined;
  }[] = [];
  readonly #during: () => void;

  /** @param during repeats the inputs that were recorded during the current call of a listener */
  constructor(during: () => void) {
    this.#during = during;
  }

  /** Repeats a call of the user or a response of a handler. Returns false for the other inputs. */
  repeat(entry: RecordedEntry, connection: RecordedConnection): boolean {
    switch (entry.type) {
      case 'connect':
      case 'join':
        connection[entry.type](entry.timeout, this.#signal(entry)).catch(ignore);
        break;
      case 'probe':
        connection.probe(entry.timeout, this.#signal(entry)).catch(ignore);
        break;
      case 'submit':
        this.#submit(entry, connection);
        break;
      case 'watch':
        connection.watch(entry.uri, entry, this.#signal(entry)).catch(ignore);
        break;
      case 'unwatch':
        connection.unwatch(entry.uri);
        break;
      case 'send':
        connection.sendMessage(entry.message).catch(ignore);
        break;
      case 'disconnect':
        connection.disconnect().catch(ignore);
        break;
      case 'suspend':
        connection.suspend().catch(ignore);
        break;
      case 'event':
        connection.send(entry.event);
        break;
      case 'abort':
        this.#controller(entry.signal).abort();
        break;
      case 'handler.responded':
        this.#handlerCalls[entry.handler - 1]?.respond(entry.answer);
        break;
      case 'handler.settled':
        this.#handlerCalls[entry.handler - 1]?.settled?.();
        break;
      default:
        return false;
    }
    return true;
  }

  #submit(entry: Extract<RecordedEvent, { type: 'submit' }>, connection: RecordedConnection): void {
    const { method, params, headers, timeout, since, totalDeadline, maxTotalTimeout } = entry;
    const { repeatable, failFast, sharing, unchecked } = entry;
    const spec = requestSpec(method, params, {
      ...{ headers, timeout, since, totalDeadline, maxTotalTimeout, repeatable, failFast, sharing },
      entry: unchecked === true ? uncheckedEntry(method) : methodEntry(method),
      signal: this.#signal(entry),
      onProgress: entry.progress
        ? () => {
            this.#during();
          }
        : undefined,
    });
    connection.submit(spec).catch(ignore);
  }

  /** Handlers that give the recorded responses. */
  handlers(limit: number): HandlerService {
    return {
      limit,
      answer: (_request, _session, signal, respond, settled) => {
        this.#handlerCalls.push({ respond, settled });
        signal.addEventListener('abort', () => {
          this.#during();
        });
        this.#during();
      },
    };
  }

  #signal({ signal, aborted }: CallWithSignal): AbortSignal | undefined {
    if (signal === undefined) return undefined;
    const controller = this.#controller(signal);
    if (aborted === true) controller.abort();
    return controller.signal;
  }

  #controller(number: number): AbortController {
    const known = this.#signals.get(number) ?? new AbortController();
    this.#signals.set(number, known);
    return known;
  }
}

function ignore(): void {
  // The outcome is in the recording, and the recorded connection writes it.
}
