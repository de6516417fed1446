import type { Era } from '../revisions.js';

/** A problem in a value from the peer. Plain data without the value itself, which may be a secret. */
export interface CheckProblem {
  /** The field, such as `tools[3].inputSchema.type`; empty when the whole value is wrong. */
  readonly path: string;
  /** What belongs there, such as `a string`. */
  readonly expected: string;
  /** What kind of value is there instead, such as `a number`, or `nothing`. */
  readonly received: string;
  /** The change that makes the rest of the value usable; absent when no change does. */
  readonly repair?: Repair;
}

/** A change of a value that cures a problem in it: the place is left out, or gets another value. */
export interface Repair {
  /** The keys and indexes that lead to the place. */
  readonly at: readonly (string | number)[];
  /** The value for the place; without this key the place is left out. */
  readonly value?: unknown;
  /** The only era in which the change is allowed. Default: both. */
  readonly only?: Era;
}

/**
 * Checks whether a value is a `T`: returns `undefined`, or the first problem. Checks run on every response, so they allocate nothing until they
 * find a problem, and never change the value.
 *
 * All checks share these rules. Unknown fields pass. A required field must be there, and of its type. An optional field may be
 * missing, or `null`, which some servers send for "absent"; otherwise it must be of its type, or the type would lie to its reader.
 * Formats (URI, base64, dates) and ranges of numbers pass: no reader breaks on them.
 *
 * A problem with a `repair` need not refuse the value: nothing in the library acts on that part, or its absence is the safe reading.
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

/** Makes a problem that refuses the value, unless a part around it can be left out. */
export function problem(path: string, expected: string, received: unknown): CheckProblem {
  return { path, expected, received: kindOf(received) };
}

/** Makes a problem of a field that is left out when its value cannot be used. `path` has names and dots only. */
export function optionalProblem(path: string, expected: string, received: unknown): CheckProblem {
  return leavingOut(problem(path, expected, received), ...path.split('.'));
}

/** The same problem, cured by leaving out the place at `at`. */
export function leavingOut(found: CheckProblem, ...at: Repair['at']): CheckProblem {
  return { ...found, repair: { at } };
}

/** The same problem as seen from outside of `field`, which `steps` lead to. */
export function within(field: string, inner: CheckProblem, steps: Repair['at'] = [field]): CheckProblem {
  const separator = inner.path === '' || inner.path.startsWith('[') ? '' : '.';
  const { repair } = inner;
  return {
    ...inner,
    path: field + separator + inner.path,
    ...(repair && { repair: { ...repair, at: [...steps, ...repair.at] } }),
  };
}

/** The details of an error that a problem causes. */
export function detailsOf({
  path,
  expected,
  received,
}: CheckProblem): Pick<CheckProblem, 'path' | 'expected' | 'received'> {
  return { path, expected, received };
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
    if (found !== undefined) return within(`${field}[${index}]`, found, [...stepsTo(field), index]);
  }
  return undefined;
}

function stepsTo(field: string): string[] {
  return field === '' ? [] : field.split('.');
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
