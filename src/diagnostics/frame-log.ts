import { beginning } from '../util/beginning.js';
import { printable } from '../util/printable.js';

/** What kind of message went by, and which way. */
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

/** A message that went by, without anything that it carried. */
export interface Frame {
  readonly kind: FrameKind;
  /** Of an answer that of the request. */
  readonly method: string;
  /** The id of a request of this client. */
  readonly id: number | undefined;
  /** The code of an error. */
  readonly code: number | undefined;
  /** When it went by, in milliseconds since the Unix epoch. */
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

/** How many messages are kept. A power of two. */
const KEPT = 32;
/** A server may give its methods any name. */
export const LONGEST_METHOD = 60;

const NUMBERS = new Map(KINDS.map((kind, number) => [kind, number]));
const [REQUEST, RESULT] = [NUMBERS.get('request') as number, NUMBERS.get('result') as number];

/**
 * The last messages that went over the links of a connection, for explanations. Only what they were, never what was in them: neither
 * parameters nor results, nor the ids of the server, which it may make of anything. To add one costs a few stores and no object.
 */
export class FrameLog {
  readonly #kinds = new Uint8Array(KEPT);
  readonly #methods = new Array<string>(KEPT).fill('');
  readonly #ids = new Float64Array(KEPT);
  readonly #codes = new Float64Array(KEPT);
  readonly #times = new Float64Array(KEPT);
  #added = 0;

  /** How many messages went by so far. */
  get count(): number {
    return this.#added;
  }

  /** A request of this client goes out. */
  asked(method: string, id: number, at: number): void {
    this.#add(REQUEST, method, id, NaN, at);
  }

  /** The result of such a request is here. */
  answered(method: string, id: number, at: number): void {
    this.#add(RESULT, method, id, NaN, at);
  }

  /** Anything else. */
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

  /** The last messages, the newest last. */
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

/** A message in words. */
export function describeFrame({ kind, method: called, id, code }: Frame): string {
  const method = printable(called);
  const which = id === undefined ? method : `${method} #${id}`;
  switch (kind) {
    case 'request':
      return `→ ${which}`;
    case 'notification':
      return `→ ${method}`;
    case 'answer':
      return code === undefined ? `→ answer to ${method}` : `→ error ${code} to ${method}`;
    case 'undelivered':
      return code === undefined ? `✗ ${which}` : `✗ ${which}: HTTP ${code}`;
    case 'result':
      return `← result of ${which}`;
    case 'error':
      return code === undefined ? `← unusable answer to ${which}` : `← error ${code} to ${which}`;
    default:
      return `← ${method}`;
  }
}
