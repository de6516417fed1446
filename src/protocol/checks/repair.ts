import type { Era } from '../revisions.js';
import type { Check, CheckProblem, Repair } from './problem.js';

/** A value with more faults than this is not worth reading. */
const MOST_REPAIRS = 100;

/** A value that passes its check, and the problems that had to be repaired for that. */
export interface Repaired {
  readonly value: unknown;
  readonly faults: readonly CheckProblem[];
}

/**
 * Reads a value that does not pass its check: each problem that has a repair is repaired in a copy. Returns the first problem without one,
 * which refuses the value. The value itself is never changed: others may hold it.
 *
 * @param era where a repair may be allowed in one era only; default: none of those
 */
export function repaired(value: unknown, check: Check, era?: Era): Repaired | CheckProblem {
  const faults: CheckProblem[] = [];
  let read = value;
  for (;;) {
    const found = check(read);
    if (found === undefined) return { value: read, faults };
    const { repair } = found;
    if (repair === undefined || (repair.only ?? era) !== era || faults.length >= MOST_REPAIRS) return found;
    faults.push(found);
    read = withRepair(read, repair, 0);
  }
}

/** A copy of a value with a repair, of which the first `depth` steps are done. Only what is on the way to the place is copied. */
function withRepair(value: unknown, repair: Repair, depth: number): unknown {
  const { at } = repair;
  const step = at[depth];
  if (step === undefined) return repair.value;
  const last = depth === at.length - 1;
  const leftOut = last && !('value' in repair);
  if (Array.isArray(value)) {
    const items: unknown[] = [...(value as unknown[])];
    if (leftOut) items.splice(Number(step), 1);
    else items[Number(step)] = withRepair(items[Number(step)], repair, depth + 1);
    return items;
  }
  const fields = Object.entries(value as object).filter(([key]) => key !== step);
  if (leftOut) return Object.fromEntries(fields);
  const inner = (value as Readonly<Record<string, unknown>>)[step];
  return Object.fromEntries([...fields, [String(step), withRepair(inner, repair, depth + 1)]]);
}
