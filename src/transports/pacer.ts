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
    const start = systemEnvironment.now();
    if (start - this.#last > APART) this.#busy = 0;
    const result = work();
    this.#last = systemEnvironment.now();
    this.#busy += this.#last - start;
    return result;
  }

  /** Pushes items that came together. */
  pushAll(items: readonly Item[]): void {
    if (this.#paused) {
      for (const item of items) this.#waiting.push(item);
      return;
    }
    const taken = this.#take(items);
    if (this.#stopped || this.#busy <= LONGEST_TURN) return;
    this.#waiting = items.slice(taken);
    this.#paused = true;
    this.#stream.hold();
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

  /** Hands on items until this turn has been long enough, and says how many those were. */
  #take(items: readonly Item[]): number {
    let taken = 0;
    while (taken < items.length && !this.#stopped) {
      const end = Math.min(taken + this.#unwatched, items.length);
      this.count(() => {
        for (; taken < end; taken += 1) this.#stream.take(items[taken] as Item);
      });
      if (this.#busy > LONGEST_TURN) break;
    }
    return taken;
  }

  readonly #goOn = (): void => {
    this.#busy = 0;
    const items = this.#waiting;
    // What comes meanwhile goes behind them.
    this.#waiting = [];
    const taken = this.#take(items);
    if (this.#stopped) return;
    if (taken < items.length) this.#waiting = [...items.slice(taken), ...this.#waiting];
    if (this.#waiting.length > 0) {
      nextTurn(this.#goOn);
      return;
    }
    this.#paused = false;
    this.#stream.release();
    // What is waited for may be the end of the stream, which comes behind all of its items.
    const callbacks = this.#afterwards;
    this.#afterwards = [];
    for (const callback of callbacks) this.afterwards(callback);
  };
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
