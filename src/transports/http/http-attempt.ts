import type { Dispatcher } from 'undici';
import type { ResponseHead } from './http-head.js';

/** The receiver of the events of an attempt, until it abandons the attempt. */
export interface AttemptOwner {
  /** Whether the call has ended, so that the attempt is not needed. */
  readonly over: boolean;
  responded(head: ResponseHead): void;
  received(bytes: Buffer): void;
  ended(): void;
  /** @param sent whether a byte of the request may have reached the server */
  broke(error: Error, sent: boolean): void;
}

const CLOSED = new Error('closed by the client');

/** Aborts a request; from undici 7 on it can also pause the response. */
interface Controller {
  abort(reason: Error): void;
  pause?(): void;
  resume?(): void;
}

/**
 * One dispatch of a request. Callbacks of an abandoned attempt are ignored. It has the methods of both kinds of handlers: undici 7 and later
 * call `onRequest…` and `onResponse…`; undici 5 and 6, and versions of Node with one of these, call the others.
 */
export class HttpAttempt implements Dispatcher.DispatchHandler {
  #owner: AttemptOwner | undefined;
  #controller: Controller | undefined;
  #started = false;
  #paused = false;
  /** Resumes the response, before undici 7. */
  #resume: (() => void) | undefined;
  /** Called when the response of an attempt that was left has ended. */
  #done: (() => void) | undefined;

  constructor(owner: AttemptOwner) {
    this.#owner = owner;
  }

  /** Whether the request got a connection, so that a byte of it may have reached the server. */
  get started(): boolean {
    return this.#started;
  }

  onRequestStart(controller: Controller): void {
    this.#controller = controller;
    if (this.#owner?.over !== false) controller.abort(CLOSED);
    else this.#started = true;
  }

  onRequestUpgrade(controller: Controller): void {
    // The client never requests an upgrade.
    controller.abort(CLOSED);
  }

  onResponseStart(_controller: unknown, status: number, headers: ResponseHead['headers']): void {
    if (status >= 200) this.#owner?.responded({ status, headers });
  }

  onResponseData(_controller: unknown, chunk: Buffer): void {
    this.#owner?.received(chunk);
  }

  onResponseEnd(): void {
    // The connection may be in use for another request now.
    this.#controller = undefined;
    this.#resume = undefined;
    this.#owner?.ended();
    this.#done?.();
  }

  onResponseError(_controller: unknown, error: Error): void {
    this.#owner?.broke(error, this.#started && !isRefusal(error));
    this.#done?.();
  }

  onConnect(abort: (reason: Error) => void): void {
    this.onRequestStart({ abort });
  }

  onUpgrade(): void {
    this.#controller?.abort(CLOSED);
  }

  onHeaders(status: number, headers: RawHeaders, resume?: () => void): boolean {
    this.#resume = resume;
    this.onResponseStart(undefined, status, readable(headers));
    return !this.#paused;
  }

  onData(chunk: Buffer): boolean {
    this.onResponseData(undefined, chunk);
    return !this.#paused;
  }

  onBodySent(): void {
    // Not needed, but the decorators of undici 5 call it unconditionally.
  }

  onComplete(): void {
    this.onResponseEnd();
  }

  onError(error: Error): void {
    this.onResponseError(undefined, error);
  }

  /** Pauses the response, if the dispatcher supports it. */
  pause(): void {
    this.#paused = true;
    this.#controller?.pause?.();
  }

  resume(): void {
    this.#paused = false;
    this.#controller?.resume?.();
    this.#resume?.();
  }

  /** Ignores the rest of the response. @param done called at its end */
  leave(done: () => void): void {
    this.#owner = undefined;
    this.#done = done;
  }

  /** Aborts the request, and closes its connection unless the response has ended. */
  abort(): void {
    this.#owner = undefined;
    this.#done = undefined;
    this.#controller?.abort(CLOSED);
    this.#controller = undefined;
  }
}

/** Headers of undici 5 and 6: names and values in turn; over HTTP/2 also an object. */
type RawHeaders = readonly (Buffer | string | readonly (Buffer | string)[])[] | ResponseHead['headers'];

function readable(raw: RawHeaders): ResponseHead['headers'] {
  if (!isList(raw)) return raw;
  const headers = Object.create(null) as Record<string, string | string[]>;
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = String(raw[at]).toLowerCase();
    const values = [headers[name] ?? [], raw[at + 1] ?? []].flat().map(String);
    headers[name] = values.length === 1 ? String(values[0]) : values;
  }
  return headers;
}

function isList(raw: RawHeaders): raw is Extract<RawHeaders, readonly unknown[]> {
  return Array.isArray(raw);
}

/** Whether a server of HTTP/2 refused the stream without processing the request. RFC 9113, section 8.7. */
function isRefusal({ message }: Error): boolean {
  return message.includes('NGHTTP2_REFUSED_STREAM');
}
