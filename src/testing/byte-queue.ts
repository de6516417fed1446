import type { Socket } from 'node:net';
import type { Environment, TimerHandle } from '../util/environment.js';

/** `writeInPieces` makes at most this many pieces, of at least this many bytes. */
const MAX_PIECES = 64;
const MIN_PIECE = 5;

/** Writes bytes to a socket, in order and with pauses. */
export class ByteQueue {
  readonly #to: Socket;
  readonly #environment: Environment;
  /** The next actions; a number is a pause, in milliseconds. */
  readonly #queue: (number | (() => void))[] = [];
  #timer: TimerHandle;
  #paused = false;
  #closed = false;

  constructor(to: Socket, environment: Environment) {
    this.#to = to;
    this.#environment = environment;
  }

  /** Writes bytes. `written` is called when the kernel has all of them. */
  write(bytes: Buffer, written?: () => void): void {
    this.do(() => {
      this.#to.write(bytes, (error) => {
        if (error == null) written?.();
      });
    });
  }

  /** Writes a few bytes in each turn of the event loop. */
  writeInPieces(bytes: Buffer, written?: () => void): void {
    const length = Math.max(MIN_PIECE, Math.ceil(bytes.length / MAX_PIECES));
    for (let start = 0; start < bytes.length; start += length) {
      const end = start + length;
      this.write(bytes.subarray(start, end), end < bytes.length ? undefined : written);
      this.pause(0);
    }
  }

  /** Waits before the next action. */
  pause(milliseconds: number): void {
    this.#queue.push(milliseconds);
    this.#run();
  }

  /** Runs a function after all actions before it. */
  do(act: () => void): void {
    this.#queue.push(act);
    this.#run();
  }

  /** Discards all further actions. */
  close(): void {
    this.#closed = true;
    this.#environment.clearTimeout(this.#timer);
  }

  #run(): void {
    while (!this.#paused && !this.#closed) {
      const next = this.#queue.shift();
      if (next === undefined) return;
      if (typeof next === 'function') next();
      else this.#startPause(next);
    }
  }

  #startPause(milliseconds: number): void {
    this.#paused = true;
    this.#timer = this.#environment.setTimeout(() => {
      this.#paused = false;
      this.#run();
    }, milliseconds);
  }
}
