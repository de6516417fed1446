import type { TapEvent } from '../../machines/connection/link-tap.js';
import { oneLine } from '../terminal.js';
import { jsonText } from './json-text.js';
import type { Terminal } from '../terminal.js';

/** Prints what happens on the wire: one JSON object for each event with `--output ndjson`, a line on stderr with `--verbose`. */
export interface EventPrinter {
  readonly tap: (event: TapEvent) => void;
}

/** The printer of events that the flags want; undefined when they want none. */
export function eventPrinter(terminal: Terminal, ndjson: boolean): EventPrinter | undefined {
  if (!ndjson && !terminal.verbose) return undefined;
  return {
    tap: (event) => {
      if (ndjson) printEvent(terminal, event);
      if (terminal.verbose) printLine(terminal, event);
    },
  };
}

/** Prints an event of `--output ndjson`. */
export function printNdjson(terminal: Terminal, event: string, data: Readonly<Record<string, unknown>> = {}): void {
  terminal.line(jsonText({ event, at: new Date().toISOString(), ...data }));
}

interface Message {
  readonly method?: unknown;
  readonly id?: unknown;
}

/** The requests of a user's command. Those of the handshake and of lists are not events of the call. */
const CALLS: ReadonlySet<unknown> = new Set(['tools/call', 'resources/read', 'prompts/get']);

function printEvent(terminal: Terminal, event: TapEvent): void {
  if (event.type === 'message.out') {
    const { method, id } = event.message as Message;
    if (CALLS.has(method)) printNdjson(terminal, 'sent', { method, id });
  } else if (event.type === 'message.in') {
    const { method, id } = (event.message ?? {}) as Message;
    if (typeof method === 'string' && id != null) printNdjson(terminal, 'serverRequest', { method, id });
  } else if (event.type === 'answer.interrupted' || event.type === 'answer.resumed') {
    printNdjson(terminal, event.type.slice('answer.'.length), { id: event.requestId });
  }
}

function printLine(terminal: Terminal, event: TapEvent): void {
  const line = lineOf(event);
  if (line !== undefined) terminal.note(terminal.styleNote('faint', line));
}

function lineOf(event: TapEvent): string | undefined {
  switch (event.type) {
    case 'message.out':
      return `→ ${summary(event.message)}`;
    case 'message.in':
      return `← ${summary(event.message)}`;
    case 'link.problem':
      return `problem: ${oneLine(event.failure.message, 200)}`;
    default:
      return undefined;
  }
}

function summary(message: unknown): string {
  const { method, id, error } = (message ?? {}) as Message & { readonly error?: unknown };
  const number = id == null ? '' : ` #${oneLine(JSON.stringify(id), 20)}`;
  if (typeof method === 'string') return oneLine(method, 60) + number;
  return `${error === undefined ? 'result' : 'error'}${number}`;
}
