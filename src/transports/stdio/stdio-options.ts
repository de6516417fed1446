import { raise } from '../../errors.js';
import type { EnvironmentVariables, InheritEnv } from './child-environment.js';
import { optionNames, refuseUnknownOptions } from '../option-names.js';

/** What a {@link StdioTransport} may be told besides the command and its arguments. */
export interface StdioTransportOptions {
  /**
   * Environment variables for the server, laid over those it inherits. Numbers and booleans become text; `undefined` and `null` take a
   * variable away. Their values never show in errors.
   */
  readonly env?: Readonly<Record<string, string | number | boolean | null | undefined>> | undefined;
  /** The directory that the server runs in. Default: that of this process. */
  readonly cwd?: string | undefined;
  /** Milliseconds that starting the process may take. Never a limit on requests. Default 30 000. */
  readonly timeout?: number | undefined;
  /**
   * What the server inherits from this process's environment: `'safe'` (PATH, HOME and others that hold no secrets), `'all'`, `'none'` or
   * the names of variables. Default `'safe'`.
   */
  readonly inheritEnv?: InheritEnv | undefined;
  /** The longest message that is read, in bytes. A longer one is thrown away and reported. Default 32 MiB (33 554 432). */
  readonly maxMessageBytes?: number | undefined;
  /** Gets what the server writes to standard error, as it comes. It is read whether or not anybody wants it. */
  readonly onStderr?: ((text: string) => void) | undefined;
  /**
   * Also end the server when SIGINT, SIGTERM or SIGHUP ends this process: the signal is caught, the process group killed, and the signal
   * raised again. Without it a server that ignores the end of its standard input outlives a host that dies of a signal. Default false.
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

/**
 * Refuses what cannot start a server, before anybody tries.
 * @throws MCPError with code `MCP_INVALID_PARAMS`; `details` has `name`, `expected` and `received`, never the value.
 */
export function checkStdioOptions(command: unknown, args: unknown, options: unknown): void {
  check('command', isText(command) && command !== '', A_PROGRAM, command);
  const isUrl = /^(?:https?|wss?):\/\//i.test(command as string);
  check('command', !isUrl, 'a program: a URL goes into `url` of an entry, or to HttpTransport', command);
  check('args', Array.isArray(args), 'an array of strings', args);
  (args as unknown[]).forEach((arg, index) => {
    check(`args[${index}]`, isText(arg), 'a string', arg);
  });
  check('options', isPlainObject(options), 'an object', options);
  refuseUnknownOptions('StdioTransport', options as object, STDIO_OPTIONS);
  const { env, cwd, timeout, inheritEnv, maxMessageBytes, onStderr, handleSignals } = options as Record<
    string,
    unknown
  >;
  const optional = (field: string, value: unknown, good: boolean, expected: string): void => {
    check(field, value === undefined || good, expected, value);
  };
  optional('env', env, isPlainObject(env), 'an object of strings');
  for (const [name, value] of Object.entries(env ?? {})) {
    check('env', name !== '' && !/[=\0]/.test(name), 'names that are not empty and have no "="', name);
    optional(`env.${name}`, value, value === null || isVariable(value), 'a string, a number, a boolean or undefined');
  }
  optional('cwd', cwd, isText(cwd) && cwd !== '', 'a string that is not empty');
  optional('timeout', timeout, typeof timeout === 'number' && timeout > 0, 'a number of milliseconds above 0');
  const named = Array.isArray(inheritEnv) && inheritEnv.every(isText);
  const policy = inheritEnv === 'safe' || inheritEnv === 'all' || inheritEnv === 'none';
  optional('inheritEnv', inheritEnv, named || policy, `'safe', 'all', 'none' or an array of names`);
  const wholeBytes = Number.isInteger(maxMessageBytes) && (maxMessageBytes as number) > 0;
  optional('maxMessageBytes', maxMessageBytes, wholeBytes, 'a whole number of bytes above 0');
  optional('onStderr', onStderr, typeof onStderr === 'function', 'a function');
  optional('handleSignals', handleSignals, typeof handleSignals === 'boolean', 'true or false');
}

const A_PROGRAM = 'a string that is not empty, with its arguments beside it as `args`';

function check(field: string, good: boolean, expected: string, value: unknown): void {
  if (good) return;
  const received = describe(value);
  raise(`StdioTransport: ${field} must be ${expected}, got ${received}`, {
    code: 'MCP_INVALID_PARAMS',
    delivery: 'not-sent',
    details: { name: field, field, expected, received },
  });
}

/** Environment variables as the system takes them. */
export function environmentVariables(given: NonNullable<StdioTransportOptions['env']>): EnvironmentVariables {
  const texts = Object.entries(given).map(([name, value]) => [name, value == null ? undefined : String(value)]);
  return Object.freeze(Object.fromEntries(texts) as Record<string, string | undefined>);
}

function isVariable(value: unknown): boolean {
  return typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value)) || isText(value);
}

/** Strings that the system takes: none has a zero byte. */
function isText(value: unknown): value is string {
  return typeof value === 'string' && !value.includes('\0');
}

function isPlainObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What a value is; what it says only if it is a number, since everything else may be a secret. */
function describe(value: unknown): string {
  if (value === '') return 'an empty string';
  if (typeof value === 'string') return value.includes('\0') ? 'a string with a zero byte' : 'a string';
  if (typeof value === 'number') return String(value);
  if (value === null || value === undefined) return String(value);
  return Array.isArray(value) ? 'an array' : `a ${typeof value}`;
}
