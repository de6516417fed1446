import type { Environment, TimerHandle } from '../util/environment.js';
import type { FaultName } from './message-faults.js';

/** A message, or the end of the link, on its way. */
export interface Parcel {
  /** Delivers it. */
  readonly deliver: () => void;
  /** Called if it will never be delivered. */
  readonly lost?: () => void;
}

/** The durations of faults, in milliseconds. */
export interface LaneTimes {
  readonly maxDelay: number;
  readonly stallTime: number;
  readonly lateBy: number;
}

interface Held {
  readonly parcel: Parcel;
  /** Milliseconds that it waits after it has become the first. */
  readonly hold: number;
}

/** One direction of a link. Delivers in order, except for parcels that a fault takes out of the order. */
export class Lane {
  readonly #environment: Environment;
  readonly #times: LaneTimes;
  /** The parcels that wait behind a delay, in order. */
  #queue: Held[] = [];
  #timer: TimerHandle;
  /** True while the queue is delivered: new parcels go to its end. */
  #draining = false;
  /** Parcels out of order, each with its own timer. `overtaken`: it is also delivered right after the next message. */
  readonly #aside = new Map<Parcel, { readonly timer: TimerHandle; readonly overtaken: boolean }>();

  constructor(environment: Environment, times: LaneTimes) {
    this.#environment = environment;
    this.#times = times;
  }

  /** Takes a parcel and the fault that hits it. */
  carry(parcel: Parcel, fault?: FaultName, share = 0): void {
    switch (fault) {
      case 'drop':
        break;
      case 'delay':
        this.#enqueue(parcel, share * this.#times.maxDelay);
        break;
      case 'stall':
        this.#enqueue(parcel, this.#times.stallTime);
        break;
      case 'reorder':
        this.#putAside(parcel, this.#times.maxDelay, true);
        break;
      case 'answerLate':
        this.#putAside(parcel, this.#times.lateBy, false);
        break;
      case 'duplicate':
        this.#pass(parcel);
        this.#pass(parcel);
        break;
      default:
        this.#pass(parcel);
    }
  }

  /** Discards everything that is on its way. */
  empty(): void {
    const left = [...this.#queue.map(({ parcel }) => parcel), ...this.#aside.keys()];
    this.#environment.clearTimeout(this.#timer);
    for (const { timer } of this.#aside.values()) this.#environment.clearTimeout(timer);
    this.#queue = [];
    this.#aside.clear();
    for (const { lost } of left) lost?.();
  }

  #pass(parcel: Parcel): void {
    if (this.#draining || this.#queue.length > 0) this.#enqueue(parcel, 0);
    else this.#deliver(parcel);
  }

  #deliver(parcel: Parcel): void {
    parcel.deliver();
    for (const [other, { timer, overtaken }] of [...this.#aside]) {
      if (!overtaken || !this.#aside.delete(other)) continue;
      this.#environment.clearTimeout(timer);
      other.deliver();
    }
  }

  #enqueue(parcel: Parcel, hold: number): void {
    if (this.#queue.push({ parcel, hold }) === 1 && !this.#draining) this.#waitForFirst();
  }

  #waitForFirst(): void {
    const [first] = this.#queue;
    if (first === undefined) return;
    this.#timer = this.#environment.setTimeout(() => {
      this.#draining = true;
      do this.#deliver((this.#queue.shift() as Held).parcel);
      while (this.#queue[0]?.hold === 0);
      this.#draining = false;
      this.#waitForFirst();
    }, first.hold);
  }

  #putAside(parcel: Parcel, delay: number, overtaken: boolean): void {
    const timer = this.#environment.setTimeout(() => {
      this.#aside.delete(parcel);
      parcel.deliver();
    }, delay);
    this.#aside.set(parcel, { timer, overtaken });
  }
}
