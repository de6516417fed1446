import type { CST, ParsedNode, YAMLMap } from 'yaml';

import type { JSONObject, JSONValue } from '../../../protocol/schema/index.js';

/** The parser. It is loaded when the first `SKILL.md` is read. */
const library = () => import('yaml');

type Library = Awaited<ReturnType<typeof library>>;

/** The most levels of collections. The whole mapping is the first one. */
const MAX_DEPTH = 32;

/**
 * Characters that YAML does not allow, except tab and line feed. The parser accepts them, and marks its tokens with some of them. Also a
 * carriage return within a line and a byte order mark within a text, which parsers read in different ways. YAML 1.2.2, "Character Set".
 */
// eslint-disable-next-line no-control-regex -- YAML does not allow them
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f\ufeff]/;

/** Precedes the text of a scalar among the tokens. */
const SCALAR = '\u001f';

/** Tokens that are refused. Without aliases a value is never larger than its text, and without directives its types are those of YAML 1.2. */
const REFUSED: ReadonlyMap<string | null, string> = new Map([
  ['alias', 'an alias'],
  ['anchor', 'an anchor'],
  ['tag', 'a tag'],
  ['directive-line', 'a directive'],
]);

/** A text that is not YAML, or a part of YAML that front matter does not have. */
export class YamlProblem extends Error {
  /** The place in the text, in characters. */
  readonly at: number;

  constructor(at: number, message: string) {
    super(message);
    this.at = at;
  }
}

/**
 * Reads a text with one mapping as JSON, with the types of the core schema. An empty text is an empty mapping. YAML 1.2.2, "Core Schema".
 * @throws YamlProblem if the text is not YAML or not one mapping; if it has aliases, anchors, tags, directives, merge keys, keys that are not
 * texts or are there twice, or numbers that JSON does not have; if it has more than 32 levels.
 */
export async function readYamlMapping(text: string): Promise<JSONObject> {
  const control = text.search(CONTROLS);
  if (control !== -1) throw new YamlProblem(control, 'a control character');
  const yaml = await library();
  // Not `uniqueKeys`: it compares each key with every other one.
  const composer = new yaml.Composer({ version: '1.2', schema: 'core', uniqueKeys: false });
  const documents = [...composer.compose(tokensOf(yaml, text), true, text.length)];
  const [problem] = documents.flatMap(({ errors, warnings }) => [...errors, ...warnings]);
  if (problem !== undefined) throw new YamlProblem(problem.pos[0], `invalid YAML: ${problem.message}`);
  const [first, second] = documents;
  if (second !== undefined) throw new YamlProblem(second.range[0], 'a second document');
  const contents = first?.contents ?? null;
  if (contents === null) return {};
  if (!yaml.isMap(contents)) throw new YamlProblem(contents.range[0], 'a value that is not a mapping');
  return mappingOf(yaml, contents, 1);
}

/** The tokens of a text. Its depth is limited here, because composing a value of the tokens recurses. */
function tokensOf(yaml: Library, text: string): CST.Token[] {
  const parser = new yaml.Parser();
  const tokens: CST.Token[] = [];
  let isScalar = false;
  for (const lexeme of new yaml.Lexer().lex(text)) {
    const refused = isScalar ? undefined : REFUSED.get(yaml.CST.tokenType(lexeme));
    if (refused !== undefined) throw new YamlProblem(parser.offset, refused);
    isScalar = lexeme === SCALAR;
    tokens.push(...parser.next(lexeme));
    // The stack has the document, the open collections and a scalar.
    if (parser.stack.length > MAX_DEPTH + 2) throw tooDeep(parser.offset);
  }
  return [...tokens, ...parser.end()];
}

function tooDeep(at: number): YamlProblem {
  return new YamlProblem(at, `more than ${MAX_DEPTH} levels of collections`);
}

function mappingOf(yaml: Library, { items, range }: YAMLMap.Parsed, depth: number): JSONObject {
  if (depth > MAX_DEPTH) throw tooDeep(range[0]);
  const fields = new Map<string, JSONValue>();
  for (const { key, value } of items) {
    const name = yaml.isScalar(key) ? key.value : undefined;
    if (typeof name !== 'string') throw new YamlProblem(key.range[0], 'a key that is not a text');
    if (name === '<<') throw new YamlProblem(key.range[0], 'a merge key');
    if (fields.has(name)) throw new YamlProblem(key.range[0], 'a key that is there twice');
    fields.set(name, valueOf(yaml, value, depth + 1));
  }
  // A key such as `__proto__` becomes an ordinary property.
  return Object.fromEntries(fields);
}

function valueOf(yaml: Library, node: ParsedNode | null, depth: number): JSONValue {
  if (node === null) return null;
  if (yaml.isMap(node)) return mappingOf(yaml, node, depth);
  if (yaml.isSeq(node)) {
    if (depth > MAX_DEPTH) throw tooDeep(node.range[0]);
    return node.items.map((item) => valueOf(yaml, item, depth + 1));
  }
  const value: unknown = yaml.isScalar(node) ? node.value : undefined;
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw new YamlProblem(node.range[0], 'a number that JSON does not have');
}
