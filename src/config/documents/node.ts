/** A place in a file. Lines and columns begin with 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A value of a file with its place. The place of a member of an object is that of its key. */
export type ConfigNode = ObjectNode | ListNode | ScalarNode;

/** An object. */
export interface ObjectNode {
  readonly kind: 'object';
  readonly at: Position;
  readonly members: ReadonlyMap<string, ConfigNode>;
}

/** An array. */
export interface ListNode {
  readonly kind: 'list';
  readonly at: Position;
  readonly items: readonly ConfigNode[];
}

/** A text, number, boolean or null. */
export interface ScalarNode {
  readonly kind: 'scalar';
  readonly at: Position;
  readonly value: string | number | boolean | null;
}

/** A problem of the syntax, or a key that is used twice. */
export interface DocumentProblem {
  readonly message: string;
  readonly at: Position;
  readonly code: 'syntax' | 'duplicate-key';
}

/** A file that was read. */
export interface ConfigDocument {
  /** Undefined for an empty file, and where nothing could be read. */
  readonly root: ConfigNode | undefined;
  readonly problems: readonly DocumentProblem[];
}

/** The syntax of a file. */
export type DocumentFormat = 'json' | 'toml' | 'yaml';

/** The first line and column. */
export const START: Position = { line: 1, column: 1 };

/** The most values of a file. */
export const MOST_VALUES = 2_000_000;

/** The deepest level of a file. */
export const DEEPEST = 200;

/** Finds the lines of offsets in a text. */
export class LineIndex {
  readonly #starts: readonly number[];

  constructor(text: string) {
    const starts = [0];
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
    this.#starts = starts;
  }

  /** The place of an offset, in characters. */
  at(offset: number): Position {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: Math.max(offset - (this.#starts[low] ?? 0), 0) + 1 };
  }
}

/** The member of an object; undefined if the node is no object, or has no such member. */
export function member(node: ConfigNode | undefined, ...names: readonly string[]): ConfigNode | undefined {
  let found = node;
  for (const name of names) found = found?.kind === 'object' ? found.members.get(name) : undefined;
  return found;
}

/** The value of a node without places. Objects have no prototype. */
export function plain(node: ConfigNode): unknown {
  if (node.kind === 'scalar') return node.value;
  if (node.kind === 'list') return node.items.map(plain);
  const object = Object.create(null) as Record<string, unknown>;
  for (const [name, value] of node.members) object[name] = plain(value);
  return object;
}
