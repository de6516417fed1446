/** A JSON Schema that is an object. */
export type Schema = Readonly<Record<string, unknown>>;

/** Whether a value is a schema that is an object, and not `true`, `false` or invalid. */
export function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The schemas of `properties`. Its keys may be any texts, `__proto__` too. */
export function propertiesOf(schema: Schema): Schema {
  return isSchema(schema.properties) ? schema.properties : {};
}

/** The names in `required`. */
export function requiredOf({ required }: Schema): string[] {
  return Array.isArray(required)
    ? [...new Set(required as unknown[])].filter((one): one is string => typeof one === 'string')
    : [];
}

/** The names in `type`. */
export function typesOf({ type }: Schema): readonly unknown[] {
  if (type === undefined) return [];
  return Array.isArray(type) ? (type as unknown[]) : [type];
}

/** Adds sentences to the description of a schema. */
export function withNotes(schema: Schema, notes: readonly string[]): Schema {
  if (notes.length === 0) return schema;
  const own = typeof schema.description === 'string' && schema.description !== '' ? [schema.description] : [];
  return { ...schema, description: [...own, ...notes].join(' ') };
}

/** The longest JSON in a sentence, in characters. */
const LONGEST_JSON = 300;

/** A value in a sentence: its JSON, or that it is too long. */
export function inWords(value: unknown): string {
  const json = JSON.stringify(value) ?? 'undefined';
  return json.length <= LONGEST_JSON ? json : 'a rule that is too long to be shown';
}
