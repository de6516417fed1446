import type { ElicitRequestFormParams, PrimitiveSchemaDefinition } from '../../protocol/schema/index.js';
import { printable } from '../../util/printable.js';

/** A choice of a field: what is sent, and what is shown. */
export interface Choice {
  readonly value: string;
  readonly label: string;
}

/** A field of a form, as a prompt needs it. */
export interface Field {
  readonly name: string;
  readonly label: string;
  readonly description: string | undefined;
  readonly required: boolean;
  readonly kind: 'text' | 'number' | 'integer' | 'boolean' | 'one' | 'several';
  readonly choices: readonly Choice[];
  readonly initial: unknown;
  /** What is wrong with a text that the user typed; undefined if it is good. */
  readonly problem: (text: string) => string | undefined;
  /** What is wrong with a number of chosen values; undefined if it is good. */
  readonly wrongCount: (count: number) => string | undefined;
}

/** A value of a form. */
export type FieldValue = string | number | boolean | string[];

/** The fields of a form, in the order of the server. */
export function fieldsOf({ requestedSchema }: ElicitRequestFormParams): readonly Field[] {
  const { properties, required = [] } = requestedSchema;
  return Object.entries(properties).map(([name, schema]) => fieldOf(name, schema, required.includes(name)));
}

function fieldOf(name: string, schema: PrimitiveSchemaDefinition, required: boolean): Field {
  const { title, description } = schema;
  const choices = choicesOf(schema);
  return {
    name,
    label: printable(title ?? name),
    description: description === undefined ? undefined : printable(description),
    required,
    kind: kindOf(schema, choices),
    choices,
    initial: schema.default,
    problem: (text) => problemOf(text, schema, required),
    wrongCount: (count) => countProblem(count, schema, required),
  };
}

function kindOf(schema: PrimitiveSchemaDefinition, choices: readonly Choice[]): Field['kind'] {
  if (schema.type === 'array') return 'several';
  if (choices.length > 0) return 'one';
  return schema.type === 'string' ? 'text' : schema.type;
}

function choicesOf(schema: PrimitiveSchemaDefinition): readonly Choice[] {
  if (schema.type === 'array') {
    const { items } = schema;
    return 'anyOf' in items ? items.anyOf.map(titled) : items.enum.map((value) => ({ value, label: printable(value) }));
  }
  if ('oneOf' in schema) return schema.oneOf.map(titled);
  if (!('enum' in schema)) return [];
  const names = 'enumNames' in schema ? schema.enumNames : undefined;
  return schema.enum.map((value, index) => ({ value, label: printable(names?.[index] ?? value) }));
}

function titled(choice: { const: string; title: string }): Choice {
  return { value: choice.const, label: printable(choice.title) };
}

function problemOf(text: string, schema: PrimitiveSchemaDefinition, required: boolean): string | undefined {
  if (text === '') return required ? 'This field is required.' : undefined;
  if (schema.type === 'number' || schema.type === 'integer') return numberProblem(text, schema);
  if (schema.type !== 'string' || 'enum' in schema || 'oneOf' in schema) return undefined;
  const { minLength = 0, maxLength = Infinity, format } = schema;
  // The specification counts characters, not UTF-16 units.
  const { length } = Array.from(text);
  if (length < minLength) return `At least ${minLength} characters, please: these are ${length}.`;
  if (length > maxLength) return `At most ${maxLength} characters, please: these are ${length}.`;
  return format === undefined || FORMATS[format](text) ? undefined : `This is not ${EXAMPLES[format]}.`;
}

function countProblem(count: number, schema: PrimitiveSchemaDefinition, required: boolean): string | undefined {
  if (schema.type !== 'array' || (count === 0 && !required)) return undefined;
  const { minItems = 0, maxItems = Infinity } = schema;
  if (count < minItems) return `Choose at least ${minItems}.`;
  return count > maxItems ? `Choose at most ${maxItems}.` : undefined;
}

function numberProblem(
  text: string,
  { type, minimum = -Infinity, maximum = Infinity }: { type: string; minimum?: number; maximum?: number },
): string | undefined {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) return 'This is not a number.';
  if (type === 'integer' && !Number.isInteger(value)) return 'This is not a whole number.';
  if (value < minimum) return `At least ${minimum}, please.`;
  return value > maximum ? `At most ${maximum}, please.` : undefined;
}

type Format = 'email' | 'uri' | 'date' | 'date-time';

const FORMATS: Readonly<Record<Format, (text: string) => boolean>> = {
  email: (text) => /^[^\s@]+@[^\s@]+$/.test(text),
  uri: (text) => URL.canParse(text),
  date: (text) => isDate(text),
  'date-time': (text) => {
    return (
      /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)$/i.test(text) && isDate(text.slice(0, 10))
    );
  },
};

function isDate(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return false;
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}

const EXAMPLES: Readonly<Record<Format, string>> = {
  email: 'an e-mail address',
  uri: 'a URI such as https://example.com',
  date: 'a date such as 2026-11-30',
  'date-time': 'a date and time such as 2026-11-30T12:00:00Z',
};

/** The value that is sent for a text that the user typed, or that stands in a file; undefined for none. */
export function valueOf({ kind }: Field, text: string): FieldValue | undefined {
  if (text === '') return undefined;
  return kind === 'number' || kind === 'integer' ? Number(text) : text;
}

/** Whether a value of `--answers` may be sent for a field. */
export function fits({ kind, choices, problem, wrongCount }: Field, value: unknown): boolean {
  const isChoice = (one: unknown): boolean => choices.some((choice) => choice.value === one);
  switch (kind) {
    case 'boolean':
      return typeof value === 'boolean';
    case 'one':
      return isChoice(value);
    case 'several':
      return Array.isArray(value) && value.every(isChoice) && wrongCount(value.length) === undefined;
    case 'text':
      return typeof value === 'string' && (value === '' || problem(value) === undefined);
    default:
      return typeof value === 'number' && problem(String(value)) === undefined;
  }
}
