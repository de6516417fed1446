import { didYouMean } from '../../util/did-you-mean.js';
import { CommandError } from '../exit-codes.js';
import { oneLine } from '../terminal.js';

/**
 * Picks a value by a path such as `items[0].name` or `["odd key"].id`.
 * @throws CommandError for a malformed path, or one that leads nowhere
 */
export function select(value: unknown, path: string): unknown {
  let found = value;
  let walked = '';
  for (const step of stepsOf(path)) {
    walked += typeof step === 'number' ? `[${step}]` : walked === '' ? step : `.${step}`;
    const before = found;
    found = memberOf(found, step);
    if (found === undefined) throw nothingAt(path, walked, before);
  }
  return found;
}

/** The error for a path that leads nowhere, with the names that there are. */
function nothingAt(path: string, walked: string, parent: unknown): CommandError {
  const isObject = typeof parent === 'object' && parent !== null && !Array.isArray(parent);
  const names = isObject ? Object.keys(parent) : [];
  const last = walked.split('.').at(-1) ?? '';
  const there = Array.isArray(parent) ? `The list has ${parent.length} values.` : undefined;
  return new CommandError(
    `--select ${path}: the result has no "${walked}".${didYouMean(last, names)}`,
    undefined,
    names.length === 0 ? there : `There are: ${oneLine(names.join(', '), 300)}`,
  );
}

function memberOf(value: unknown, step: string | number): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  if (Array.isArray(value)) return typeof step === 'number' ? value.at(step) : undefined;
  return Object.hasOwn(value, step) ? (value as Record<string, unknown>)[step] : undefined;
}

/**
 * Checks the path of `--select` before anything is sent.
 * @throws CommandError for a malformed path
 */
export function checkPath(path: string | undefined): void {
  if (path !== undefined) stepsOf(path);
}

const STEP = /\.?([^.[\]"]+)|\[(-?\d+)\]|\[("(?:[^"\\]|\\.)*")\]/y;

function stepsOf(path: string): readonly (string | number)[] {
  const steps: (string | number)[] = [];
  let at = 0;
  while (at < path.length) {
    STEP.lastIndex = at;
    const match = STEP.exec(path);
    if (match === null) throw new CommandError(`--select ${path}: this is not a path such as a.b[0].`);
    const [, name, index, quoted] = match;
    steps.push(name ?? (index === undefined ? (JSON.parse(quoted ?? '""') as string) : Number(index)));
    at = STEP.lastIndex;
  }
  return steps;
}
