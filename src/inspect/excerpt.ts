import { beginning } from '../util/beginning.js';

/** How much of a value is copied. */
const MOST_NODES = 160;
const MOST_ITEMS = 24;
const DEEPEST = 7;

/** Longer than any name or identifier that may be shown, so that a secret that was cut is never taken for one. */
const LONGEST_TEXT = 200;

/**
 * A copy of the beginning of a value, as plain data of a bounded size: whatever the value is, copying takes microseconds, and nothing of
 * the original is kept alive. What is left out is marked with `…`.
 */
export function excerpt(value: unknown): unknown {
  return copy(value, { left: MOST_NODES }, 0);
}

function copy(value: unknown, budget: { left: number }, depth: number): unknown {
  budget.left -= 1;
  switch (typeof value) {
    case 'string':
      return value.length > LONGEST_TEXT ? `${beginning(value, LONGEST_TEXT)}… (${value.length})` : value;
    case 'number':
    case 'boolean':
      return value;
    case 'object':
      break;
    default:
      return value === undefined ? undefined : `‹${typeof value}›`;
  }
  if (value === null) return null;
  if (depth === DEEPEST || budget.left <= 0) return '…';
  if (Array.isArray(value)) return items(value, budget, depth);
  if (ArrayBuffer.isView(value)) return `‹${value.byteLength} bytes›`;
  if (value instanceof Error) return { name: value.name, message: copy(value.message, budget, depth) };
  return fields(value, budget, depth);
}

function items(value: readonly unknown[], budget: { left: number }, depth: number): unknown[] {
  const copied: unknown[] = [];
  for (const item of value) {
    if (copied.length === MOST_ITEMS || budget.left <= 0) {
      copied.push(`… ${value.length - copied.length} more`);
      break;
    }
    copied.push(copy(item, budget, depth + 1));
  }
  return copied;
}

function fields(value: object, budget: { left: number }, depth: number): Record<string, unknown> {
  const copied: Record<string, unknown> = {};
  let count = 0;
  for (const key in value) {
    if (!Object.hasOwn(value, key) || key === '__proto__') continue;
    if (count === MOST_ITEMS || budget.left <= 0) {
      copied['…'] = 'more';
      break;
    }
    count += 1;
    const inner = copy((value as Record<string, unknown>)[key], budget, depth + 1);
    if (inner !== undefined) copied[key.length > LONGEST_TEXT ? `${beginning(key, LONGEST_TEXT)}…` : key] = inner;
  }
  return copied;
}
