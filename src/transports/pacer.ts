import { nextTurn, systemEnvironment } from '../util/environment.js';

/** Milliseconds of work after which everything else in the process gets its turn. */
const LONGEST_TURN = 20;
/** Milliseconds between two items after which the event loop has had its turn meanwhile. */
const APART = 5;
/** Bytes that are handed on at once: at most about 2 000 events of a server that makes them as short as can be. */
const PIECE = 16 * 1024;

/** Who works on the items of a stream, and can hold the stream back. */
export interface PacedStream<Item> {
  take(item: Item): void;
  /** No more items should come for now. Those that come all the same are kept. */
  hold(): void;
  release(): void;
}

/**
 * Hands on the items of a stream, in order, and never blocks the event loop for long: after 20 ms of work the rest waits for the next turn,
 * and the stream is paused until it has caught up. A server decides how many messages arrive in one read: a million take seconds.
 */
export class Pacer<Item> {
  readonly #stream: PacedStream<Item>;
  readonly #unwatched: number;
  #waiting: Item[] = [];
  #paused = false;
  #stopped = false;
  /** Milliseconds of work in this turn, and when the last of it ended. */
  #busy = 0;
  #last = 0;
  #afterwards: (() => void)[] = [];

  /** @param unwatched how many items may be handed on without a look at the clock, because they are small. Default 1. */
  constructor(stream: PacedStream<Item>, unwatched = 1) {
    this.#stream = stream;
    this.#unwatched = unwatched;
  }

  /** Whether items wait for their turn. */
  get paused(): boolean {
    return this.#paused;
  }

  push(item: Item): void {
    this.pushAll([item]);
  }

  /** Does work, and counts it for this turn. */
  count<Result>(work: () => Result): Result {
    const start = this.#begin();
    const result = work();
    this.#finish(start);
    return result;
  }

  #begin(): number {
    const now = systemEnvironment.now();
    if (now - this.#last > APART) this.#busy = 0;
    return now;
  }

  #finish(start: number): void {
    this.#last = systemEnvironment.now();
    this.#busy += this.#last - start;
  }

  /**
   * Pushes items that came together. Hands them on until this turn has been long enough; the rest waits.
   * @param waited for the pacer itself: the items have waited for this turn. Default false
   */
  pushAll(items: readonly Item[], waited = false): void {
    if (this.#paused && !waited) {
      for (const item of items) this.#waiting.push(item);
      return;
    }
    let taken = 0;
    while (taken < items.length && !this.#stopped) {
      const start = this.#begin();
      const end = Math.min(taken + this.#unwatched, items.length);
      for (; taken < end; taken += 1) this.#stream.take(items[taken] as Item);
      this.#finish(start);
      if (this.#busy > LONGEST_TURN) break;
    }
    if (this.#stopped || (!waited && this.#busy <= LONGEST_TURN)) return;
    // Items that came meanwhile go behind the rest.
    if (taken < items.length) this.#waiting = [...items.slice(taken), ...this.#waiting];
    if (waited && this.#waiting.length === 0) {
      this.#caughtUp();
      return;
    }
    if (!waited) {
      this.#paused = true;
      this.#stream.hold();
    }
    nextTurn(this.#goOn);
  }

  /** Calls a function when everything that was pushed has been taken: at once, if nothing waits. */
  afterwards(callback: () => void): void {
    if (this.#paused) this.#afterwards.push(callback);
    else callback();
  }

  /** Forgets what waits. Nothing is handed on any more, and the stream flows. */
  stop(): void {
    this.#stopped = true;
    this.#waiting = [];
    this.#afterwards = [];
    if (!this.#paused) return;
    this.#paused = false;
    this.#stream.release();
  }

  readonly #goOn = (): void => {
    this.#busy = 0;
    const items = this.#waiting;
    this.#waiting = [];
    this.pushAll(items, true);
  };

  #caughtUp(): void {
    this.#paused = false;
    this.#stream.release();
    // A callback may be for the end of the stream, which comes behind all of its items.
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
