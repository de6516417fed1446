import type { Socket } from 'node:net';
import type { Environment, TimerHandle } from '../util/environment.js';

/** How many pieces bytes are cut into at most, and how many bytes there are in a piece at least. */
const MOST_PIECES = 64;
const LEAST_BYTES = 5;

/** What leaves over a socket, in order: bytes, and pauses between them. */
export class ByteLane {
  readonly #to: Socket;
  readonly #environment: Environment;
  /** What is done next; a number is a pause, in milliseconds. */
  readonly #queue: (number | (() => void))[] = [];
  #timer: TimerHandle;
  #paused = false;
  #closed = false;

  constructor(to: Socket, environment: Environment) {
    this.#to = to;
    this.#environment = environment;
  }

  /** Sends bytes. `written` is called when the kernel has them all. */
  write(bytes: Buffer, written?: () => void): void {
    this.do(() => {
      this.#to.write(bytes, (error) => {
        if (error == null) written?.();
      });
    });
  }

  /** Sends bytes a few at a time, each time in another turn. */
  dribble(bytes: Buffer, written?: () => void): void {
    const length = Math.max(LEAST_BYTES, Math.ceil(bytes.length / MOST_PIECES));
    for (let start = 0; start < bytes.length; start += length) {
      const end = start + length;
      this.write(bytes.subarray(start, end), end < bytes.length ? undefined : written);
      this.pause(0);
    }
  }

  /** Lets time pass before anything else leaves. */
  pause(milliseconds: number): void {
    this.#queue.push(milliseconds);
    this.#goOn();
  }

  /** Does something once everything before it has been done. */
  do(act: () => void): void {
    this.#queue.push(act);
    this.#goOn();
  }

  /** Forgets what has not left. Nothing leaves any more. */
  close(): void {
    this.#closed = true;
    this.#environment.clearTimeout(this.#timer);
  }

  #goOn(): void {
    while (!this.#paused && !this.#closed) {
      const next = this.#queue.shift();
      if (next === undefined) return;
      if (typeof next === 'function') next();
      else this.#rest(next);
    }
  }

  #rest(milliseconds: number): void {
    this.#paused = true;
    this.#timer = this.#environment.setTimeout(() => {
      this.#paused = false;
      this.#goOn();
    }, milliseconds);
  }
}
