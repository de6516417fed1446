import { onAbort } from '../../util/on-abort.js';
import type { RequestRecord } from './request-record.js';

type Abort = (record: RequestRecord, reason: unknown) => void;

/**
 * Passes the aborts of callers' signals on to their requests. There is one listener for all requests with the same
 * signal, and none while no request waits.
 */
export class AbortWatch {
  readonly #groups = new Map<AbortSignal, Group>();
  readonly #abort: Abort;

  /** @param abort ends a request whose caller aborted it */
  constructor(abort: Abort) {
    this.#abort = abort;
  }

  /** Aborts a request when this signal is aborted, until it is removed. */
  add(signal: AbortSignal, record: RequestRecord): void {
    let group = this.#groups.get(signal);
    if (group === undefined) {
      group = new Group(signal, this.#abort);
      this.#groups.set(signal, group);
    }
    group.records.add(record);
  }

  /** Forgets a request. */
  remove(signal: AbortSignal, record: RequestRecord): void {
    const group = this.#groups.get(signal);
    if (group?.records.delete(record) !== true || group.records.size > 0) return;
    this.#groups.delete(signal);
    group.forget();
  }
}

/** The requests that one signal ends. */
class Group {
  readonly records = new Set<RequestRecord>();
  readonly forget: () => void;

  constructor(signal: AbortSignal, abort: Abort) {
    this.forget = onAbort(signal, (reason) => {
      for (const record of [...this.records]) abort(record, reason);
    });
  }
}
