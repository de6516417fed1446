import { oneLine } from '../terminal.js';
import { asSchema, choicesOf, itemsOf, propertiesOf, requiredOf, typesOf } from './property-types.js';
import type { Schema } from './property-types.js';

/** How many choices of a parameter a signature names. */
const MOST_CHOICES = 6;

/** A parameter of a tool or prompt. */
export interface Parameter {
  readonly name: string;
  readonly required: boolean;
  /** In the notation of TypeScript. */
  readonly type: string;
  readonly description: string | undefined;
}

/** The parameters of a tool, required ones first. */
export function parametersOf(inputSchema: unknown): readonly Parameter[] {
  const root = asSchema(inputSchema);
  const required = new Set(requiredOf(root, root));
  const all = [...propertiesOf(root, root)].map(([name, schema]) => ({
    name,
    required: required.has(name),
    type: typeName(schema, root),
    description: typeof schema.description === 'string' ? schema.description : undefined,
  }));
  return [...all.filter((one) => one.required), ...all.filter((one) => !one.required)];
}

/** A tool as a signature: `create_issue(title: string, labels?: string[])`. */
export function signatureOf(name: string, parameters: readonly Parameter[]): string {
  const list = parameters.map(({ name: key, required, type }) => `${oneLine(key)}${required ? '' : '?'}: ${type}`);
  return `${oneLine(name)}(${list.join(', ')})`;
}

function typeName(schema: Schema, root: Schema, depth = 0): string {
  const choices = choicesOf(schema, root);
  if (choices !== undefined) {
    const shown = choices.slice(0, MOST_CHOICES).map((choice) => oneLine(JSON.stringify(choice), 40));
    return [...shown, ...(choices.length > MOST_CHOICES ? ['…'] : [])].join(' | ');
  }
  const types = [...typesOf(schema, root)].map((type) => {
    if (type === 'array') return arrayName(schema, root, depth);
    if (type === 'object') return objectName(schema, root, depth);
    return oneLine(type, 20);
  });
  return types.length === 0 ? 'any' : types.join(' | ');
}

function arrayName(schema: Schema, root: Schema, depth: number): string {
  const item = depth > 2 ? 'any' : typeName(itemsOf(schema, root), root, depth + 1);
  return item.includes(' | ') ? `(${item})[]` : `${item}[]`;
}

function objectName(schema: Schema, root: Schema, depth: number): string {
  const properties = depth > 1 ? [] : [...propertiesOf(schema, root)];
  if (properties.length === 0 || properties.length > MOST_CHOICES) return 'object';
  const required = new Set(requiredOf(schema, root));
  const list = properties.map(([name, property]) => {
    return `${oneLine(name)}${required.has(name) ? '' : '?'}: ${typeName(property, root, depth + 1)}`;
  });
  return `{ ${list.join(', ')} }`;
}
