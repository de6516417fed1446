import { contentProblem, withDefaults } from '../../src/protocol/server-requests/elicitation-forms.js';
import type { ElicitRequestFormParams, PrimitiveSchemaDefinition } from '../../src/protocol/schema/index.js';

type Form = ElicitRequestFormParams['requestedSchema'];

const form = (properties: Record<string, PrimitiveSchemaDefinition>, required?: string[]): Form => ({
  type: 'object',
  properties,
  ...(required !== undefined && { required }),
});

const choices: PrimitiveSchemaDefinition = { type: 'string', enum: ['a', 'b'] };
const titled: PrimitiveSchemaDefinition = { type: 'string', oneOf: [{ const: 'a', title: 'A' }] };
const several: PrimitiveSchemaDefinition = {
  type: 'array',
  items: { type: 'string', enum: ['a', 'b'] },
  minItems: 1,
  maxItems: 2,
};
const severalTitled: PrimitiveSchemaDefinition = { type: 'array', items: { anyOf: [{ const: 'a', title: 'A' }] } };

describe('the value of a field', () => {
  test.each<[unknown, PrimitiveSchemaDefinition | Record<string, unknown>]>([
    ['x', { type: 'string' }],
    ['', { type: 'string' }],
    ['ab', { type: 'string', minLength: 2, maxLength: 2 }],
    ['👍👍', { type: 'string', maxLength: 2 }],
    ['ada@example.com', { type: 'string', format: 'email' }],
    ['https://example.com', { type: 'string', format: 'uri' }],
    ['2026-02-28', { type: 'string', format: 'date' }],
    ['2026-02-28T23:59:60Z', { type: 'string', format: 'date-time' }],
    ['2026-02-28T23:59:59.123+01:00', { type: 'string', format: 'date-time' }],
    ['anything', { type: 'string', format: 'hostname' }],
    [0, { type: 'number', minimum: 0, maximum: 0 }],
    [-1.5, { type: 'number' }],
    [3, { type: 'integer' }],
    [false, { type: 'boolean' }],
    ['b', choices],
    ['a', titled],
    ['b', { ...choices, enumNames: ['A', 'B'] }],
    [['a'], { type: 'array', items: { type: 'string', enum: ['a'], anyOf: null } }],
    [['A'], { type: 'array', items: { anyOf: [{ const: 'A', title: 'a' }], enum: null } }],
    [['a'], several],
    [['a', 'b'], several],
    [[], severalTitled],
    ['x', { type: 'string', minLength: null, enum: null, format: null, oneOf: null }],
  ])('%j fits %j', (value, field) => {
    expect(contentProblem(form({ field: field as PrimitiveSchemaDefinition }), { field: value })).toBeUndefined();
  });

  test.each<[unknown, PrimitiveSchemaDefinition, string]>([
    [1, { type: 'string' }, 'a string, got a number'],
    [null, { type: 'string' }, 'a string, got null'],
    ['a', { type: 'string', minLength: 2 }, 'at least 2 characters, got 1'],
    ['abc', { type: 'string', maxLength: 2 }, 'at most 2 characters, got 3'],
    ['ada', { type: 'string', format: 'email' }, 'of the format email, got another string'],
    ['example', { type: 'string', format: 'uri' }, 'of the format uri, got another string'],
    ['28.02.2026', { type: 'string', format: 'date' }, 'of the format date, got another string'],
    ['2026-02-28', { type: 'string', format: 'date-time' }, 'of the format date-time, got another string'],
    ['2026-02-28T25:00:00Z', { type: 'string', format: 'date-time' }, 'of the format date-time, got another string'],
    ['1', { type: 'number' }, 'a number, got a string'],
    [NaN, { type: 'number' }, 'a number, got a number'],
    [17, { type: 'integer', minimum: 18 }, 'at least 18, got less'],
    [100, { type: 'number', maximum: 99 }, 'at most 99, got more'],
    [1.5, { type: 'integer' }, 'an integer, got a fraction'],
    ['true', { type: 'boolean' }, 'a boolean, got a string'],
    ['c', choices, 'one of the choices, got another string'],
    ['A', titled, 'one of the choices, got another string'],
    ['a', several, 'an array, got a string'],
    [[], several, 'at least 1 choices, got 0'],
    [['a', 'b', 'a'], several, 'at most 2 choices, got 3'],
    [['b'], severalTitled, 'one of the choices, got another string'],
    [[1], several, 'a string, got a number'],
  ])('%j does not fit %j', (value, field, problem) => {
    const found = contentProblem(form({ field }), { field: value });
    expect(`${found?.expected ?? ''}, got ${found?.received ?? ''}`).toBe(problem);
    expect(found?.path).toMatch(/^content\.field(\[0\])?$/);
  });
});

describe('a form', () => {
  test('is answered with its own fields only', () => {
    expect(contentProblem(form({ name: { type: 'string' } }), { nmae: 'Ada' })).toEqual({
      path: 'content.nmae',
      expected: 'absent, since the form has no such field',
      received: 'a string',
    });
  });

  test('has its defaults filled in where nothing was said', () => {
    const all = form({
      text: { type: 'string', default: 'x' },
      number: { type: 'number', default: 0 },
      flag: { type: 'boolean', default: false },
      choice: { ...choices, default: 'b' },
      several: { ...several, default: ['a'] },
      open: { type: 'string' },
    });
    const defaults = { text: 'x', number: 0, flag: false, choice: 'b', several: ['a'] };
    expect(withDefaults(all, {})).toEqual(defaults);
    expect(withDefaults(all, { text: '', flag: true, several: [] })).toEqual({
      ...defaults,
      text: '',
      flag: true,
      several: [],
    });
  });

  test('takes the names of its fields for nothing but names', () => {
    const properties = JSON.parse(
      '{"__proto__": {"type": "string", "default": "x"}, "toString": {"type": "string"}}',
    ) as Form['properties'];
    const filled = withDefaults(form(properties, ['toString']), {});
    expect(Object.getPrototypeOf(filled)).toBe(Object.prototype);
    expect(Object.entries(filled)).toEqual([['__proto__', 'x']]);
    expect(contentProblem(form(properties, ['toString']), filled)).toMatchObject({ path: 'content.toString' });
    expect(contentProblem(form({}), { constructor: 'x' })).toMatchObject({ path: 'content.constructor' });
  });
});
