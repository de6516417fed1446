import { DEEPEST, START } from './node.js';
import type { ConfigDocument, ConfigNode, Position } from './node.js';

/** The parser. It is an ES module, and loaded with the first file. */
const library = () => import('smol-toml');

/** Separates the keys of a path. */
const DOT = '\u0000';

/** Reads TOML. A text with an error has no values. */
export async function readToml(text: string): Promise<ConfigDocument> {
  const { parse, TomlError } = await library();
  try {
    const places = placesIn(text);
    return { root: convert(parse(text), [], places, START, 0), problems: [] };
  } catch (thrown) {
    if (!(thrown instanceof TomlError)) throw thrown;
    const at = { line: thrown.line, column: thrown.column };
    return { root: undefined, problems: [{ code: 'syntax', message: 'it is not TOML', at }] };
  }
}

function convert(
  value: unknown,
  names: readonly string[],
  places: ReadonlyMap<string, Position>,
  above: Position,
  depth: number,
): ConfigNode {
  if (depth > DEEPEST) throw new RangeError('nested too deeply');
  const at = places.get(names.join(DOT)) ?? above;
  if (Array.isArray(value))
    return { kind: 'list', at, items: value.map((one) => convert(one, [...names, '[]'], places, at, depth + 1)) };
  if (typeof value === 'object' && value !== null && !(value instanceof Date)) {
    const members = Object.entries(value).map(
      ([name, one]) => [name, convert(one, [...names, name], places, at, depth + 1)] as const,
    );
    return { kind: 'object', at, members: new Map(members) };
  }
  if (typeof value === 'string' || typeof value === 'boolean') return { kind: 'scalar', at, value };
  // Dates become text. Numbers above 2^53 lose digits: none of the values that are read is as large.
  return { kind: 'scalar', at, value: value instanceof Date ? value.toISOString() : Number(value) };
}

/** A key of TOML: bare or in quotes. */
const KEY = /[ \t]*(?:([\w-]+)|"((?:[^"\\\n]|\\.)*)"|'([^'\n]*)')[ \t]*(\.?)/y;

/**
 * The places of the keys of a text. The parser has none. In texts of several lines it may find keys that are none, which can only make the line
 * of a problem wrong.
 */
function placesIn(text: string): Map<string, Position> {
  const places = new Map<string, Position>();
  let table: readonly string[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const start = line.search(/\S/);
    const header = /^\s*\[\[?/.exec(line)?.[0];
    const keys = keysAt(line, header === undefined ? 0 : header.length);
    if (keys.names.length === 0) continue;
    const end = line.slice(keys.end).trimStart();
    if (header === undefined ? !end.startsWith('=') : !end.startsWith(']')) continue;
    const names = header === undefined ? [...table, ...keys.names] : keys.names;
    if (header !== undefined) table = names;
    for (let length = 1; length <= names.length; length += 1) {
      const path = names.slice(0, length).join(DOT);
      if (!places.has(path)) places.set(path, { line: index + 1, column: start + 1 });
    }
  }
  return places;
}

function keysAt(line: string, from: number): { names: string[]; end: number } {
  const names: string[] = [];
  let end = from;
  for (;;) {
    KEY.lastIndex = end;
    const match = KEY.exec(line);
    if (match === null) return { names, end };
    names.push(match[1] ?? match[2] ?? match[3] ?? '');
    end = KEY.lastIndex;
    if (match[4] === '') return { names, end };
  }
}
