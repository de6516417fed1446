import type { RecordedOutcome, RecordedEntry } from '../recording/recorded-events.js';
import type { Failure } from '../util/failure.js';
import { printable } from '../util/printable.js';
import type { HandlerResponse } from '../protocol/server-requests/server-requests.js';
import type { Recording } from './recording-reader.js';

/** Options of {@link sequenceDiagram}. */
export interface SequenceDiagramOptions {
  /** The most arrows and notes; of a longer session the middle is left out. Default 200. */
  readonly limit?: number;
}

/** The shortest silence that gets a note, in milliseconds. */
const SILENCE = 1_000;

/** The most characters of a text. */
const LONGEST_TEXT = 80;

/**
 * Draws a recording as a sequence diagram in the language of Mermaid: the calls of the user, the messages, the links and the states of the
 * connection. The number of a call is in front of it, the id of a request behind it.
 */
export function sequenceDiagram({ header, entries }: Recording, { limit = 200 }: SequenceDiagramOptions = {}): string {
  const steps = new Steps().of(entries);
  const half = Math.floor(limit / 2);
  const left = steps.length - 2 * half;
  const shown =
    left <= 0
      ? steps
      : [...steps.slice(0, half), over(`${left} steps are left out`), ...steps.slice(steps.length - half)];
  return [
    'sequenceDiagram',
    '  participant U as user',
    '  participant C as client',
    `  participant S as server (${text(header.transport.type)})`,
    ...shown.map((step) => `  ${step}`),
    '',
  ].join('\n');
}

/** Converts entries to steps. Entries that are internal to the connection, such as timers, are left out. */
class Steps {
  readonly #steps: string[] = [];
  /** Calls that are not drawn, neither when they are made nor when they settle. */
  readonly #silent = new Set<number>();
  /** Methods by the ids of requests. */
  readonly #asked = new Map<unknown, string>();
  readonly #broken = new Set<number>();
  #at: number | undefined;

  of(entries: readonly RecordedEntry[]): readonly string[] {
    for (const entry of entries) {
      const step = this.#step(entry);
      if (step === undefined) continue;
      const silence = entry.at - (this.#at ?? entry.at);
      if (silence >= SILENCE) this.#steps.push(over(`${(silence / 1_000).toFixed(1)} s later`));
      this.#at = entry.at;
      this.#steps.push(step);
    }
    return this.#steps;
  }

  #step(entry: RecordedEntry): string | undefined {
    switch (entry.type) {
      case 'connect':
        return `U->>C: ${entry.call}: connect`;
      case 'join':
        this.#silent.add(entry.call);
        return undefined;
      case 'probe':
        return `U->>C: ${entry.call}: is it alive?`;
      case 'submit':
        return `U->>C: ${entry.call}: ${nameOf(entry.method, entry.params)}`;
      case 'watch':
        return `U->>C: ${entry.call}: watch ${text(entry.uri)}`;
      case 'unwatch':
        return `U->>C: no longer watch ${text(entry.uri)}`;
      case 'send':
        return `U->>C: ${entry.call}: ${'method' in entry.message ? text(entry.message.method) : 'a message'}`;
      case 'disconnect':
        return `U->>C: ${entry.call}: disconnect`;
      case 'suspend':
        return `U->>C: ${entry.call}: suspend`;
      case 'event':
        return entry.event.type === 'reconnect' ? 'U->>C: reconnect' : undefined;
      case 'abort':
        return 'U-xC: aborts';
      case 'settled':
        return this.#silent.has(entry.call) ? undefined : `C-->>U: ${entry.call}: ${ended(entry.fate)}`;
      case 'handler.called':
        return `C->>U: request ${entry.handler}: ${text(entry.method)}`;
      case 'handler.responded':
        return `U-->>C: request ${entry.handler}: ${answered(entry.answer)}`;
      case 'state':
        return `Note over C: ${text(entry.state)}`;
      case 'problem':
        return `Note over C: warns of ${text(entry.code)}`;
      default:
        return this.#onLink(entry);
    }
  }

  #onLink(entry: RecordedEntry): string | undefined {
    switch (entry.type) {
      case 'link.opening':
        return `Note over C,S: link ${entry.epoch} is opened`;
      case 'link.closed':
        this.#broken.add(entry.epoch);
        return `Note over C,S: link ${entry.epoch} is over${because(entry.failure)}`;
      case 'link.left':
        return this.#broken.has(entry.epoch) ? undefined : `Note over C,S: the client leaves link ${entry.epoch}`;
      case 'link.problem':
        return `Note over C,S: trouble${because(entry.failure)}`;
      case 'session.lost':
        return 'Note over C,S: the server has forgotten the session';
      case 'answer.interrupted':
        return `Note over C,S: the stream of the answer broke (${idText(entry.requestId)})`;
      case 'answer.resumed':
        return `Note over C,S: the stream goes on (${idText(entry.requestId)})`;
      case 'stream.opened':
        return 'Note over C,S: the server may speak unasked';
      case 'message.settled':
        return entry.failure && `S--xC: not sent${because(entry.failure)}`;
      case 'message.out':
        return this.#message(entry.message, 'C', 'S');
      case 'message.in':
        return this.#message(entry.message, 'S', 'C');
      default:
        return undefined;
    }
  }

  #message(message: unknown, from: string, to: string): string {
    const { id, method, params, error } = (message ?? {}) as Readonly<Record<string, unknown>>;
    if (typeof method === 'string') {
      const name = nameOf(method, params);
      if (id === undefined) return `${from}-)${to}: ${name}${details(method, params)}`;
      this.#asked.set(`${from} ${idText(id)}`, name);
      return `${from}->>${to}: ${name} (${idText(id)})`;
    }
    if (id === undefined && error === undefined) return `${from}-)${to}: something that is no message`;
    const name = this.#asked.get(`${to} ${idText(id)}`) ?? 'an answer';
    this.#asked.delete(`${to} ${idText(id)}`);
    const code = (error as { code?: unknown } | undefined)?.code;
    const what = error === undefined ? '' : `: error ${idText(code)}`;
    return `${from}-->>${to}: ${name}${what} (${idText(id)})`;
  }
}

/** A method, with the name or URI unless it is redacted. */
function nameOf(method: string, params: unknown): string {
  const { name, uri } = (params ?? {}) as { name?: unknown; uri?: unknown };
  const about = name ?? uri;
  return text(typeof about === 'string' ? `${method} ${about}` : method);
}

/** The numbers of a notification. */
function details(method: string, params: unknown): string {
  const { progress, total, progressToken, requestId } = (params ?? {}) as Readonly<Record<string, unknown>>;
  if (method === 'notifications/cancelled') return ` (${idText(requestId)})`;
  if (typeof progress !== 'number') return '';
  return ` ${progress}${typeof total === 'number' ? ` of ${total}` : ''} (${idText(progressToken)})`;
}

function ended(outcome: RecordedOutcome): string {
  if ('ok' in outcome) return 'done';
  if ('aborted' in outcome) return 'aborted';
  return text(outcome.delivery === undefined ? outcome.code : `${outcome.code}, ${outcome.delivery}`);
}

/** The response of a handler, unless it is redacted. */
function answered(answer: HandlerResponse): string {
  if ('error' in answer) return text(answer.failure.code);
  const { action } = answer.result;
  return typeof action === 'string' ? text(action) : 'done';
}

function because(failure: Failure | undefined): string {
  if (failure === undefined) return '';
  const { exitCode, signal, status } = failure.details ?? {};
  const facts = [
    text(failure.code),
    ...(typeof exitCode === 'number' ? [`exit code ${exitCode}`] : []),
    ...(typeof signal === 'string' ? [text(signal)] : []),
    ...(typeof status === 'number' ? [`status ${status}`] : []),
  ];
  return `: ${facts.join(', ')}`;
}

function over(note: string): string {
  return `Note over U,S: ${note}`;
}

function idText(id: unknown): string {
  return typeof id === 'string' || typeof id === 'number' ? text(String(id)) : 'no id';
}

/** All characters except those without a special meaning in a diagram and in its HTML. */
const PLAIN = /[^\p{L}\p{M}\p{N} _./:()@,'=+*!?‹›…-]/gu;

/** Makes an untrusted text safe for Mermaid: one short line without special characters. */
function text(given: string): string {
  const line = printable(given).replace(/\s+/g, ' ').trim();
  const short = line.length > LONGEST_TEXT ? `${line.slice(0, LONGEST_TEXT)}…` : line;
  return short.replace(PLAIN, (character) => `#${character.codePointAt(0)};`);
}
