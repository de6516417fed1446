import { link, readdir, rename, stat, unlink, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { systemEnvironment } from '../../util/environment.js';
import { every, looks, pause } from './lease-timing.js';
import type { LeaseTiming } from './lease-timing.js';
import type { TokenLease } from './token-store.js';

// A lease is a file `<name>.lease-<number>`, and the highest number counts. A process takes the lease by making the file with the next number, which
// only one process can, and then looks whether there is a higher one: it may have been stopped after it had listed the files. The holder touches its
// file; another process takes over only when it has itself seen no touch for some time, so that clocks and process ids are compared with nothing.
// Taking over removes no file that counts. Released leases keep one file, `<name>.free-<number>`, so that the numbers only grow.

/** A lease in a folder. */
export interface FileLease extends TokenLease {
  /** Whether the holder before has not released it: it has died, or was stopped. */
  readonly followsDead: boolean;
}

/** The lease that counts. */
interface Current {
  readonly number: number;
  readonly isHeld: boolean;
  readonly file: string;
}

/** Waits for a lease, and takes it. Rejects with the reason of the signal, and then holds nothing; and with the errors of the file system. */
export async function takeFileLease(
  folder: string,
  name: string,
  timing: LeaseTiming,
  signal: AbortSignal,
): Promise<FileLease> {
  const watched = new WatchedHolder();
  for (const durations = looks(timing); ;) {
    const duration = durations.next().value;
    signal.throwIfAborted();
    // A listing may miss what changes meanwhile; it does not do so twice.
    const current = (await currentLease(folder, name)) ?? (await currentLease(folder, name));
    const isDead = current?.isHeld === true && (await watched.unchangedFor(current, duration)) >= timing.dead;
    if (current?.isHeld !== true || isDead) {
      const number = (current?.number ?? 0) + 1;
      if (await claim(folder, name, number)) {
        const lease = new HeldFileLease(folder, name, number, isDead, timing);
        // The listing may be old, and the number that of an earlier holder, whose file was removed.
        const isOurs = await lease.isHeld();
        if (isOurs && !signal.aborted) {
          await removeBefore(folder, name, number).catch(ignore);
          return lease;
        }
        await lease.release();
      }
    } else await pause(duration, signal);
  }
}

/** What a waiting process has seen of the holder of a lease. */
class WatchedHolder {
  #mark = '';
  #seenAt = 0;
  #unchanged = 0;

  /** For how long it has not touched its file, in ms. A pause of this process, or a sleep of the machine, counts as one look. */
  async unchangedFor({ file }: Current, duration: number): Promise<number> {
    const mark = await markOf(file);
    const now = systemEnvironment.now();
    this.#unchanged = mark === this.#mark ? this.#unchanged + Math.min(now - this.#seenAt, 2 * duration) : 0;
    this.#mark = mark;
    this.#seenAt = now;
    return this.#unchanged;
  }
}

class HeldFileLease implements FileLease {
  readonly #folder: string;
  readonly #name: string;
  readonly #number: number;
  readonly #file: string;
  readonly #stop: () => void;
  readonly followsDead: boolean;

  constructor(folder: string, name: string, number: number, followsDead: boolean, { touch }: LeaseTiming) {
    this.#folder = folder;
    this.#name = name;
    this.#number = number;
    this.#file = path.join(folder, `${name}.lease-${number}`);
    this.followsDead = followsDead;
    this.#stop = every(touch, async () => {
      const seconds = systemEnvironment.now() / 1_000;
      // Without the file the lease is lost, which `isHeld` reports.
      await utimes(this.#file, seconds, seconds).catch(ignore);
    });
  }

  async isHeld(): Promise<boolean> {
    const current = await currentLease(this.#folder, this.#name);
    return current?.isHeld === true && current.number === this.#number;
  }

  async release(): Promise<void> {
    this.#stop();
    await rename(this.#file, path.join(this.#folder, `${this.#name}.free-${this.#number}`)).catch(ignore);
  }
}

async function currentLease(folder: string, name: string): Promise<Current | undefined> {
  let highest: Current | undefined;
  for (const file of await filesOf(folder, name)) {
    const [, kind, digits] = /^(lease|free)-(\d{1,15})$/.exec(file.slice(name.length + 1)) ?? [];
    const number = Number(digits);
    if (kind !== undefined && number > (highest?.number ?? 0))
      highest = { number, isHeld: kind === 'lease', file: path.join(folder, file) };
  }
  return highest;
}

async function filesOf(folder: string, name: string): Promise<string[]> {
  return (await readdir(folder)).filter((file) => file.startsWith(`${name}.`));
}

/** Changes with each touch of a file. */
async function markOf(file: string): Promise<string> {
  try {
    const { ino, mtimeNs, ctimeNs } = await stat(file, { bigint: true });
    return [ino, mtimeNs, ctimeNs].join();
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOENT') return 'released';
    throw thrown;
  }
}

/** Makes the file with a number, unless another process has made it. */
async function claim(folder: string, name: string, number: number): Promise<boolean> {
  const staged = path.join(folder, `${name}.staged-${systemEnvironment.newId()}`);
  const target = path.join(folder, `${name}.lease-${number}`);
  await writeFile(staged, '', { flag: 'wx', mode: 0o600 });
  try {
    await link(staged, target);
    return true;
  } catch (thrown) {
    if (codeOf(thrown) !== 'EEXIST') return await claimWithoutLink(target);
    // Over a network the response to the first try may be lost.
    return (await stat(staged).catch(ignore))?.nlink === 2;
  } finally {
    await unlink(staged).catch(ignore);
  }
}

/** For file systems without links. */
async function claimWithoutLink(target: string): Promise<boolean> {
  try {
    await writeFile(target, '', { flag: 'wx', mode: 0o600 });
    return true;
  } catch (thrown) {
    if (codeOf(thrown) === 'EEXIST') return false;
    throw thrown;
  }
}

/** Removes the files of earlier holders, and of processes that were killed while they took the lease: living ones can do without. */
async function removeBefore(folder: string, name: string, number: number): Promise<void> {
  for (const file of await filesOf(folder, name)) {
    const [, kind, digits] = /^(lease|free|staged)-(.+)$/.exec(file.slice(name.length + 1)) ?? [];
    if (kind === 'staged' || Number(digits) < number) await unlink(path.join(folder, file)).catch(ignore);
  }
}

/** The code of an error of the file system. */
export function codeOf(thrown: unknown): unknown {
  return typeof thrown === 'object' && thrown !== null && 'code' in thrown ? thrown.code : undefined;
}

/** For what is repeated, or reported, elsewhere. */
export function ignore(): undefined {
  return undefined;
}
