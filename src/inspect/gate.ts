import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

import { Invitation } from './invitation.js';

/** Longer targets are not looked at. */
const LONGEST_TARGET = 512;

/** Why a request is refused, or sent elsewhere: a status of HTTP, and words for whoever sent it. */
export interface Refusal {
  readonly status: number;
  readonly reason: string;
  /** Where it finds what it is looking for. */
  readonly location?: string;
}

/**
 * Lets nobody in but the page itself. The socket is bound to 127.0.0.1, but every web page in a browser on this machine can send requests
 * there: so the token has to be in the path, `Host` has to name this machine (or a foreign name was made to point here, which is called DNS
 * rebinding), and what comes from a page has to come from this one.
 */
export class Gate {
  readonly port: number;
  /** The address of the page, with the token that lets one in. */
  readonly url: string;
  readonly #prefix: Buffer;
  #invitation: Invitation | undefined;
  readonly #hosts: ReadonlySet<string>;
  readonly #origins: ReadonlySet<string>;

  constructor(token: string, port: number) {
    this.port = port;
    this.url = `http://127.0.0.1:${port}/${token}/`;
    this.#prefix = Buffer.from(`/${token}/`);
    const hosts = [`127.0.0.1:${port}`, `localhost:${port}`];
    this.#hosts = new Set(hosts);
    this.#origins = new Set(hosts.map((host) => `http://${host}`));
  }

  /** An address that leads to the page once, and does not say the token. The code is as hard to guess as that. */
  invite(code: string, now: () => number): string {
    this.#invitation = new Invitation(code, now);
    return new URL(this.#invitation.path, this.url).href;
  }

  /** What is asked for, below the token; or why it is refused. */
  page({ method, url = '', headers, socket }: IncomingMessage): string | Refusal {
    const refusal = this.#foreign(headers, false);
    if (refusal !== undefined) return refusal;
    if (method !== 'GET' && method !== 'HEAD') return { status: 405, reason: 'Only GET' };
    if (method === 'GET' && this.#invitation?.isAt(url) === true) {
      return this.#invitation.take(socket)
        ? { status: 303, reason: 'This way', location: this.#prefix.toString() }
        : { status: 410, reason: 'This address was good for once. The program knows the one that lasts.' };
    }
    return this.#below(url);
  }

  /** The same for a WebSocket, where browsers always say which page opens it. */
  socket({ method, url = '', headers }: IncomingMessage): string | Refusal {
    const refusal = this.#foreign(headers, true);
    if (refusal !== undefined) return refusal;
    if (method !== 'GET') return { status: 405, reason: 'Only GET' };
    return this.#below(url);
  }

  #foreign(headers: IncomingMessage['headers'], mustSay: boolean): Refusal | undefined {
    const { host, origin } = headers;
    if (host === undefined || !this.#hosts.has(host)) return { status: 403, reason: 'Not the name of this server' };
    if (origin === undefined ? mustSay : !this.#origins.has(origin))
      return { status: 403, reason: 'Not from this page' };
    const site = headers['sec-fetch-site'];
    // `none`: somebody typed the address, or followed it from a terminal.
    if (site !== undefined && site !== 'same-origin' && site !== 'none')
      return { status: 403, reason: 'Not from this page' };
    return undefined;
  }

  /** Takes as long for a wrong token as for the right one. */
  #below(url: string): string | Refusal {
    if (url.length > LONGEST_TARGET) return { status: 414, reason: 'Too long' };
    const [path = ''] = url.split('?');
    const given = Buffer.alloc(this.#prefix.length);
    given.write(path);
    if (!timingSafeEqual(given, this.#prefix)) return { status: 404, reason: 'Nothing here' };
    return path.slice(this.#prefix.length);
  }
}
