import { propertyNameFor } from '../names.js';
import type { TargetProvider } from '../names.js';
import { inlinedSchema } from './inlined-schema.js';
import { isSchema, propertiesOf, requiredOf, typesOf } from './json-schema.js';
import type { Schema } from './json-schema.js';
import { mergedTopLevel } from './merged-schema.js';

/** An input schema as a provider takes it. */
export interface PortableSchema {
  readonly schema: Schema;
  /** Sentences about constraints that are not in the schema, for the description of the tool. */
  readonly notes: readonly string[];
  /** The original names of root properties, by the names that the provider takes. */
  readonly originalNames: ReadonlyMap<string, string>;
}

/**
 * Rewrites an input schema for a provider: an object with properties, without dialect and references, and for OpenAI and Anthropic without
 * `oneOf`, `anyOf` and `allOf` at the top level. Undefined if the schema is too large. Never throws.
 */
export function portableSchema(inputSchema: unknown, provider: TargetProvider): PortableSchema | undefined {
  const inlined = inlinedSchema(isSchema(inputSchema) ? inputSchema : {});
  if (inlined === undefined) return undefined;
  const { schema, notes } = provider === 'google' ? { schema: inlined, notes: [] } : mergedTopLevel(inlined);
  const object = objectSchema(schema);
  if (provider === 'openai' || provider === 'google') return { schema: object, notes, originalNames: new Map() };
  return { ...withPropertyNames(object), notes };
}

/** The schema with `type: 'object'` and `properties`, unless it has another type. */
function objectSchema(schema: Schema): Schema {
  const types = typesOf(schema);
  const type = types.length === 0 || types.includes('object') ? 'object' : schema.type;
  const properties = propertiesOf(schema);
  const missing = requiredOf(schema).filter((name) => !Object.hasOwn(properties, name));
  const described = Object.fromEntries(missing.map((name) => [name, {}]));
  return { ...schema, type, properties: { ...properties, ...described } };
}

function withPropertyNames(schema: Schema): Omit<PortableSchema, 'notes'> {
  const originalNames = new Map<string, string>();
  const entries = Object.entries(propertiesOf(schema)).map(([name, value]) => {
    const own = propertyNameFor(name);
    if (own !== name) originalNames.set(own, name);
    return [own, value] as const;
  });
  if (originalNames.size === 0) return { schema, originalNames };
  const required = requiredOf(schema).map(propertyNameFor);
  return {
    schema: { ...schema, properties: Object.fromEntries(entries), ...(required.length > 0 && { required }) },
    originalNames,
  };
}

/** The arguments of a model with the names that the server knows. */
export function withOriginalNames(args: Schema, { originalNames }: Pick<PortableSchema, 'originalNames'>): Schema {
  if (originalNames.size === 0) return args;
  return Object.fromEntries(Object.entries(args).map(([name, value]) => [originalNames.get(name) ?? name, value]));
}
