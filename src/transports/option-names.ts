import { raise } from '../errors.js';
import type { MCPError } from '../errors.js';
import { closest } from '../util/did-you-mean.js';
import { safeText } from '../util/printable.js';

/** The longest unknown name that an error shows. */
const LONGEST_NAME = 60;

/** What an error about an unknown option says besides its name. */
interface UnknownOptionText {
  /** Goes before the names in `details`, for options inside of an option. Default: nothing. */
  readonly prefix?: string | undefined;
  /** The end of the message for names that need other advice than the most similar name. Default: none. */
  readonly advice?: ((name: string) => string | undefined) | undefined;
}

/** The names of the options of an interface. The compiler refuses a list that misses a name or has one too many. */
export function optionNames<Options extends object>(
  names: Readonly<Record<keyof Options & string, true>>,
): ReadonlySet<string> {
  return new Set(Object.keys(names));
}

/**
 * Refuses options with names that nothing reads. Only own, enumerable names with a value other than `undefined` count. See
 * {@link isMistake}.
 * @param owner what takes the options, for the message
 * @throws MCPError with code `MCP_INVALID_PARAMS`
 */
export function refuseUnknownOptions(
  owner: string,
  options: object,
  known: ReadonlySet<string>,
  { prefix, advice }: UnknownOptionText = {},
): void {
  for (const name of Object.keys(options)) {
    if (known.has(name) || (options as Readonly<Record<string, unknown>>)[name] === undefined) continue;
    if (isMistake(options, name, known)) throw unknownOption(owner, name, known, { prefix, advice });
  }
}

/**
 * Whether an own name that nothing reads was meant to be an option. An instance of a class may have members of its own, unless their names are
 * similar to that of an option.
 */
export function isMistake(options: object, name: string, known: Iterable<string>): boolean {
  const prototype: unknown = Object.getPrototypeOf(options);
  return prototype === Object.prototype || prototype === null || closest(name, known) !== undefined;
}

/** A copy of the options that have a value, also of those that a class or a prototype has. */
export function copyOptions<Options extends object>(options: Options, names: ReadonlySet<string>): Options {
  const given = options as Readonly<Record<string, unknown>>;
  const entries = [...names].map((name) => [name, given[name]] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as Options;
}

/** The error for an option that nothing reads: it has the most similar name, or all names. It is thrown in here. */
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
      name: prefix + name,
      expected: similar === undefined ? `one of ${all}` : `"${prefix + similar}"`,
      received: 'an unknown option',
    },
  });
}
