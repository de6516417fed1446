import { isObject } from '../../protocol/checks/problem.js';

/**
 * A schema of zod 4, valibot, arktype or any other library with the interface Standard Schema (https://standardschema.dev). `Output` is the type
 * of valid values.
 *
 * @example
 * const schema = z.object({ temperature: z.number() });
 * const { structuredContent } = await client.callTool('weather', { city: 'Bern' }, { schema });
 * console.log(structuredContent.temperature);
 */
export interface OutputSchema<Output = unknown> {
  /** The properties of the interface Standard Schema. */
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    /** Validates a value, at once or with a promise. */
    readonly validate: (value: unknown) => OutputValidation<Output> | Promise<OutputValidation<Output>>;
    /** The types of the values, for the compiler. Undefined at run time. */
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined;
  };
}

/** The result of a validation with an {@link OutputSchema}: the valid value, or the issues of an invalid one. */
export type OutputValidation<Output> =
  { readonly value: Output; readonly issues?: undefined } | { readonly issues: readonly OutputIssue[] };

/** Why a value does not match an {@link OutputSchema}. */
export interface OutputIssue {
  readonly message: string;
  /** The keys that lead to the part of the value. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** Whether a value has the interface Standard Schema. Schemas of arktype are functions. */
export function isOutputSchema(value: unknown): value is OutputSchema {
  if (!isObject(value) && typeof value !== 'function') return false;
  const standard = (value as { readonly '~standard'?: unknown })['~standard'];
  return isObject(standard) && typeof standard.validate === 'function';
}
