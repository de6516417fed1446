import { isObject } from '../../protocol/checks/problem.js';
import type { CallToolResult } from '../../protocol/schema/index.js';
import type { Environment } from '../../util/environment.js';
import { describeThrown, failure, isFailure, lookable } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import { onAbort } from '../../util/on-abort.js';
import { askUserFunction } from '../../util/user-function.js';
import type { OutputIssue, OutputSchema } from '../options/standard-schema.js';

/** The result of a tool call whose structured content was validated with the `schema` of the call. */
export interface TypedToolResult<Output> extends CallToolResult {
  structuredContent: Output;
  isError?: false;
}

/** The result of a tool that reported an error: `content` describes the error for a language model. */
export interface FailedToolResult extends CallToolResult {
  isError: true;
}

/** How many issues an error has. A server can cause any number of them. */
const MAX_ISSUES = 50;

/** The bounds of the validation with a schema of the user. */
interface ValidationLimits {
  readonly environment: Pick<Environment, 'setTimeout' | 'clearTimeout'>;
  /** The maximum time of an asynchronous validation, in ms. */
  readonly timeout: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * The result with the structured content that the schema of the user makes of it, or the failure. The failure has the result in its details.
 * @throws the reason of the signal when it is aborted
 */
export async function typedResult(
  schema: OutputSchema,
  tool: string,
  result: CallToolResult,
  limits: ValidationLimits,
): Promise<CallToolResult | Failure> {
  const found = structuredContentOf(result);
  if (found === undefined) {
    return mismatch(tool, result, 'the result has neither structuredContent nor a single text with JSON', []);
  }
  const validation = await validated(schema, tool, result, found.value, limits);
  if (isFailure(validation)) return validation;
  if (validation.issues === undefined) return { ...result, structuredContent: validation.value };
  const issues = shownIssues(validation.issues);
  const [first] = issues;
  const more = validation.issues.length > 1 ? ` (and ${validation.issues.length - 1} more)` : '';
  const where = first === undefined ? '' : pathText(first.path);
  return mismatch(tool, result, `structuredContent${where}: ${first?.message ?? 'it is invalid'}${more}`, issues);
}

/**
 * The structured content of a result. Servers from before 2025-06-18 send it only as text, so the JSON of a single text block counts as well.
 * 2026-07-28 server/tools, "Structured Content".
 */
function structuredContentOf(result: CallToolResult): { readonly value: unknown } | undefined {
  if ('structuredContent' in result) return { value: result.structuredContent };
  const content: unknown = result.content;
  const texts = Array.isArray(content) ? content.filter((block) => isObject(block) && block.type === 'text') : [];
  const [block] = texts as { readonly text?: unknown }[];
  if (texts.length !== 1 || typeof block?.text !== 'string') return undefined;
  try {
    return { value: JSON.parse(block.text) as unknown };
  } catch {
    return undefined;
  }
}

/** What a schema has returned: of another package, so nothing is certain. */
interface Validation {
  readonly value?: unknown;
  readonly issues: readonly OutputIssue[] | undefined;
}

async function validated(
  schema: OutputSchema,
  tool: string,
  result: CallToolResult,
  value: unknown,
  { environment, timeout, signal }: ValidationLimits,
): Promise<Validation | Failure> {
  const end = new AbortController();
  const outOfTime = new Error(`it takes longer than the timeout of ${timeout} ms`);
  const ignoreSignal = signal && onAbort(signal, (reason) => end.abort(reason));
  const timer = Number.isFinite(timeout) ? environment.setTimeout(() => end.abort(outOfTime), timeout) : undefined;
  try {
    const validation: unknown = await askUserFunction(() => schema['~standard'].validate(value), end.signal);
    // The result of arktype for an invalid value is an array with a property `issues`.
    if (typeof validation !== 'object' || validation === null) throw new Error('it returned no result');
    const { value: output, issues } = validation as { readonly value?: unknown; readonly issues?: unknown };
    // A plain array, because a method such as `slice` of a subclass creates an instance of the subclass.
    return { value: output, issues: Array.isArray(issues) ? [...(issues as OutputIssue[])] : undefined };
  } catch (thrown) {
    if (signal?.aborted === true) throw thrown;
    const message = `The validation of the output of the tool ${tool} with the schema of the call failed: ${describeThrown(thrown)}`;
    return failure('protocol', 'MCP_INVALID_RESULT', message, {
      delivery: 'answered',
      details: { tool, result, issues: [] },
      cause: lookable(thrown),
    });
  } finally {
    ignoreSignal?.();
    if (timer !== undefined) environment.clearTimeout(timer);
  }
}

/** An issue as plain data, as `details.issues` has it. */
interface ShownIssue {
  readonly message: string;
  readonly path: readonly (string | number)[];
}

function shownIssues(issues: readonly OutputIssue[]): ShownIssue[] {
  return issues.slice(0, MAX_ISSUES).map(({ message, path }) => ({
    message: String(message),
    path: [...(path ?? [])].map((part) => {
      const key = typeof part === 'object' ? part.key : part;
      return typeof key === 'number' ? key : String(key);
    }),
  }));
}

function pathText(path: ShownIssue['path']): string {
  return path.map((key) => `/${key}`).join('');
}

function mismatch(tool: string, result: CallToolResult, what: string, issues: readonly ShownIssue[]): Failure {
  return failure(
    'protocol',
    'MCP_INVALID_RESULT',
    `The output of the tool ${tool} does not match the schema of the call: ${what}`,
    {
      delivery: 'answered',
      details: { tool, result, issues },
    },
  );
}
