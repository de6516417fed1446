import type { ValidateFunction } from 'ajv';

import { describeThrown, failure } from '../protocol/failure.js';
import type { Failure } from '../protocol/failure.js';
import type { CallToolResult, MCPTool } from '../protocol/schema/index.js';

/** What became of a schema: a validator, or why there is none. */
type Compiled = ValidateFunction | Failure;

/** A schema may say this much about itself, in bytes of JSON, before it is taken for an attack. */
const LARGEST_SCHEMA = 1_000_000;

/**
 * Holds the structured output of tools against the schemas that the tools declared. The validator is loaded with the first schema.
 * References are never fetched. 2026-07-28 server/tools, "Output Schema"; basic/index, "JSON Schema Usage".
 */
export class StructuredOutput {
  /** By definition of the tool, so that a new definition gets a new validator and an old one can be forgotten. */
  readonly #compiled = new WeakMap<MCPTool, Promise<Compiled>>();

  /** What is wrong with the output of a tool, or undefined. An answer that reports an error need not have any. */
  async problem(tool: MCPTool, result: CallToolResult): Promise<Failure | undefined> {
    const schema = tool.outputSchema;
    if (schema == null || result.isError === true) return undefined;
    if (!('structuredContent' in result)) {
      return mismatch(tool.name, 'structuredContent is missing, although the tool has an output schema');
    }
    const compiled = await this.#validatorOf(tool, schema);
    if (typeof compiled !== 'function') return compiled;
    try {
      if (compiled(result.structuredContent)) return undefined;
    } catch (thrown) {
      // A schema that refers to itself without end, or output that is nested deeper than the stack.
      return unusable(tool.name, describeThrown(thrown));
    }
    const [first] = compiled.errors ?? [];
    return mismatch(tool.name, `structuredContent${first?.instancePath ?? ''} ${first?.message ?? 'does not fit'}`);
  }

  #validatorOf(tool: MCPTool, schema: object): Promise<Compiled> {
    const known = this.#compiled.get(tool);
    if (known !== undefined) return known;
    const compiled = compile(tool.name, schema);
    this.#compiled.set(tool, compiled);
    return compiled;
  }
}

async function compile(tool: string, schema: object): Promise<Compiled> {
  try {
    const size = JSON.stringify(schema).length;
    if (size > LARGEST_SCHEMA) {
      return unusable(tool, `it has ${size} characters, and the limit is ${LARGEST_SCHEMA}`);
    }
    const dialect = (schema as { $schema?: unknown }).$schema;
    const draft7 = typeof dialect === 'string' && dialect.includes('draft-07');
    const { Ajv } = draft7 ? await import('ajv') : { Ajv: (await import('ajv/dist/2020.js')).Ajv2020 };
    // Formats are annotations unless one asks for more, and servers may use keywords of their own.
    const compiled = new Ajv({ strict: false, validateFormats: false, logger: false }).compile(schema);
    // The validator's own `$async` makes promises of verdicts, one of them rejected.
    return '$async' in compiled ? unusable(tool, 'it is asynchronous') : compiled;
  } catch (thrown) {
    return unusable(tool, describeThrown(thrown));
  }
}

function mismatch(tool: string, what: string): Failure {
  return failure('protocol', 'MCP_INVALID_RESULT', `The output of the tool ${tool} does not fit its schema: ${what}`, {
    delivery: 'answered',
    details: { tool },
  });
}

function unusable(tool: string, why: string): Failure {
  return failure('protocol', 'MCP_INVALID_RESULT', `The output schema of the tool ${tool} cannot be used: ${why}`, {
    delivery: 'answered',
    details: { tool, schema: 'unusable' },
  });
}
