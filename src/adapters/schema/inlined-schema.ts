import { resolveReference } from '../provider-rules.js';
import { merged } from './merged-schema.js';
import { isSchema, propertiesOf, requiredOf, typesOf, withNotes } from './json-schema.js';
import type { Schema } from './json-schema.js';

/** Bounds of the result. A definition of a tool is sent with each request, and a person does not write more. */
const MOST_NODES = 5_000;
const DEEPEST = 60;
const MOST_REFERENCES = 500;

/** How often a reference may be inlined inside of itself or another one. Fewer are tried if the result becomes too large. */
const REFERENCES: readonly number[] = [12, 4, 2, 1];

/** Keywords with a schema, with a list of schemas, and with schemas by name. */
const SINGLE: ReadonlySet<string> = new Set([
  'items',
  'additionalProperties',
  'additionalItems',
  'not',
  'if',
  'then',
  'else',
  'contains',
  'propertyNames',
  'unevaluatedItems',
  'unevaluatedProperties',
]);
const LISTS: ReadonlySet<string> = new Set(['oneOf', 'anyOf', 'allOf', 'prefixItems']);
const MAPS: ReadonlySet<string> = new Set(['properties', 'patternProperties', 'dependentSchemas']);

/** Keywords that name a schema or its dialect, or hold definitions: after inlining they mean nothing. */
const DROPPED: ReadonlySet<string> = new Set([
  '$schema',
  '$id',
  '$anchor',
  '$dynamicAnchor',
  '$recursiveAnchor',
  '$comment',
  '$defs',
  'definitions',
  '$vocabulary',
]);

const CUT = 'Its inner values are not described here.';

/** A schema is too large even without its references. */
class TooLarge extends Error {}

/**
 * A copy of a schema in which local references are replaced by what they lead to, in the words of draft 2020-12. Recursion and depth are cut, with a
 * note in the description. References that lead to nothing stay. The result is a tree of bounded size; undefined if the schema is too large for it.
 */
export function inlinedSchema(root: Schema): Schema | undefined {
  for (const references of REFERENCES) {
    try {
      return new Inliner(root, references).copy(root, 0, []);
    } catch (error) {
      if (!(error instanceof TooLarge)) throw error;
    }
  }
  return undefined;
}

class Inliner {
  #left = MOST_NODES;
  readonly #found = new Map<string, unknown>();

  constructor(
    readonly root: Schema,
    readonly references: number,
  ) {}

  copy(schema: Schema, depth: number, inside: readonly string[]): Schema {
    this.#left -= 1;
    if (this.#left < 0) throw new TooLarge();
    if (depth > DEEPEST) return cut(schema);
    if (typeof schema.$ref === 'string') {
      const found = this.#target(schema, schema.$ref, depth, inside);
      if (found !== undefined) return found;
    }
    const copied: [string, unknown][] = Object.entries(schema)
      .filter(([keyword]) => !DROPPED.has(keyword))
      .map(([keyword, value]) => [keyword, this.#value(keyword, value, depth, inside)]);
    return modern(Object.fromEntries(copied));
  }

  /** What a reference leads to, with the keywords beside it; undefined if it leads to nothing. */
  #target(schema: Schema, reference: string, depth: number, inside: readonly string[]): Schema | undefined {
    const target = this.#resolve(reference);
    const { $ref: _reference, ...beside } = schema;
    if (target === true) return this.copy(beside, depth + 1, inside);
    if (!isSchema(target)) return undefined;
    if (inside.includes(reference) || inside.length >= this.references) return cut({ ...target, ...beside });
    const inlined = this.copy(target, depth + 1, [...inside, reference]);
    return Object.keys(beside).length === 0 ? inlined : merged([inlined, this.copy(beside, depth + 1, inside)]);
  }

  #resolve(reference: string): unknown {
    if (!this.#found.has(reference)) {
      if (this.#found.size > MOST_REFERENCES) throw new TooLarge();
      this.#found.set(reference, resolveReference(this.root, reference));
    }
    return this.#found.get(reference);
  }

  #value(keyword: string, value: unknown, depth: number, inside: readonly string[]): unknown {
    const inner = (one: unknown): unknown => (isSchema(one) ? this.copy(one, depth + 1, inside) : one);
    if (SINGLE.has(keyword) && !Array.isArray(value)) return inner(value);
    if ((LISTS.has(keyword) || keyword === 'items') && Array.isArray(value)) return value.map(inner);
    if (MAPS.has(keyword) && isSchema(value))
      return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, inner(one)]));
    return this.#plain(value, depth);
  }

  /** A value that is not a schema, such as a default. It may be deep, too. */
  #plain(value: unknown, depth: number): unknown {
    if (typeof value !== 'object' || value === null) return value;
    this.#left -= 1;
    if (this.#left < 0) throw new TooLarge();
    if (depth > DEEPEST) return null;
    if (Array.isArray(value)) {
      // A list of names or values is cheap, except in number.
      this.#left -= Math.floor(value.length / 100);
      return value.map((one) => this.#plain(one, depth + 1));
    }
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, this.#plain(one, depth + 1)]));
  }
}

/** A schema without its inner schemas. */
function cut({ type, description, title }: Schema): Schema {
  const kept = Object.entries({ type, title, description }).filter(([, value]) => value !== undefined);
  const array = typesOf({ type }).includes('array') ? { items: {} } : {};
  return withNotes({ ...Object.fromEntries(kept), ...array }, [CUT]);
}

/** A copied schema in the words of draft 2020-12, with the keywords that providers miss. */
function modern(schema: Schema): Schema {
  const { additionalItems, ...rest } = schema;
  const result: Record<string, unknown> = rest;
  if (Array.isArray(schema.items)) {
    result.prefixItems = schema.items;
    delete result.items;
    if (additionalItems !== undefined) result.items = additionalItems;
  }
  if (typeof result.items === 'boolean') {
    if (!result.items && Array.isArray(result.prefixItems)) result.maxItems ??= result.prefixItems.length;
    delete result.items;
  }
  // OpenAI requires it, and it allows every value.
  if (typesOf(schema).includes('array')) result.items ??= {};
  for (const [exclusive, limit] of [
    ['exclusiveMinimum', 'minimum'],
    ['exclusiveMaximum', 'maximum'],
  ] as const) {
    if (typeof schema[exclusive] !== 'boolean') continue;
    delete result[exclusive];
    if (!schema[exclusive] || schema[limit] === undefined) continue;
    result[exclusive] = schema[limit];
    delete result[limit];
  }
  if (schema.required !== undefined) {
    // Some providers refuse a required property that is not described.
    const required = requiredOf(schema);
    const properties = propertiesOf(schema);
    const missing = required.filter((name) => !Object.hasOwn(properties, name));
    if (missing.length > 0 && (typesOf(schema).includes('object') || isSchema(schema.properties)))
      result.properties = { ...properties, ...Object.fromEntries(missing.map((name) => [name, {}])) };
    if (required.length > 0) result.required = required;
    else delete result.required;
  }
  return result;
}
