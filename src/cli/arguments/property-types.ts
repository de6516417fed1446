/** A JSON Schema, unchecked: it comes from a server. */
export type Schema = Readonly<Record<string, unknown>>;

/** How many `$ref`s are followed one after the other: a reference may lead to itself. */
const MOST_REFERENCES = 20;

/** A value as a schema; anything else as a schema that allows everything. */
export function asSchema(value: unknown): Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Schema) : {};
}

/** The schema that local `$ref`s lead to. JSON Schema 2020-12 core, section 8.2.3.1. */
export function resolved(schema: Schema, root: Schema): Schema {
  let found = schema;
  for (let step = 0; step < MOST_REFERENCES && typeof found.$ref === 'string'; step++) {
    const target = atPointer(root, found.$ref);
    if (target === undefined) return {};
    found = target;
  }
  return typeof found.$ref === 'string' ? {} : found;
}

function atPointer(root: Schema, reference: string): Schema | undefined {
  if (!reference.startsWith('#')) return undefined;
  let value: unknown = root;
  for (const part of reference.slice(1).split('/').slice(1)) {
    if (typeof value !== 'object' || value === null) return undefined;
    const key = decodeURIComponentOr(part).replaceAll('~1', '/').replaceAll('~0', '~');
    if (!Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return asSchema(value);
}

function decodeURIComponentOr(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * How deep branches are followed. A branch is followed once, so that branches which refer to each other cost no more than the schema is long.
 */
const DEEPEST_BRANCH = 50;

/** The properties of an object schema, those of its branches included. */
export function propertiesOf(
  schema: Schema,
  root: Schema,
  followed = new Set<Schema>(),
  depth = 0,
): ReadonlyMap<string, Schema> {
  const found = new Map<string, Schema>();
  const object = resolved(schema, root);
  if (followed.has(object) || depth > DEEPEST_BRANCH) return found;
  followed.add(object);
  for (const branch of branchesOf(object)) {
    for (const [name, property] of propertiesOf(branch, root, followed, depth + 1)) found.set(name, property);
  }
  for (const [name, property] of Object.entries(asSchema(object.properties))) found.set(name, asSchema(property));
  return found;
}

/** The branches of a schema: `allOf`, `anyOf` and `oneOf`. */
export function branchesOf(schema: Schema): readonly Schema[] {
  return ['allOf', 'anyOf', 'oneOf'].flatMap((key) => {
    const branches = schema[key];
    return Array.isArray(branches) ? branches.map(asSchema) : [];
  });
}

/** The names of the required properties. */
export function requiredOf(schema: Schema, root: Schema, followed = new Set<Schema>(), depth = 0): readonly string[] {
  const object = resolved(schema, root);
  if (followed.has(object) || depth > DEEPEST_BRANCH) return [];
  followed.add(object);
  const { allOf } = object;
  const own = Array.isArray(object.required) ? object.required.filter((name) => typeof name === 'string') : [];
  const inherited = Array.isArray(allOf)
    ? allOf.flatMap((branch) => requiredOf(asSchema(branch), root, followed, depth + 1))
    : [];
  return [...new Set([...own, ...inherited])];
}

/** Whether an object schema allows properties that it does not name. */
export function allowsMore(schema: Schema, root: Schema): boolean {
  const object = resolved(schema, root);
  const { additionalProperties, patternProperties } = object;
  if (patternProperties !== undefined) return true;
  if (additionalProperties !== undefined) return additionalProperties !== false;
  return propertiesOf(object, root).size === 0;
}

/** The JSON types that a property may have; an empty set when its schema does not say. */
export function typesOf(schema: Schema, root: Schema, followed = new Set<Schema>(), depth = 0): ReadonlySet<string> {
  const property = resolved(schema, root);
  if (followed.has(property) || depth > DEEPEST_BRANCH) return new Set();
  followed.add(property);
  const { type } = property;
  if (typeof type === 'string') return new Set([type]);
  if (Array.isArray(type)) return new Set(type.filter((one) => typeof one === 'string'));
  if (property.const !== undefined) return new Set([typeOf(property.const)]);
  if (Array.isArray(property.enum)) return new Set(property.enum.map(typeOf));
  return new Set(branchesOf(property).flatMap((branch) => [...typesOf(branch, root, followed, depth + 1)]));
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value;
}

/** The allowed values of a property; undefined when any value of its type is allowed. */
export function choicesOf(schema: Schema, root: Schema): readonly unknown[] | undefined {
  const property = resolved(schema, root);
  if (Array.isArray(property.enum)) return property.enum as unknown[];
  if (property.const !== undefined) return [property.const];
  const branches = branchesOf(property).map((branch) => resolved(branch, root));
  const all = branches.map((branch) =>
    Array.isArray(branch.enum) ? branch.enum : branch.const === undefined ? undefined : [branch.const],
  );
  return all.length > 0 && all.every((one) => one !== undefined) ? all.flat() : undefined;
}

/** The schema of the elements of an array. */
export function itemsOf(schema: Schema, root: Schema): Schema {
  const property = resolved(schema, root);
  if (property.items !== undefined) return asSchema(property.items);
  const branch = branchesOf(property).find((one) => typesOf(one, root).has('array'));
  return branch === undefined ? {} : asSchema(resolved(branch, root).items);
}
