// The rules of the providers for tools, written from ecosystem notes and their error messages, without the code under test.

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Each schema inside of a schema, with its depth; definitions too. Values such as defaults are not schemas. */
function* schemasIn(schema: unknown, depth = 0): Iterable<{ readonly schema: Json; readonly depth: number }> {
  if (!isObject(schema)) return;
  yield { schema, depth };
  for (const keyword of ['properties', 'patternProperties', '$defs', 'definitions'])
    if (isObject(schema[keyword]))
      for (const inner of Object.values(schema[keyword])) yield* schemasIn(inner, depth + 1);
  for (const keyword of ['items', 'additionalProperties', 'not', 'contains', 'oneOf', 'anyOf', 'allOf', 'prefixItems'])
    for (const inner of [schema[keyword]].flat()) yield* schemasIn(inner, depth + 1);
}

function problemsOfSchema(schema: unknown): string[] {
  const problems: string[] = [];
  if (!isObject(schema)) return ['schema must be a JSON Schema of type "object"'];
  if (schema.type !== 'object') problems.push(`schema must be of type "object", got ${JSON.stringify(schema.type)}`);
  if (!isObject(schema.properties)) problems.push('object schema missing properties');
  if ('$schema' in schema || '$id' in schema) problems.push('schema must not have $schema or $id');
  for (const { schema: inner } of schemasIn(schema)) {
    if (typeof inner.$ref === 'string' && !inner.$ref.startsWith('#')) problems.push(`reference ${inner.$ref}`);
    const required = Array.isArray(inner.required) ? inner.required : [];
    if (isObject(inner.properties))
      for (const name of required)
        if (!Object.hasOwn(inner.properties, String(name))) problems.push(`required ${String(name)} is not defined`);
  }
  return problems;
}

function topLevel(schema: Json, keywords: readonly string[]): string[] {
  return keywords.filter((one) => one in schema).map((one) => `schema must not have '${one}' at the top level`);
}

/** What OpenAI would answer to `parameters`. */
export function openAIProblems(name: unknown, parameters: unknown, strict: unknown): string[] {
  const problems = problemsOfSchema(parameters);
  if (typeof name !== 'string' || !/^[a-zA-Z0-9_-]{1,64}$/.test(name)) problems.push(`name ${String(name)}`);
  if (!isObject(parameters)) return problems;
  problems.push(...topLevel(parameters, ['oneOf', 'anyOf', 'allOf', 'enum', 'not']));
  for (const { schema, depth } of schemasIn(parameters)) {
    if ([schema.type].flat().includes('array') && !isObject(schema.items)) problems.push('array schema missing items');
    if (strict !== true) continue;
    if (depth > 20) problems.push('too deep for strict');
    const forbidden = Object.keys(schema).filter((keyword) =>
      ['allOf', 'oneOf', 'not', 'default', 'patternProperties', 'prefixItems', 'minLength', 'uniqueItems'].includes(
        keyword,
      ),
    );
    problems.push(...forbidden.map((keyword) => `strict: '${keyword}' is not permitted`));
    if (![schema.type].flat().includes('object')) continue;
    if (schema.additionalProperties !== false) problems.push('strict: additionalProperties must be false');
    const names = Object.keys(schema.properties ?? {}).sort();
    if (JSON.stringify(names) !== JSON.stringify([...((schema.required ?? []) as string[])].sort()))
      problems.push('strict: required must contain every key in properties');
  }
  return problems;
}

/** What Anthropic would answer to `input_schema`. */
export function anthropicProblems(name: unknown, schema: unknown): string[] {
  const problems = problemsOfSchema(schema);
  if (typeof name !== 'string' || !/^[a-zA-Z0-9_-]{1,128}$/.test(name)) problems.push(`name ${String(name)}`);
  if (!isObject(schema)) return problems;
  problems.push(...topLevel(schema, ['oneOf', 'anyOf', 'allOf']));
  for (const property of Object.keys(schema.properties ?? {}))
    if (!/^[a-zA-Z0-9_.-]{1,64}$/.test(property)) problems.push(`property key ${property}`);
  for (const { schema: inner } of schemasIn(schema)) {
    if (Array.isArray(inner.items)) problems.push('items must be a schema in draft 2020-12');
    if (typeof inner.exclusiveMinimum === 'boolean') problems.push('exclusiveMinimum must be a number');
    if (inner.$ref !== undefined) problems.push('reference that is not inlined');
  }
  return problems;
}

/** What Google would answer to `parametersJsonSchema`. */
export function googleProblems(name: unknown, schema: unknown): string[] {
  const problems = problemsOfSchema(schema);
  if (typeof name !== 'string' || !/^[a-zA-Z_][a-zA-Z0-9_.:-]{0,63}$/.test(name)) problems.push(`name ${String(name)}`);
  for (const { schema: inner } of schemasIn(schema)) if (inner.$ref !== undefined) problems.push('recursive reference');
  return problems;
}
