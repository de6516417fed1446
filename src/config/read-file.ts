import type { ConfigFile } from './config-paths.js';
import { member, START } from './documents/node.js';
import type { ConfigDocument, ConfigNode, ObjectNode } from './documents/node.js';
import { formatOf, readDocument } from './documents/read-document.js';
import { quoted } from './entries/entry-reader.js';
import type { DraftEntry, EntryProblem, RawEntry } from './entries/raw-entry.js';
import { readEntry } from './entries/read-entry.js';
import { reasonOf } from './files.js';
import type { ConfigFiles } from './files.js';
import type { Place } from './place.js';

/** The most servers of a file. */
const MOST_SERVERS = 1_000;

/** The entries of a file, as they are written. */
export interface ReadFile {
  readonly root: ObjectNode;
  readonly entries: readonly RawEntry[];
  readonly problems: readonly EntryProblem[];
}

/** Reads the entries of a file; undefined if there is no such file. Never rejects. */
export async function readConfigFile(
  given: ConfigFile,
  place: Place,
  cwd: string,
  files: ConfigFiles,
): Promise<ReadFile | undefined> {
  let text: string | undefined;
  try {
    text = await files.read(given.file);
  } catch (thrown) {
    const message = `the file cannot be read (${reasonOf(thrown)})`;
    return { root: NOTHING, entries: [], problems: [{ code: 'file-unreadable', message, at: START, level: 'error' }] };
  }
  if (text === undefined) return undefined;
  return entriesOf(given, await readDocument(text, formatOf(given.file)), place, cwd);
}

const NOTHING: ObjectNode = { kind: 'object', at: START, members: new Map() };

/** The entries of a file that was parsed. */
export function entriesOf(
  { source, file }: ConfigFile,
  { root, problems: found }: ConfigDocument,
  place: Place,
  cwd: string,
): ReadFile {
  const [error] = found.filter(({ code }) => code === 'syntax');
  const problems: EntryProblem[] =
    error === undefined
      ? []
      : [{ code: 'syntax', message: `the file has a syntax error: ${error.message}`, at: error.at, level: 'error' }];
  if (root === undefined) return { root: NOTHING, entries: [], problems };
  if (root.kind !== 'object') {
    problems.push({ code: 'invalid-file', message: 'the file must contain an object', at: root.at, level: 'error' });
    return { root: NOTHING, entries: [], problems };
  }
  const report = (node: ConfigNode, message: string): void => {
    problems.push({ code: 'invalid-file', message, at: node.at, level: 'error' });
  };
  const names = new Set<string>();
  const entries: RawEntry[] = [];
  for (const { name, node, format } of source.entries(root, { file, place, cwd, report })) {
    if (names.has(name)) continue;
    if (entries.length >= MOST_SERVERS) {
      report(node, `the file has more than ${MOST_SERVERS} servers: the ones from here on are left out`);
      break;
    }
    names.add(name);
    const entry = readEntry(name, node, format ?? source.format) as DraftEntry;
    source.finish?.(entry, root);
    for (const { code, message, at } of found) {
      // Parts of the entry may be missing, such as an argument that restricts the server.
      if (code === 'syntax') {
        const text = `the file has a syntax error in line ${at.line}, so it is not started`;
        entry.problems.push({ code, message: text, at, level: 'error' });
        break;
      }
      if (isWithin(node, message, at.line)) {
        const text = `${quoted(message)} is there twice: the last one counts`;
        entry.problems.push({ code, message: text, at, level: 'warning' });
      }
    }
    entries.push(entry);
  }
  reportDuplicateNames(found, names, problems);
  return { root, entries, problems };
}

function reportDuplicateNames(
  found: ConfigDocument['problems'],
  names: ReadonlySet<string>,
  problems: EntryProblem[],
): void {
  for (const { code, message, at } of found) {
    if (code !== 'duplicate-key' || !names.has(message)) continue;
    problems.push({ code, message: `${quoted(message)} is there twice: the last one counts`, at, level: 'warning' });
  }
}

/** Whether a member with this name is in an object, in this line. */
function isWithin(node: ConfigNode, name: string, line: number): boolean {
  return member(node, name)?.at.line === line;
}
