import { createHash } from 'node:crypto';
import { chmod, mkdir, readFile, realpath, rename, stat, unlink } from 'node:fs/promises';
import path from 'node:path';

import { codeOf, ignore, takeFileLease } from '../../auth/stores/file-lease.js';
import type { LeaseTiming } from '../../auth/stores/lease-timing.js';
import { syncFolder, writePrivateFile } from '../../auth/stores/private-files.js';
import { systemEnvironment } from '../../util/environment.js';

/** Of the lock that a process holds while it changes a file. */
const TIMING: LeaseTiming = { touch: 1_000, dead: 5_000, look: 100 };

/** How often a file is changed again, if another process took the lock over because this one was stopped meanwhile. */
const MOST_TRIES = 10;

/** Permissions of a new file, and of a new folder. */
const PRIVATE = { file: 0o600, folder: 0o700 };

/**
 * Changes a file: reads it, and replaces it by another text, while other processes that use this function wait. Readers see the old text or the new
 * one, and never a part. A symbolic link stays, and the file that it points to is replaced. Rejects with errors of the file system, and with what
 * `change` throws.
 * @param locks the folder of the locks
 * @param change the new text; the same text, or undefined, to leave the file as it is
 */
export async function changeFile(
  file: string,
  locks: string,
  change: (text: string | undefined) => string | undefined | Promise<string | undefined>,
): Promise<void> {
  await mkdir(locks, { recursive: true, mode: PRIVATE.folder });
  await mkdir(path.dirname(file), { recursive: true, mode: PRIVATE.folder });
  const real = await realPath(file);
  const name = createHash('sha256').update(real).digest('hex').slice(0, 32);
  for (let tries = 1; ; tries += 1) {
    const lease = await takeFileLease(locks, name, TIMING, new AbortController().signal);
    try {
      const before = await textOf(real);
      const after = await change(before);
      if (after === undefined || after === before) return;
      const staged = path.join(path.dirname(real), `.${path.basename(real)}.${systemEnvironment.newId()}`);
      await writePrivateFile(staged, after);
      try {
        const mode = (await stat(real).catch(ignore))?.mode;
        if (mode !== undefined) await chmod(staged, mode & 0o777);
        if (await lease.isHeld()) {
          await rename(staged, real);
          await syncFolder(path.dirname(real));
          return;
        }
      } finally {
        await unlink(staged).catch(ignore);
      }
    } finally {
      await lease.release();
    }
    if (tries === MOST_TRIES) throw new Error(`${file} could not be changed: other processes took its lock over`);
  }
}

async function textOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
}

/** The path without symbolic links. The file itself need not exist. */
async function realPath(file: string): Promise<string> {
  try {
    return await realpath(file);
  } catch (thrown) {
    if (codeOf(thrown) !== 'ENOENT') throw thrown;
    return path.join(await realpath(path.dirname(file)), path.basename(file));
  }
}
