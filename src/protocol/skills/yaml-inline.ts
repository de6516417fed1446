import type { JSONValue } from '../schema/index.js';
import { beginsPlain, isWhite, plainEnd, plainValue, skipWhite, YamlProblem } from './yaml-scalars.js';

/** Deeper collections are refused. */
export const MAX_YAML_DEPTH = 32;

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ...Object.entries({ '0': '\0', a: '\x07', b: '\b', t: '\t', n: '\n', v: '\v', f: '\f', r: '\r', e: '\x1b' }),
  ...Object.entries({ '\t': '\t', ' ': ' ', '"': '"', '/': '/', '\\': '\\' }),
  ...Object.entries({ N: '\u0085', _: '\u00a0', L: '\u2028', P: '\u2029' }),
]);
const HEX_ESCAPES: ReadonlyMap<string, RegExp> = new Map([
  ['x', /[\da-fA-F]{2}/y],
  ['u', /[\da-fA-F]{4}/y],
  ['U', /[\da-fA-F]{8}/y],
]);

/** Reads quoted scalars and flow collections, which may take several lines. YAML 1.2.2, "Flow Style Productions". */
export class InlineReader {
  readonly #text: string;
  /** The indentation that further lines must exceed. */
  readonly #indent: number;
  /** How many collections contain the place. */
  #level = 0;
  /** The place after the part that was read. */
  at: number;

  constructor(text: string, at: number, indent: number) {
    this.#text = text;
    this.#indent = indent;
    this.at = at;
  }

  /** Reads a quoted scalar or a flow collection. */
  value(depth: number): JSONValue {
    const first = this.#text[this.at];
    if (first === '"' || first === "'") return this.quoted();
    if (depth > MAX_YAML_DEPTH) throw this.#problem(`collections with more than ${MAX_YAML_DEPTH} levels`);
    return first === '[' ? this.#sequence(depth) : this.#mapping(depth);
  }

  /** Reads a quoted scalar. */
  quoted(): string {
    const quote = this.#text[this.at];
    let lines = '';
    let line = '';
    // White space before this place in the line was escaped, and is not removed at its end.
    let kept = 0;
    for (this.at += 1; ;) {
      const one = this.#text[this.at];
      if (one === undefined) throw this.#problem('a quoted text without its end');
      if (one === quote && !(quote === "'" && this.#text[this.at + 1] === "'")) break;
      if (one === '\n') {
        const feeds = this.#lineFeeds();
        let end = line.length;
        while (end > kept && isWhite(line[end - 1])) end -= 1;
        lines += line.slice(0, end) + (feeds === 1 ? ' ' : '\n'.repeat(feeds - 1));
        line = '';
        kept = 0;
      } else if (one === '\\' && quote === '"') {
        line += this.#escape();
        kept = line.length;
      } else {
        line += one;
        this.at += one === quote ? 2 : 1;
      }
    }
    this.at += 1;
    return lines + line;
  }

  /** Reads an escape sequence of a double-quoted text, at its backslash. */
  #escape(): string {
    const code = this.#text[this.at + 1] ?? '';
    if (code === '\n') {
      this.at += 1;
      // Parsers do not agree about empty lines here.
      if (this.#lineFeeds() > 1) throw this.#problem('an empty line after an escaped end of a line');
      return '';
    }
    const digits = HEX_ESCAPES.get(code);
    if (digits !== undefined) {
      digits.lastIndex = this.at + 2;
      const number = Number.parseInt(digits.exec(this.#text)?.[0] ?? '', 16);
      if (number <= 0x10ffff) {
        this.at = digits.lastIndex;
        return String.fromCodePoint(number);
      }
    }
    const known = ESCAPES.get(code);
    if (known === undefined) throw this.#problem('an unknown escape sequence');
    this.at += 2;
    return known;
  }

  /**
   * Skips line feeds and the indentation after them. Returns their number.
   * @param exempt characters that may follow less indentation
   */
  #lineFeeds(exempt = ''): number {
    let feeds = 0;
    let begin = this.at;
    while (this.#text[this.at] === '\n') {
      feeds += 1;
      begin = this.at + 1;
      this.at = skipWhite(this.#text, begin);
    }
    let spaces = begin;
    while (this.#text[spaces] === ' ') spaces += 1;
    if (spaces - begin <= this.#indent && !exempt.includes(this.#text[this.at] ?? ''))
      throw this.#problem('a line that is not indented enough');
    return feeds;
  }

  #sequence(depth: number): JSONValue[] {
    const items: JSONValue[] = [];
    this.at += 1;
    this.#level += 1;
    for (this.#gap(); this.#text[this.at] !== ']'; this.#gap()) {
      items.push(this.#item(depth + 1));
      this.#separator(']');
    }
    this.at += 1;
    this.#level -= 1;
    return items;
  }

  #mapping(depth: number): JSONValue {
    const fields = new Map<string, JSONValue>();
    this.at += 1;
    this.#level += 1;
    for (this.#gap(); this.#text[this.at] !== '}'; this.#gap()) {
      const begin = this.at;
      const isQuoted = this.#isQuote();
      const key = isQuoted ? this.quoted() : this.#plain();
      if (typeof key !== 'string' || key === '<<') throw new YamlProblem(begin, 'a key that is not a text');
      if (fields.has(key)) throw new YamlProblem(begin, 'a key that is there twice');
      this.at = skipWhite(this.#text, this.at);
      fields.set(key, this.#text[this.at] === ':' ? this.#valueAfterColon(depth) : null);
      this.#separator('}');
    }
    this.at += 1;
    this.#level -= 1;
    // A key such as `__proto__` becomes an ordinary property.
    return Object.fromEntries(fields);
  }

  #valueAfterColon(depth: number): JSONValue {
    this.at += 1;
    this.#gap();
    const next = this.#text[this.at];
    return next === ',' || next === '}' ? null : this.#item(depth + 1);
  }

  #item(depth: number): JSONValue {
    const first = this.#text[this.at];
    return first === '[' || first === '{' || this.#isQuote() ? this.value(depth) : this.#plain();
  }

  #isQuote(): boolean {
    const first = this.#text[this.at];
    return first === '"' || first === "'";
  }

  #plain(): JSONValue {
    const begin = this.at;
    if (!beginsPlain(this.#text, begin, true)) throw this.#problem('an unexpected character in a collection');
    this.at = plainEnd(this.#text, begin, true);
    const value = plainValue(this.#text.slice(begin, this.at));
    if (value === undefined) throw new YamlProblem(begin, 'a number that JSON does not have');
    return value;
  }

  /** Reads the comma after an item, which may be missing before the end of the collection. */
  #separator(end: string): void {
    this.#gap();
    const next = this.#text[this.at];
    if (next === ',') this.at += 1;
    else if (next !== end) throw this.#problem('a collection without a comma or its end');
  }

  /** Skips white space, line feeds and comments. */
  #gap(): void {
    for (;;) {
      const before = this.at;
      this.at = skipWhite(this.#text, before);
      const one = this.#text[this.at];
      if (one === '#' && (isWhite(this.#text[this.at - 1]) || this.#text[this.at - 1] === '\n')) {
        const end = this.#text.indexOf('\n', this.at);
        this.at = end === -1 ? this.#text.length : end;
      } else if (one === '\n') {
        // Many programs write the end of a collection below its key.
        this.#lineFeeds(this.#level === 1 ? ']}#' : '#');
      } else {
        break;
      }
    }
    if (this.at >= this.#text.length) throw this.#problem('a collection without its end');
  }

  #problem(message: string): YamlProblem {
    return new YamlProblem(this.at, message);
  }
}
