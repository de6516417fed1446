import { literal } from './template.js';
import type { Template, Variable } from './template.js';

/** Finds the values of variables. */
export interface Values {
  /** The value of an environment variable. */
  env(name: string): string | undefined;
  /** The text of a file, by a path that is relative to the config file. */
  file(path: string): Promise<string | undefined>;
  /** The value of an input. */
  input(id: string): Promise<string | undefined>;
  /** A folder or separator. */
  place(name: string): string | undefined;
}

/** The result of an expansion. */
export interface Expanded {
  /** Undefined if a variable has no value, or if the text is left out. */
  readonly text: string | undefined;
  /** The variables without a value. */
  readonly missing: readonly Variable[];
}

/** Replaces the variables of a text by their values. Variables that are in a value stay text. */
export async function expand(template: Template, values: Values, allowUnset = false): Promise<Expanded> {
  const missing: Variable[] = [];
  let text = '';
  for (const part of template.parts) {
    if (typeof part === 'string') {
      text += part;
      continue;
    }
    const value = (await valueOf(part, values)) ?? part.fallback;
    if (value !== undefined) text += value;
    else if (part.optional === true) return { text: undefined, missing: [] };
    else if (!allowUnset || part.kind === 'unsupported') missing.push(part);
  }
  return { text: missing.length > 0 ? undefined : text, missing };
}

async function valueOf({ kind, name }: Variable, values: Values): Promise<string | undefined> {
  switch (kind) {
    case 'env':
      return values.env(name);
    case 'file':
      return values.file(name);
    case 'input':
      return values.input(name);
    case 'place':
      return values.place(name);
    case 'unsupported':
      return undefined;
  }
}

/** The files that a text includes. */
export function filesIn({ parts }: Template): string[] {
  return parts.flatMap((part) => (typeof part !== 'string' && part.kind === 'file' ? [part.name] : []));
}

/** Reads the variables of an env file: `NAME=value` lines, comments, quotes, and `export`. Nothing in it is expanded. */
export function readEnvFile(text: string): Map<string, Template> {
  const variables = new Map<string, Template>();
  const LINE = /^[ \t]*(?:export[ \t]+)?([A-Za-z_][\w.-]*)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\[^])*)"|'([^']*)'|([^\n#]*))/gm;
  for (const [, name = '', double, single, bare] of text.replace(/\r\n?/g, '\n').matchAll(LINE)) {
    const value = double?.replace(/\\([^])/g, (_, one: string) => ESCAPES.get(one) ?? one) ?? single ?? bare?.trim();
    variables.set(name, literal(value ?? ''));
  }
  return variables;
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
]);
