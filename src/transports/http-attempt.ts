import type { Dispatcher } from 'undici';
import type { ResponseHead } from './http-head.js';

/** Who hears what becomes of an attempt, until it lets go of it. */
export interface AttemptOwner {
  /** Whether nothing is of interest any more. */
  readonly over: boolean;
  responded(head: ResponseHead): void;
  received(bytes: Buffer): void;
  ended(): void;
  /** @param sent whether a byte of the request may have reached the server */
  broke(error: Error, sent: boolean): void;
}

const CLOSED = new Error('closed by the client');

/** A request as it is dispatched once. What comes of one that was let go disturbs nobody. */
export class HttpAttempt implements Dispatcher.DispatchHandler {
  #owner: AttemptOwner | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #started = false;

  constructor(owner: AttemptOwner) {
    this.#owner = owner;
  }

  /** Whether there was a connection to send it over: a byte of it may have reached the server. */
  get started(): boolean {
    return this.#started;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#owner?.over !== false) controller.abort(CLOSED);
    else this.#started = true;
  }

  onRequestUpgrade(controller: Dispatcher.DispatchController): void {
    // Nobody asked for one.
    controller.abort(CLOSED);
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: ResponseHead['headers']): void {
    if (status >= 200) this.#owner?.responded({ status, headers });
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#owner?.received(chunk);
  }

  onResponseEnd(): void {
    // The connection may be in use for something else now.
    this.#controller = undefined;
    this.#owner?.ended();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#owner?.broke(error, this.#started && !isRefusal(error));
  }

  /** What still comes is of no interest. */
  leave(): void {
    this.#owner = undefined;
  }

  /** Gives up what is left of it, and its connection unless it is at its end. */
  abort(): void {
    this.#owner = undefined;
    this.#controller?.abort(CLOSED);
    this.#controller = undefined;
  }
}

/** Whether a server of HTTP/2 said that it has not looked at the request. RFC 9113, section 8.7. */
function isRefusal({ message }: Error): boolean {
  return message.includes('NGHTTP2_REFUSED_STREAM');
}
