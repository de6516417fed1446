import type { Ajv, Options, ValidateFunction } from 'ajv';

/** A class of Ajv, for one dialect of JSON Schema. */
export type AjvClass = new (options: Options) => Ajv;

/** Compiles a schema. Throws for an invalid one. */
export type SchemaCompiler = (schema: object) => ValidateFunction;

/** The result of a validation: valid, or the path of the first wrong value and what is wrong. */
export type Validation =
  { readonly valid: true } | { readonly valid: false; readonly path: string; readonly what: string };

/**
 * Creates a compiler of JSON Schemas of one dialect. It accepts valid schemas that Ajv refuses: `multipleOf: 0.01` for 19.99, a keyword
 * `id`, `nullable` without `type`, an empty `enum`, and patterns that are invalid in Unicode mode. 2026-07-28 basic/index, "JSON Schema
 * Usage".
 *
 * A worker thread runs this function from its source text, so it must not use anything that is defined outside of it.
 */
export function schemaCompiler(Validator: AjvClass): SchemaCompiler {
  /** Keywords whose values are data and not schemas. */
  const data = new Set(['const', 'default', 'enum', 'example', 'examples', 'required']);
  /** Keywords whose values are objects of schemas, by name. */
  const byName = new Set([
    '$defs',
    'definitions',
    'dependencies',
    'dependentSchemas',
    'patternProperties',
    'properties',
  ]);

  /**
   * Matches patterns whose escapes have the same meaning with and without Unicode mode. Without it, `\Z` of Python and `\p{L}` would be the
   * letters Z and p, and valid output would be refused.
   */
  const portable = /^(?:[^\\]|\\[^A-Za-z]|\\[bBcdDfknrsStuvwWx])*$/;

  /** Compiles a pattern in Unicode mode, as JSON Schema requires, or without it if that fails. */
  const lenientPattern = (pattern: string, flags: string): RegExp => {
    try {
      return new RegExp(pattern, flags);
    } catch (error) {
      if (portable.test(pattern)) return new RegExp(pattern);
      throw error;
    }
  };

  /** Formats are only annotations, and servers may use their own keywords. */
  const options: Options = {
    strict: false,
    validateFormats: false,
    logger: false,
    code: { regExp: Object.assign(lenientPattern, { code: 'new RegExp' }) },
  };

  /** Whether a number is a multiple of another, within the precision of binary floating point. */
  const isMultiple = (value: number, divisor: number): boolean => {
    const quotient = value / divisor;
    if (!Number.isFinite(quotient)) return value % divisor === 0;
    return Math.abs(quotient - Math.round(quotient)) <= 4 * Number.EPSILON * Math.max(1, Math.abs(quotient));
  };

  const isObject = (value: unknown): value is Record<string, unknown> =>
    typeof value === 'object' && value !== null && !Array.isArray(value);

  /** An equivalent schema that Ajv accepts. */
  const compatible = (schema: unknown): unknown => {
    if (Array.isArray(schema)) return schema.map(compatible);
    if (!isObject(schema)) return schema;
    const copy = new Map<string, unknown>();
    for (const [keyword, value] of Object.entries(schema)) {
      if (data.has(keyword)) copy.set(keyword, value);
      else if (byName.has(keyword) && isObject(value)) copy.set(keyword, eachCompatible(value));
      else copy.set(keyword, compatible(value));
    }
    // `nullable` is a keyword of OpenAPI. It is used beside `type`, and ignored elsewhere.
    if (schema.type === undefined || schema.nullable === false) copy.delete('nullable');
    if (Array.isArray(schema.enum) && schema.enum.length === 0) {
      copy.delete('enum');
      copy.set('allOf', [...(Array.isArray(schema.allOf) ? (copy.get('allOf') as unknown[]) : []), false]);
    }
    return Object.fromEntries(copy);
  };

  const eachCompatible = (schemas: Readonly<Record<string, unknown>>): object =>
    Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, compatible(schema)]));

  // Compiling the meta-schema takes longer than compiling most schemas, so it is done once.
  const metaValidator = new Validator(options);
  void metaValidator.validateSchema({});

  return (schema) => {
    // One instance for each schema, because schemas of different servers may have the same `$id`.
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
    const { $schema: _dialect, ...rest } = compatible(schema) as Record<string, unknown>;
    if (metaValidator.validateSchema(rest) !== true)
      throw new Error(`schema is invalid: ${metaValidator.errorsText()}`);
    const validate = ajv.compile(rest);
    // A schema with `$async`, an extension of Ajv, would be validated with promises.
    if ('$async' in validate) throw new Error('it is asynchronous');
    return validate;
  };
}

/** Validates a value. Like {@link schemaCompiler}, a worker thread runs this function from its source text. */
export function validationOf(validate: ValidateFunction, value: unknown): Validation {
  if (validate(value)) return { valid: true };
  const [first] = validate.errors ?? [];
  return { valid: false, path: first?.instancePath ?? '', what: first?.message ?? 'does not fit' };
}
