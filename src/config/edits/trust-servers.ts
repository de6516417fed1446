import { configFiles } from '../config-paths.js';
import { unusableOption } from '../../option-checks.js';
import { systemFiles } from '../files.js';
import { loadServers } from '../load-servers.js';
import { ownFolder, placeOf } from '../place.js';
import { fileTrustStore } from '../trust/file-trust-store.js';
import type { TrustStore } from '../trust/trust-store.js';
import type { LoadServersOptions, UntrustedEntry } from '../types.js';

/** The options of {@link loadServers} that decide which entries there are. */
export type TrustOptions = Omit<LoadServersOptions, 'trust' | 'input' | 'only'>;

/**
 * Agrees to the entries of project files with a name, or to all of them. Returns the entries that were not trusted before.
 * @throws MCPError with code `MCP_INVALID_PARAMS` when the agreements cannot be stored
 */
export async function trustServer(
  name: string | undefined,
  options: TrustOptions = {},
): Promise<readonly UntrustedEntry[]> {
  const agreed: UntrustedEntry[] = [];
  const { problems } = await loadServers({
    ...options,
    trustStore: storeOf(options),
    ...(name !== undefined && { only: [name] }),
    trust: (entries) => {
      agreed.push(...entries);
      return true;
    },
  });
  const problem = problems.find(({ code }) => code === 'trust-store');
  if (problem !== undefined)
    throw unusableOption('trustStore', 'a store that can be read and written', problem.message);
  return agreed;
}

/**
 * Ends the agreement to the entries of project files with a name, or to all of them. Returns the files.
 * @throws errors of the trust store
 */
export async function untrustServer(name: string | undefined, options: TrustOptions = {}): Promise<readonly string[]> {
  const place = placeOf(options);
  const store = storeOf(options);
  const cwd = place.path.resolve(options.cwd ?? process.cwd());
  const found = await configFiles(place, cwd, options.files ?? systemFiles, options.sources);
  const files = found.filter(({ scope }) => scope === 'project').map(({ file }) => file);
  for (const file of files) await store.remove(file, name);
  return files;
}

function storeOf(options: TrustOptions): TrustStore {
  const place = placeOf(options);
  return options.trustStore ?? fileTrustStore(place.path.join(ownFolder(place), 'trusted.json'));
}
