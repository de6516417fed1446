import { beginning } from '../util/beginning.js';

/** Limits of a copy: values in total, items of an array or object, and nesting. */
const MAX_NODES = 160;
const MAX_ITEMS = 24;
const MAX_DEPTH = 7;

/** Longer than any name or identifier that may be shown, so that a shortened secret does not look like one. */
const MAX_TEXT = 200;

/**
 * Copies the beginning of a value, as plain data of bounded size. Copying any value takes microseconds, and the copy does not reference the
 * original. Omitted parts are marked with `…`.
 */
export function excerpt(value: unknown): unknown {
  return copy(value, { left: MAX_NODES }, 0);
}

function copy(value: unknown, budget: { left: number }, depth: number): unknown {
  budget.left -= 1;
  switch (typeof value) {
    case 'string':
      return value.length > MAX_TEXT ? `${beginning(value, MAX_TEXT)}… (${value.length})` : value;
    case 'number':
    case 'boolean':
      return value;
    case 'object':
      break;
    default:
      return value === undefined ? undefined : `‹${typeof value}›`;
  }
  if (value === null) return null;
  if (depth === MAX_DEPTH || budget.left <= 0) return '…';
  if (Array.isArray(value)) return items(value, budget, depth);
  if (ArrayBuffer.isView(value)) return `‹${value.byteLength} bytes›`;
  if (value instanceof Error) return { name: value.name, message: copy(value.message, budget, depth) };
  return fields(value, budget, depth);
}

function items(value: readonly unknown[], budget: { left: number }, depth: number): unknown[] {
  const copied: unknown[] = [];
  for (const item of value) {
    if (copied.length === MAX_ITEMS || budget.left <= 0) {
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
    if (count === MAX_ITEMS || budget.left <= 0) {
      copied['…'] = 'more';
      break;
    }
    count += 1;
    const inner = copy((value as Record<string, unknown>)[key], budget, depth + 1);
    if (inner !== undefined) copied[key.length > MAX_TEXT ? `${beginning(key, MAX_TEXT)}…` : key] = inner;
  }
  return copied;
}
