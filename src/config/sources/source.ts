import type { ConfigNode, DocumentFormat, ObjectNode } from '../documents/node.js';
import { member } from '../documents/node.js';
import type { EntryFormat } from '../entries/entry-format.js';
import type { DraftEntry } from '../entries/raw-entry.js';
import type { Place } from '../place.js';
import type { SourceName } from '../types.js';

/** An entry of a file, before its keys are read. */
export interface FoundEntry {
  readonly name: string;
  readonly node: ConfigNode;
  /** The keys of the entry, if they are not those of the source. */
  readonly format?: EntryFormat | undefined;
}

/** What entries are found in a file, besides its content. */
export interface FileContext {
  readonly file: string;
  readonly place: Place;
  /** The folder whose servers are loaded. */
  readonly cwd: string;
  /** Adds a problem of the file. */
  report(node: ConfigNode, message: string): void;
}

/** A program that owns config files. */
export interface Source {
  readonly name: SourceName;
  /** The name of the program in messages. */
  readonly title: string;
  /** The files of a project, relative to its folder, with `/`. */
  readonly projectFiles: readonly string[];
  /** The files of the user. */
  userFiles(place: Place): readonly string[];
  readonly format: EntryFormat;
  /** The syntax of the files, if it does not follow from their names. */
  readonly documents?: DocumentFormat | undefined;
  /** The entries of a file, in the order of their precedence. */
  entries(root: ObjectNode, context: FileContext): readonly FoundEntry[];
  /** Changes an entry by other parts of the file. */
  finish?(entry: DraftEntry, root: ObjectNode): void;
  /** Whether a file belongs to this source, for files at other places. Default: by the entries in it. */
  readonly keys: readonly string[];
}

/** The entries in a map by name, at a path of keys. */
export function entriesAt(root: ObjectNode, context: FileContext, ...keys: readonly string[]): FoundEntry[] {
  const map = member(root, ...keys);
  if (map === undefined || (map.kind === 'scalar' && map.value === null)) return [];
  if (map.kind === 'object') return [...map.members].map(([name, node]) => ({ name, node }));
  context.report(map, `"${keys.join('.')}" must be an object with a member for each server`);
  return [];
}
