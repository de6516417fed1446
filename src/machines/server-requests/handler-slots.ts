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
    question: ServerRequest,
    session: Session,
    signal: AbortSignal,
    respond: (response: HandlerResponse) => void,
    settled?: () => void,
  ): void;
  /** At most this many handlers are at work at once. Further server requests are refused. */
  readonly limit: number;
  /** How many handlers are still at work on server requests that were withdrawn. Default 0. */
  readonly abandoned?: number;
}

/** A server request that is being handled, or waits for a slot. */
interface Handled {
  readonly signal: AbortSignal;
  readonly begin: () => void;
}

/**
 * Limits the handlers at work on one connection. A slot is taken when a handler is called, and free when the handler has settled, also after the
 * server cancelled its request: a server that asks and cancels keeps no more handlers at work than one that only asks. When no slot is free,
 * requests of modern calls wait; a legacy server's requests are refused earlier.
 */
export class HandlerSlots implements HandlerService {
  readonly limit: number;
  readonly #service: HandlerService;
  readonly #atWork = new Set<Handled>();
  #waiting: Handled[] = [];

  constructor(service: HandlerService) {
    this.#service = service;
    this.limit = service.limit;
  }

  /** How many handlers are at work although what they were asked was withdrawn. */
  get abandoned(): number {
    let count = 0;
    for (const { signal } of this.#atWork) if (signal.aborted) count += 1;
    return count;
  }

  answer(
    question: ServerRequest,
    session: Session,
    signal: AbortSignal,
    tell: (answer: HandlerResponse) => void,
  ): void {
    const free = (): void => {
      if (this.#atWork.delete(handled)) this.#beginNext();
    };
    const begin = (): void => {
      this.#atWork.add(handled);
      const told = (answer: HandlerResponse): void => {
        // One that was withdrawn is told of at once, whatever the handler still does.
        const settled = !signal.aborted;
        tell(answer);
        if (settled) free();
      };
      this.#service.answer(question, session, signal, told, free);
    };
    const handled: Handled = { signal, begin };
    if (this.#atWork.size < this.limit) begin();
    else this.#waiting = [...this.#waiting.filter((one) => !one.signal.aborted), handled];
  }

  #beginNext(): void {
    while (this.#waiting.length > 0 && this.#atWork.size < this.limit) {
      const next = this.#waiting.shift();
      if (next?.signal.aborted === false) next.begin();
    }
  }
}

/** Says, for the message of a refusal, that aborted handlers occupy the missing slots. */
export function stillAtWork(abandoned: number): string {
  return abandoned === 0
    ? ''
    : `; ${abandoned} of the handlers at work were asked for something that was withdrawn, and go on although their signals are aborted`;
}
