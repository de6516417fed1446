import type { ChildProcess } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive } from '../support/servers/processes.js';

/** Resources that come and go by themselves. */
const PASSING = new Set(['CloseReq', 'FSReqCallback', 'FSReqPromise', 'Immediate', 'Microtask', 'TickObject']);

/** What keeps this process alive, by kind. */
export function held(): string[] {
  return process.getActiveResourcesInfo().filter((name) => !PASSING.has(name));
}

/** How many listeners there are on this process. */
export function listeners(): number {
  return process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0);
}

/** Sees to it that nothing is left of what was started since it was made: process, socket, pipe, timer, listener on `process`. */
export class Leftovers implements Disposable {
  readonly #children: ChildProcess[] = [];
  readonly #before: number;
  readonly #listeners = listeners();
  readonly #onChild = (message: unknown): void => {
    this.#children.push((message as { process: ChildProcess }).process);
  };

  constructor() {
    // These hold a resource from their first use on.
    void [process.stdout, process.stderr];
    this.#before = held().length;
    subscribe('child_process', this.#onChild);
  }

  /** How many processes were started. */
  get started(): number {
    return this.#children.length;
  }

  /** What is left, once nothing is or the patience, in milliseconds, is at an end. */
  async left(patience = 3_000): Promise<string[]> {
    for (const deadline = performance.now() + patience; ; await sleep(10)) {
      const left = this.#children
        .filter(({ pid }) => pid !== undefined && isAlive(pid))
        .map(({ pid }) => `process ${pid}`);
      const more = held();
      if (more.length > this.#before) left.push(`resources: ${more.join(', ')}`);
      if (listeners() > this.#listeners) left.push('a listener on process');
      if (left.length === 0 || performance.now() > deadline) return left;
    }
  }

  [Symbol.dispose](): void {
    unsubscribe('child_process', this.#onChild);
  }
}
