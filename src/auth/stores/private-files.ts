import { constants } from 'node:fs';
import { lstat, mkdir, open, unlink } from 'node:fs/promises';
import type { Stats } from 'node:fs';
import path from 'node:path';

import { codeOf, ignore } from './file-lease.js';

/** Permissions of the group and of others. */
const OTHERS = 0o077;

/** Without it, on Windows, a link is followed. The folder there belongs to the user. */
const NO_FOLLOW = (constants as Partial<typeof constants>).O_NOFOLLOW ?? 0;

/** Makes a folder that only this user can read, with the folders above it, or checks the one that exists. */
export async function preparePrivateFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const stats = await lstat(folder);
  if (!stats.isDirectory()) throw new Error(`${folder} must be a folder, and not a link: tokens are not kept there`);
  checkPrivate('folder', folder, stats);
}

/** Reads a file that only this user can read; undefined if there is none. Rejects for a link, and for a file that others can read. */
export async function readPrivateFile(file: string): Promise<string | undefined> {
  try {
    const handle = await open(file, constants.O_RDONLY | NO_FOLLOW);
    try {
      const stats = await handle.stat();
      if (!stats.isFile()) throw new Error(`${file} must be a file: it is not used for tokens`);
      checkPrivate('file', file, stats);
      return await handle.readFile('utf8');
    } finally {
      await handle.close();
    }
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOENT') return undefined;
    if (codeOf(thrown) === 'ELOOP')
      throw new Error(`${file} must be a file, and not a link: it is not used for tokens`, { cause: thrown });
    throw thrown;
  }
}

/** Writes a new file that only this user can read, and waits until it is on the disk. Removes it if that fails. */
export async function writePrivateFile(file: string, text: string): Promise<void> {
  const handle = await open(file, 'wx', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
    await handle.close();
  } catch (thrown) {
    await handle.close().catch(ignore);
    await unlink(file).catch(ignore);
    throw thrown;
  }
}

/** Waits until the names in a folder are on the disk, where the system offers that. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY).catch(ignore);
  await handle?.sync().catch(ignore);
  await handle?.close();
}

/** Windows has no such permissions: what is below the profile of a user belongs to that user. */
function checkPrivate(kind: 'folder' | 'file', file: string, { mode, uid }: Stats): void {
  const user = process.getuid?.();
  if (user === undefined) return;
  const permissions = mode & 0o777;
  if ((permissions & OTHERS) !== 0)
    throw new Error(
      `Other users may use the ${kind} ${file}, which has mode ${octal(permissions)}: tokens are kept only where the mode is ` +
        `${kind === 'folder' ? '700' : '600'}. Run: chmod ${kind === 'folder' ? '700' : '600'} ${path.resolve(file)}`,
    );
  if (uid !== user)
    throw new Error(`The ${kind} ${file} belongs to the user ${uid}, and not to ${user}: it is not used for tokens`);
}

function octal(permissions: number): string {
  return permissions.toString(8).padStart(3, '0');
}
