import type { EnvironmentVariables, InheritEnv } from './child-environment.js';
import {
  A_DURATION,
  invalidOption,
  isDuration,
  isPlainObject,
  isWholeNumber,
  OptionReader,
  optionNames,
} from '../../option-checks.js';

/** Options of a {@link StdioTransport}. */
export interface StdioTransportOptions {
  /**
   * Environment variables for the server; they override inherited ones. Numbers and booleans become text; `undefined` and `null` remove a
   * variable. Errors never contain their values.
   */
  readonly env?: Readonly<Record<string, string | number | boolean | null | undefined>> | undefined;
  /** The working directory of the server. Default: that of this process. */
  readonly cwd?: string | undefined;
  /** Time to start the process, in ms. It does not limit requests. Default 30 000. */
  readonly timeout?: number | undefined;
  /**
   * The environment variables that the server inherits: `'safe'` (PATH, HOME and others without secrets), `'all'`, `'none'` or an array of
   * names. Default `'safe'`.
   */
  readonly inheritEnv?: InheritEnv | undefined;
  /** The longest message, in bytes. A longer one is discarded and reported. Default 32 MiB (33 554 432). */
  readonly maxMessageBytes?: number | undefined;
  /** Receives the stderr of the server. Without it stderr is read as well. */
  readonly onStderr?: ((text: string) => void) | undefined;
  /**
   * Also ends the server when SIGINT, SIGTERM or SIGHUP ends this process: the signal is caught, the process group is killed, and the signal is
   * raised again. Without it a server that ignores the end of stdin survives when a signal ends this process. Default false.
   */
  readonly handleSignals?: boolean | undefined;
}

/** The names of the options of a {@link StdioTransport}. */
export const STDIO_OPTIONS = optionNames<StdioTransportOptions>({
  env: true,
  cwd: true,
  timeout: true,
  inheritEnv: true,
  maxMessageBytes: true,
  onStderr: true,
  handleSignals: true,
});

const OWNER = 'StdioTransport';

/**
 * Checks the arguments of a {@link StdioTransport}.
 * @throws MCPError with code `MCP_INVALID_PARAMS`; `details` has `field`, `expected` and `received`, never the value.
 */
export function checkStdioOptions(command: unknown, args: unknown, options: StdioTransportOptions): void {
  if (!isText(command) || command === '') throw invalidOption('command', A_PROGRAM, command, OWNER);
  if (/^(?:https?|wss?):\/\//i.test(command)) throw invalidOption('command', NOT_A_URL, command, OWNER);
  if (!Array.isArray(args)) throw invalidOption('args', 'an array of strings', args, OWNER);
  for (const [index, arg] of args.entries()) {
    if (!isText(arg)) throw invalidOption(`args[${index}]`, 'a string', arg, OWNER);
  }
  const read = OptionReader.of(OWNER, options, STDIO_OPTIONS);
  read.optional('env', isPlainObject, 'an object of strings');
  for (const [name, value] of Object.entries<unknown>(options.env ?? {})) checkVariable(name, value);
  read.optional('cwd', (cwd) => isText(cwd) && cwd !== '', 'a string that is not empty');
  read.optional('timeout', isDuration, A_DURATION);
  read.optional('inheritEnv', isInheritEnv, `'safe', 'all', 'none' or an array of names`);
  read.optional('maxMessageBytes', isWholeNumber, 'a whole number of bytes above 0');
  read.optional('onStderr', (value) => typeof value === 'function', 'a function');
  read.optional('handleSignals', (handle) => typeof handle === 'boolean', 'a boolean');
}

const A_PROGRAM = 'a string that is not empty, with its arguments beside it as `args`';
const NOT_A_URL = 'a program: a URL goes into `url` of an entry, or to HttpTransport';

function checkVariable(name: string, value: unknown): void {
  if (name === '' || /[=\0]/.test(name))
    throw invalidOption('env', 'names that are not empty and have no "="', name, OWNER);
  const isVariable =
    value == null || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value));
  if (isVariable || isText(value)) return;
  throw invalidOption(`env.${name}`, 'a string, a number, a boolean or undefined', value, OWNER);
}

function isInheritEnv(value: unknown): boolean {
  return value === 'safe' || value === 'all' || value === 'none' || (Array.isArray(value) && value.every(isText));
}

/** Environment variables as the system takes them. */
export function environmentVariables(given: NonNullable<StdioTransportOptions['env']>): EnvironmentVariables {
  const texts = Object.entries(given).map(([name, value]) => [name, value == null ? undefined : String(value)]);
  return Object.freeze(Object.fromEntries(texts) as Record<string, string | undefined>);
}

/** Strings that the system takes: none has a zero byte. */
function isText(value: unknown): value is string {
  return typeof value === 'string' && !value.includes('\0');
}
