import { parameterHeadersOf, parameterHeaderValues } from '../../src/protocol/parameter-headers.js';
import type { ParameterHeader } from '../../src/protocol/parameter-headers.js';

const annotated = (type: unknown, name: unknown): object => ({ type, 'x-mcp-header': name });
const object = (properties: object, more: object = {}): object => ({ type: 'object', properties, ...more });

function headers(schema: object): readonly ParameterHeader[] {
  const found = parameterHeadersOf(schema);
  if ('invalid' in found) throw new Error(found.invalid);
  return found.headers;
}

describe('annotations of parameters', () => {
  test('are found at any depth of properties, and nothing else is', () => {
    const schema = object({
      region: annotated('string', 'Region'),
      plain: { type: 'string' },
      nested: object({ deep: object({ flag: annotated(['boolean', 'null'], 'Method') }) }),
    });
    expect([...headers(schema)].sort((one, other) => one.name.localeCompare(other.name))).toEqual([
      { path: ['nested', 'deep', 'flag'], name: 'Mcp-Param-Method', type: 'boolean' },
      { path: ['region'], name: 'Mcp-Param-Region', type: 'string' },
    ]);
  });

  test('are distinguished from data and from properties with the same name', () => {
    const data = { 'x-mcp-header': 'Not This' };
    const schema = object(
      { 'x-mcp-header': { type: 'string' }, other: { default: data, const: data, enum: [data], examples: [data] } },
      {
        default: data,
        required: ['x-mcp-header'],
        dependentRequired: { 'x-mcp-header': ['other'] },
        dependencies: { 'x-mcp-header': ['other'] },
        dependentSchemas: { 'x-mcp-header': { type: 'object' } },
      },
    );
    expect(headers(schema)).toEqual([]);
  });

  test.each<[string, object]>([
    ['an empty name', object({ a: annotated('string', '') })],
    ['a name that is no text', object({ a: annotated('string', 5) })],
    ['a blank in the name', object({ a: annotated('string', 'My Header') })],
    ['a colon in the name', object({ a: annotated('string', 'My:Header') })],
    ['a name that is not ASCII', object({ a: annotated('string', 'Région') })],
    ['a control character in the name', object({ a: annotated('string', 'a\r\nb') })],
    ['an object', object({ a: annotated('object', 'A') })],
    ['an array', object({ a: annotated('array', 'A') })],
    ['null', object({ a: annotated('null', 'A') })],
    ['a number', object({ a: annotated('number', 'A') })],
    ['no type', object({ a: { 'x-mcp-header': 'A' } })],
    ['two types', object({ a: annotated(['string', 'integer'], 'A') })],
    ['the same name twice', object({ a: annotated('string', 'A'), b: annotated('string', 'A') })],
    [
      'the same name in other letters',
      object({ a: annotated('string', 'Aa'), b: object({ c: annotated('string', 'aA') }) }),
    ],
    ['the root', { ...object({}), 'x-mcp-header': 'A' }],
    ['items', object({ a: { type: 'array', items: annotated('string', 'A') } })],
    ['prefixItems', object({ a: { prefixItems: [annotated('string', 'A')] } })],
    ['additionalProperties', object({}, { additionalProperties: annotated('string', 'A') })],
    ['patternProperties', object({}, { patternProperties: { '^a': annotated('string', 'A') } })],
    ['anyOf', object({}, { anyOf: [object({ a: annotated('string', 'A') })] })],
    ['if', object({}, { if: object({ a: annotated('string', 'A') }) })],
    ['a dependency', object({}, { dependencies: { a: annotated('string', 'A') } })],
    ['a definition', object({}, { $defs: { a: annotated('string', 'A') } })],
  ])('on or with %s make the tool unusable', (_, schema) => {
    expect(parameterHeadersOf(schema)).toEqual({ invalid: expect.any(String) as string });
  });

  /** Milliseconds that a function takes, at best of two. */
  function costOf(fn: () => void): number {
    const costs = [0, 0].map(() => {
      const start = performance.now();
      fn();
      return performance.now() - start;
    });
    return Math.min(...costs);
  }

  const nested = (levels: number, inner: (schema: object, level: number) => object): object => {
    let schema: object = { type: 'string' };
    for (let level = levels; level > 0; level -= 1) schema = inner(schema, level);
    return schema;
  };

  test.each<[string, (schema: object, level: number) => object]>([
    ['properties in properties', (schema) => ({ properties: { a: schema } })],
    ['properties with long names', (schema) => ({ properties: { ['a'.repeat(40)]: schema } })],
    ['two properties on each level', (schema) => ({ properties: { a: schema, b: { type: 'string' } } })],
    [
      'an annotation on each level',
      (schema, level) => object({ a: { ...schema, ...annotated('string', `A${level}`) } }),
    ],
    ['definitions', (schema) => ({ $defs: { a: schema } })],
  ])('are found in time that grows with the size of a schema, not with its square: %s', (_, inner) => {
    const few = nested(2_000, inner);
    const many = nested(40_000, inner);
    const limit = 20 * costOf(() => parameterHeadersOf(few)) + 100;
    // With the square it would be 400 times as much: seconds.
    expect(costOf(() => parameterHeadersOf(many))).toBeLessThan(10 * limit);
  });

  test('deeper than 100 levels of properties make the tool unusable', () => {
    const at = (levels: number): object => {
      let schema = annotated('string', 'A');
      for (let level = 0; level < levels; level += 1) schema = object({ a: schema });
      return schema;
    };
    expect(headers(at(100))[0]?.path).toHaveLength(100);
    expect(parameterHeadersOf(at(101))).toEqual({
      invalid: 'x-mcp-header stands below 101 levels of properties, and the limit is 100',
    });
  });

  test('are looked for in schemas of any depth', () => {
    let schema: object = object({ a: annotated('string', 'A') });
    for (let depth = 0; depth < 20_000; depth += 1) schema = { not: schema };
    expect(parameterHeadersOf(schema)).toHaveProperty('invalid');
  });
});

test('values are written by type; what is absent, null or of another type has no header', () => {
  const schema = object({
    text: annotated('string', 'Text'),
    count: annotated('integer', 'Count'),
    flag: annotated('boolean', 'Flag'),
    inner: object({ text: annotated('string', 'Inner') }),
  });
  const values = (args: Record<string, unknown> | undefined) => parameterHeaderValues(headers(schema), args);
  expect(values({ text: 'é', count: -5, flag: false, inner: { text: '' } })).toEqual({
    'Mcp-Param-Text': '=?base64?w6k=?=',
    'Mcp-Param-Count': '-5',
    'Mcp-Param-Flag': 'false',
    'Mcp-Param-Inner': '',
  });
  expect(values({ text: null, count: 1.5, flag: 'true', inner: null })).toEqual({});
  expect(values({ text: 5, count: 2 ** 53, inner: [] })).toEqual({});
  expect(values(undefined)).toEqual({});
  const inherited = object({ toString: annotated('string', 'A') });
  expect(parameterHeaderValues(headers(inherited), {})).toEqual({});
});
