import { describeAge } from '../protocol/age.js';
import type { ConnectionState } from '../machines/connection-facts.js';

/** A change of state and when it happened, in milliseconds since the Unix epoch. */
export interface StateChange {
  readonly from: ConnectionState;
  readonly to: ConnectionState;
  readonly at: number;
}

/** How many changes are kept. */
const KEPT = 20;

/** The last changes of state, for explanations. */
export class History {
  #changes: StateChange[] = [];

  add(change: StateChange): void {
    this.#changes.push(change);
    if (this.#changes.length > KEPT) this.#changes.shift();
  }

  /** A line for each change, newest last, with the time since it happened. */
  lines(now: number): string[] {
    return this.#changes.map(({ from, to, at }) => `${from} → ${to}, ${describeAge(now - at)} ago`);
  }
}
