import { projectFolders } from './config-paths.js';
import type { ConfigFile } from './config-paths.js';
import { member } from './documents/node.js';
import { formatOf, readDocument } from './documents/read-document.js';
import type { ConfigFiles } from './files.js';
import type { Place } from './place.js';
import { SOURCES } from './sources/index.js';
import { mcpActors } from './sources/mcp-actors.js';
import type { Source } from './sources/source.js';

/** The file of the option `config`. It belongs to the source whose files are called so, or have its keys. */
export async function namedFile(place: Place, cwd: string, files: ConfigFiles, given: string): Promise<ConfigFile> {
  const { path } = place;
  const file = path.resolve(cwd, given);
  const source = sourceByName(place, file) ?? (await sourceByContent(files, file)) ?? mcpActors;
  const isOfUser = SOURCES.some((one) => one.userFiles(place).includes(file));
  // A file below the project came with it, also if it is named by hand.
  const root = (await projectFolders(place, cwd, files)).at(-1) ?? cwd;
  const isProject = !isOfUser && !isWithin(place, place.home, root) && isWithin(place, file, root);
  return { source, file, scope: isProject ? 'project' : 'user', folder: isProject ? root : path.dirname(file) };
}

function isWithin({ path }: Place, inner: string, outer: string): boolean {
  const relative = path.relative(outer, inner);
  return relative === '' || (relative !== '..' && !relative.startsWith(`..${path.sep}`) && !path.isAbsolute(relative));
}

function sourceByName(place: Place, file: string): Source | undefined {
  const segments = file.split(place.path.sep).join('/');
  return (
    SOURCES.find((source) => source.userFiles(place).includes(file)) ??
    SOURCES.find((source) => source.projectFiles.some((relative) => segments.endsWith(`/${relative}`)))
  );
}

async function sourceByContent(files: ConfigFiles, file: string): Promise<Source | undefined> {
  const text = await files.read(file).catch(() => undefined);
  if (text === undefined) return undefined;
  const format = formatOf(file);
  const { root } = await readDocument(text, format);
  return SOURCES.find(({ keys }) => keys.some((key) => member(root, key) !== undefined));
}
