import type { Environment, TimerHandle } from '../../util/environment.js';
import type { RequestRecord } from './request-record.js';

/**
 * The deadlines of all requests, with one timer for the earliest. A request that gets its response in time, as nearly all do, costs two list
 * operations and no timer of its own.
 */
export class Deadlines {
  readonly #environment: Environment;
  readonly #expire: (record: RequestRecord) => void;
  #first: RequestRecord | undefined;
  #timer: TimerHandle;
  #armedFor = Infinity;
  /** Whether more requests are expected when there is none. */
  #open = false;
  readonly #sweep = (): void => {
    this.#armedFor = Infinity;
    const now = this.#environment.now();
    const expired: RequestRecord[] = [];
    let earliest = Infinity;
    for (let record = this.#first; record !== undefined; record = record.next) {
      const { deadline } = record;
      if (deadline <= now) expired.push(record);
      else if (deadline < earliest) earliest = deadline;
    }
    this.#arm(earliest, now);
    for (const record of expired) this.#expire(record);
  };

  constructor(environment: Environment, expire: (record: RequestRecord) => void) {
    this.#environment = environment;
    this.#expire = expire;
  }

  /** Watches a request from now on. */
  add(record: RequestRecord, now: number): void {
    const first = this.#first;
    record.next = first;
    record.previous = undefined;
    if (first !== undefined) first.previous = record;
    this.#first = record;
    if (first === undefined && this.#armedFor !== Infinity) this.#environment.hold?.(this.#timer, true);
    this.#arm(record.deadline, now);
  }

  /**
   * Stops watching a request. Without requests the timer stays set, if the environment can stop it from keeping the process alive, so that
   * successive calls share one timer: a timer for each would be a third of the cost of a call over HTTP.
   */
  remove(record: RequestRecord): void {
    const { previous, next } = record;
    if (next !== undefined) next.previous = previous;
    if (previous !== undefined) previous.next = next;
    else if (this.#first === record) this.#first = next;
    record.previous = undefined;
    record.next = undefined;
    if (this.#first !== undefined || this.#armedFor === Infinity) return;
    if (this.#open && this.#environment.hold !== undefined) this.#environment.hold(this.#timer, false);
    else this.#drop();
  }

  /** Stops watching all requests, and returns them: all that have no outcome yet. */
  takeAll(): RequestRecord[] {
    const all: RequestRecord[] = [];
    for (let record = this.#first; record !== undefined; record = record.next) all.push(record);
    for (const record of all) record.next = record.previous = undefined;
    this.#first = undefined;
    this.open(false);
    return all;
  }

  /** Restarts `timeout`. While it is paused, it restarts from the time of the pause. */
  extend(record: RequestRecord): void {
    const now = this.#environment.now();
    record.idleDeadline = (record.holds > 0 ? record.heldSince : now) + record.spec.timeout;
    this.#arm(record.deadline, now);
  }

  /** Pauses `timeout` until the request was released as often as it was held. */
  hold(record: RequestRecord): void {
    if (record.holds === 0) record.heldSince = this.#environment.now();
    record.holds += 1;
  }

  release(record: RequestRecord): void {
    if (record.holds > 1) record.holds -= 1;
    else this.releaseAll(record);
  }

  /** Continues `timeout`, with the time that was left. */
  releaseAll(record: RequestRecord): void {
    if (record.holds === 0) return;
    const now = this.#environment.now();
    const held = now - record.heldSince;
    record.holds = 0;
    record.idleDeadline += held;
    record.sentAt += held;
    this.#arm(record.deadline, now);
  }

  /** Whether requests may follow. If not, the timer is cleared when the last request has ended. */
  open(open: boolean): void {
    this.#open = open;
    if (!open && this.#first === undefined && this.#armedFor !== Infinity) this.#drop();
  }

  #drop(): void {
    this.#environment.clearTimeout(this.#timer);
    this.#armedFor = Infinity;
  }

  /** Sets the timer for an earlier deadline. If the deadline moves later, the timer fires early and is set again. */
  #arm(deadline: number, now: number): void {
    if (deadline >= this.#armedFor) return;
    if (this.#armedFor !== Infinity) this.#environment.clearTimeout(this.#timer);
    this.#armedFor = deadline;
    this.#timer = this.#environment.setTimeout(this.#sweep, Math.max(deadline - now, 0));
  }
}
