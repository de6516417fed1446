import { unusableOption } from '../../option-checks.js';
import { systemFiles } from '../files.js';
import { ownFolder, placeOf } from '../place.js';
import { projectFolders } from '../config-paths.js';
import { member } from '../documents/node.js';
import type { ConfigDocument } from '../documents/node.js';
import { readDocument } from '../documents/read-document.js';
import { shown } from '../entries/describe.js';
import { quoted } from '../entries/entry-reader.js';
import { readEntry } from '../entries/read-entry.js';
import { mcpActors } from '../sources/mcp-actors.js';
import type { LoadServersOptions } from '../types.js';
import { removeMember, setMember } from './json-edit.js';
import { changeFile } from './locked-file.js';

/** An entry of our own files: the keys of `.mcp.json`. */
export type OwnEntry = Readonly<Record<string, unknown>>;

/** Which of our files is changed, and on which machine. */
export interface EditOptions extends Pick<LoadServersOptions, 'cwd' | 'home' | 'platform' | 'env'> {
  /**
   * `'user'`: `mcp.json` in the config folder of the user. `'project'`: the nearest `.mcp.json` up to the root of the repository, or a new one in
   * the root. Default `'user'`.
   */
  readonly scope?: 'project' | 'user' | undefined;
  /** The path of the file, in place of `scope`. */
  readonly file?: string | undefined;
}

/** What an edit has changed. */
export interface Edited {
  readonly file: string;
  /** Whether there was an entry with the name. */
  readonly existed: boolean;
}

/** The file that an edit changes. */
export async function editedFile(options: EditOptions): Promise<string> {
  const place = placeOf(options);
  const { path } = place;
  const cwd = path.resolve(options.cwd ?? process.cwd());
  if (options.file !== undefined) return path.resolve(cwd, options.file);
  if (options.scope !== 'project') return path.join(ownFolder(place), 'mcp.json');
  const files = (await projectFolders(place, cwd, systemFiles)).map((folder) => path.join(folder, '.mcp.json'));
  for (const file of files) if (await systemFiles.exists(file)) return file;
  return files.at(-1) ?? path.join(cwd, '.mcp.json');
}

/**
 * Adds an entry to one of our files. Comments and layout stay, and any number of processes may do this at the same time. The file is made if
 * there is none.
 * @param options `replace`: whether an entry with the same name is replaced. Default false
 * @throws MCPError with code `MCP_INVALID_PARAMS` for an entry or name that is not valid, for a name that is used, and for a file with a syntax
 * error. Rejects with errors of the file system.
 */
export async function addServer(
  name: string,
  entry: OwnEntry,
  options: EditOptions & { readonly replace?: boolean | undefined } = {},
): Promise<Edited> {
  await checkEntry(name, entry);
  return edit(options, name, (text, existed, file) => {
    if (existed && options.replace !== true)
      throw unusableOption('name', 'a name that is not used', `${quoted(name)}, which is in ${file}`);
    return setMember(text, ['mcpServers'], name, entry);
  });
}

/**
 * Removes an entry from one of our files. See {@link addServer}.
 * @throws MCPError with code `MCP_INVALID_PARAMS` for a file with a syntax error. Rejects with errors of the file system.
 */
export async function removeServer(name: string, options: EditOptions = {}): Promise<Edited> {
  return edit(options, name, (text) => removeMember(text, ['mcpServers'], name));
}

const EMPTY = '{\n  "mcpServers": {}\n}\n';

async function edit(
  options: EditOptions,
  name: string,
  change: (text: string, existed: boolean, file: string) => string | undefined,
): Promise<Edited> {
  const place = placeOf(options);
  const file = await editedFile(options);
  let existed = false;
  await changeFile(file, place.path.join(ownFolder(place), 'locks'), async (given) => {
    const text = given === undefined || given.trim() === '' ? EMPTY : given;
    const document = await readDocument(text, 'json');
    checkDocument(document, file);
    existed = member(document.root, 'mcpServers', name) !== undefined;
    const changed = change(text, existed, file);
    return changed === text ? undefined : changed;
  });
  return { file, existed };
}

function checkDocument({ root, problems }: ConfigDocument, file: string): void {
  const error = problems.find(({ code }) => code === 'syntax');
  if (error !== undefined)
    throw unusableOption('file', 'a file without syntax errors', `${file}, line ${error.at.line}: ${error.message}`);
  const servers = member(root, 'mcpServers');
  if (root?.kind !== 'object' || (servers !== undefined && servers.kind !== 'object'))
    throw unusableOption('file', 'an object with an object "mcpServers"', file);
}

async function checkEntry(name: string, entry: OwnEntry): Promise<void> {
  if (typeof name !== 'string' || name.trim() === '' || shown(name) !== name)
    throw unusableOption('name', 'a text that is not empty, without control characters', 'another value');
  const { root } = await readDocument(JSON.stringify(entry) ?? 'null', 'json');
  const problems = root === undefined ? [] : readEntry(name, root, mcpActors.format).problems;
  const problem = problems.find(({ level }) => level === 'error');
  if (root?.kind !== 'object' || problem !== undefined)
    throw unusableOption('entry', 'an entry of .mcp.json', problem?.message ?? 'another value');
}
