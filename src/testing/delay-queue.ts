import type { Environment, TimerHandle } from '../util/environment.js';
import type { FaultName } from './message-faults.js';

/** A message, or the end of the link. */
export interface QueuedItem {
  /** Delivers it to the receiver. */
  readonly deliver: () => void;
  /** Called if it is discarded. */
  readonly lost?: () => void;
}

/** Durations of faults, in milliseconds. */
export interface DelayTimes {
  readonly maxDelay: number;
  readonly stallTime: number;
  readonly lateBy: number;
}

interface Held {
  readonly item: QueuedItem;
  /** How long it stays at the head of the queue, in milliseconds. */
  readonly delay: number;
}

/** One direction of a link with faults. Items are delivered in order, except the ones that a fault drops, repeats or reorders. */
export class DelayQueue {
  readonly #environment: Environment;
  readonly #times: DelayTimes;
  /** The items that wait, in order. */
  #queue: Held[] = [];
  #timer: TimerHandle;
  /** While the queue is being drained, new items are appended to it. */
  #draining = false;
  /** Items out of order, each with its own timer. `overtaken` ones are delivered after the next item. */
  readonly #aside = new Map<QueuedItem, { readonly timer: TimerHandle; readonly overtaken: boolean }>();

  constructor(environment: Environment, times: DelayTimes) {
    this.#environment = environment;
    this.#times = times;
  }

  /** Adds an item, with its fault. */
  add(item: QueuedItem, fault?: FaultName, share = 0): void {
    switch (fault) {
      case 'drop':
        break;
      case 'delay':
        this.#enqueue(item, share * this.#times.maxDelay);
        break;
      case 'stall':
        this.#enqueue(item, this.#times.stallTime);
        break;
      case 'reorder':
        this.#putAside(item, this.#times.maxDelay, true);
        break;
      case 'answerLate':
        this.#putAside(item, this.#times.lateBy, false);
        break;
      case 'duplicate':
        this.#pass(item);
        this.#pass(item);
        break;
      default:
        this.#pass(item);
    }
  }

  /** Forgets everything that is on its way. */
  empty(): void {
    const left = [...this.#queue.map(({ item }) => item), ...this.#aside.keys()];
    this.#environment.clearTimeout(this.#timer);
    for (const { timer } of this.#aside.values()) this.#environment.clearTimeout(timer);
    this.#queue = [];
    this.#aside.clear();
    for (const { lost } of left) lost?.();
  }

  #pass(item: QueuedItem): void {
    if (this.#draining || this.#queue.length > 0) this.#enqueue(item, 0);
    else this.#deliver(item);
  }

  #deliver(item: QueuedItem): void {
    item.deliver();
    for (const [other, { timer, overtaken }] of [...this.#aside]) {
      if (!overtaken || !this.#aside.delete(other)) continue;
      this.#environment.clearTimeout(timer);
      other.deliver();
    }
  }

  #enqueue(item: QueuedItem, delay: number): void {
    if (this.#queue.push({ item, delay }) === 1 && !this.#draining) this.#waitForFirst();
  }

  #waitForFirst(): void {
    const [first] = this.#queue;
    if (first === undefined) return;
    this.#timer = this.#environment.setTimeout(() => {
      this.#draining = true;
      do this.#deliver((this.#queue.shift() as Held).item);
      while (this.#queue[0]?.delay === 0);
      this.#draining = false;
      this.#waitForFirst();
    }, first.delay);
  }

  #putAside(item: QueuedItem, delay: number, overtaken: boolean): void {
    const timer = this.#environment.setTimeout(() => {
      this.#aside.delete(item);
      item.deliver();
    }, delay);
    this.#aside.set(item, { timer, overtaken });
  }
}
