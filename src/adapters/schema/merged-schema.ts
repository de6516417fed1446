import { isSameJson } from '../../util/json-values.js';
import { inWords, isSchema, propertiesOf, requiredOf, typesOf } from './json-schema.js';
import type { Schema } from './json-schema.js';

/** Keywords of the top level that providers refuse, besides the ones that are merged. */
const UNWANTED = ['enum', 'not', 'const', 'if', 'then', 'else', 'dependentSchemas', 'dependentRequired'] as const;

const CHOICES = ['oneOf', 'anyOf'] as const;

/** How deep alternatives may stand in alternatives at the top level. */
const DEEPEST = 8;

/** One schema with the constraints of all: a value has to fit each of them. Of keywords that contradict each other the last one counts. */
export function merged(schemas: readonly Schema[]): Schema {
  return schemas.reduce((one, other) => {
    const result: Record<string, unknown> = { ...one, ...other };
    if (isSchema(one.properties) || isSchema(other.properties))
      result.properties = mergedProperties([one, other], (same) => merged(same));
    const required = [...new Set([...requiredOf(one), ...requiredOf(other)])];
    if (required.length > 0) result.required = required;
    if (typeof one.description === 'string' && typeof other.description === 'string')
      result.description =
        one.description === other.description ? one.description : `${other.description} ${one.description}`;
    for (const keyword of ['oneOf', 'anyOf'] as const) {
      if (one[keyword] === undefined || other[keyword] === undefined) continue;
      result[keyword] = one[keyword];
      result.allOf = [...listOf(result.allOf), { [keyword]: other[keyword] }];
    }
    if (one.allOf !== undefined && other.allOf !== undefined)
      result.allOf = [...listOf(one.allOf), ...listOf(result.allOf)];
    return result;
  });
}

/**
 * An object schema without `oneOf`, `anyOf`, `allOf` and other keywords that providers refuse at the top level. Its properties are those of all
 * alternatives; required are the names that each of them requires. The notes say in words what is lost.
 */
export function mergedTopLevel(schema: Schema): { readonly schema: Schema; readonly notes: readonly string[] } {
  const notes: string[] = [];
  return { schema: flat(schema, notes, 0), notes };
}

function flat(schema: Schema, notes: string[], depth: number): Schema {
  const { oneOf, anyOf, allOf, ...rest } = schema;
  let result: Schema = rest;
  for (const keyword of UNWANTED) {
    if (!(keyword in result)) continue;
    const { [keyword]: value, ...others } = result;
    result = others;
    notes.push(`The arguments also follow the rule ${keyword}: ${inWords(value)}.`);
  }
  if (depth > DEEPEST) return result;
  for (const part of schemasIn(allOf)) result = objectsMerged(result, flat(part, notes, depth + 1));
  for (const keyword of CHOICES) {
    const branches = schemasIn(keyword === 'oneOf' ? oneOf : anyOf)
      .filter((branch) => typesOf(branch).length === 0 || typesOf(branch).includes('object'))
      .map((branch) => flat(branch, [], depth + 1));
    if (branches.length === 0) continue;
    notes.push(choiceInWords(keyword, branches));
    result = objectsMerged(result, either(branches));
  }
  return result;
}

function objectsMerged(one: Schema, other: Schema): Schema {
  const result: Record<string, unknown> = { ...merged([one, other]) };
  // Otherwise the properties of one would be forbidden by the other.
  if (other.additionalProperties !== undefined && one.additionalProperties === undefined)
    delete result.additionalProperties;
  else if (one.additionalProperties !== undefined) result.additionalProperties = one.additionalProperties;
  return result;
}

/** An object with the properties of all branches. */
function either(branches: readonly Schema[]): Schema {
  const required = requiredOf(branches[0] ?? {}).filter((name) =>
    branches.every((branch) => requiredOf(branch).includes(name)),
  );
  return { properties: mergedProperties(branches, alternatives), ...(required.length > 0 && { required }) };
}

function mergedProperties(schemas: readonly Schema[], combine: (same: readonly Schema[]) => Schema): Schema {
  const byName = new Map<string, unknown[]>();
  for (const schema of schemas) {
    for (const [name, value] of Object.entries(propertiesOf(schema))) {
      const known = byName.get(name) ?? [];
      if (!known.some((one) => isSameJson(one, value))) known.push(value);
      byName.set(name, known);
    }
  }
  const combined = [...byName].map(([name, values]): [string, unknown] => {
    const same = values.filter(isSchema);
    return [name, same.length > 1 ? combine(same) : (same[0] ?? values[0])];
  });
  return Object.fromEntries(combined);
}

/** A schema for values that fit one of these. Constants become one `enum`. */
function alternatives(schemas: readonly Schema[]): Schema {
  const constants = schemas.map(constantsOf);
  if (constants.every((values) => values !== undefined)) {
    const values = [...new Set(constants.flat())];
    const types = [...new Set(schemas.flatMap(typesOf))];
    return { ...(types.length === 1 && { type: types[0] }), enum: values };
  }
  return { anyOf: schemas };
}

function constantsOf(schema: Schema): readonly unknown[] | undefined {
  if ('const' in schema) return [schema.const];
  return Array.isArray(schema.enum) ? (schema.enum as unknown[]) : undefined;
}

function schemasIn(list: unknown): Schema[] {
  return listOf(list).filter(isSchema);
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}

/** At most this many alternatives are described. */
const MOST_DESCRIBED = 10;

function choiceInWords(keyword: 'oneOf' | 'anyOf', branches: readonly Schema[]): string {
  const ways = branches.slice(0, MOST_DESCRIBED).map(branchInWords);
  if (branches.length > MOST_DESCRIBED) ways.push(`${branches.length - MOST_DESCRIBED} more`);
  return `The arguments have ${keyword === 'oneOf' ? 'exactly' : 'at least'} one of these forms: ${ways.join('; ')}.`;
}

function branchInWords(branch: Schema): string {
  const properties = propertiesOf(branch);
  const required = requiredOf(branch).map((name) => {
    const property = properties[name];
    const values = isSchema(property) ? constantsOf(property) : undefined;
    return values === undefined ? JSON.stringify(name) : `${JSON.stringify(name)} (${inWords(values)})`;
  });
  const optional = Object.keys(properties)
    .filter((name) => !requiredOf(branch).includes(name))
    .map((name) => JSON.stringify(name));
  const needs = required.length === 0 ? 'no required argument' : required.join(', ');
  return optional.length === 0 ? needs : `${needs}, optionally ${optional.join(', ')}`;
}
