import path from 'node:path';

import { loadServers } from '../../../src/config/index.js';
import type { ConfigFiles, LoadedServers, LoadServersOptions } from '../../../src/config/index.js';

/** Files in memory, by their paths. A folder exists if it contains a file. */
export function memoryFiles(texts: Readonly<Record<string, string>>): ConfigFiles {
  const names = Object.keys(texts);
  return {
    read: async (file) => texts[file],
    exists: async (file) =>
      names.some((name) => name === file || name.startsWith(`${file}/`) || name.startsWith(`${file}\\`)),
  };
}

/** A machine without environment variables, with a repository in `project`. */
export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly home: string;
  readonly project: string;
  readonly env: Readonly<Record<string, string>>;
  /** The functions for paths. */
  readonly path: path.PlatformPath;
}

export const LINUX: Machine = {
  platform: 'linux',
  home: '/home/ada',
  project: '/home/ada/app',
  env: { HOME: '/home/ada' },
  path: path.posix,
};

export const DARWIN: Machine = {
  platform: 'darwin',
  home: '/Users/ada',
  project: '/Users/ada/app',
  env: { HOME: '/Users/ada' },
  path: path.posix,
};

export const WIN32: Machine = {
  platform: 'win32',
  home: 'C:\\Users\\ada',
  project: 'C:\\Users\\ada\\app',
  env: { USERPROFILE: 'C:\\Users\\ada', APPDATA: 'C:\\Users\\ada\\AppData\\Roaming' },
  path: path.win32,
};

/**
 * Loads the servers of a machine. The names of `files` are relative to the project, or begin with `~` for the home folder; all entries are
 * trusted unless `options` decide otherwise.
 */
export async function load(
  files: Readonly<Record<string, string | object>>,
  options: LoadServersOptions = {},
  machine = LINUX,
): Promise<LoadedServers> {
  const texts: Record<string, string> = { [machine.path.join(machine.project, '.git', 'HEAD')]: '' };
  for (const [name, content] of Object.entries(files))
    texts[fileOf(machine, name)] = typeof content === 'string' ? content : JSON.stringify(content, null, 2);
  return loadServers({
    cwd: machine.project,
    home: machine.home,
    platform: machine.platform,
    env: machine.env,
    trust: () => true,
    files: memoryFiles(texts),
    ...options,
  });
}

/** The path of a file of a machine. */
export function fileOf({ path: paths, home, project }: Machine, name: string): string {
  if (paths.isAbsolute(name)) return name;
  return name.startsWith('~') ? paths.join(home, ...name.slice(1).split('/')) : paths.join(project, ...name.split('/'));
}
