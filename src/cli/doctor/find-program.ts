import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import path from 'node:path';

/** Where a program is searched. */
export interface ProgramSearch {
  readonly cwd: string;
  /** The environment of the server. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform?: NodeJS.Platform;
}

/**
 * The file that the system runs for a command: the command itself if it is a path, else the first match on PATH. Undefined if there is none that
 * may be executed.
 */
export async function findProgram(command: string, search: ProgramSearch): Promise<string | undefined> {
  const { cwd, env, platform = process.platform } = search;
  const windows = platform === 'win32';
  const isPath = command.includes('/') || (windows && command.includes('\\'));
  const folders = isPath ? [''] : (valueOf(env, 'PATH', windows) ?? '').split(path.delimiter);
  const endings = windows ? ['', ...(valueOf(env, 'PATHEXT', windows) ?? '.EXE;.CMD;.BAT').split(';')] : [''];
  for (const folder of folders) {
    if (folder === '' && !isPath) continue;
    for (const ending of endings) {
      const file = path.resolve(cwd, folder, `${command}${ending}`);
      if (await isExecutable(file, windows)) return file;
    }
  }
  return undefined;
}

function valueOf(env: ProgramSearch['env'], name: string, windows: boolean): string | undefined {
  if (!windows) return env[name];
  return Object.entries(env).find(([one]) => one.toUpperCase() === name)?.[1];
}

async function isExecutable(file: string, windows: boolean): Promise<boolean> {
  try {
    if (!(await stat(file)).isFile()) return false;
    await access(file, windows ? constants.F_OK : constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Whether a path is a file or folder. */
export async function exists(file: string): Promise<boolean> {
  try {
    await access(file, constants.F_OK);
    return true;
  } catch {
    return false;
  }
}

/** Whether a package is installed in a folder or in one above it, so that `npx` does not have to download it. */
export async function isInstalled(packageName: string, folder: string): Promise<boolean> {
  for (let at = path.resolve(folder); ; at = path.dirname(at)) {
    if (await exists(path.join(at, 'node_modules', packageName, 'package.json'))) return true;
    if (at === path.dirname(at)) return false;
  }
}
