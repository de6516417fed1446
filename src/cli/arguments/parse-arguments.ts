import { didYouMean } from '../../util/did-you-mean.js';
import { CommandError } from '../exit-codes.js';
import { oneLine } from '../terminal.js';
import {
  allowsMore,
  asSchema,
  choicesOf,
  itemsOf,
  propertiesOf,
  requiredOf,
  resolved,
  typesOf,
} from './property-types.js';
import type { Schema } from './property-types.js';

/** What the forms of arguments read from: files and standard input. */
export interface ArgumentSources {
  /** Reads a file as text; `-` is standard input. */
  readonly read: (file: string) => Promise<string>;
}

/** The words and flags in which the user wrote the arguments. */
export interface GivenArguments {
  /** `key=value`, `key:=json`, `key=@file`. */
  readonly words: readonly string[];
  /** The value of `--args`: JSON, or `@file`. */
  readonly json?: string | undefined;
}

/** What is called: a tool or a prompt. */
export interface Called {
  /** The signature, for errors. */
  readonly signature: string;
  readonly schema: unknown;
}

type Values = Record<string, unknown>;

/**
 * Reads the arguments of a call by the schema of the tool.
 * @throws CommandError that names the argument, what is expected, and the signature
 */
export async function parseArguments(
  { words, json }: GivenArguments,
  called: Called,
  sources: ArgumentSources,
): Promise<Values> {
  const root = asSchema(called.schema);
  const values: Values = json === undefined ? {} : await objectFrom(json, sources);
  const written = new Set<string>();
  for (const word of words) {
    const { key, value, isJson } = splitWord(word, called);
    const path = pathOf(key, root);
    const schema = schemaAt(path, root, called);
    const text = value.startsWith('@') && value.length > 1 ? await sources.read(value.slice(1)) : value;
    const parsed = isJson ? parseJson(text, `${key}:=`) : converted(text, schema, root, key, called);
    place(values, path, parsed, written, schema, root);
  }
  checkNames(values, root, called);
  return values;
}

async function objectFrom(json: string, { read }: ArgumentSources): Promise<Values> {
  const text = json.startsWith('@') ? await read(json.slice(1)) : json === '-' ? await read('-') : json;
  const value = parseJson(text, '--args');
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw new CommandError('--args must be a JSON object, such as \'{"key": "value"}\'.');
}

function splitWord(word: string, { signature }: Called): { key: string; value: string; isJson: boolean } {
  const [, key, operator, value] = /^([^=]*?)(:?=)([\s\S]*)$/.exec(word) ?? [];
  if (key !== undefined && key !== '' && value !== undefined) return { key, value, isJson: operator === ':=' };
  const shown = oneLine(word, 60);
  const hint = `Write key=value, key:=json, or --args '{"key": "value"}'. The tool is ${signature}.`;
  throw new CommandError(`"${shown}" is not an argument of a call.`, undefined, hint);
}

/** A name with dots is a path into an object, unless the schema has a property with this name. */
function pathOf(key: string, root: Schema): readonly string[] {
  if (!key.includes('.') || propertiesOf(root, root).has(key)) return [key];
  const parts = key.split('.');
  const [first = ''] = parts;
  const head = propertiesOf(root, root).get(first);
  const types = head === undefined ? undefined : typesOf(head, root);
  return types !== undefined && (types.has('object') || types.size === 0) ? parts : [key];
}

function schemaAt(path: readonly string[], root: Schema, called: Called): Schema {
  let schema = root;
  for (const [index, name] of path.entries()) {
    const properties = propertiesOf(schema, root);
    const next = properties.get(name);
    if (next === undefined && !allowsMore(schema, root))
      throw unknownArgument(path.slice(0, index + 1), properties.keys(), called);
    schema = next ?? {};
  }
  return resolved(schema, root);
}

function unknownArgument(path: readonly string[], known: Iterable<string>, { signature }: Called): CommandError {
  const name = path.at(-1) ?? '';
  const names = [...known];
  const [list] = /^[^.[]+(?=\[\d*\]|\.\d+(?:\.|$))/.exec(name) ?? [];
  const isList = list !== undefined && names.includes(list);
  return new CommandError(
    `Unknown argument "${oneLine(path.join('.'), 60)}".${isList ? '' : didYouMean(name, names)}`,
    undefined,
    `${isList ? `Write a list as JSON, such as ${list}:='[…]', or one ${list}=value for each of its values. ` : ''}The tool is ${signature}.`,
  );
}

function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    const why = error instanceof Error ? `: ${oneLine(error.message, 100)}` : '';
    throw new CommandError(
      `The value of ${where} is not JSON${why}.`,
      undefined,
      'Put JSON into single quotes for the shell.',
    );
  }
}

/** How many lists within lists are built around a text. */
const DEEPEST_LIST = 5;

/** Converts the text of `key=value` by the schema of the property. A text stays a text: `id=007`. */
function converted(text: string, schema: Schema, root: Schema, key: string, called: Called, depth = 0): unknown {
  const choices = choicesOf(schema, root);
  if (choices !== undefined) {
    const choice = choices.find((one) => (typeof one === 'string' ? one : JSON.stringify(one)) === text);
    if (choice !== undefined) return choice;
    const shown = choices.slice(0, 20).map((one) => oneLine(typeof one === 'string' ? one : JSON.stringify(one), 40));
    throw unsuitable(key, `one of ${shown.join(', ')}`, called, didYouMean(text, shown));
  }
  const types = typesOf(schema, root);
  if (types.size === 0 || types.has('string')) return text;
  if (types.has('null') && text === 'null') return null;
  if (types.has('boolean') && (text === 'true' || text === 'false')) return text === 'true';
  if ((types.has('integer') || types.has('number')) && isNumber(text, !types.has('number'))) return Number(text);
  if (types.has('array')) {
    if (text.trimStart().startsWith('[')) return parseJson(text, `${key}=`);
    // The elements may be lists again, without an end if the schema refers to itself.
    if (depth < DEEPEST_LIST) return [converted(text, itemsOf(schema, root), root, key, called, depth + 1)];
  }
  if (types.has('object') && text.trimStart().startsWith('{')) return parseJson(text, `${key}=`);
  throw unsuitable(key, [...types].map((type) => EXPECTED[type] ?? type).join(' or '), called);
}

const EXPECTED: Readonly<Record<string, string>> = {
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  object: 'JSON of an object: key:=\'{"name": "value"}\', or key.name=value',
  null: 'null',
};

function isNumber(text: string, whole: boolean): boolean {
  return text.trim() !== '' && Number.isFinite(Number(text)) && (!whole || Number.isInteger(Number(text)));
}

function unsuitable(key: string, expected: string, { signature }: Called, guess = ''): CommandError {
  return new CommandError(
    `The argument "${oneLine(key, 60)}" must be ${expected}.${guess}`,
    undefined,
    `The tool is ${signature}.`,
  );
}

/** Sets a value. A name that is repeated adds to an array. */
function place(
  values: Values,
  path: readonly string[],
  value: unknown,
  written: Set<string>,
  schema: Schema,
  root: Schema,
): void {
  let object = values;
  for (const name of path.slice(0, -1)) {
    const inner = Object.hasOwn(object, name) ? object[name] : undefined;
    const next = typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? { ...inner } : {};
    define(object, name, next);
    object = next;
  }
  const name = path.at(-1) ?? '';
  const key = path.join('.');
  const before = Object.hasOwn(object, name) ? object[name] : undefined;
  const adds = written.has(key) && Array.isArray(before) && Array.isArray(value) && typesOf(schema, root).has('array');
  define(object, name, adds ? [...(before as unknown[]), ...(value as unknown[])] : value);
  written.add(key);
}

/** Sets a property, also one that is called `__proto__`. */
function define(object: Values, name: string, value: unknown): void {
  Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
}

function checkNames(values: Values, root: Schema, called: Called): void {
  const properties = propertiesOf(root, root);
  if (!allowsMore(root, root)) {
    const unknown = Object.keys(values).find((name) => !properties.has(name));
    if (unknown !== undefined) throw unknownArgument([unknown], properties.keys(), called);
  }
  const missing = requiredOf(root, root).filter((name) => !Object.hasOwn(values, name));
  if (missing.length === 0) return;
  const names = missing.map((name) => `"${oneLine(name, 60)}"`).join(', ');
  const word = missing.length === 1 ? 'argument' : 'arguments';
  throw new CommandError(`Missing ${word} ${names}.`, undefined, `The tool is ${called.signature}.`);
}
