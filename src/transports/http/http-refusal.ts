import type { TimerHandle } from '../../util/environment.js';
import { rpcErrorOf } from '../../protocol/messages/exchange-response.js';
import type { JSONRPCErrorObject } from '../../protocol/messages/json-rpc.js';
import { isFailure } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import { safeText } from '../../util/printable.js';
import { HttpBody, parseJson } from './http-body.js';
import type { HttpCall } from './http-call.js';
import { statusFailure } from './http-failures.js';
import { compressionOf, contentKind, headerOf } from './http-head.js';
import type { ResponseHead } from './http-head.js';

/** The limit for the body of a refusal, in bytes. */
export const LONGEST_REASON = 64 * 1024;
/** The limit for the reason in it, in characters. The rest is mostly markup. */
const LONGEST_WORDS = 200;
/** The fields in which servers and gateways put the reason, the most specific first. */
const WORDY = ['message', 'error_description', 'detail', 'msg', 'reason', 'title', 'error', 'errors'];
/** How deep these fields are searched in nested objects. */
const DEEPEST = 4;
/** The longest wait for the body of a refusal, in ms. */
const PATIENCE = 1_000;

/** Whether the body of a refusal is plain text with a reason. Pages for browsers are not. */
export function isRefusalText(head: ResponseHead): boolean {
  if (head.status < 400 || compressionOf(head) !== undefined) return false;
  return /^\s*text\/plain\b/i.test(headerOf(head, 'content-type') ?? '') && !isTooLong(head);
}

function isTooLong(head: ResponseHead): boolean {
  return Number(headerOf(head, 'content-length') ?? 0) > LONGEST_REASON;
}

/** The reason in the body of a refusal; undefined if it contains no readable text. */
export function refusalReason(text: string): string | undefined {
  const parsed = parseJson(text);
  const said = isFailure(parsed) ? text : (wordsIn(parsed.value, DEEPEST) ?? (text.length > 2 ? text : ''));
  return safeText(said.replace(/\s+/g, ' ').trim(), LONGEST_WORDS) || undefined;
}

/** The body of a refusal: its JSON, if it is JSON; the JSON-RPC error in it; and that error, or the text, as the reason. */
export function readRefusal(text: string): {
  readonly value: unknown;
  readonly error: JSONRPCErrorObject | undefined;
  readonly why: JSONRPCErrorObject | string | undefined;
} {
  const parsed = parseJson(text);
  const value = isFailure(parsed) ? undefined : parsed.value;
  const error = rpcErrorOf(value);
  return { value, error, why: error ?? refusalReason(text) };
}

function wordsIn(value: unknown, depth: number): string | undefined {
  if (typeof value === 'string') return value.trim() === '' ? undefined : value;
  if (typeof value !== 'object' || value === null || depth === 0) return undefined;
  const inside: readonly unknown[] = Array.isArray(value)
    ? value.slice(0, 1)
    : WORDY.map((name) => (Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined));
  for (const one of inside) {
    const words = wordsIn(one, depth - 1);
    if (words !== undefined) return words;
  }
  return undefined;
}

/** The part of a call that the failure of its refusal depends on. */
type RefusedCall = Pick<HttpCall, 'url' | 'environment'>;

/** The refusal of a notification or reply. It is reported when its body was read, or after a timeout. */
export class HttpRefusal {
  readonly #call: RefusedCall;
  readonly #head: ResponseHead;
  readonly #report: (why: Failure) => void;
  readonly #body = new HttpBody(LONGEST_REASON);
  readonly #timer: TimerHandle;
  #reported = false;

  /** @param report called once with the failure of the message, possibly before this returns */
  constructor(call: RefusedCall, head: ResponseHead, report: (why: Failure) => void) {
    this.#call = call;
    this.#head = head;
    this.#report = report;
    if (isRefusalText(head) || (contentKind(head) === 'json' && !isTooLong(head))) {
      this.#timer = call.environment.setTimeout(() => {
        this.end();
      }, PATIENCE);
    } else this.end();
  }

  /** Adds the next bytes of the body. */
  push(bytes: Buffer): void {
    if (!this.#reported && this.#body.push(bytes) !== undefined) this.end();
  }

  /** The body is complete, too long or late: reports the refusal. */
  end(): void {
    if (this.#reported) return;
    this.#reported = true;
    const { url, environment } = this.#call;
    environment.clearTimeout(this.#timer);
    this.#report(statusFailure(url, this.#head, environment.now(), readRefusal(this.#body.text()).why));
  }
}
