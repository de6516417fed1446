import { nextTurn, systemEnvironment } from '../environment.js';

/** Milliseconds of work after which everything else in the process gets its turn. */
const LONGEST_TURN = 20;
/** Milliseconds between two items after which the event loop has had its turn meanwhile. */
const APART = 5;
/** Bytes that are handed on at once: at most about 1 000 lines, or 250 events, of a server that makes them as short as can be. */
const PIECE = 2 * 1024;

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
  #waiting: Item[] = [];
  #paused = false;
  #stopped = false;
  /** Milliseconds of work in this turn, and when the last of it ended. */
  #busy = 0;
  #last = 0;
  #afterwards: (() => void)[] = [];

  constructor(stream: PacedStream<Item>) {
    this.#stream = stream;
  }

  /** Whether items wait for their turn. */
  get paused(): boolean {
    return this.#paused;
  }

  push(item: Item): void {
    if (this.#paused) this.#waiting.push(item);
    else if (this.#take(item)) this.#pause();
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

  /** Whether this turn has been long enough. */
  #take(item: Item): boolean {
    if (this.#stopped) return false;
    const start = systemEnvironment.now();
    if (start - this.#last > APART) this.#busy = 0;
    this.#stream.take(item);
    this.#last = systemEnvironment.now();
    this.#busy += this.#last - start;
    return this.#busy > LONGEST_TURN;
  }

  #pause(): void {
    if (this.#stopped) return;
    this.#paused = true;
    this.#stream.hold();
    nextTurn(this.#goOn);
  }

  readonly #goOn = (): void => {
    this.#busy = 0;
    const items = this.#waiting;
    let next = 0;
    while (next < items.length && !this.#stopped) {
      const item = items[next] as Item;
      next += 1;
      if (this.#take(item)) break;
    }
    if (this.#stopped) return;
    if (next < items.length) {
      this.#waiting = items.slice(next);
      nextTurn(this.#goOn);
      return;
    }
    this.#waiting = [];
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
  for (let at = 0; at < chunk.length; at += PIECE) pacer.push(chunk.subarray(at, at + PIECE));
}
