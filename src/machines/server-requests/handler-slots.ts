import type { ServerRequest, HandlerResponse } from '../../protocol/server-requests/server-requests.js';
import type { Session } from '../../protocol/session.js';

/** Calls the handlers of the user for server requests of either era. */
export interface HandlerService {
  /**
   * Calls a handler, and passes its response to `respond` once, but not within this call. When the signal is aborted the response is not
   * needed any more and may never be passed. Must not throw.
   * @param settled called when the handler has settled. After an abort that may be long after `respond`
   */
  answer(
    request: ServerRequest,
    session: Session,
    signal: AbortSignal,
    respond: (response: HandlerResponse) => void,
    settled?: () => void,
  ): void;
  /** At most this many handlers run at the same time. Further server requests are refused. */
  readonly limit: number;
  /** How many handlers still run although their signals are aborted. Default 0. */
  readonly abandoned?: number;
}

/** A server request that is being handled, or waits for a slot. */
interface Handled {
  readonly signal: AbortSignal;
  readonly begin: () => void;
}

/**
 * Limits the handlers that run on one connection. A slot is taken when a handler is called, and free when the handler has settled, also after
 * the server cancelled its request: a server that sends requests and cancels them does not make more handlers run than one that only sends.
 * When no slot is free, requests of modern calls wait; a legacy server's requests are refused earlier.
 */
export class HandlerSlots implements HandlerService {
  readonly limit: number;
  readonly #service: HandlerService;
  readonly #running = new Set<Handled>();
  #waiting: Handled[] = [];

  constructor(service: HandlerService) {
    this.#service = service;
    this.limit = service.limit;
  }

  /** How many handlers still run although their signals are aborted. */
  get abandoned(): number {
    let count = 0;
    for (const { signal } of this.#running) if (signal.aborted) count += 1;
    return count;
  }

  answer(
    request: ServerRequest,
    session: Session,
    signal: AbortSignal,
    respond: (response: HandlerResponse) => void,
  ): void {
    const free = (): void => {
      if (this.#running.delete(handled)) this.#beginNext();
    };
    const begin = (): void => {
      this.#running.add(handled);
      const responded = (response: HandlerResponse): void => {
        // After an abort this is called at once, while the handler may still run.
        const settled = !signal.aborted;
        respond(response);
        if (settled) free();
      };
      this.#service.answer(request, session, signal, responded, free);
    };
    const handled: Handled = { signal, begin };
    if (this.#running.size < this.limit) begin();
    else this.#waiting = [...this.#waiting.filter((other) => !other.signal.aborted), handled];
  }

  #beginNext(): void {
    while (this.#waiting.length > 0 && this.#running.size < this.limit) {
      const next = this.#waiting.shift();
      if (next?.signal.aborted === false) next.begin();
    }
  }
}

/** Says, for the message of a refusal, that aborted handlers occupy the missing slots. */
export function stillRunning(abandoned: number): string {
  return abandoned === 0
    ? ''
    : `; ${abandoned} of the running handlers belong to cancelled requests, and do not stop although their signals are aborted`;
}
