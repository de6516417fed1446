import type { RecordedOutcome, RecordedEntry } from '../recording/recorded-events.js';
import type { Failure } from '../util/failure.js';
import { printable } from '../util/printable.js';
import type { HandlerResponse } from '../protocol/server-requests/server-requests.js';
import type { Recording } from './recording-reader.js';

/** Options of {@link sequenceDiagram}. */
export interface SequenceDiagramOptions {
  /** The maximum number of arrows and notes. The middle of a longer session is left out. Default 200. */
  readonly limit?: number;
}

/** A pause of this length gets a note, in milliseconds. */
const MIN_PAUSE = 1_000;

/** Longer texts are cut, in characters. */
const MAX_TEXT = 80;

/**
 * Draws a recording as a sequence diagram in Mermaid syntax: calls of the user, messages, links and states of the connection. The number
 * before a step is the number of its call; the number in parentheses is the id of a request.
 *
 * @example
 * console.log(sequenceDiagram(await readRecording('session.ndjson')));
 */
export function sequenceDiagram({ header, entries }: Recording, { limit = 200 }: SequenceDiagramOptions = {}): string {
  const steps = new DiagramSteps().of(entries);
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

/** Makes a step of each entry. Internal entries, such as timers, are left out. */
class DiagramSteps {
  readonly #steps: string[] = [];
  /** Calls that are not drawn, so their outcomes are not drawn either. */
  readonly #hiddenCalls = new Set<number>();
  /** The names of pending requests, by sender and id. */
  readonly #pending = new Map<unknown, string>();
  readonly #closedLinks = new Set<number>();
  #at: number | undefined;

  of(entries: readonly RecordedEntry[]): readonly string[] {
    for (const entry of entries) {
      const step = this.#step(entry);
      if (step === undefined) continue;
      const pause = entry.at - (this.#at ?? entry.at);
      if (pause >= MIN_PAUSE) this.#steps.push(over(`${(pause / 1_000).toFixed(1)} s later`));
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
        this.#hiddenCalls.add(entry.call);
        return undefined;
      case 'probe':
        return `U->>C: ${entry.call}: health check`;
      case 'submit':
        return `U->>C: ${entry.call}: ${nameOf(entry.method, entry.params)}`;
      case 'watch':
        return `U->>C: ${entry.call}: watch ${text(entry.uri)}`;
      case 'unwatch':
        return `U->>C: unwatch ${text(entry.uri)}`;
      case 'send':
        return `U->>C: ${entry.call}: ${'method' in entry.message ? text(entry.message.method) : 'a message'}`;
      case 'disconnect':
        return `U->>C: ${entry.call}: disconnect`;
      case 'suspend':
        return `U->>C: ${entry.call}: suspend`;
      case 'event':
        return entry.event.type === 'reconnect' ? 'U->>C: reconnect' : undefined;
      case 'abort':
        return 'U-xC: abort';
      case 'settled':
        return this.#hiddenCalls.has(entry.call) ? undefined : `C-->>U: ${entry.call}: ${ended(entry.outcome)}`;
      case 'handler.called':
        return `C->>U: handler ${entry.handler}: ${text(entry.method)}`;
      case 'handler.responded':
        return `U-->>C: handler ${entry.handler}: ${responded(entry.answer)}`;
      case 'state':
        return `Note over C: ${text(entry.state)}`;
      case 'problem':
        return `Note over C: warning ${text(entry.code)}`;
      default:
        return this.#onLink(entry);
    }
  }

  #onLink(entry: RecordedEntry): string | undefined {
    switch (entry.type) {
      case 'link.opening':
        return `Note over C,S: link ${entry.epoch} is opened`;
      case 'link.closed':
        this.#closedLinks.add(entry.epoch);
        return `Note over C,S: link ${entry.epoch} is closed${because(entry.failure)}`;
      case 'link.left':
        return this.#closedLinks.has(entry.epoch) ? undefined : `Note over C,S: the client closes link ${entry.epoch}`;
      case 'link.problem':
        return `Note over C,S: problem${because(entry.failure)}`;
      case 'session.lost':
        return 'Note over C,S: the server lost the session';
      case 'answer.interrupted':
        return `Note over C,S: the response stream broke off (${idText(entry.requestId)})`;
      case 'answer.resumed':
        return `Note over C,S: the response stream is resumed (${idText(entry.requestId)})`;
      case 'signIn.began':
        return 'Note over C: a person is asked to sign in';
      case 'signIn.ended':
        return 'Note over C: no person is asked any more';
      case 'request.parked':
        return `Note over C: ${idText(entry.requestId)} waits for the sign-in`;
      case 'request.unparked':
        return undefined;
      case 'stream.opened':
        return 'Note over C,S: the server stream is open';
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
      this.#pending.set(`${from} ${idText(id)}`, name);
      return `${from}->>${to}: ${name} (${idText(id)})`;
    }
    if (id === undefined && error === undefined) return `${from}-)${to}: an invalid message`;
    const name = this.#pending.get(`${to} ${idText(id)}`) ?? 'a response';
    this.#pending.delete(`${to} ${idText(id)}`);
    const code = (error as { code?: unknown } | undefined)?.code;
    const what = error === undefined ? '' : `: error ${idText(code)}`;
    return `${from}-->>${to}: ${name}${what} (${idText(id)})`;
  }
}

/** A method, with the name or URI in its parameters. */
function nameOf(method: string, params: unknown): string {
  const { name, uri } = (params ?? {}) as { name?: unknown; uri?: unknown };
  const about = name ?? uri;
  return text(typeof about === 'string' ? `${method} ${about}` : method);
}

/** The numbers in a notification: progress, or the cancelled request. */
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

/** The action of an elicitation, or the code of an error. */
function responded(answer: HandlerResponse): string {
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

/** Characters that have a meaning in Mermaid or in HTML. */
const SPECIAL = /[^\p{L}\p{M}\p{N} _./:()@,'=+*!?‹›…-]/gu;

/** Makes a text safe for Mermaid: one line, short, with special characters escaped. */
function text(given: string): string {
  const line = printable(given).replace(/\s+/g, ' ').trim();
  const short = line.length > MAX_TEXT ? `${line.slice(0, MAX_TEXT)}…` : line;
  return short.replace(SPECIAL, (character) => `#${character.codePointAt(0)};`);
}
