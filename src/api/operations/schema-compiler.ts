import type { Ajv, Options, ValidateFunction } from 'ajv';

/** A class of Ajv, for one dialect of JSON Schema. */
export type AjvClass = new (options: Options) => Ajv;

/** Compiles a schema. Throws an error for one that cannot be compiled. */
export type SchemaCompiler = (schema: object) => ValidateFunction;

/** What a value was found to be: valid, or wrong at a place in it and in a way. */
export type Verdict =
  { readonly valid: true } | { readonly valid: false; readonly path: string; readonly what: string };

/**
 * Makes a compiler of JSON Schemas of one dialect. It takes what the dialects allow and Ajv refuses: `multipleOf: 0.01` for 19.99, a keyword
 * `id`, `nullable` without `type`, an empty `enum`, and patterns that are none in Unicode mode. 2026-07-28 basic/index, "JSON Schema Usage".
 *
 * A worker thread runs this function from its source text: it must use nothing that is defined outside of it.
 */
export function schemaCompiler(Validator: AjvClass): SchemaCompiler {
  /** Keywords whose values are data, whatever they look like. */
  const data = new Set(['const', 'default', 'enum', 'example', 'examples', 'required']);
  /** Keywords that hold schemas by names of anybody's choice. */
  const byName = new Set([
    '$defs',
    'definitions',
    'dependencies',
    'dependentSchemas',
    'patternProperties',
    'properties',
  ]);

  /**
   * A pattern whose escapes of letters mean the same in and out of Unicode mode. `\Z` of Python and `\p{L}` would be the letters Z and p out of
   * it, and valid output would be refused.
   */
  const portable = /^(?:[^\\]|\\[^A-Za-z]|\\[bBcdDfknrsStuvwWx])*$/;

  /** Compiles patterns in Unicode mode, as the specification wants it, and else as most programs do it. */
  const lenientPattern = (pattern: string, flags: string): RegExp => {
    try {
      return new RegExp(pattern, flags);
    } catch (error) {
      if (portable.test(pattern)) return new RegExp(pattern);
      throw error;
    }
  };

  /** Formats are annotations unless one asks for more, and servers may use keywords of their own. */
  const options: Options = {
    strict: false,
    validateFormats: false,
    logger: false,
    code: { regExp: Object.assign(lenientPattern, { code: 'new RegExp' }) },
  };

  /** Whether a number is a multiple, as far as numbers with a binary point can say it of decimal ones. */
  const isMultiple = (value: number, divisor: number): boolean => {
    const quotient = value / divisor;
    if (!Number.isFinite(quotient)) return value % divisor === 0;
    return Math.abs(quotient - Math.round(quotient)) <= 4 * Number.EPSILON * Math.max(1, Math.abs(quotient));
  };

  const isObject = (value: unknown): value is Record<string, unknown> =>
    typeof value === 'object' && value !== null && !Array.isArray(value);

  /** A schema that means the same, in words that Ajv takes. */
  const understood = (schema: unknown): unknown => {
    if (Array.isArray(schema)) return schema.map(understood);
    if (!isObject(schema)) return schema;
    const copy = new Map<string, unknown>();
    for (const [keyword, value] of Object.entries(schema)) {
      if (data.has(keyword)) copy.set(keyword, value);
      else if (byName.has(keyword) && isObject(value)) copy.set(keyword, eachUnderstood(value));
      else copy.set(keyword, understood(value));
    }
    // A keyword of OpenAPI. Beside a type it is taken as it is meant there; elsewhere it says nothing.
    if (schema.type === undefined || schema.nullable === false) copy.delete('nullable');
    if (Array.isArray(schema.enum) && schema.enum.length === 0) {
      copy.delete('enum');
      copy.set('allOf', [...(Array.isArray(schema.allOf) ? (copy.get('allOf') as unknown[]) : []), false]);
    }
    return Object.fromEntries(copy);
  };

  const eachUnderstood = (schemas: Readonly<Record<string, unknown>>): object =>
    Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, understood(schema)]));

  // Compiling the schema of schemas takes longer than compiling most schemas: it is done once.
  const judge = new Validator(options);
  void judge.validateSchema({});

  return (schema) => {
    // One for each: schemas of strangers may have the same `$id`.
    const ajv = new Validator({ ...options, validateSchema: false });
    ajv.removeKeyword('id');
    ajv.removeKeyword('multipleOf');
    ajv.addKeyword({
      keyword: 'multipleOf',
      type: 'number',
      schemaType: 'number',
      compile: (divisor: number) => (value: number) => isMultiple(value, divisor),
      error: { message: 'must be a multiple of the number in `multipleOf`' },
    });
    const { $schema: _dialect, ...rest } = understood(schema) as Record<string, unknown>;
    if (judge.validateSchema(rest) !== true) throw new Error(`schema is invalid: ${judge.errorsText()}`);
    const validate = ajv.compile(rest);
    // Ajv's own `$async` makes promises of verdicts, one of them rejected.
    if ('$async' in validate) throw new Error('it is asynchronous');
    return validate;
  };
}

/** Holds a value against a schema. As for {@link schemaCompiler}, a worker thread runs it from its source text. */
export function verdictOf(validate: ValidateFunction, value: unknown): Verdict {
  if (validate(value)) return { valid: true };
  const [first] = validate.errors ?? [];
  return { valid: false, path: first?.instancePath ?? '', what: first?.message ?? 'does not fit' };
}
