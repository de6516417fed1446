import { rawEntryOf } from '../configured-server.js';
import { loadServers } from '../load-servers.js';
import { placeOf } from '../place.js';
import type { ConfiguredServer, LoadServersOptions } from '../types.js';
import { addServer, editedFile } from './edit-file.js';
import type { EditOptions } from './edit-file.js';
import { toOwnEntry } from './own-entry.js';
import { MCPError } from '../../errors.js';

/** Options of {@link importServers}. `sources` are the programs whose entries are copied. Default: all but our own. */
export interface ImportOptions
  extends Pick<EditOptions, 'scope' | 'file'>, Omit<LoadServersOptions, 'files' | 'input' | 'only' | 'allowUnset'> {
  /** The names of the servers to copy. Default: all. */
  readonly names?: readonly string[] | undefined;
  /** Whether entries with the same name are replaced. Default false: they are left as they are. */
  readonly replace?: boolean | undefined;
}

/** What became of one entry. */
export interface ImportedServer {
  readonly name: string;
  readonly server: ConfiguredServer;
  readonly added: boolean;
  /** Why it was not added, and which parts our format does not have. They contain no values. */
  readonly notes: readonly string[];
}

/**
 * Copies entries of other programs into one of our files. Variables stay variables, and no value of a variable is copied. Entries of project
 * files are copied only if the user has agreed to them, because the file of the user is trusted.
 * @throws MCPError with code `MCP_INVALID_PARAMS` for a file with a syntax error. Rejects with errors of the file system, and with what `trust`
 * throws
 */
export async function importServers(
  options: ImportOptions = {},
): Promise<{ readonly file: string; readonly servers: readonly ImportedServer[] }> {
  const { names, replace, scope, file: given, ...loading } = options;
  const place = placeOf(options);
  const edits: EditOptions = { ...loading, scope, file: given };
  const file = await editedFile(edits);
  const { servers } = await loadServers({ ...loading, ...(names && { only: names }) });
  const results: ImportedServer[] = [];
  for (const [name, server] of servers) {
    if (names?.includes(name) === false || server.source.file === file) continue;
    if (server.source.client === 'mcp-actors' && options.sources?.includes('mcp-actors') !== true) continue;
    const raw = rawEntryOf(server);
    if (!server.trusted || raw === undefined) {
      results.push({ name, server, added: false, notes: ['it is of a project file, and you have not agreed to it'] });
      continue;
    }
    const folder = place.path.resolve(options.cwd ?? process.cwd());
    const { entry, notes } = toOwnEntry(raw, { home: place.home, folder, separator: place.path.sep });
    const problem = entry === undefined ? undefined : await added(name, entry, { ...edits, replace });
    results.push({
      name,
      server,
      added: entry !== undefined && problem === undefined,
      notes: problem === undefined ? notes : [problem],
    });
  }
  return { file, servers: results };
}

/** Adds an entry; returns the reason if its name is used or it is not valid. */
async function added(
  name: string,
  entry: object,
  options: Parameters<typeof addServer>[2],
): Promise<string | undefined> {
  try {
    await addServer(name, { ...entry }, options);
    return undefined;
  } catch (thrown) {
    const field = MCPError.isInstance(thrown) ? thrown.details['field'] : undefined;
    if (field === 'name') return 'there is an entry with this name';
    if (field === 'entry') return 'it is not valid in our format';
    throw thrown;
  }
}
