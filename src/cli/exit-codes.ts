import { MCPAuthenticationError, MCPConnectionError, MCPError, MCPTimeoutError, MCPToolError } from '../errors.js';

/** The exit codes of the command line. They are stable: scripts may depend on them. */
export const EXIT = {
  done: 0,
  /** An error that none of the others describes. */
  unexpected: 1,
  /** Wrong use: flag, target, tool, arguments or trust. No tool was called. */
  usage: 2,
  /** The server wants a sign-in. */
  signIn: 3,
  /** The server is unreachable, or would not start. */
  unreachable: 4,
  /** The tool reported an error, or the server refused the request. */
  refused: 5,
  /** A check failed: `doctor`, `list --check`. */
  checkFailed: 6,
  /** A time limit passed. The request did not run, or may be repeated. */
  timeout: 7,
  /** The call was sent and may have run: check before you repeat it. */
  mayHaveRun: 8,
  /** Ctrl+C. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The descriptions of the exit codes, for `--help` and the docs. */
export const EXIT_CODES: readonly (readonly [ExitCode, string])[] = [
  [EXIT.done, 'done'],
  [EXIT.unexpected, 'unexpected error, or a result that cannot be printed'],
  [EXIT.usage, 'wrong use: flag, target, tool, arguments or trust; no tool was called'],
  [EXIT.signIn, 'the server wants a sign-in: mcp-actors login <target>'],
  [EXIT.unreachable, 'the server is unreachable, or would not start'],
  [EXIT.refused, 'the tool reported an error, or the server refused the request'],
  [EXIT.checkFailed, 'a check failed (doctor, list --check)'],
  [EXIT.timeout, 'a time limit passed; repeating is safe'],
  [EXIT.mayHaveRun, 'the call was sent and may have run: check before you repeat it'],
  [EXIT.interrupted, 'interrupted by Ctrl+C; the server was notified'],
];

/** An error of the command line itself, with what to do about it. */
export class CommandError extends Error {
  override readonly name = 'CommandError';

  constructor(
    message: string,
    readonly exitCode: ExitCode = EXIT.usage,
    readonly hint?: string,
    /** A stable name for programs that read the JSON. */
    readonly code = 'CLI_USAGE',
  ) {
    super(message);
  }
}

/** Aborts what runs when the user presses Ctrl+C. */
export class Interrupted extends CommandError {
  constructor(signal: NodeJS.Signals = 'SIGINT') {
    const exitCode = EXIT.interrupted;
    super(signal === 'SIGINT' ? 'Interrupted.' : `Ended by ${signal}.`, exitCode, undefined, 'CLI_INTERRUPTED');
  }
}

/** What the command knows about the call that failed. */
export interface FailedCall {
  /** Whether the server may run the call twice without harm, because it only reads. */
  readonly repeatable: boolean;
  /** Whether its result arrived, so that only printing it failed. Default: false. */
  readonly answered?: boolean;
}

/** Codes of responses without a result that can be read: the server may have done what it was asked for. */
const UNREADABLE: ReadonlySet<string> = new Set(['MCP_INVALID_RESULT', 'MCP_INVALID_MESSAGE']);

/**
 * The exit code for an error. A call that may have run comes before its reason: a script that repeats it after a time limit would otherwise
 * run it twice. The same holds for a call whose result cannot be read or printed.
 */
export function exitCodeOf(
  error: unknown,
  { repeatable, answered = false }: FailedCall = { repeatable: true },
): ExitCode {
  if (error instanceof Interrupted) return error.exitCode;
  if (answered) return repeatable ? EXIT.unexpected : EXIT.mayHaveRun;
  if (error instanceof CommandError) return error.exitCode;
  if (!MCPError.isInstance(error)) return repeatable ? EXIT.unexpected : EXIT.mayHaveRun;
  const { code, delivery } = error;
  if (!repeatable && (delivery === 'unknown' || UNREADABLE.has(code))) return EXIT.mayHaveRun;
  if (MCPToolError.isInstance(error)) return EXIT.refused;
  if (MCPAuthenticationError.isInstance(error)) return EXIT.signIn;
  if (MCPTimeoutError.isInstance(error)) return EXIT.timeout;
  if (code === 'MCP_INVALID_PARAMS') return EXIT.usage;
  if (code === 'MCP_INTERNAL') return EXIT.unexpected;
  if (MCPConnectionError.isInstance(error)) return EXIT.unreachable;
  return EXIT.refused;
}
