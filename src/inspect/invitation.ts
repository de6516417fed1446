import { timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';

/** Milliseconds that a browser has to come: some take their time to start. */
const PATIENCE = 60_000;

/**
 * An address for the browser that the user's system is asked to open. Whatever is on a command line can be seen by all users of the machine, so
 * it has a code in place of the token, which the server exchanges for that once, soon, and only for a process of this user.
 */
export class Invitation {
  /** Where it is, below the root of the server. */
  readonly path: string;
  readonly #expected: Buffer;
  readonly #now: () => number;
  readonly #until: number;
  #spent = false;

  constructor(code: string, now: () => number) {
    this.path = `/${code}`;
    this.#expected = Buffer.from(this.path);
    this.#now = now;
    this.#until = now() + PATIENCE;
  }

  /** Whether this is its path; takes as long for every other of that length. */
  isAt(url: string): boolean {
    const given = Buffer.from(url);
    return given.length === this.#expected.length && timingSafeEqual(given, this.#expected);
  }

  /**
   * Lets in whoever is at the other end of a socket, unless somebody was let in before. Another user is not, and cannot use it up either.
   * @param table all sockets of the machine
   */
  take({ localPort = 0, remotePort = 0 }: Pick<Socket, 'localPort' | 'remotePort'>, table = socketTable()): boolean {
    if (this.#spent || this.#now() > this.#until) return false;
    const owner = ownerOf(remotePort, localPort, table);
    // The superuser can look into this process anyhow, and relays connections for others, from Windows for instance.
    this.#spent = owner === undefined || owner === 0 || owner === process.getuid?.();
    return this.#spent;
  }
}

/** All sockets of TCP, as Linux lists them; empty elsewhere. */
export function socketTable(): string {
  const read = (file: string): string => {
    try {
      return readFileSync(file, 'latin1');
    } catch {
      return '';
    }
  };
  return read('/proc/net/tcp') + read('/proc/net/tcp6');
}

/** The number of the user to whom a socket of this machine belongs; undefined when that is not known here. */
export function ownerOf(port: number, peer: number, table: string): number | undefined {
  const [local, remote] = [port, peer].map((one) => `:${one.toString(16).toUpperCase().padStart(4, '0')}`);
  for (const line of table.split('\n')) {
    const [, from, to, , , , , user] = line.trim().split(/\s+/);
    if (from?.endsWith(local ?? '') === true && to?.endsWith(remote ?? '') === true) return Number(user);
  }
  return undefined;
}
