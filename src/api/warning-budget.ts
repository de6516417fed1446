import { failure } from '../util/failure.js';
import type { Failure } from '../util/failure.js';

/** How many warnings about one method a session may cause. A message causes at most 21. */
const MOST_OF_METHOD = 30;

/** How many texts are remembered. Beyond that the oldest are forgotten, and may be told again. */
const MOST_REMEMBERED = 1_000;

/** Decides which warnings about faults of a server are worth telling: no text twice, and not without end. */
export class WarningBudget {
  readonly #told = new Set<string>();
  readonly #ofMethod = new Map<unknown, number>();

  /** What to tell of a fault: itself, that nothing more is told of its method, or undefined for nothing. */
  admitted(fault: Failure): Failure | undefined {
    const { message } = fault;
    if (this.#told.has(message)) return undefined;
    const method = fault.details?.method;
    const count = (this.#ofMethod.get(method) ?? 0) + 1;
    if (count > MOST_OF_METHOD + 1) return undefined;
    this.#ofMethod.set(method, count);
    if (count > MOST_OF_METHOD) return exhausted(fault);
    this.#told.add(message);
    if (this.#told.size > MOST_REMEMBERED) this.#told.delete(this.#told.values().next().value as string);
    return fault;
  }

  /** Another session may have another server behind it, which may have other faults. */
  sessionBegan(): void {
    this.#ofMethod.clear();
  }
}

function exhausted({ code, details }: Failure): Failure {
  const method = String(details?.method);
  const message = `${method}: more than ${MOST_OF_METHOD} different faults; further ones of this session are not told`;
  return failure('protocol', code, message, { details: { method } });
}
