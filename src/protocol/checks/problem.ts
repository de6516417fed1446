/** Where a value that a peer sent departs from its type. Plain data, and never the value itself: that may be a secret. */
export interface CheckProblem {
  /** The field, such as `tools[3].inputSchema.type`; empty when the whole value is wrong. */
  readonly path: string;
  /** What belongs there, such as `a string`. */
  readonly expected: string;
  /** What kind of value is there instead, such as `a number`, or `nothing`. */
  readonly received: string;
}

/**
 * Says whether a value is a `T`: `undefined` when it is, else the first problem. Checks run on every answer, so they allocate
 * nothing until they find a problem, and they never change the value.
 *
 * All checks share these rules. Unknown fields pass. A required field must be there, and of its type. An optional field may be
 * missing, or `null`, which some servers send for "absent"; otherwise it must be of its type, or the type would lie to its reader.
 * Formats (URI, base64, dates) and ranges of numbers pass: no reader breaks on them.
 */
export interface Check<T = unknown> {
  (value: unknown): CheckProblem | undefined;
  /** Never there at runtime. It ties the check to its type, so that a table cannot pair it with another. */
  readonly checkedType?: T;
}

/** An object as it came from JSON. */
export type UncheckedObject = Readonly<Record<string, unknown>>;

/** Whether a value is an object of JSON. */
export function isObject(value: unknown): value is UncheckedObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether a value is a string, or absent. */
export function isOptionalString(value: unknown): boolean {
  return typeof value === 'string' || value === undefined || value === null;
}

/** Whether a value is a number, or absent. */
export function isOptionalNumber(value: unknown): boolean {
  return typeof value === 'number' || value === undefined || value === null;
}

/** Whether a value is `true` or `false`, or absent. */
export function isOptionalBoolean(value: unknown): boolean {
  return typeof value === 'boolean' || value === undefined || value === null;
}

/** Whether a value is an object, or absent. */
export function isOptionalObject(value: unknown): boolean {
  return value === undefined || value === null || isObject(value);
}

/** Writes a problem down. */
export function problem(path: string, expected: string, received: unknown): CheckProblem {
  return { path, expected, received: kindOf(received) };
}

/** The same problem as seen from outside of `field`. */
export function within(field: string, inner: CheckProblem): CheckProblem {
  const separator = inner.path === '' || inner.path.startsWith('[') ? '' : '.';
  return { ...inner, path: field + separator + inner.path };
}

/** The first problem in the field `field`, which holds an array of what `checkItem` checks. */
export function arrayProblem(
  field: string,
  value: unknown,
  checkItem: (item: unknown) => CheckProblem | undefined,
): CheckProblem | undefined {
  if (!Array.isArray(value)) return problem(field, 'an array', value);
  for (let index = 0; index < value.length; index += 1) {
    const found = checkItem(value[index]);
    if (found !== undefined) return within(`${field}[${index}]`, found);
  }
  return undefined;
}

/** As {@link arrayProblem}, for a field that may be absent. */
export function optionalArrayProblem(
  field: string,
  value: unknown,
  checkItem: (item: unknown) => CheckProblem | undefined,
): CheckProblem | undefined {
  return value === undefined || value === null ? undefined : arrayProblem(field, value, checkItem);
}

/** A problem unless the value is a string. */
export function stringProblem(value: unknown): CheckProblem | undefined {
  return typeof value === 'string' ? undefined : problem('', 'a string', value);
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
