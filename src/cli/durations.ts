import { CommandError } from './exit-codes.js';

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
/** The longest delay of a timer of Node, in ms. */
const LONGEST = 2_147_483_647;

/**
 * Reads a duration such as `500ms`, `30s`, `2m` or `1h`. A number alone is refused: programs disagree on its unit.
 * @throws CommandError that names the flag
 */
export function duration(flag: string): (text: string) => number {
  return (text) => {
    const [, number, unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text.trim()) ?? [];
    if (number !== undefined && unit === '') {
      throw new CommandError(`${flag} needs a unit: ${number}s for seconds, ${number}ms for milliseconds.`);
    }
    const value = number === undefined ? NaN : Math.round(Number(number) * (UNITS[unit] ?? NaN));
    if (value >= 1 && value <= LONGEST) return value;
    throw new CommandError(`${flag} must be a duration such as 500ms, 30s or 2m, not "${text}".`);
  };
}
