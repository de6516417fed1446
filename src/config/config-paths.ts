import { systemFiles } from './files.js';
import type { ConfigFiles } from './files.js';
import { placeOf } from './place.js';
import type { Place } from './place.js';
import { SOURCES } from './sources/index.js';
import type { Source } from './sources/source.js';
import type { LoadServersOptions, SourceName } from './types.js';

/** A file in which a source may have entries. */
export interface ConfigFile {
  readonly source: Source;
  readonly file: string;
  readonly scope: 'project' | 'user';
  /** The folder of the project, or the folder of the file. */
  readonly folder: string;
}

/** A place where a config file may be. */
export interface ConfigPath {
  /** The program that owns the file. */
  readonly client: SourceName;
  readonly file: string;
  readonly scope: 'project' | 'user';
  readonly exists: boolean;
}

/** The files of sources, in the order of their precedence. A file that several sources read is the first one's. */
export async function configFiles(
  place: Place,
  cwd: string,
  files: ConfigFiles,
  names: readonly SourceName[] | undefined,
): Promise<ConfigFile[]> {
  const selected = SOURCES.filter(({ name }) => names === undefined || names.includes(name));
  const ofUser = SOURCES.flatMap((source) => source.userFiles(place));
  const found: ConfigFile[] = [];
  for (const folder of await projectFolders(place, cwd, files)) {
    for (const source of selected) {
      for (const relative of source.projectFiles) {
        const file = place.path.join(folder, ...relative.split('/'));
        // In the home folder the files of a project may be those of the user.
        if (!ofUser.includes(file)) found.push({ source, file, scope: 'project', folder });
      }
    }
  }
  for (const source of selected) {
    for (const file of source.userFiles(place))
      found.push({ source, file, scope: 'user', folder: place.path.dirname(file) });
  }
  return found.filter(({ file }, index) => found.findIndex((one) => one.file === file) === index);
}

/** The folders of a project, from the current one to the root of its repository. Without a repository only the current one. */
export async function projectFolders({ path }: Place, cwd: string, files: ConfigFiles): Promise<string[]> {
  const folders: string[] = [];
  for (let folder = cwd; ; folder = path.dirname(folder)) {
    folders.push(folder);
    if (await files.exists(path.join(folder, '.git'))) return folders;
    if (path.dirname(folder) === folder) return [cwd];
  }
}

/**
 * All places of config files on a machine, in the order of their precedence, and which of them exist. Never rejects.
 * @example
 * for (const { client, file, exists } of await configPaths()) console.log(exists ? '*' : ' ', client, file);
 */
export async function configPaths(
  options: Pick<LoadServersOptions, 'cwd' | 'home' | 'platform' | 'env' | 'files' | 'sources'> = {},
): Promise<readonly ConfigPath[]> {
  const { files = systemFiles } = options;
  const place = placeOf(options);
  const found = await configFiles(place, place.path.resolve(options.cwd ?? process.cwd()), files, options.sources);
  return Promise.all(
    found.map(async ({ source, file, scope }) => ({
      client: source.name,
      file,
      scope,
      exists: await files.exists(file).catch(() => false),
    })),
  );
}
