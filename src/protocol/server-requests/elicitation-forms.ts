import type { CheckProblem } from '../checks/problem.js';
import { isObject, problem, within } from '../checks/problem.js';
import type { ElicitRequestFormParams, ElicitResult, PrimitiveSchemaDefinition } from '../schema/index.js';

type Form = ElicitRequestFormParams['requestedSchema'];
type Content = NonNullable<ElicitResult['content']>;

/** A form that was filled in, with the defaults of all fields that were left out. 2026-07-28 client/elicitation; SEP-1034. */
export function withDefaults(form: Form, content: Readonly<Content>): Content {
  const defaults = Object.entries(form.properties).flatMap(([name, { default: value }]) =>
    value === undefined || value === null || (Object.hasOwn(content, name) && content[name] !== undefined)
      ? []
      : [[name, value] as const],
  );
  // Entries, since names are the server's choice: one of them may be `__proto__`.
  return Object.fromEntries([...Object.entries(content).filter(([, value]) => value !== undefined), ...defaults]);
}

/** The first thing that is wrong with a form that was filled in. 2026-07-28 client/elicitation, "Requested Schema". */
export function contentProblem(form: Form, content: unknown): CheckProblem | undefined {
  if (!isObject(content)) return problem('content', 'an object', content);
  for (const name of form.required ?? []) {
    if (!Object.hasOwn(content, name)) return problem(fieldOf(name), 'there, since it is required', undefined);
  }
  for (const [name, value] of Object.entries(content)) {
    const field = Object.hasOwn(form.properties, name) ? form.properties[name] : undefined;
    if (field === undefined) return problem(fieldOf(name), 'absent, since the form has no such field', value);
    const found = valueProblem(field, value);
    if (found !== undefined) return within(fieldOf(name), found);
  }
  return undefined;
}

/** The names are the server's choice and may be of any length. */
function fieldOf(name: string): string {
  return `content.${name.slice(0, 80)}`;
}

function valueProblem(field: PrimitiveSchemaDefinition, value: unknown): CheckProblem | undefined {
  switch (field.type) {
    case 'boolean':
      return typeof value === 'boolean' ? undefined : problem('', 'a boolean', value);
    case 'number':
    case 'integer':
      return numberProblem(field, value);
    case 'string':
      return textProblem(field, value);
    case 'array':
      return choicesProblem(field, value);
  }
}

function numberProblem(
  { type, minimum, maximum }: Extract<PrimitiveSchemaDefinition, { type: 'number' | 'integer' }>,
  value: unknown,
): CheckProblem | undefined {
  if (typeof value !== 'number' || !Number.isFinite(value)) return problem('', 'a number', value);
  if (type === 'integer' && !Number.isInteger(value)) return wrong('an integer', 'a fraction');
  if (minimum != null && value < minimum) return wrong(`at least ${minimum}`, 'less');
  return maximum != null && value > maximum ? wrong(`at most ${maximum}`, 'more') : undefined;
}

function textProblem(
  field: Extract<PrimitiveSchemaDefinition, { type: 'string' }>,
  value: unknown,
): CheckProblem | undefined {
  if (typeof value !== 'string') return problem('', 'a string', value);
  const choices = choicesOf(field);
  if (choices !== undefined && !choices.includes(value)) return wrong('one of the choices', 'another string');
  const { minLength, maxLength, format } = field as { minLength?: number; maxLength?: number; format?: string };
  const length = [...value].length;
  if (minLength != null && length < minLength) return wrong(`at least ${minLength} characters`, `${length}`);
  if (maxLength != null && length > maxLength) return wrong(`at most ${maxLength} characters`, `${length}`);
  return format == null || hasFormat(value, format) ? undefined : wrong(`of the format ${format}`, 'another string');
}

function choicesProblem(
  { items, minItems, maxItems }: Extract<PrimitiveSchemaDefinition, { type: 'array' }>,
  value: unknown,
): CheckProblem | undefined {
  if (!Array.isArray(value)) return problem('', 'an array', value);
  const { anyOf, enum: listed = [] } = items as { anyOf?: { const: string }[] | null; enum?: string[] };
  const choices = anyOf?.map((one) => one.const) ?? listed;
  for (const [index, one] of value.entries()) {
    if (typeof one !== 'string') return problem(`[${index}]`, 'a string', one);
    if (!choices.includes(one)) return within(`[${index}]`, wrong('one of the choices', 'another string'));
  }
  if (minItems != null && value.length < minItems) return wrong(`at least ${minItems} choices`, `${value.length}`);
  return maxItems != null && value.length > maxItems
    ? wrong(`at most ${maxItems} choices`, `${value.length}`)
    : undefined;
}

function choicesOf(field: Extract<PrimitiveSchemaDefinition, { type: 'string' }>): readonly string[] | undefined {
  const { oneOf, enum: listed } = field as { oneOf?: { const: string }[]; enum?: string[] };
  return oneOf?.map((one) => one.const) ?? listed ?? undefined;
}

/** A problem in which the value has the right type. It stays out of the message: it may be a secret. */
function wrong(expected: string, received: string): CheckProblem {
  return { path: '', expected, received };
}

const DATE = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/;
const TIME = /^(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/i;
const EMAIL = /^[^\s@]+@[^\s@]+$/;

/** Whether a text has a format. Of a format that is not known nothing is demanded. */
function hasFormat(value: string, format: string): boolean {
  switch (format) {
    case 'email':
      return EMAIL.test(value);
    case 'uri':
      return URL.canParse(value);
    case 'date':
      return DATE.test(value);
    case 'date-time':
      return DATE.test(value.slice(0, 10)) && /^[Tt ]$/.test(value.charAt(10)) && TIME.test(value.slice(11));
    default:
      return true;
  }
}
