import type { ValidateFunction } from 'ajv';

import { describeThrown, failure, isFailure } from '../protocol/failure.js';
import type { Failure } from '../protocol/failure.js';
import type { CallToolResult, MCPTool } from '../protocol/schema/index.js';
import { compileSchema } from './output-schema.js';
import { withinTime } from './time-bound.js';

/** What became of a schema: a validator, or why there is none. */
type Compiled = Validator | Failure;

/** What a schema was compiled into. */
interface Validator {
  readonly validate: ValidateFunction;
  /** There are outputs for which the work grows faster than they do. */
  readonly slow: boolean;
}

/** A schema may say this much about itself, in bytes of JSON, before it is taken for an attack. */
const LARGEST_SCHEMA = 1_000_000;

/**
 * What makes a validator slow for some outputs: patterns that try every way to match, references that lead to the same place in many ways,
 * and items that are each compared with all others. Without it the work is at most that of the schema times that of the output.
 */
const SLOW = /"(?:pattern|patternProperties|uniqueItems|\$ref|\$dynamicRef|\$recursiveRef)"/;

/**
 * Holds the structured output of tools against the schemas that the tools declared. The validator is loaded with the first schema.
 * References are never fetched. 2026-07-28 server/tools, "Output Schema"; basic/index, "JSON Schema Usage".
 */
export class StructuredOutput {
  /** By definition of the tool, so that a new definition gets a new validator and an old one can be forgotten. */
  readonly #compiled = new WeakMap<MCPTool, Promise<Compiled>>();
  readonly #timeLimit: number;

  /** @param timeLimit milliseconds that compiling a schema, and holding an output against it, may take */
  constructor(timeLimit: number) {
    this.#timeLimit = timeLimit;
  }

  /** What is wrong with the output of a tool, or undefined. An answer that reports an error need not have any. */
  async problem(tool: MCPTool, result: CallToolResult): Promise<Failure | undefined> {
    const schema = tool.outputSchema;
    if (schema == null || result.isError === true) return undefined;
    const compiled = await this.#validatorOf(tool, schema);
    if (isFailure(compiled)) return compiled;
    if (!('structuredContent' in result)) {
      return mismatch(tool.name, 'structuredContent is missing, although the tool has an output schema', result);
    }
    const { validate, slow } = compiled;
    const run = (): boolean => validate(result.structuredContent);
    try {
      if (slow ? withinTime(this.#timeLimit, run) : run()) return undefined;
    } catch (thrown) {
      // A schema that refers to itself without end, or for ever, or output that is nested deeper than the stack.
      return unusable(tool.name, describeThrown(thrown));
    }
    const [first] = validate.errors ?? [];
    return mismatch(
      tool.name,
      `structuredContent${first?.instancePath ?? ''} ${first?.message ?? 'does not fit'}`,
      result,
    );
  }

  #validatorOf(tool: MCPTool, schema: object): Promise<Compiled> {
    const known = this.#compiled.get(tool);
    if (known !== undefined) return known;
    const compiled = compile(tool.name, schema, this.#timeLimit);
    this.#compiled.set(tool, compiled);
    return compiled;
  }
}

async function compile(tool: string, schema: object, timeLimit: number): Promise<Compiled> {
  try {
    const text = JSON.stringify(schema);
    if (text.length > LARGEST_SCHEMA) {
      return unusable(tool, `it has ${text.length} characters, and the limit is ${LARGEST_SCHEMA}`);
    }
    const validate = await compileSchema(schema, (fn) => withinTime(timeLimit, fn));
    // The validator's own `$async` makes promises of verdicts, one of them rejected.
    return '$async' in validate ? unusable(tool, 'it is asynchronous') : { validate, slow: SLOW.test(text) };
  } catch (thrown) {
    return unusable(tool, describeThrown(thrown));
  }
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
