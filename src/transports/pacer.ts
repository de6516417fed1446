import { nextTurn, systemEnvironment } from '../util/environment.js';

/** Maximum time of work in one turn of the event loop, in ms. */
const MAX_TURN = 20;
/** After this time between two items, the event loop is assumed to have run a turn, in ms. */
const NEW_TURN_AFTER = 5;
/** Bytes that are passed on at once: at most about 2 000 events, if they are as short as possible. */
const PIECE = 16 * 1024;

/** The consumer of the items of a stream, which can pause the stream. */
export interface PacedStream<Item> {
  take(item: Item): void;
  /** Pauses the stream. Items that still arrive are queued. */
  hold(): void;
  release(): void;
}

/**
 * Passes on the items of a stream, in order, without blocking the event loop for long: after 20 ms of work the rest waits for the next
 * turn, and the stream is paused until all items are passed on. The server decides how many messages arrive in one read: a million take
 * seconds.
 */
export class Pacer<Item> {
  readonly #stream: PacedStream<Item>;
  readonly #itemsPerCheck: number;
  #waiting: Item[] = [];
  #paused = false;
  #stopped = false;
  /** The time of work in this turn, in ms, and the time of its end. */
  #busy = 0;
  #last = 0;
  #afterwards: (() => void)[] = [];

  /** @param itemsPerCheck how many small items may be passed on between two readings of the clock. Default 1. */
  constructor(stream: PacedStream<Item>, itemsPerCheck = 1) {
    this.#stream = stream;
    this.#itemsPerCheck = itemsPerCheck;
  }

  /** Whether items are queued. */
  get paused(): boolean {
    return this.#paused;
  }

  push(item: Item): void {
    this.pushAll([item]);
  }

  /** Runs a function, and adds its time to this turn. */
  count<Result>(work: () => Result): Result {
    const start = this.#begin();
    const result = work();
    this.#finish(start);
    return result;
  }

  #begin(): number {
    const now = systemEnvironment.now();
    if (now - this.#last > NEW_TURN_AFTER) this.#busy = 0;
    return now;
  }

  #finish(start: number): void {
    this.#last = systemEnvironment.now();
    this.#busy += this.#last - start;
  }

  /**
   * Passes on items until the time of this turn is used up; the rest is queued.
   * @param waited only for internal use: the items were queued. Default false
   */
  pushAll(items: readonly Item[], waited = false): void {
    if (this.#paused && !waited) {
      for (const item of items) this.#waiting.push(item);
      return;
    }
    let taken = 0;
    while (taken < items.length && !this.#stopped) {
      const start = this.#begin();
      const end = Math.min(taken + this.#itemsPerCheck, items.length);
      for (; taken < end; taken += 1) this.#stream.take(items[taken] as Item);
      this.#finish(start);
      if (this.#busy > MAX_TURN) break;
    }
    if (this.#stopped || (!waited && this.#busy <= MAX_TURN)) return;
    // Items that arrived meanwhile go behind the rest.
    if (taken < items.length) this.#waiting = [...items.slice(taken), ...this.#waiting];
    if (waited && this.#waiting.length === 0) {
      this.#caughtUp();
      return;
    }
    if (!waited) {
      this.#paused = true;
      this.#stream.hold();
    }
    nextTurn(this.#nextTurn);
  }

  /** Calls a function after all pushed items were passed on: at once, if none are queued. */
  afterwards(callback: () => void): void {
    if (this.#paused) this.#afterwards.push(callback);
    else callback();
  }

  /** Discards the queued items and all later ones, and resumes the stream. */
  stop(): void {
    this.#stopped = true;
    this.#waiting = [];
    this.#afterwards = [];
    if (!this.#paused) return;
    this.#paused = false;
    this.#stream.release();
  }

  readonly #nextTurn = (): void => {
    this.#busy = 0;
    const items = this.#waiting;
    this.#waiting = [];
    this.pushAll(items, true);
  };

  #caughtUp(): void {
    this.#paused = false;
    this.#stream.release();
    // A callback may push items again; then the remaining callbacks wait for these items.
    const callbacks = this.#afterwards;
    this.#afterwards = [];
    for (const callback of callbacks) this.afterwards(callback);
  }
}

/** Pushes the bytes of a stream in pieces. */
export function pushBytes(pacer: Pacer<Buffer>, chunk: Buffer): void {
  if (chunk.length <= PIECE) {
    pacer.push(chunk);
    return;
  }
  const pieces = Array.from({ length: Math.ceil(chunk.length / PIECE) }, (_, index) =>
    chunk.subarray(index * PIECE, (index + 1) * PIECE),
  );
  pacer.pushAll(pieces);
}
