import type { ValidateFunction } from 'ajv';

import { systemEnvironment } from '../../util/environment.js';
import { describeThrown, failure, isFailure } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import type { CallToolResult, MCPTool } from '../../protocol/schema/index.js';
import { schemaCompiler, verdictOf } from './schema-compiler.js';
import type { AjvClass, SchemaCompiler, Verdict } from './schema-compiler.js';
import { OutOfTime, withinTime } from './time-bound.js';
import { ValidationWorker } from './validation-worker.js';
import type { GivenUp, ValidationJob } from './validation-worker.js';
import { safeText } from '../../util/printable.js';

/** How outputs are held against a schema. */
interface Checker {
  readonly job: Omit<ValidationJob, 'value'>;
  /** The length of the schema as JSON. */
  readonly size: number;
  /** There are outputs for which the work grows faster than they do. */
  readonly slow: boolean;
  /** Undefined from when something took too long in this thread: the checks are made in a worker. */
  validate: ValidateFunction | undefined;
  /** Why no output is checked any more: it took too long in the worker, too. */
  refused: GivenUp | undefined;
}

/** A schema may say this much about itself, in bytes of JSON, before it is taken for an attack. */
const LARGEST_SCHEMA = 1_000_000;

/** Milliseconds for which a schema may block this thread, once. A check that takes longer is made in a worker thread. */
const LONGEST_BLOCK = 100;

/** A check is short when the size of the schema times that of the output is not larger: at most about 20 ms. */
const SHORT = 10_000_000;

/** How many schemas that took too long are remembered. */
const MOST_REMEMBERED = 100;

/**
 * What makes a validator slow for some outputs: patterns that try every way to match, references that lead to the same place in many ways,
 * and items that are each compared with all others. Without it the work is at most that of the schema times that of the output.
 */
const SLOW = /"(?:pattern|patternProperties|uniqueItems|\$ref|\$dynamicRef|\$recursiveRef)"/;

/** By module: a compiler is the same for all, and making one takes a while. */
const compilers = new Map<string, SchemaCompiler>();

/**
 * Holds the structured output of tools against the schemas that the tools declared. The validator is loaded with the first schema.
 * References are never fetched. 2026-07-28 server/tools, "Output Schema"; basic/index, "JSON Schema Usage".
 *
 * A schema of a stranger can take any time. It may block this thread for 100 ms, once; what takes longer is done in a worker thread, and after
 * `limits.validationTime` it is given up. Either is remembered, also for the same schema in a later list.
 */
export class StructuredOutput {
  /** By definition of the tool, so that a new definition gets a new validator and an old one can be forgotten. */
  readonly #checkers = new WeakMap<MCPTool, Promise<Checker | Failure>>();
  /** By the text of the schema: those that took too long. */
  readonly #tooLong = new Map<string, Checker>();
  readonly #timeLimit: number;
  readonly #worker: ValidationWorker;
  #count = 0;

  /** @param timeLimit milliseconds that compiling a schema, and holding an output against it, may take */
  constructor(timeLimit: number) {
    this.#timeLimit = timeLimit;
    this.#worker = new ValidationWorker(timeLimit);
  }

  /** What is wrong with the output of a tool, or undefined. An answer that reports an error need not have any. */
  async problem(tool: MCPTool, result: CallToolResult): Promise<Failure | undefined> {
    const schema = tool.outputSchema;
    if (schema == null || result.isError === true) return undefined;
    const checker = await this.#checkerOf(tool, schema);
    if (isFailure(checker)) return checker;
    if (!('structuredContent' in result)) {
      return mismatch(tool.name, 'structuredContent is missing, although the tool has an output schema', result);
    }
    try {
      const verdict = await this.#check(checker, result.structuredContent);
      if ('why' in verdict) return unusable(tool.name, verdict.why);
      return verdict.valid
        ? undefined
        : mismatch(tool.name, `structuredContent${verdict.path} ${verdict.what}`, result);
    } catch (thrown) {
      // A schema that refers to itself without end, or output that is nested deeper than the stack.
      return unusable(tool.name, describeThrown(thrown));
    }
  }

  async #check(checker: Checker, value: unknown): Promise<Verdict | GivenUp> {
    const { validate, slow, size } = checker;
    if (validate !== undefined) {
      const run = (): Verdict => verdictOf(validate, value);
      if (!slow && !isLarger(value, SHORT / size)) return run();
      const verdict = this.#briefly(run);
      if (verdict !== undefined) return verdict;
      this.#remember(checker);
    }
    if (checker.refused !== undefined) return checker.refused;
    const verdict =
      this.#timeLimit > LONGEST_BLOCK
        ? await this.#worker.check({ ...checker.job, value })
        : { why: new OutOfTime(this.#timeLimit).message, forGood: true };
    if ('why' in verdict && verdict.forGood) checker.refused = verdict;
    return verdict;
  }

  /** What a function returns, or undefined when it took longer than it may in this thread. */
  #briefly<Result>(fn: () => Result): Result | undefined {
    try {
      return withinTime(Math.min(this.#timeLimit, LONGEST_BLOCK), fn);
    } catch (thrown) {
      if (thrown instanceof OutOfTime) return undefined;
      throw thrown;
    }
  }

  #remember(checker: Checker): void {
    checker.validate = undefined;
    if (this.#tooLong.size >= MOST_REMEMBERED) this.#tooLong.clear();
    this.#tooLong.set(JSON.stringify(checker.job.schema), checker);
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
      if (size > LARGEST_SCHEMA) return unusable(tool, `it has ${size} characters, and the limit is ${LARGEST_SCHEMA}`);
      const remembered = this.#tooLong.get(text);
      if (remembered !== undefined) return remembered;
      const dialect = dialectOf(schema);
      const compile = await compilerFor(dialect);
      const validate = this.#briefly(() => compile(schema));
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

/** JSON Schema of 2020-12, which is the default, or of draft-07. */
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
  // Not by the name in a variable: a bundler has to see them.
  const Validator: AjvClass = module === 'ajv' ? (await import('ajv')).Ajv : (await import('ajv/dist/2020.js')).Ajv2020;
  const compiler = schemaCompiler(Validator);
  compilers.set(module, compiler);
  // Loading Ajv blocks for a while, and so may the schema that it is loaded for: others get their turn in between.
  await new Promise<void>((resolve) => systemEnvironment.setTimeout(resolve, 0));
  return compiler;
}

/** Whether a value of JSON has more parts, and characters in them, than this. Looks at no more of it than that. */
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

/** Whether a failure is about a schema rather than about the output that was held against it. */
export function isUnusable({ details }: Failure): boolean {
  return details?.schema === 'unusable';
}

function mismatch(tool: string, what: string, result: CallToolResult): Failure {
  return failure('protocol', 'MCP_INVALID_RESULT', `The output of the tool ${tool} does not fit its schema: ${what}`, {
    delivery: 'answered',
    details: { tool, result },
  });
}

function unusable(tool: string, why: string): Failure {
  const message = `The output schema of the tool ${tool} cannot be used, so its output is not checked: ${why}`;
  return failure('protocol', 'MCP_INVALID_RESULT', message, {
    details: { method: 'tools/call', tool, schema: 'unusable' },
  });
}
