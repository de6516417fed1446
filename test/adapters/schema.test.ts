import { nameFor } from '../../src/adapters/names.js';
import { portableSchema, withOriginalNames } from '../../src/adapters/schema/portable-schema.js';
import { strictSchema, withoutAddedNulls } from '../../src/adapters/schema/strict-schema.js';
import { anthropicProblems, googleProblems, openAIProblems } from './support/provider-rules.js';

type Json = Readonly<Record<string, unknown>>;

const PROVIDERS = ['openai', 'anthropic', 'google', 'any'] as const;

describe('nameFor', () => {
  test.each(PROVIDERS)('keeps a name that %s takes', (provider) => {
    expect(nameFor(provider, 'create_issue-2')).toBe('create_issue-2');
  });

  test('ends a changed name with digits of the hash of the whole name, so that similar names differ', () => {
    expect(nameFor('openai', 'a.b')).toMatch(/^a_b_[0-9a-f]{6}$/);
    expect(nameFor('openai', 'a.b')).not.toBe(nameFor('openai', 'a:b'));
    const long = 'x'.repeat(200);
    expect(nameFor('openai', `${long}1`)).not.toBe(nameFor('openai', `${long}2`));
  });

  test.each(['', ' ', '9lives', 'ä', '😀', '__proto__', 'x'.repeat(100), 'x'.repeat(10_000), '../x', 'a.b:c'])(
    'makes a name of %j that each provider takes',
    (name) => {
      expect(openAIProblems(nameFor('openai', name), { type: 'object', properties: {} }, false)).toEqual([]);
      expect(anthropicProblems(nameFor('anthropic', name), { type: 'object', properties: {} })).toEqual([]);
      expect(googleProblems(nameFor('google', name), { type: 'object', properties: {} })).toEqual([]);
    },
  );

  test('keeps the dots and colons that Google takes', () => {
    expect(nameFor('google', 'a.b:c')).toBe('a.b:c');
  });
});

describe('portableSchema', () => {
  test('merges the alternatives of the top level, and says in words what is lost', () => {
    const schema = {
      type: 'object',
      properties: { common: { type: 'string' } },
      required: ['common'],
      oneOf: [
        { properties: { kind: { const: 'a' }, x: { type: 'string' } }, required: ['kind', 'x'] },
        { properties: { kind: { const: 'b' }, x: { type: 'number' } }, required: ['kind'] },
      ],
    };
    const result = portableSchema(schema, 'anthropic');
    expect(result?.schema).toEqual({
      type: 'object',
      properties: {
        common: { type: 'string' },
        kind: { enum: ['a', 'b'] },
        x: { anyOf: [{ type: 'string' }, { type: 'number' }] },
      },
      required: ['common', 'kind'],
    });
    expect(result?.notes).toEqual([
      'The arguments have exactly one of these forms: "kind" (["a"]), "x"; "kind" (["b"]), optionally "x".',
    ]);
  });

  test('adds all parts of allOf', () => {
    const schema = { allOf: [{ properties: { a: { type: 'string' } }, required: ['a'] }, { $ref: '#/$defs/b' }] };
    const $defs = { b: { type: 'object', properties: { b: { type: 'string' } }, required: ['b'] } };
    expect(portableSchema({ type: 'object', ...schema, $defs }, 'openai')?.schema).toEqual({
      type: 'object',
      properties: { a: { type: 'string' }, b: { type: 'string' } },
      required: ['a', 'b'],
    });
  });

  test('cuts a recursive reference after some levels, with a note', () => {
    const node = { type: 'object', properties: { child: { $ref: '#/$defs/node' } } };
    const schema = { type: 'object', properties: { root: { $ref: '#/$defs/node' } }, $defs: { node } };
    const json = JSON.stringify(portableSchema(schema, 'google')?.schema);
    expect(json).not.toContain('$ref');
    expect(json).toContain('Its inner values are not described here.');
  });

  test('renames root properties that Anthropic refuses, and the server receives their original names', () => {
    const schema = { type: 'object', properties: { 'user:id': { type: 'string' }, ok: {} }, required: ['user:id'] };
    const result = portableSchema(schema, 'anthropic');
    if (result === undefined) throw new Error('no schema');
    const [renamed = ''] = Object.keys(result.schema.properties as object);
    expect(renamed).toMatch(/^user_id_[0-9a-f]{6}$/);
    expect(result.schema.required).toEqual([renamed]);
    expect(withOriginalNames({ [renamed]: '1', ok: 2 }, result)).toEqual({ 'user:id': '1', ok: 2 });
  });

  const deep = (levels: number): Json =>
    Array.from({ length: levels }).reduce<Json>((inner) => ({ type: 'object', properties: { a: inner } }), {});
  const all = Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`p${at}`, { $ref: `#/$defs/d${at}` }]));
  const tangled = Object.fromEntries(Object.keys(all).map((_, at) => [`d${at}`, { type: 'object', properties: all }]));
  const wide = Object.fromEntries(Array.from({ length: 100_000 }, (_, at) => [`p${at}`, { type: 'string' }]));

  test.each<[string, unknown]>([
    ['no schema', undefined],
    ['null', null],
    ['a list', []],
    ['a text', 'object'],
    ['10,000 levels', deep(10_000)],
    ['100,000 properties', { type: 'object', properties: wide }],
    ['a reference to itself', { $ref: '#' }],
    ['references in a circle', { $ref: '#/$defs/a', $defs: { a: { $ref: '#/$defs/b' }, b: { $ref: '#/$defs/a' } } }],
    ['30 definitions that all refer to each other', { type: 'object', properties: all, $defs: tangled }],
    ['keywords with wrong values', { type: 7, properties: [], required: 'x', oneOf: {}, items: 3, allOf: [null, 1] }],
    ['a default of 10,000 levels', { type: 'object', properties: { a: { default: deep(10_000) } } }],
    ['a property __proto__', JSON.parse('{"type":"object","properties":{"__proto__":{"type":"string"}}}')],
    ['a reference with an invalid escape', { type: 'object', properties: { a: { $ref: '#/%zz' } } }],
  ])('neither throws nor hangs for %s', (_what, schema) => {
    for (const provider of PROVIDERS) {
      const result = portableSchema(schema, provider);
      if (result === undefined) continue;
      expect(JSON.stringify(result.schema).length).toBeLessThan(5_000_000);
      strictSchema(result.schema);
    }
    expect({}).not.toHaveProperty('type');
  });
});

describe('strictSchema', () => {
  test('makes optional properties nullable and required, in inner objects and arrays too', () => {
    const item = { type: 'object', properties: { a: { type: 'string' }, b: { enum: ['x'] } }, required: ['a'] };
    const schema = { type: 'object', properties: { list: { type: 'array', items: item } } };
    const strict = strictSchema(schema);
    expect(strict).toMatchObject({
      required: ['list'],
      additionalProperties: false,
      properties: {
        list: {
          type: ['array', 'null'],
          items: {
            required: ['a', 'b'],
            properties: { a: { type: 'string' }, b: { anyOf: [{ enum: ['x'] }, { type: 'null' }] } },
          },
        },
      },
    });
    expect(openAIProblems('x', strict, true)).toEqual([]);
  });

  test.each<[string, Json]>([
    ['a free-form object', { type: 'object' }],
    ['an object with other properties', { type: 'object', additionalProperties: { type: 'string' } }],
    ['a value of any type', {}],
    ['a pattern of names', { type: 'object', properties: { a: { type: 'string' } }, patternProperties: { x: {} } }],
    ['oneOf', { oneOf: [{ type: 'string' }, { type: 'number' }] }],
  ])('is undefined for %s, which strict mode cannot express', (_what, inner) => {
    expect(strictSchema({ type: 'object', properties: { inner } })).toBeUndefined();
  });
});

describe('withoutAddedNulls', () => {
  const schema = {
    type: 'object',
    properties: {
      a: { type: 'string' },
      b: { type: ['string', 'null'] },
      needed: { type: ['string', 'null'] },
      inner: { type: 'object', properties: { a: { type: 'number' } } },
      list: { type: 'array', items: { type: 'object', properties: { a: { type: 'string' } } } },
      either: {
        anyOf: [
          { type: 'object', properties: { kind: { const: 'x' }, v: { type: ['string', 'null'] } }, required: ['kind'] },
          { type: 'object', properties: { kind: { const: 'y' }, v: { type: 'string' } }, required: ['kind'] },
        ],
      },
    },
    required: ['needed'],
  };

  test('removes a null of an optional property at any depth, and keeps a null that the tool allows', () => {
    const args = { a: null, b: null, needed: null, inner: { a: null }, list: [{ a: null }, { a: 'x' }], either: null };
    expect(withoutAddedNulls(args, schema)).toEqual({
      b: null,
      needed: null,
      inner: {},
      list: [{}, { a: 'x' }],
    });
  });

  test.each([
    ['x', { kind: 'x', v: null }],
    ['y', { kind: 'y' }],
  ])('treats a null in an alternative as the alternative of kind %s does', (kind, expected) => {
    expect(withoutAddedNulls({ needed: 'n', either: { kind, v: null } }, schema)).toEqual({
      needed: 'n',
      either: expected,
    });
  });
});
