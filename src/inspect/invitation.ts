import { timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';

/** How long the URL is valid, in ms: some browsers start slowly. */
const VALID_FOR = 60_000;

/**
 * The URL that is passed to the browser of the user. All users of the machine can see command lines, so it contains a code in place of the
 * token. The server redirects it to the page once, within a minute, and only for a process of this user.
 */
export class Invitation {
  /** The path of the URL. */
  readonly path: string;
  readonly #expected: Buffer;
  readonly #now: () => number;
  readonly #until: number;
  #spent = false;

  constructor(code: string, now: () => number) {
    this.path = `/${code}`;
    this.#expected = Buffer.from(this.path);
    this.#now = now;
    this.#until = now() + VALID_FOR;
  }

  /** Whether this is the path of the URL. The comparison takes constant time. */
  isAt(url: string): boolean {
    const given = Buffer.from(url);
    return given.length === this.#expected.length && timingSafeEqual(given, this.#expected);
  }

  /**
   * Accepts the peer of a socket, once. A process of another user is not accepted, and does not use up the code.
   * @param table all TCP sockets of the machine
   */
  take({ localPort = 0, remotePort = 0 }: Pick<Socket, 'localPort' | 'remotePort'>, table = socketTable()): boolean {
    if (this.#spent || this.#now() > this.#until) return false;
    const owner = ownerOf(remotePort, localPort, table);
    // Root can read this process anyway, and may relay connections, from Windows for instance.
    this.#spent = owner === undefined || owner === 0 || owner === process.getuid?.();
    return this.#spent;
  }
}

/** All TCP sockets, in the format of Linux; empty on other systems. */
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

/** The id of the user who owns a socket; undefined if unknown. */
export function ownerOf(port: number, peer: number, table: string): number | undefined {
  const [local, remote] = [port, peer].map((one) => `:${one.toString(16).toUpperCase().padStart(4, '0')}`);
  for (const line of table.split('\n')) {
    const [, from, to, , , , , user] = line.trim().split(/\s+/);
    if (from?.endsWith(local ?? '') === true && to?.endsWith(remote ?? '') === true) return Number(user);
  }
  return undefined;
}
