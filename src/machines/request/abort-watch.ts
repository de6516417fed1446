import { onAbort } from '../../util/on-abort.js';
import type { RequestRecord } from './request-record.js';

type Abort = (record: RequestRecord, reason: unknown) => void;

/**
 * Passes the aborts of callers' signals on to their requests. There is one listener for all requests with the same
 * signal, and none while no request waits.
 */
export class AbortWatch {
  readonly #watched = new Map<AbortSignal, { readonly records: Set<RequestRecord>; readonly forget: () => void }>();
  readonly #abort: Abort;

  /** @param abort ends a request whose caller aborted it */
  constructor(abort: Abort) {
    this.#abort = abort;
  }

  /** Aborts a request when this signal is aborted, until it is removed. */
  add(signal: AbortSignal, record: RequestRecord): void {
    const watched = this.#watched.get(signal);
    if (watched !== undefined) {
      watched.records.add(record);
      return;
    }
    const records = new Set([record]);
    const forget = onAbort(signal, (reason) => {
      for (const one of [...records]) this.#abort(one, reason);
    });
    this.#watched.set(signal, { records, forget });
  }

  /** Forgets a request. */
  remove(signal: AbortSignal, record: RequestRecord): void {
    const watched = this.#watched.get(signal);
    if (watched?.records.delete(record) !== true || watched.records.size > 0) return;
    this.#watched.delete(signal);
    watched.forget();
  }
}
