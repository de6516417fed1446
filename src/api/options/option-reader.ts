import { raise } from '../../errors.js';
import type { MCPError } from '../../errors.js';
import type { Implementation } from '../../protocol/schema/index.js';

/** What a duration has to be, in words. */
export const A_DURATION = 'a positive number of milliseconds';

/** Whether a value is a number of milliseconds after which something can happen. */
export function isDuration(value: unknown): value is number {
  return typeof value === 'number' && value > 0;
}

/** Reads options that somebody gave, and refuses what cannot be used. */
export class OptionReader<Options extends object> {
  readonly #given: Readonly<Record<string, unknown>>;
  readonly #prefix: string;

  /** @param prefix what goes before names in errors, for options inside of another */
  constructor(given: Options, prefix = '') {
    this.#given = given as Readonly<Record<string, unknown>>;
    this.#prefix = prefix;
  }

  milliseconds(name: keyof Options & string, otherwise: number): number {
    const value = this.#given[name] ?? otherwise;
    if (isDuration(value)) return value;
    throw invalidOption(this.#prefix + name, A_DURATION, value);
  }

  count(name: keyof Options & string, otherwise: number): number {
    const value = this.#given[name] ?? otherwise;
    if (typeof value === 'number' && value >= 0) return value;
    throw invalidOption(this.#prefix + name, 'a number that is not negative', value);
  }

  flag(name: keyof Options & string, otherwise: boolean): boolean {
    const value = this.#given[name] ?? otherwise;
    if (typeof value === 'boolean') return value;
    throw invalidOption(this.#prefix + name, 'a boolean', value);
  }

  identity(name: keyof Options & string, otherwise: Implementation): Implementation {
    const value = this.#given[name] ?? otherwise;
    const { name: own, version } = value as Partial<Record<keyof Implementation, unknown>>;
    if (typeof own === 'string' && typeof version === 'string') return value as Implementation;
    throw invalidOption(this.#prefix + name, 'an object with a name and a version', value);
  }

  oneOf<Value extends string>(name: keyof Options & string, allowed: readonly Value[], otherwise: Value): Value {
    const value = this.#given[name] ?? otherwise;
    const found = allowed.find((one) => one === value);
    if (found !== undefined) return found;
    throw invalidOption(this.#prefix + name, oneOfThese(allowed), value);
  }
}

/** The values that an option may have, in words. */
export function oneOfThese(allowed: readonly string[]): string {
  return `one of ${allowed.map((one) => `"${one}"`).join(', ')}`;
}

/**
 * The error for an option or argument that cannot be used. It is thrown in here: Node prints the line that throws an uncaught error, and
 * that line should not be one of this library. Callers write `throw` for those who read them.
 */
export function invalidOption(name: string, expected: string, value: unknown): MCPError {
  return unusableOption(name, expected, shownAs(value));
}

/** What a value is; what it says only where that cannot be a secret. */
export function shownAs(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return String(value);
  return Array.isArray(value) ? 'array' : typeof value;
}

/** The same, for a value that has been looked at already. */
export function unusableOption(name: string, expected: string, received: string): MCPError {
  return raise(`Invalid ${name}: expected ${expected}, got ${received}`, {
    code: 'MCP_INVALID_PARAMS',
    delivery: 'not-sent',
    details: { name, expected, received },
  });
}
