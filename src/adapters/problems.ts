import { MCPError } from '../errors.js';
import { callUserFunction } from '../util/user-function.js';
import type { ToolSetOptions } from './tool-options.js';

/** The problems of each source that were printed. */
const printed = new WeakMap<object, Set<string>>();

/** At most this many problems of a source are printed. */
const MOST_PRINTED = 100;

/** Reports a problem to `onProblem`; without it, once for each source as a warning of the process. Never throws. */
export function report(source: object, { onProblem }: Pick<ToolSetOptions, 'onProblem'>, problem: Error): void {
  if (onProblem !== undefined) {
    callUserFunction(
      'onProblem',
      () => onProblem(problem),
      ({ message }) => print(source, message),
    );
    return;
  }
  print(source, problem.message);
}

/** The problem of a tool that the model does not get, or gets in another form. */
export function toolProblem(tool: string, message: string, details: Readonly<Record<string, unknown>> = {}): MCPError {
  return new MCPError(message, { code: 'MCP_TOOL_LEFT_OUT', details: { tool, ...details } });
}

function print(source: object, message: string): void {
  const known = printed.get(source) ?? new Set();
  printed.set(source, known);
  if (known.has(message) || known.size >= MOST_PRINTED) return;
  known.add(message);
  process.emitWarning(message, 'MCPWarning');
}
