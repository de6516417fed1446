import { failure } from '../util/failure.js';
import type { Failure } from '../util/failure.js';

/** How many warnings about one method are emitted in a session. A message causes at most 21. */
const MAX_PER_METHOD = 30;

/** How many texts are remembered. Older texts may be emitted again. */
const MAX_REMEMBERED = 1_000;

/** Selects the warnings about faults of a server that are emitted: each text once, and a limited number for each method. */
export class WarningBudget {
  readonly #emitted = new Set<string>();
  readonly #ofMethod = new Map<unknown, number>();

  /** The warning for a fault: the fault itself, a last one that no more are emitted for its method, or undefined. */
  admitted(fault: Failure): Failure | undefined {
    const { message } = fault;
    if (this.#emitted.has(message)) return undefined;
    const method = fault.details?.method;
    const count = (this.#ofMethod.get(method) ?? 0) + 1;
    if (count > MAX_PER_METHOD + 1) return undefined;
    this.#ofMethod.set(method, count);
    if (count > MAX_PER_METHOD) return exhausted(fault);
    this.#emitted.add(message);
    if (this.#emitted.size > MAX_REMEMBERED) this.#emitted.delete(this.#emitted.values().next().value as string);
    return fault;
  }

  /** A new session may be with another server, so it may emit new warnings. */
  sessionBegan(): void {
    this.#ofMethod.clear();
  }
}

function exhausted({ code, details }: Failure): Failure {
  const method = String(details?.method);
  const message = `${method}: more than ${MAX_PER_METHOD} different faults; no more are reported in this session`;
  return failure('protocol', code, message, { details: { method } });
}
