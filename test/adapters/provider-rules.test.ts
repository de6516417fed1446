import { PROVIDER_RULES, refusalsOf } from '../../src/adapters/provider-rules.js';

const GOOD = { type: 'object', properties: { text: { type: 'string' } } };

/** The providers that refuse a tool, and the rules, such as `openai:name`. */
function refused(inputSchema: unknown, name = 'tool'): string[] {
  return refusalsOf({ name, inputSchema }).map(({ provider, rule }) => `${provider}:${rule}`);
}

function property(schema: object): object {
  return { type: 'object', properties: { value: schema } };
}

describe('the rules of providers', () => {
  it.each([
    ['the schema of a tool without arguments', { type: 'object', properties: {} }],
    ['a schema with its dialect', { $schema: 'http://json-schema.org/draft-07/schema#', ...GOOD }],
    ['an anyOf inside of a property', property({ anyOf: [{ type: 'string' }, { type: 'null' }] })],
    ['a list of types', property({ type: ['string', 'null'] })],
    ['an array with items', property({ type: 'array', items: { type: 'number' } })],
    ['a tuple', property({ type: 'array', prefixItems: [{ type: 'number' }] })],
    ['a reference', { ...property({ $ref: '#/$defs/a' }), $defs: { a: { type: 'string' } } }],
    ['a reference with an escaped name', { ...property({ $ref: '#/$defs/a~1b%20c' }), $defs: { 'a/b c': {} } }],
    ['an anchor', { ...property({ $ref: '#here' }), $defs: { a: { $anchor: 'here' } } }],
    ['the keyword of a property with the name anyOf', { type: 'object', properties: { anyOf: { type: 'string' } } }],
    ['a value that looks like a schema', property({ type: 'object', default: { type: 'array' }, properties: {} })],
  ])('accept %s', (_what, schema) => {
    expect(refused(schema)).toEqual([]);
  });

  it.each<[what: string, schema: unknown, refusals: string[]]>([
    ['no schema', undefined, ['openai:object', 'anthropic:object', 'google:object']],
    ['another type at the top', { type: 'string' }, ['openai:object', 'anthropic:object', 'google:object']],
    ['anyOf at the top', { ...GOOD, anyOf: [] }, ['openai:top-level', 'anthropic:top-level']],
    ['oneOf at the top', { ...GOOD, oneOf: [] }, ['openai:top-level', 'anthropic:top-level']],
    ['not at the top', { ...GOOD, not: {} }, ['openai:top-level-enum-not']],
    ['no properties', { type: 'object' }, ['openai:properties']],
    ['an array without items', property({ type: 'array' }), ['openai:array-items']],
    [
      'an inner array without items',
      property({ type: 'array', items: { type: ['array', 'null'] } }),
      ['openai:array-items'],
    ],
    ['a property with a space', { type: 'object', properties: { 'a b': {} } }, ['anthropic:property-names']],
    ['a long property', { type: 'object', properties: { ['x'.repeat(65)]: {} } }, ['anthropic:property-names']],
    ['a list of items', property({ type: 'array', items: [{ type: 'number' }] }), ['anthropic:draft-2020-12']],
    ['a limit of draft 4', property({ type: 'number', exclusiveMinimum: true }), ['anthropic:draft-2020-12']],
    ['an unknown type', property({ type: 'any' }), ['openai:types', 'anthropic:types', 'google:types']],
    [
      'a reference to nothing',
      property({ $ref: '#/$defs/gone' }),
      ['openai:references', 'anthropic:references', 'google:references'],
    ],
    [
      'a reference elsewhere',
      property({ $ref: 'https://example.com/schema.json' }),
      ['openai:references', 'anthropic:references', 'google:references'],
    ],
    [
      'a keyword beside a reference',
      { ...property({ $ref: '#/$defs/a', type: 'string' }), $defs: { a: {} } },
      ['google:reference-siblings'],
    ],
    [
      'a schema that refers to itself',
      {
        ...property({ $ref: '#/$defs/node' }),
        $defs: { node: { type: 'object', properties: { next: { $ref: '#/$defs/node' } } } },
      },
      ['google:recursion'],
    ],
  ])('refuse %s', (_what, schema, refusals) => {
    expect(refused(schema)).toEqual(refusals);
  });

  it.each<[name: string, refusals: string[]]>([
    ['get_issue-2', []],
    ['issues.get', ['openai:name', 'anthropic:name']],
    ['2fa', ['google:name']],
    ['a'.repeat(65), ['openai:name', 'google:name']],
    ['a'.repeat(129), ['openai:name', 'anthropic:name', 'google:name']],
    ['with space', ['openai:name', 'anthropic:name', 'google:name']],
    ['', ['openai:name', 'anthropic:name', 'google:name']],
  ])('judge the name "%s"', (name, refusals) => {
    expect(refused(GOOD, name)).toEqual(refusals);
  });

  it('name the place', () => {
    const schema = property({ type: 'array', items: { anyOf: [{ type: 'string' }, { type: 'array' }] } });
    expect(refusalsOf({ name: 'tool', inputSchema: schema })).toMatchObject([
      { provider: 'openai', path: 'inputSchema.properties.value.items.anyOf[1]' },
    ]);
  });

  it('have sources, and a name that is unique for each provider', () => {
    expect(PROVIDER_RULES.filter(({ sources }) => sources.length === 0)).toEqual([]);
    const names = PROVIDER_RULES.flatMap(({ name, providers }) => providers.map((one) => `${one}:${name}`));
    expect(new Set(names).size).toBe(names.length);
  });

  it('end for schemas that are deep, cyclic through references, or of any value', () => {
    let deep: object = { type: 'string' };
    for (let depth = 0; depth < 5_000; depth += 1) deep = { type: 'array', items: deep };
    const chain = Object.fromEntries(
      Array.from({ length: 200 }, (_one, at) => [`d${at}`, { $ref: `#/$defs/d${(at + 1) % 200}` }]),
    );
    const values = [deep, property(deep), { ...GOOD, $defs: chain }, null, 7, [], { type: [null, 3], properties: [] }];
    for (const value of values) expect(() => refusalsOf({ name: 'tool', inputSchema: value })).not.toThrow();
    expect(refused({ ...GOOD, $defs: chain })).toEqual(['google:recursion']);
  });
});
