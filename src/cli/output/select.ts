import { CommandError } from '../exit-codes.js';

/**
 * Picks a value by a path such as `items[0].name` or `["odd key"].id`.
 * @throws CommandError for a malformed path, or one that leads nowhere
 */
export function select(value: unknown, path: string): unknown {
  let found = value;
  let walked = '';
  for (const step of stepsOf(path)) {
    walked += typeof step === 'number' ? `[${step}]` : walked === '' ? step : `.${step}`;
    found = memberOf(found, step);
    if (found === undefined) throw new CommandError(`--select ${path}: the result has no "${walked}".`);
  }
  return found;
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
