import { plain } from '../documents/node.js';
import type { ConfigNode, ObjectNode, Position } from '../documents/node.js';
import type { ConfigProblemCode } from '../types.js';
import type { EntryProblem } from './raw-entry.js';

/** Reads the members of an entry. A value of the wrong type is a problem, which never shows the value. */
export class EntryReader {
  readonly node: ObjectNode;
  readonly problems: EntryProblem[];

  constructor(node: ObjectNode, problems: EntryProblem[] = []) {
    this.node = node;
    this.problems = problems;
  }

  /** Adds a problem that prevents the start of the server. */
  error(code: ConfigProblemCode, at: Position, message: string): void {
    this.problems.push({ code, at, message, level: 'error' });
  }

  /** Adds a problem that changes nothing. */
  warn(code: ConfigProblemCode, at: Position, message: string): void {
    this.problems.push({ code, at, message, level: 'warning' });
  }

  /** The member with one of these names; undefined for none, and for null. */
  member(...keys: readonly string[]): ConfigNode | undefined {
    for (const key of keys) {
      const found = this.node.members.get(key);
      if (found !== undefined && !(found.kind === 'scalar' && found.value === null)) return found;
    }
    return undefined;
  }

  /** The first of these names that the entry has. */
  key(...keys: readonly string[]): string | undefined {
    return keys.find((key) => this.member(key) !== undefined);
  }

  /** A text. */
  text(key: string): string | undefined {
    const node = this.member(key);
    if (node === undefined) return undefined;
    if (node.kind === 'scalar' && typeof node.value === 'string') return node.value;
    this.error('invalid-value', node.at, `${quoted(key)} must be a text`);
    return undefined;
  }

  /** A boolean, or the words for it. */
  flag(key: string): boolean | undefined {
    const node = this.member(key);
    if (node === undefined) return undefined;
    if (node.kind === 'scalar' && typeof node.value === 'boolean') return node.value;
    this.warn('invalid-value', node.at, `${quoted(key)} must be true or false; it is ignored`);
    return undefined;
  }

  /** A number above 0. */
  positive(key: string): number | undefined {
    const node = this.member(key);
    if (node === undefined) return undefined;
    if (node.kind === 'scalar' && typeof node.value === 'number' && node.value > 0 && Number.isFinite(node.value))
      return node.value;
    this.warn('invalid-value', node.at, `${quoted(key)} must be a number above 0; it is ignored`);
    return undefined;
  }

  /** A list of texts. Numbers and booleans become text. */
  texts(key: string): readonly string[] | undefined {
    const node = this.member(key);
    if (node === undefined) return undefined;
    const texts = node.kind === 'list' ? node.items.map(textOf) : undefined;
    const missing = texts?.indexOf(undefined) ?? -1;
    if (texts === undefined || missing !== -1) {
      const at = (node.kind === 'list' ? node.items[missing]?.at : undefined) ?? node.at;
      this.error('invalid-value', at, `${quoted(key)} must be a list of texts`);
      return undefined;
    }
    return texts as readonly string[];
  }

  /** An object of texts. Numbers and booleans become text; members that are null are left out. */
  map(key: string): ReadonlyMap<string, string> | undefined {
    const node = this.member(key);
    if (node === undefined) return undefined;
    if (node.kind !== 'object') {
      this.error('invalid-value', node.at, `${quoted(key)} must be an object of texts`);
      return undefined;
    }
    const texts = new Map<string, string>();
    for (const [name, value] of node.members) {
      const text = textOf(value);
      if (text !== undefined) texts.set(name, text);
      else if (value.kind !== 'scalar')
        this.error('invalid-value', value.at, `${quoted(key)}: ${quoted(name)} must be a text`);
    }
    return texts;
  }

  /** A reader of an object inside of the entry, with the same problems. */
  inside(key: string): EntryReader | undefined {
    const node = this.member(key);
    return node?.kind === 'object' ? new EntryReader(node, this.problems) : undefined;
  }

  /** The value of a member as plain data. */
  value(key: string): unknown {
    const node = this.member(key);
    return node && plain(node);
  }

  /** The place of a member, or of the entry. */
  at(key: string): Position {
    return this.node.members.get(key)?.at ?? this.node.at;
  }
}

/** A name in a message. Names of files may contain anything. */
export function quoted(name: string): string {
  return JSON.stringify(name.length > 60 ? `${name.slice(0, 60)}…` : name);
}

function textOf(node: ConfigNode): string | undefined {
  if (node.kind !== 'scalar' || node.value === null) return undefined;
  return String(node.value);
}
