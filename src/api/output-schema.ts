import type { Ajv, Options, ValidateFunction } from 'ajv';

import { isObject } from '../protocol/checks/problem.js';

/** Keywords whose values are data, whatever they look like. */
const DATA: ReadonlySet<string> = new Set(['const', 'default', 'enum', 'example', 'examples', 'required']);

/** Keywords that hold schemas by names of anybody's choice. */
const BY_NAME: ReadonlySet<string> = new Set([
  '$defs',
  'definitions',
  'dependencies',
  'dependentSchemas',
  'patternProperties',
  'properties',
]);

/** Formats are annotations unless one asks for more, and servers may use keywords of their own. */
const OPTIONS: Options = { strict: false, validateFormats: false, logger: false, code: { regExp: lenientPattern() } };

/**
 * Compiles a JSON Schema of 2020-12, which is the default, or of draft-07. It takes what these allow and Ajv refuses: `multipleOf: 0.01` for
 * 19.99, a keyword `id`, `nullable` without `type`, an empty `enum`, and patterns that are none in Unicode mode. 2026-07-28 basic/index,
 * "JSON Schema Usage".
 * @throws Error for a schema of another dialect, and for one that cannot be compiled.
 */
export async function compileSchema(schema: object, within: <T>(fn: () => T) => T): Promise<ValidateFunction> {
  const { $schema: dialect, ...rest } = schema as { readonly $schema?: unknown };
  const ajv = await validatorFor(dialect);
  ajv.removeKeyword('id');
  ajv.removeKeyword('multipleOf');
  ajv.addKeyword({
    keyword: 'multipleOf',
    type: 'number',
    schemaType: 'number',
    compile: (divisor: number) => (value: number) => isMultiple(value, divisor),
    error: { message: 'must be a multiple of the number in `multipleOf`' },
  });
  return within(() => ajv.compile(understood(rest) as object));
}

async function validatorFor(dialect: unknown): Promise<Ajv> {
  const name = typeof dialect === 'string' ? dialect : '2020-12';
  if (name.includes('draft-07')) return new (await import('ajv')).Ajv(OPTIONS);
  if (name.includes('2020-12')) return new (await import('ajv/dist/2020.js')).Ajv2020(OPTIONS);
  throw new Error(`its dialect ${name.slice(0, 80)} is neither 2020-12 nor draft-07`);
}

/** Whether a number is a multiple, as far as numbers with a binary point can say it of decimal ones. */
function isMultiple(value: number, divisor: number): boolean {
  const quotient = value / divisor;
  if (!Number.isFinite(quotient)) return value % divisor === 0;
  return Math.abs(quotient - Math.round(quotient)) <= 4 * Number.EPSILON * Math.max(1, Math.abs(quotient));
}

/**
 * A pattern whose escapes of letters mean the same in and out of Unicode mode. `\Z` of Python and `\p{L}` would be the letters Z and p out of
 * it, and valid output would be refused.
 */
const PORTABLE = /^(?:[^\\]|\\[^A-Za-z]|\\[bBcdDfknrsStuvwWx])*$/;

/** Compiles patterns in Unicode mode, as the specification wants it, and else as most programs do it. */
function lenientPattern(): NonNullable<NonNullable<Options['code']>['regExp']> {
  const compile = (pattern: string, flags: string): RegExp => {
    try {
      return new RegExp(pattern, flags);
    } catch (error) {
      if (PORTABLE.test(pattern)) return new RegExp(pattern);
      throw error;
    }
  };
  return Object.assign(compile, { code: 'new RegExp' });
}

/** A schema that means the same, in words that Ajv takes. */
function understood(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(understood);
  if (!isObject(schema)) return schema;
  const copy = new Map<string, unknown>();
  for (const [keyword, value] of Object.entries(schema)) {
    if (DATA.has(keyword)) copy.set(keyword, value);
    else if (BY_NAME.has(keyword) && isObject(value)) copy.set(keyword, eachUnderstood(value));
    else copy.set(keyword, understood(value));
  }
  // A keyword of OpenAPI. Beside a type it is taken as it is meant there; elsewhere it says nothing.
  if (schema.type === undefined || schema.nullable === false) copy.delete('nullable');
  if (Array.isArray(schema.enum) && schema.enum.length === 0) {
    copy.delete('enum');
    copy.set('allOf', [...(Array.isArray(schema.allOf) ? (copy.get('allOf') as unknown[]) : []), false]);
  }
  return Object.fromEntries(copy);
}

function eachUnderstood(schemas: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, understood(schema)]));
}
