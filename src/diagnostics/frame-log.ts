import { beginning } from '../util/beginning.js';
import { printable } from '../util/printable.js';

/** The kind and direction of a message. */
export type FrameKind =
  | 'request'
  | 'notification'
  | 'answer'
  /** A request that could not be sent, or whose exchange failed. */
  | 'undelivered'
  | 'result'
  | 'error'
  | 'request from the server'
  | 'notification from the server';

/** A message without its content. */
export interface Frame {
  readonly kind: FrameKind;
  /** The method; for a response, the method of its request. */
  readonly method: string;
  /** The id of a request of this client. */
  readonly id: number | undefined;
  /** The error code, if any. */
  readonly code: number | undefined;
  /** When it was sent or received, in ms since the Unix epoch. */
  readonly at: number;
}

const KINDS: readonly FrameKind[] = [
  'request',
  'notification',
  'answer',
  'undelivered',
  'result',
  'error',
  'request from the server',
  'notification from the server',
];

/** How many messages the log keeps. A power of two. */
const KEPT = 32;
/** The longest method name that is kept, since servers choose their names. */
export const LONGEST_METHOD = 60;

const NUMBERS = new Map(KINDS.map((kind, number) => [kind, number]));
const [REQUEST, RESULT] = [NUMBERS.get('request') as number, NUMBERS.get('result') as number];

/**
 * A log of the last messages of a connection, for explanations. It has methods, ids and codes, but no parameters, results or ids of the server,
 * which may contain secrets. Adding a message allocates no object.
 */
export class FrameLog {
  readonly #kinds = new Uint8Array(KEPT);
  readonly #methods = new Array<string>(KEPT).fill('');
  readonly #ids = new Float64Array(KEPT);
  readonly #codes = new Float64Array(KEPT);
  readonly #times = new Float64Array(KEPT);
  #added = 0;

  /** The number of messages so far. */
  get count(): number {
    return this.#added;
  }

  /** Logs a request of this client. */
  asked(method: string, id: number, at: number): void {
    this.#add(REQUEST, method, id, NaN, at);
  }

  /** Logs the result of a request of this client. */
  answered(method: string, id: number, at: number): void {
    this.#add(RESULT, method, id, NaN, at);
  }

  /** Logs any other message. */
  add(kind: FrameKind, method: string, at: number, id = NaN, code = NaN): void {
    this.#add(NUMBERS.get(kind) as number, beginning(method, LONGEST_METHOD), id, code, at);
  }

  #add(kind: number, method: string, id: number, code: number, at: number): void {
    const slot = this.#added & (KEPT - 1);
    this.#added += 1;
    this.#kinds[slot] = kind;
    this.#methods[slot] = method;
    this.#ids[slot] = id;
    this.#codes[slot] = code;
    this.#times[slot] = at;
  }

  /** Returns the last messages, newest last. */
  last(most: number): Frame[] {
    const frames: Frame[] = [];
    for (let number = Math.max(this.#added - Math.min(most, KEPT), 0); number < this.#added; number += 1) {
      const slot = number & (KEPT - 1);
      const [id, code] = [this.#ids[slot], this.#codes[slot]];
      frames.push({
        kind: KINDS[this.#kinds[slot] ?? 0] as FrameKind,
        method: beginning(this.#methods[slot] ?? '', LONGEST_METHOD),
        id: Number.isNaN(id) ? undefined : id,
        code: Number.isNaN(code) ? undefined : code,
        at: this.#times[slot] ?? 0,
      });
    }
    return frames;
  }
}

/** Formats a message for an explanation. */
export function describeFrame({ kind, method: called, id, code }: Frame): string {
  const method = printable(called);
  const which = id === undefined ? method : `${method} #${id}`;
  switch (kind) {
    case 'request':
      return `→ ${which}`;
    case 'notification':
      return `→ ${method}`;
    case 'answer':
      return code === undefined ? `→ response to ${method}` : `→ error ${code} to ${method}`;
    case 'undelivered':
      return code === undefined ? `✗ ${which}` : `✗ ${which}: HTTP ${code}`;
    case 'result':
      return `← result of ${which}`;
    case 'error':
      return code === undefined ? `← invalid response to ${which}` : `← error ${code} to ${which}`;
    default:
      return `← ${method}`;
  }
}
