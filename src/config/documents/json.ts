import { parseTree, printParseErrorCode } from 'jsonc-parser';
import type { Node, ParseError } from 'jsonc-parser';

import { DEEPEST, LineIndex, START } from './node.js';
import type { ConfigDocument, ConfigNode, DocumentProblem } from './node.js';

/**
 * Reads JSON with comments and trailing commas. Of text with errors it returns the parts that it understands.
 * @throws RangeError when it is nested too deeply
 */
export function readJson(given: string): ConfigDocument {
  // A byte order mark becomes a space, so that offsets stay right.
  const text = given.startsWith('\ufeff') ? ` ${given.slice(1)}` : given;
  const errors: ParseError[] = [];
  const tree = parseTree(text, errors, { allowTrailingComma: true, allowEmptyContent: true });
  const lines = new LineIndex(text);
  const problems: DocumentProblem[] = errors.map(({ error, offset }) => ({
    code: 'syntax',
    message: SENTENCES.get(printParseErrorCode(error)) ?? 'a part is not JSON',
    at: lines.at(offset),
  }));
  return { root: tree && new Converter(lines, problems).convert(tree, tree.offset, 0), problems };
}

/** What the parser calls its errors, in words. */
const SENTENCES: ReadonlyMap<string, string> = new Map([
  ['InvalidSymbol', 'a word is not in quotes'],
  ['InvalidNumberFormat', 'a number is not valid'],
  ['PropertyNameExpected', 'a name in quotes is missing'],
  ['ValueExpected', 'a value is missing'],
  ['ColonExpected', 'a colon is missing'],
  ['CommaExpected', 'a comma is missing'],
  ['CloseBraceExpected', 'the closing } is missing'],
  ['CloseBracketExpected', 'the closing ] is missing'],
  ['EndOfFileExpected', 'there is more text after the end'],
  ['UnexpectedEndOfComment', 'the end of a comment is missing'],
  ['UnexpectedEndOfString', 'the closing quote of a text is missing'],
  ['UnexpectedEndOfNumber', 'a number is not valid'],
  ['InvalidUnicode', 'an escape with \\u is not valid'],
  ['InvalidEscapeCharacter', 'an escape with \\ is not valid'],
  ['InvalidCharacter', 'a text contains a control character'],
]);

class Converter {
  readonly #lines: LineIndex;
  readonly #problems: DocumentProblem[];

  constructor(lines: LineIndex, problems: DocumentProblem[]) {
    this.#lines = lines;
    this.#problems = problems;
  }

  convert(node: Node, offset: number, depth: number): ConfigNode {
    if (depth > DEEPEST) throw new RangeError('nested too deeply');
    const at = offset === 0 ? START : this.#lines.at(offset);
    if (node.type === 'array')
      return { kind: 'list', at, items: (node.children ?? []).map((one) => this.convert(one, one.offset, depth + 1)) };
    if (node.type !== 'object') return { kind: 'scalar', at, value: (node.value ?? null) as string };
    const members = new Map<string, ConfigNode>();
    for (const { children: [key, value] = [] } of node.children ?? []) {
      if (key === undefined || value === undefined) continue;
      const name = String(key.value);
      if (members.has(name))
        this.#problems.push({ code: 'duplicate-key', message: name, at: this.#lines.at(key.offset) });
      members.set(name, this.convert(value, key.offset, depth + 1));
    }
    return { kind: 'object', at, members };
  }
}
