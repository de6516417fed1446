import { constants } from 'node:fs';
import { lstat, open } from 'node:fs/promises';

/** The largest config file that is read, in bytes. `~/.claude.json` contains histories and can be large. */
const LARGEST_FILE = 64 * 1024 * 1024;

/** Reads the files of {@link loadServers}. Paths are absolute. */
export interface ConfigFiles {
  /** The text of a file; undefined if there is none. A rejection becomes a problem. */
  read(path: string): Promise<string | undefined>;
  /** Whether a file or folder exists, by which the root of a repository is found. */
  exists(path: string): Promise<boolean>;
}

/** The file system of this machine. */
export const systemFiles: ConfigFiles = {
  async read(path) {
    try {
      // Without waiting for a pipe that no program writes to.
      const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
      try {
        const stats = await handle.stat();
        if (!stats.isFile()) throw new Error('it is not a file');
        if (stats.size > LARGEST_FILE) throw new Error(`it has more than ${LARGEST_FILE} bytes`);
        return await handle.readFile('utf8');
      } finally {
        await handle.close();
      }
    } catch (thrown) {
      if (isMissing(thrown)) return undefined;
      throw thrown;
    }
  },
  async exists(path) {
    try {
      await lstat(path);
      return true;
    } catch {
      return false;
    }
  },
};

/** Whether an error of the file system means that there is no such file. */
export function isMissing(thrown: unknown): boolean {
  const { code } = (thrown ?? {}) as { code?: unknown };
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** Why a file cannot be read: a code of the system, or a text of this module. */
export function reasonOf(thrown: unknown): string {
  const { code, message } = (thrown ?? {}) as { code?: unknown; message?: unknown };
  return typeof code === 'string' ? code : typeof message === 'string' ? message : 'unknown reason';
}
