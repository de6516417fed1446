import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

const fixtures = path.join(__dirname, '../fixtures');

/** The parts of JSON Schema that the official schemas use. */
export interface SchemaNode {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly SchemaNode[];
  readonly allOf?: readonly SchemaNode[];
  readonly items?: SchemaNode;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: SchemaNode | boolean;
}

/** One official example: the folder is the name of the type that it is an example of. */
export interface Example {
  readonly type: string;
  readonly file: string;
  readonly value: Readonly<Record<string, unknown>>;
}

/** The official JSON Schema of a revision. */
export function readSchema(revision: string): Readonly<Record<string, unknown>> {
  return JSON.parse(readFileSync(path.join(fixtures, 'schema', `${revision}.json`), 'utf8')) as Record<string, unknown>;
}

/** The definitions in the official JSON Schema of a revision, by name. */
export function readDefinitions(revision: string): Readonly<Record<string, SchemaNode>> {
  const schema = readSchema(revision);
  return (schema.$defs ?? schema.definitions) as Record<string, SchemaNode>;
}

/** Every official example of revision 2026-07-28. */
export function readExamples(): Example[] {
  const folder = path.join(fixtures, 'examples');
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => ({
      type: path.basename(entry.parentPath),
      file: `${path.basename(entry.parentPath)}/${entry.name}`,
      value: JSON.parse(readFileSync(path.join(entry.parentPath, entry.name), 'utf8')) as Example['value'],
    }));
}
