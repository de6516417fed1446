import type { JSONObject, JSONValue } from '../schema/index.js';
import { InlineReader, MAX_YAML_DEPTH } from './yaml-inline.js';
import { beginsPlain, blockValue, isWhite, plainEnd, plainValue, skipWhite, YamlProblem } from './yaml-scalars.js';

// Reads the part of YAML 1.2 that has exactly one meaning as JSON: mappings, sequences, plain, quoted and block scalars, with the types of the
// core schema. Anchors, aliases, tags, merge keys, directives and keys that are not texts are refused, so the result is never larger than its
// text. All parsers agree on this part, apart from values such as `yes` and dates, which YAML 1.1 reads in another way.

interface Line {
  /** The place of its first character that is not a space, in characters. */
  readonly at: number;
  /** The column of that character. */
  readonly indent: number;
  readonly end: number;
}

interface Key {
  readonly key: string;
  /** The place after the colon. */
  readonly after: number;
}

/** Control characters, except tab and line feed. */
// eslint-disable-next-line no-control-regex -- YAML does not allow them
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f\ufeff]/;

/** A line that ends a document. */
const DOCUMENT_END = /^(?:---|\.\.\.)(?=[ \t\n]|$)/m;

/** A line of white space with a tab: parsers do not agree whether it is empty. */
const TABS_ALONE = /^ *\t[ \t]*$/m;

/** Texts that are refused wherever they are. */
const REFUSED: readonly (readonly [pattern: RegExp, message: string])[] = [
  [CONTROLS, 'a control character'],
  [DOCUMENT_END, 'the end of a document'],
  [TABS_ALONE, 'a tab on a line without a text'],
];

/**
 * Reads a mapping.
 * @throws YamlProblem if the text is not YAML, or is outside of the subset.
 */
export function readYamlMapping(text: string): JSONObject {
  for (const [pattern, message] of REFUSED) {
    const at = text.search(pattern);
    if (at !== -1) throw new YamlProblem(at, message);
  }
  return new BlockReader(text).document();
}

class BlockReader {
  readonly #text: string;
  readonly #lines: Line[];
  #next = 0;

  constructor(text: string) {
    this.#text = text;
    let begin = 0;
    const lines = text.split('\n');
    // What follows the last line feed is no line.
    if (lines.at(-1) === '') lines.pop();
    this.#lines = lines.map((line) => {
      const end = begin + line.length;
      const indent = line.search(/[^ ]/);
      const read = { at: indent === -1 ? end : begin + indent, indent: indent === -1 ? line.length : indent, end };
      begin = end + 1;
      return read;
    });
  }

  document(): JSONObject {
    const first = this.#peek();
    if (first === undefined) return {};
    const mapping = this.#mapping(first.indent, 0);
    const rest = this.#peek();
    if (rest !== undefined) throw new YamlProblem(rest.at, 'a line without a key');
    return mapping;
  }

  /** The next line with content. */
  #peek(): Line | undefined {
    for (; this.#next < this.#lines.length; this.#next += 1) {
      const line = this.#lines[this.#next] as Line;
      if (this.#isBlank(line) || this.#text[line.at] === '#') continue;
      this.#checkTabs(line);
      return line;
    }
    return undefined;
  }

  #isBlank(line: Line): boolean {
    return skipWhite(this.#text, line.at) >= line.end;
  }

  #checkTabs({ at }: Line): void {
    if (this.#text[at] === '\t') throw new YamlProblem(at, 'a tab in the indentation');
  }

  #isItem({ at }: Line): boolean {
    const next = this.#text[at + 1];
    return this.#text[at] === '-' && (next === undefined || next === '\n' || isWhite(next));
  }

  #mapping(indent: number, depth: number): JSONObject {
    this.#checkDepth(depth);
    const fields = new Map<string, JSONValue>();
    for (let line = this.#peek(); line !== undefined && line.indent >= indent; line = this.#peek()) {
      const key = line.indent === indent && !this.#isItem(line) ? this.#keyAt(line.at) : undefined;
      if (key === undefined) throw new YamlProblem(line.at, 'a line without a key, or with wrong indentation');
      if (fields.has(key.key)) throw new YamlProblem(line.at, 'a key that is there twice');
      fields.set(key.key, this.#value(key.after, indent, depth + 1, true));
    }
    // A key such as `__proto__` becomes an ordinary property.
    return Object.fromEntries(fields);
  }

  #sequence(indent: number, depth: number): JSONValue[] {
    this.#checkDepth(depth);
    const items: JSONValue[] = [];
    for (let line = this.#peek(); line !== undefined && line.indent >= indent; line = this.#peek()) {
      if (!this.#isItem(line)) {
        // The next key of the mapping that contains the sequence.
        if (line.indent === indent) break;
        throw new YamlProblem(line.at, 'a line with wrong indentation');
      }
      if (line.indent > indent) throw new YamlProblem(line.at, 'an item with wrong indentation');
      const at = skipWhite(this.#text, line.at + 1);
      const inner = { ...line, at, indent: line.indent + at - line.at };
      if (at < line.end && (this.#isItem(inner) || this.#keyAt(at) !== undefined)) {
        // A collection that begins on the line of its item.
        if (this.#text.slice(line.at, at).includes('\t')) throw new YamlProblem(at, 'a tab in the indentation');
        this.#lines[this.#next] = inner;
        items.push(this.#collection(inner, depth + 1));
      } else {
        items.push(this.#value(line.at + 1, indent, depth + 1, false));
      }
    }
    return items;
  }

  #collection(line: Line, depth: number): JSONValue {
    return this.#isItem(line) ? this.#sequence(line.indent, depth) : this.#mapping(line.indent, depth);
  }

  #checkDepth(depth: number): void {
    if (depth <= MAX_YAML_DEPTH) return;
    throw new YamlProblem(this.#peek()?.at ?? 0, `collections with more than ${MAX_YAML_DEPTH} levels`);
  }

  /** The key at a place, with a colon after it on the same line. */
  #keyAt(at: number): Key | undefined {
    const first = this.#text[at];
    if (first === '"' || first === "'") {
      const end = this.#text.indexOf('\n', at);
      const reader = new InlineReader(end === -1 ? this.#text : this.#text.slice(0, end), at, 0);
      const key = this.#quotedKey(reader);
      const colon = skipWhite(this.#text, reader.at);
      return key === undefined || !this.#isColon(colon) ? undefined : { key, after: colon + 1 };
    }
    if (!beginsPlain(this.#text, at, false)) return undefined;
    const end = plainEnd(this.#text, at, false);
    const colon = skipWhite(this.#text, end);
    if (!this.#isColon(colon)) return undefined;
    const key = this.#text.slice(at, end);
    if (typeof plainValue(key) !== 'string' || key === '<<') throw new YamlProblem(at, 'a key that is not a text');
    return { key, after: colon + 1 };
  }

  /** A quoted text that ends on its line. */
  #quotedKey(reader: InlineReader): string | undefined {
    try {
      return reader.quoted();
    } catch {
      // If it is a value, it is read again and reports the problem.
      return undefined;
    }
  }

  #isColon(at: number): boolean {
    const next = this.#text[at + 1];
    return this.#text[at] === ':' && (next === undefined || next === '\n' || isWhite(next));
  }

  /**
   * Reads the value after a key or the dash of an item.
   * @param indent the indentation that all further lines of the value exceed
   * @param isField whether a sequence may begin at that indentation
   */
  #value(after: number, indent: number, depth: number, isField: boolean): JSONValue {
    const line = this.#lines[this.#next] as Line;
    const at = skipWhite(this.#text, after);
    const first = this.#text[at];
    if (at >= line.end || (first === '#' && at > after)) {
      this.#next += 1;
      return this.#below(indent, depth, isField);
    }
    if (first === '|' || first === '>') return this.#block(at, line, indent);
    if (first === '"' || first === "'" || first === '[' || first === '{') return this.#inline(at, indent, depth);
    if (!beginsPlain(this.#text, at, false))
      throw new YamlProblem(at, 'an anchor, an alias, a tag or another special character');
    return this.#plain(at, line, indent);
  }

  /** Reads the value on the lines after its key or dash; null if there is none. */
  #below(indent: number, depth: number, isField: boolean): JSONValue {
    const line = this.#peek();
    if (line === undefined || line.indent < indent) return null;
    if (line.indent === indent) return isField && this.#isItem(line) ? this.#sequence(indent, depth) : null;
    if (this.#isItem(line) || this.#keyAt(line.at) !== undefined) return this.#collection(line, depth);
    return this.#value(line.at, indent, depth, false);
  }

  #inline(at: number, indent: number, depth: number): JSONValue {
    const reader = new InlineReader(this.#text, at, indent);
    const value = reader.value(depth);
    while ((this.#lines[this.#next] as Line).end < reader.at) this.#next += 1;
    const { end } = this.#lines[this.#next] as Line;
    const rest = skipWhite(this.#text, reader.at);
    if (rest < end && (this.#text[rest] !== '#' || rest === reader.at))
      throw new YamlProblem(rest, 'a text after a value');
    this.#next += 1;
    return value;
  }

  #plain(begin: number, first: Line, indent: number): JSONValue {
    let value = this.#plainPart(begin, first);
    let isCommented = skipWhite(this.#text, begin + value.length) < first.end;
    let feeds = 0;
    for (this.#next += 1; this.#next < this.#lines.length; this.#next += 1) {
      const line = this.#lines[this.#next] as Line;
      feeds += 1;
      if (this.#isBlank(line)) continue;
      if (line.indent <= indent || this.#text[line.at] === '#') break;
      this.#checkTabs(line);
      if (isCommented) throw new YamlProblem(line.at, 'a text that continues after a comment');
      const part = this.#plainPart(line.at, line);
      isCommented = skipWhite(this.#text, line.at + part.length) < line.end;
      value += (feeds === 1 ? ' ' : '\n'.repeat(feeds - 1)) + part;
      feeds = 0;
    }
    const read = plainValue(value);
    if (read === undefined) throw new YamlProblem(begin, 'a number that JSON does not have');
    return read;
  }

  /** The text of a plain scalar on one line, without a comment. */
  #plainPart(at: number, { end }: Line): string {
    const part = this.#text.slice(at, plainEnd(this.#text, at, false));
    const rest = skipWhite(this.#text, at + part.length);
    if (rest < end && this.#text[rest] === ':') throw new YamlProblem(rest, 'a colon in a text that is not quoted');
    return part;
  }

  #block(at: number, { end }: Line, indent: number): string {
    const header = /^([|>])([-+]?)(?:[ \t]+#.*|[ \t]*)$/.exec(this.#text.slice(at, end));
    if (header === null) throw new YamlProblem(at, 'a block scalar with an indentation indicator');
    const [, style, chomping = ''] = header;
    const lines: string[] = [];
    let column: number | undefined;
    let widest = 0;
    for (this.#next += 1; this.#next < this.#lines.length; this.#next += 1) {
      const line = this.#lines[this.#next] as Line;
      const isEmpty = line.at >= line.end;
      if (!isEmpty && line.indent < (column ?? indent + 1)) {
        this.#checkTabs(line);
        break;
      }
      if (column === undefined && !isEmpty) {
        column = line.indent;
        if (widest > column)
          throw new YamlProblem(line.at, 'an empty line that is indented more than the text after it');
      }
      if (column === undefined) widest = Math.max(widest, line.indent);
      const spaces = column === undefined ? 0 : line.indent - column;
      lines.push(spaces < 0 || column === undefined ? '' : ' '.repeat(spaces) + this.#text.slice(line.at, line.end));
    }
    return blockValue(lines, style === '>', chomping);
  }
}
