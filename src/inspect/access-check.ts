import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

import { Invitation } from './invitation.js';

/** Maximum length of a request target. */
const MAX_TARGET = 512;

/** The response to a request that is refused or redirected: an HTTP status and a text. */
export interface Refusal {
  readonly status: number;
  readonly reason: string;
  /** The target of a redirect. */
  readonly location?: string;
}

/**
 * Accepts only requests of the page itself. The socket is bound to 127.0.0.1, but every web page in a browser on this machine can send
 * requests to it. So the token must be in the path, `Host` must name this machine (against DNS rebinding), and `Origin` must be this
 * server.
 */
export class AccessCheck {
  readonly port: number;
  /** The URL of the page, with the token. */
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

  /** Makes a URL that redirects to the page once, and does not contain the token. The code must be as hard to guess as the token. */
  invite(code: string, now: () => number): string {
    this.#invitation = new Invitation(code, now);
    return new URL(this.#invitation.path, this.url).href;
  }

  /** The path of an HTTP request below the token, or a refusal. */
  page({ method, url = '', headers, socket }: IncomingMessage): string | Refusal {
    const refusal = this.#foreign(headers, false);
    if (refusal !== undefined) return refusal;
    if (method !== 'GET' && method !== 'HEAD') return { status: 405, reason: 'Only GET' };
    if (method === 'GET' && this.#invitation?.isAt(url) === true) {
      return this.#invitation.take(socket)
        ? { status: 303, reason: 'See other', location: this.#prefix.toString() }
        : { status: 410, reason: 'This URL could be used only once. The program has the permanent URL.' };
    }
    return this.#below(url);
  }

  /** The same for a WebSocket. There `Origin` is required, because browsers always send it. */
  socket({ method, url = '', headers }: IncomingMessage): string | Refusal {
    const refusal = this.#foreign(headers, true);
    if (refusal !== undefined) return refusal;
    if (method !== 'GET') return { status: 405, reason: 'Only GET' };
    return this.#below(url);
  }

  #foreign(headers: IncomingMessage['headers'], requiresOrigin: boolean): Refusal | undefined {
    const { host, origin } = headers;
    if (host === undefined || !this.#hosts.has(host)) return { status: 403, reason: 'Unknown Host' };
    if (origin === undefined ? requiresOrigin : !this.#origins.has(origin))
      return { status: 403, reason: 'Not from this page' };
    const site = headers['sec-fetch-site'];
    // `none`: the user typed the URL, or opened it from a terminal.
    if (site !== undefined && site !== 'same-origin' && site !== 'none')
      return { status: 403, reason: 'Not from this page' };
    return undefined;
  }

  /** The path below the token. The comparison takes constant time. */
  #below(url: string): string | Refusal {
    if (url.length > MAX_TARGET) return { status: 414, reason: 'Too long' };
    const [path = ''] = url.split('?');
    const given = Buffer.alloc(this.#prefix.length);
    given.write(path);
    if (!timingSafeEqual(given, this.#prefix)) return { status: 404, reason: 'Nothing here' };
    return path.slice(this.#prefix.length);
  }
}
