import { inWords, isSchema, propertiesOf, requiredOf, typesOf, withNotes } from './json-schema.js';
import type { Schema } from './json-schema.js';

// The subset of JSON Schema of OpenAI's structured outputs. Guide "Structured model outputs", "Supported schemas", November 2026.

/** The limits of one schema. */
const MOST_PROPERTIES = 5_000;
const DEEPEST = 10;
const MOST_VALUES = 1_000;
const MOST_CHARACTERS = 120_000;

/** Keywords that stay as they are. */
const KEPT: ReadonlySet<string> = new Set([
  'type',
  'enum',
  'const',
  'description',
  'pattern',
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf',
  'minItems',
  'maxItems',
]);

/** Keywords of single values, which the description says in words. */
const IN_WORDS: ReadonlySet<string> = new Set(['default', 'examples', 'minLength', 'maxLength', 'uniqueItems']);

/** Keywords without a meaning for the value. */
const DROPPED: ReadonlySet<string> = new Set(['title', 'deprecated', 'readOnly', 'writeOnly', 'required']);

const FORMATS: ReadonlySet<unknown> = new Set([
  'date-time',
  'time',
  'date',
  'duration',
  'email',
  'hostname',
  'ipv4',
  'ipv6',
  'uuid',
]);

/** The schema cannot be expressed in the subset. */
class Inexpressible extends Error {}

/**
 * A schema that OpenAI takes with `strict: true`: every property is required, and one that was optional also allows null. Undefined if the schema
 * cannot be expressed, as with free-form objects. The schema has no references.
 */
export function strictSchema(schema: Schema): Schema | undefined {
  try {
    const result = new StrictCopy().object(schema, 0);
    return JSON.stringify(result).length > MOST_CHARACTERS ? undefined : result;
  } catch (error) {
    if (error instanceof Inexpressible) return undefined;
    throw error;
  }
}

class StrictCopy {
  #properties = 0;
  #values = 0;

  /** The root or an inner object. */
  object(schema: Schema, depth: number): Schema {
    const { properties: _properties, additionalProperties = false, ...rest } = schema;
    if (additionalProperties !== false) throw new Inexpressible();
    const properties = propertiesOf(schema);
    const names = Object.keys(properties);
    // An object without properties inside of the arguments is meant to have any.
    if (names.length === 0 && depth > 0 && schema.additionalProperties === undefined) throw new Inexpressible();
    this.#properties += names.length;
    if (this.#properties > MOST_PROPERTIES) throw new Inexpressible();
    const required = new Set(requiredOf(schema));
    const entries = names.map((name) => {
      const property = this.#copy(properties[name], depth + 1);
      return [name, required.has(name) ? property : nullable(property)] as const;
    });
    return {
      ...this.#scalar(rest),
      properties: Object.fromEntries(entries),
      required: names,
      additionalProperties: false,
    };
  }

  #copy(schema: unknown, depth: number): Schema {
    if (!isSchema(schema) || depth > DEEPEST) throw new Inexpressible();
    const { anyOf, items, ...rest } = schema;
    if (anyOf !== undefined) {
      if (!Array.isArray(anyOf) || anyOf.length === 0) throw new Inexpressible();
      if (Object.keys(rest).some((name) => !ANNOTATIONS.has(name))) throw new Inexpressible();
      return { ...this.#scalar(rest), anyOf: anyOf.map((one) => this.#copy(one, depth)) };
    }
    const types = typesOf(schema);
    if (types.includes('object')) {
      if (types.length > (types.includes('null') ? 2 : 1)) throw new Inexpressible();
      return this.object(schema, depth);
    }
    if (types.includes('array')) {
      return { ...this.#scalar(rest), items: this.#copy(items, depth + 1) };
    }
    // A value of any type cannot be expressed.
    if (types.length === 0 && schema.enum === undefined && schema.const === undefined) throw new Inexpressible();
    if (items !== undefined || schema.properties !== undefined) throw new Inexpressible();
    return this.#scalar(rest);
  }

  #scalar(schema: Schema): Schema {
    const notes: string[] = [];
    const kept: [string, unknown][] = [];
    for (const [keyword, value] of Object.entries(schema)) {
      if (keyword === 'enum') this.#values += Array.isArray(value) ? value.length : 0;
      if (this.#values > MOST_VALUES) throw new Inexpressible();
      if (KEPT.has(keyword) || (keyword === 'format' && FORMATS.has(value))) kept.push([keyword, value]);
      else if (IN_WORDS.has(keyword) || keyword === 'format') notes.push(`${keyword}: ${inWords(value)}.`);
      else if (!DROPPED.has(keyword)) throw new Inexpressible();
    }
    return withNotes(Object.fromEntries(kept), notes);
  }
}

const ANNOTATIONS: ReadonlySet<string> = new Set(['description', 'title', 'default', 'examples', 'deprecated']);

/** A schema that also allows null. */
function nullable(schema: Schema): Schema {
  if (allowsNull(schema)) return schema;
  if (schema.enum !== undefined || schema.const !== undefined || schema.anyOf !== undefined) {
    const { description, anyOf, ...rest } = schema;
    const own: readonly unknown[] = Array.isArray(anyOf) ? (anyOf as unknown[]) : [rest];
    return { ...(description !== undefined && { description }), anyOf: [...own, { type: 'null' }] };
  }
  return { ...schema, type: [...typesOf(schema), 'null'] };
}

/** Whether null fits a schema. */
function allowsNull(schema: Schema): boolean {
  if (Array.isArray(schema.anyOf)) return schema.anyOf.some((one) => isSchema(one) && allowsNull(one));
  if (Array.isArray(schema.enum)) return schema.enum.includes(null);
  if ('const' in schema) return schema.const === null;
  return typesOf(schema).includes('null');
}

/**
 * The arguments without the nulls that only {@link strictSchema} allows: of properties that are optional and do not allow null in the tool's own
 * schema. Nested objects, arrays and alternatives too.
 * @param own the schema that was given to `strictSchema`
 */
export function withoutAddedNulls(args: Schema, own: Schema): Schema {
  return cleaned(args, own) as Schema;
}

function cleaned(value: unknown, own: unknown): unknown {
  if (!isSchema(own) || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(own.anyOf)) {
    const fitting = (own.anyOf as unknown[]).find((one) => isSchema(one) && mayBeOf(value, one));
    return fitting === undefined ? value : cleaned(value, fitting);
  }
  if (Array.isArray(value)) return value.map((one: unknown) => cleaned(one, own.items));
  const properties = propertiesOf(own);
  const required = requiredOf(own);
  const entries = Object.entries(value).filter(([name, inner]) => {
    const property = Object.hasOwn(properties, name) ? properties[name] : undefined;
    return inner !== null || !isSchema(property) || required.includes(name) || allowsNull(property);
  });
  return Object.fromEntries(
    entries.map(([name, inner]) => [
      name,
      cleaned(inner, Object.hasOwn(properties, name) ? properties[name] : undefined),
    ]),
  );
}

/** Whether a value that fits the strict form of one of several schemas fits this one: its properties and constants decide. */
function mayBeOf(value: unknown, schema: Schema): boolean {
  if ('const' in schema) return schema.const === value;
  if (Array.isArray(schema.enum)) return schema.enum.includes(value);
  if (Array.isArray(schema.anyOf)) return schema.anyOf.some((one) => isSchema(one) && mayBeOf(value, one));
  const types = typesOf(schema);
  if (value === null) return types.includes('null');
  if (Array.isArray(value))
    return (
      types.includes('array') && value.every((one: unknown) => !isSchema(schema.items) || mayBeOf(one, schema.items))
    );
  if (typeof value === 'number')
    return types.includes('number') || (types.includes('integer') && Number.isInteger(value));
  if (!isSchema(value)) return types.includes(typeof value);
  const properties = propertiesOf(schema);
  const required = requiredOf(schema);
  const names = Object.keys(value);
  return (
    types.includes('object') &&
    names.every((name) => Object.hasOwn(properties, name)) &&
    required.every((name) => names.includes(name)) &&
    names.every((name) => {
      const property = properties[name];
      if (!isSchema(property)) return true;
      return (value[name] === null && !required.includes(name)) || mayBeOf(value[name], property);
    })
  );
}
