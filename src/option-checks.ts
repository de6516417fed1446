import { raise } from './errors.js';
import type { MCPError } from './errors.js';
import type { Implementation } from './protocol/schema/index.js';
import { closest } from './util/did-you-mean.js';
import { safeText } from './util/printable.js';

/** The longest unknown name that an error shows. */
const LONGEST_NAME = 60;

/** Describes a valid duration in errors. */
export const A_DURATION = 'a positive number of milliseconds';

/** Whether a value is a number of milliseconds above 0. */
export function isDuration(value: unknown): value is number {
  return typeof value === 'number' && value > 0;
}

/** Whether a value is a whole number above 0. */
export function isWholeNumber(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) > 0;
}

/** Whether a value is an object that is not an array. */
export function isPlainObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Describes the values that an option may have. */
export function oneOfThese(allowed: readonly string[]): string {
  return `one of ${allowed.map((one) => `"${one}"`).join(', ')}`;
}

/** Describes a value without showing it, because it may be a secret; only numbers and booleans are shown. */
export function describeValue(value: unknown): string {
  if (value === '') return 'an empty string';
  if (typeof value === 'string') return value.includes('\0') ? 'a string with a zero byte' : 'a string';
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object';
  return typeof value === 'function' || typeof value === 'symbol' ? `a ${typeof value}` : String(value);
}

/**
 * The error for an option or argument with an invalid value; `details` has `field`, `expected` and `received`, never the value. It is thrown
 * in here: Node prints the line that throws an uncaught error, and that line should not be one of this library. Callers write `throw` for
 * their readers.
 * @param owner the class that takes the option, if the message names it
 */
export function invalidOption(field: string, expected: string, value: unknown, owner?: string): MCPError {
  return unusableOption(field, expected, describeValue(value), owner);
}

/** The same as {@link invalidOption}, for a value that has been described already. */
export function unusableOption(field: string, expected: string, received: string, owner?: string): MCPError {
  const message =
    owner === undefined
      ? `Invalid ${field}: expected ${expected}, got ${received}`
      : `${owner}: ${field} must be ${expected}, got ${received}`;
  return raise(message, { code: 'MCP_INVALID_PARAMS', delivery: 'not-sent', details: { field, expected, received } });
}

/** The names of the options of an interface. The compiler refuses a list that misses a name or has one too many. */
export function optionNames<Options extends object>(
  names: Readonly<Record<keyof Options & string, true>>,
): ReadonlySet<string> {
  return new Set(Object.keys(names));
}

/** A copy of the options that have a value, including inherited ones. */
export function copyOptions<Options extends object>(options: Options, names: ReadonlySet<string>): Options {
  const given = options as Readonly<Record<string, unknown>>;
  const entries = [...names].map((name) => [name, given[name]] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as Options;
}

/** The parts of an error about an unknown option, besides its name. */
interface UnknownOptionText {
  /** Precedes the names in `details`, for options inside of an option. Default: nothing. */
  readonly prefix?: string | undefined;
  /** The end of the message for names that need other advice than the most similar name. Default: none. */
  readonly advice?: ((name: string) => string | undefined) | undefined;
}

/**
 * Refuses options with unknown names. Only own, enumerable names with a value other than `undefined` count. See {@link isMistake}.
 * @param owner what takes the options, for the message
 * @throws MCPError with code `MCP_INVALID_PARAMS`
 */
export function refuseUnknownOptions(
  owner: string,
  options: object,
  known: ReadonlySet<string>,
  text?: UnknownOptionText,
): void {
  for (const name of Object.keys(options)) {
    if (known.has(name) || (options as Readonly<Record<string, unknown>>)[name] === undefined) continue;
    if (isMistake(options, name, known)) throw unknownOption(owner, name, known, text);
  }
}

/**
 * Whether an unknown own name was meant to be an option. An instance of a class may have members of its own, unless their names are
 * similar to the name of an option.
 */
export function isMistake(options: object, name: string, known: Iterable<string>): boolean {
  const prototype: unknown = Object.getPrototypeOf(options);
  return prototype === Object.prototype || prototype === null || closest(name, known) !== undefined;
}

/** The error for an unknown option, with the most similar name, or all names. It is thrown in here, as that of {@link invalidOption} is. */
export function unknownOption(
  owner: string,
  given: string,
  known: Iterable<string>,
  { prefix = '', advice }: UnknownOptionText = {},
): MCPError {
  const names = [...known];
  const name = safeText(given, LONGEST_NAME);
  const similar = closest(name, names);
  const all = names.join(', ');
  const help = advice?.(name) ?? (similar === undefined ? `: its options are ${all}` : `. Did you mean "${similar}"?`);
  return raise(`${owner} has no option "${name}"${help}`, {
    code: 'MCP_INVALID_PARAMS',
    delivery: 'not-sent',
    details: {
      field: prefix + name,
      expected: similar === undefined ? `one of ${all}` : `"${prefix + similar}"`,
      received: 'an unknown option',
    },
  });
}

/** How an {@link OptionReader} refuses. */
interface ReaderSettings extends UnknownOptionText {
  /** The class that takes the options, if messages name it. */
  readonly owner?: string | undefined;
}

/** Reads options, and refuses invalid values with MCPErrors of code `MCP_INVALID_PARAMS`. */
export class OptionReader<Options extends object> {
  readonly #given: Readonly<Record<string, unknown>>;
  readonly #prefix: string;
  readonly #owner: string | undefined;

  constructor(given: Options, { prefix = '', owner }: ReaderSettings = {}) {
    this.#given = given as Readonly<Record<string, unknown>>;
    this.#prefix = prefix;
    this.#owner = owner;
  }

  /** A reader of the options of `owner`, which messages name. Refuses what is not an object, and unknown names. */
  static of<Options extends object>(owner: string, given: Options, names: ReadonlySet<string>): OptionReader<Options> {
    if (!isPlainObject(given)) throw invalidOption('options', 'an object', given, owner);
    refuseUnknownOptions(owner, given, names);
    return new OptionReader(given, { owner });
  }

  /** A reader of the options inside of an option, or of no options if it is not given. Refuses unknown names. */
  inside<Inner extends object>(
    name: keyof Options & string,
    names: ReadonlySet<string>,
    text?: UnknownOptionText,
  ): OptionReader<Inner> {
    const given = this.#given[name] ?? {};
    const prefix = `${this.#prefix}${name}.`;
    if (!isPlainObject(given)) throw this.#refused(name, 'an object', given);
    refuseUnknownOptions(name, given, names, { ...text, prefix });
    return new OptionReader(given as Inner, { prefix, owner: this.#owner });
  }

  /** Refuses an option that is given and not good. */
  optional(name: keyof Options & string, isGood: (value: unknown) => boolean, expected: string): void {
    const value = this.#given[name];
    if (value !== undefined && !isGood(value)) throw this.#refused(name, expected, value);
  }

  milliseconds(name: keyof Options & string, otherwise: number): number {
    const value = this.#given[name] ?? otherwise;
    if (isDuration(value)) return value;
    throw this.#refused(name, A_DURATION, value);
  }

  count(name: keyof Options & string, otherwise: number): number {
    const value = this.#given[name] ?? otherwise;
    if (typeof value === 'number' && value >= 0) return value;
    throw this.#refused(name, 'a number that is not negative', value);
  }

  flag(name: keyof Options & string, otherwise: boolean): boolean {
    const value = this.#given[name] ?? otherwise;
    if (typeof value === 'boolean') return value;
    throw this.#refused(name, 'a boolean', value);
  }

  identity(name: keyof Options & string, otherwise: Implementation): Implementation {
    const value = this.#given[name] ?? otherwise;
    const { name: own, version } = value as Partial<Record<keyof Implementation, unknown>>;
    if (typeof own === 'string' && typeof version === 'string') return value as Implementation;
    throw this.#refused(name, 'an object with a name and a version', value);
  }

  oneOf<Value extends string>(name: keyof Options & string, allowed: readonly Value[], otherwise: Value): Value {
    const value = this.#given[name] ?? otherwise;
    const found = allowed.find((one) => one === value);
    if (found !== undefined) return found;
    throw this.#refused(name, oneOfThese(allowed), value);
  }

  #refused(name: string, expected: string, value: unknown): MCPError {
    return invalidOption(this.#prefix + name, expected, value, this.#owner);
  }
}
