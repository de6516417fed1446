import type { ValidateFunction } from 'ajv';

import { systemEnvironment } from '../../util/environment.js';
import { describeThrown, failure, isFailure } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import type { CallToolResult, MCPTool } from '../../protocol/schema/index.js';
import { schemaCompiler, validationOf } from './schema-compiler.js';
import type { AjvClass, SchemaCompiler, Validation } from './schema-compiler.js';
import { OutOfTime, withinTime } from './time-bound.js';
import { ValidationWorker } from './validation-worker.js';
import type { GivenUp, ValidationJob } from './validation-worker.js';
import { safeText } from '../../util/printable.js';

/** The compiled output schema of a tool. */
interface Checker {
  readonly job: Omit<ValidationJob, 'value'>;
  /** The length of the schema as JSON. */
  readonly size: number;
  /** Whether the time for some outputs may grow faster than their size. */
  readonly slow: boolean;
  /** Undefined once a check took too long in this thread; then a worker makes the checks. */
  validate: ValidateFunction | undefined;
  /** Set once a check took too long in the worker, too; then no output is checked any more. */
  refused: GivenUp | undefined;
}

/** The maximum length of a schema, in characters of JSON. */
const MAX_SCHEMA_SIZE = 1_000_000;

/** How long a schema may block this thread, once, in ms. A slower check is made in a worker thread. */
const MAX_BLOCK = 100;

/** A check takes at most about 20 ms if the size of the schema times the size of the output is at most this. */
const SHORT_CHECK = 10_000_000;

/** How many slow schemas are remembered. */
const MAX_REMEMBERED = 100;

/**
 * Keywords that may make a validation slow: backtracking patterns, references that are resolved many times, and items that are each
 * compared with all others. Without them the time is at most proportional to the size of the schema times the size of the output.
 */
const SLOW = /"(?:pattern|patternProperties|uniqueItems|\$ref|\$dynamicRef|\$recursiveRef)"/;

/** The compilers by module. Creating one takes time, so all clients share them. */
const compilers = new Map<string, SchemaCompiler>();

/**
 * Validates the structured output of tools with their output schemas. Ajv is loaded for the first schema. References are never fetched.
 * 2026-07-28 server/tools, "Output Schema"; basic/index, "JSON Schema Usage".
 *
 * A schema of an untrusted server may take any time. It may block this thread for 100 ms, once; a slower check is made in a worker thread,
 * and ends after `limits.validationTime`. Both are remembered, also for the same schema in a later list.
 */
export class StructuredOutput {
  /** By the definition of the tool, so that a new definition gets a new validator, and an old one can be collected. */
  readonly #checkers = new WeakMap<MCPTool, Promise<Checker | Failure>>();
  /** The slow schemas, by their text. */
  readonly #slow = new Map<string, Checker>();
  readonly #timeLimit: number;
  readonly #worker: ValidationWorker;
  #count = 0;

  /** @param timeLimit the maximum time to compile a schema, and to validate an output, in ms */
  constructor(timeLimit: number) {
    this.#timeLimit = timeLimit;
    this.#worker = new ValidationWorker(timeLimit);
  }

  /** The problem of the output of a tool, or undefined. A result that reports an error needs no structured output. */
  async problem(tool: MCPTool, result: CallToolResult): Promise<Failure | undefined> {
    const schema = tool.outputSchema;
    if (schema == null || result.isError === true) return undefined;
    const checker = await this.#checkerOf(tool, schema);
    if (isFailure(checker)) return checker;
    if (!('structuredContent' in result)) {
      return mismatch(tool.name, 'structuredContent is missing, although the tool has an output schema', result);
    }
    try {
      const validation = await this.#check(checker, result.structuredContent);
      if ('why' in validation) return unusable(tool.name, validation.why);
      return validation.valid
        ? undefined
        : mismatch(tool.name, `structuredContent${validation.path} ${validation.what}`, result);
    } catch (thrown) {
      // Infinite recursion in the schema, or output that is nested too deeply for the stack.
      return unusable(tool.name, describeThrown(thrown));
    }
  }

  async #check(checker: Checker, value: unknown): Promise<Validation | GivenUp> {
    const { validate, slow, size } = checker;
    if (validate !== undefined) {
      const run = (): Validation => validationOf(validate, value);
      if (!slow && !isLarger(value, SHORT_CHECK / size)) return run();
      const validation = this.#withinBlockLimit(run);
      if (validation !== undefined) return validation;
      this.#remember(checker);
    }
    if (checker.refused !== undefined) return checker.refused;
    const validation =
      this.#timeLimit > MAX_BLOCK
        ? await this.#worker.check({ ...checker.job, value })
        : { why: new OutOfTime(this.#timeLimit).message, forGood: true };
    if ('why' in validation && validation.forGood) checker.refused = validation;
    return validation;
  }

  /** The result of a function, or undefined if it took longer than it may in this thread. */
  #withinBlockLimit<Result>(fn: () => Result): Result | undefined {
    try {
      return withinTime(Math.min(this.#timeLimit, MAX_BLOCK), fn);
    } catch (thrown) {
      if (thrown instanceof OutOfTime) return undefined;
      throw thrown;
    }
  }

  #remember(checker: Checker): void {
    checker.validate = undefined;
    if (this.#slow.size >= MAX_REMEMBERED) this.#slow.clear();
    this.#slow.set(JSON.stringify(checker.job.schema), checker);
  }

  #checkerOf(tool: MCPTool, schema: object): Promise<Checker | Failure> {
    const known = this.#checkers.get(tool);
    if (known !== undefined) return known;
    const checker = this.#compile(tool.name, schema);
    this.#checkers.set(tool, checker);
    return checker;
  }

  async #compile(tool: string, schema: object): Promise<Checker | Failure> {
    try {
      const text = JSON.stringify(schema);
      const size = text.length;
      if (size > MAX_SCHEMA_SIZE)
        return unusable(tool, `it has ${size} characters, and the limit is ${MAX_SCHEMA_SIZE}`);
      const remembered = this.#slow.get(text);
      if (remembered !== undefined) return remembered;
      const dialect = dialectOf(schema);
      const compile = await compilerFor(dialect);
      const validate = this.#withinBlockLimit(() => compile(schema));
      this.#count += 1;
      const job = { id: this.#count, dialect, schema };
      const checker = { job, size, slow: SLOW.test(text), validate, refused: undefined };
      if (validate === undefined) this.#remember(checker);
      return checker;
    } catch (thrown) {
      return unusable(tool, describeThrown(thrown));
    }
  }
}

/** The dialect of a schema: 2020-12, which is the default, or draft-07. */
function dialectOf(schema: object): ValidationJob['dialect'] {
  const { $schema: dialect } = schema as { readonly $schema?: unknown };
  const name = typeof dialect === 'string' ? dialect : '2020-12';
  if (name.includes('draft-07')) return { module: 'ajv', name: 'Ajv' };
  if (name.includes('2020-12')) return { module: 'ajv/dist/2020.js', name: 'Ajv2020' };
  throw new Error(`its dialect ${safeText(name, 80)} is neither 2020-12 nor draft-07`);
}

async function compilerFor({ module }: ValidationJob['dialect']): Promise<SchemaCompiler> {
  const known = compilers.get(module);
  if (known !== undefined) return known;
  // Literal module names, so that bundlers find them.
  const Validator: AjvClass = module === 'ajv' ? (await import('ajv')).Ajv : (await import('ajv/dist/2020.js')).Ajv2020;
  const compiler = schemaCompiler(Validator);
  compilers.set(module, compiler);
  // Loading Ajv and compiling the schema both block the thread. Let other work run in between.
  await new Promise<void>((resolve) => systemEnvironment.setTimeout(resolve, 0));
  return compiler;
}

/**
 * Why a schema of a tool cannot be used to validate values; undefined if it can. Compiling may block this thread for 100 ms; a schema that needs
 * more time is usable, because a worker thread compiles it.
 */
export async function schemaProblem(schema: object): Promise<string | undefined> {
  try {
    const { length } = JSON.stringify(schema);
    if (length > MAX_SCHEMA_SIZE) return `it has ${length} characters, and the limit is ${MAX_SCHEMA_SIZE}`;
    const compile = await compilerFor(dialectOf(schema));
    withinTime(MAX_BLOCK, () => compile(schema));
    return undefined;
  } catch (thrown) {
    return thrown instanceof OutOfTime ? undefined : describeThrown(thrown);
  }
}

/** Whether a JSON value has more than `most` parts and characters. Stops counting there. */
function isLarger(value: unknown, most: number): boolean {
  const open: unknown[] = [value];
  let size = 0;
  while (open.length > 0) {
    const one = open.pop();
    if (typeof one === 'string') size += one.length;
    if (Array.isArray(one)) {
      if (one.length > most) return true;
      for (const item of one) open.push(item);
    } else if (typeof one === 'object' && one !== null) {
      for (const [key, item] of Object.entries(one)) {
        size += key.length;
        open.push(item);
      }
    }
    size += 1;
    if (size + open.length > most) return true;
  }
  return false;
}

/** Whether a failure is about the schema and not about the output. */
export function isUnusable({ details }: Failure): boolean {
  return details?.schema === 'unusable';
}

function mismatch(tool: string, what: string, result: CallToolResult): Failure {
  return failure(
    'protocol',
    'MCP_INVALID_RESULT',
    `The output of the tool ${tool} does not match its schema: ${what}`,
    {
      delivery: 'answered',
      details: { tool, result },
    },
  );
}

function unusable(tool: string, why: string): Failure {
  const message = `The output schema of the tool ${tool} cannot be used, so its output is not checked: ${why}`;
  return failure('protocol', 'MCP_INVALID_RESULT', message, {
    details: { method: 'tools/call', tool, schema: 'unusable' },
  });
}
