import { MCPError } from '../../errors.js';
import { inFlags } from '../output/library-hints.js';

/** How many nested causes are searched. */
const DEEPEST = 20;

/** The error or the innermost cause with one of these codes; undefined if there is none. */
export function causeWith(error: unknown, codes: readonly string[]): MCPError | undefined {
  let found: MCPError | undefined;
  let current = error;
  for (let depth = 0; depth <= DEEPEST && MCPError.isInstance(current); depth += 1) {
    if (codes.includes(current.code)) found ??= current;
    current = current.cause;
  }
  return found;
}

/** The longest stderr that is shown, in lines. */
const LONGEST = 8;

/** What to do about a failure. Hints of the library name its options; here the flags of the command line take their place. */
export function fixFor(error: unknown): string | undefined {
  if (!MCPError.isInstance(error)) return undefined;
  const { hint } = error;
  // What the library says about a process that ends later, without anything known about its stderr.
  if (hint?.startsWith('The server process ended during use') === true)
    return 'The server crashed while it was used: report the error on its stderr to its authors.';
  return hint === undefined ? undefined : inFlags(hint);
}

/** The end of stderr, in lines, without blank ones and without the frames of stacks. */
export function lastLines(stderr: unknown, most = LONGEST): string[] {
  if (typeof stderr !== 'string') return [];
  const lines = stderr
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line.trim() !== '' && !/^\s+at /.test(line));
  return lines.slice(-most);
}

/**
 * The line of stderr that names the error: the first one that begins like the message of an exception, else the last line that is no part of a
 * stack.
 */
export function errorLine(stderr: unknown): string | undefined {
  const lines = lastLines(stderr, 100);
  const isError = (line: string): boolean =>
    /^\s*(?:Uncaught |npm )?[\w.]*(?:Error|Exception|ERR!|error)\b.{0,40}:? /.test(line);
  const isStack = (line: string): boolean =>
    /^\s+at |^\s*[}\]^~]|^node:|^Node\.js v|^\s*\w+: (?:['"\d-]|\[)/.test(line);
  return (
    lines.find(isError)?.trim() ??
    lines
      .filter((line) => !isStack(line))
      .at(-1)
      ?.trim()
  );
}

/** What a failed request reports, in one line: for a process that has ended, how it ended and why. */
export function describeFailure(error: unknown): string {
  const exited = causeWith(error, ['MCP_PROCESS_EXITED']);
  if (exited !== undefined) return describeExit(exited);
  return error instanceof Error ? error.message : String(error);
}

/** How a process ended, and the error on its stderr. */
export function describeExit({ details }: MCPError): string {
  const { exitCode, signal, stderr } = details;
  const how =
    typeof signal === 'string'
      ? `the server was killed by ${signal}`
      : `the server exited with code ${String(exitCode)}`;
  const why = errorLine(stderr);
  return why === undefined ? how : `${how}: ${why}`;
}
