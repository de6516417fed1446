import type { Environment } from '../../util/environment.js';
import type { RecordedEntry } from '../../recording/recorded-events.js';

/** An environment with the clock, timers and random numbers of a recording. */
export class ReplayEnvironment implements Environment {
  readonly #next: () => RecordedEntry | undefined;
  readonly #timers: (() => void)[] = [];
  #now = 0;

  constructor(next: () => RecordedEntry | undefined) {
    this.#next = next;
  }

  now(): number {
    this.#now = this.#next()?.at ?? this.#now;
    return this.#now;
  }

  setTimeout(callback: () => void): number {
    return this.#timers.push(callback);
  }

  clearTimeout(): void {
    // Only timers that the recording names are fired.
  }

  random(): number {
    const next = this.#next();
    return next?.type === 'random' ? next.value : 0;
  }

  newId(): string {
    return 'replayed';
  }

  fire(timer: number): void {
    this.#timers[timer - 1]?.();
  }
}
