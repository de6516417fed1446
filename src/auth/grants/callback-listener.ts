import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { authFailure } from '../auth-failures.js';
import { systemEnvironment } from '../../util/environment.js';
import type { Failure } from '../../util/failure.js';

/** Where a listener is to listen. */
export interface ListenerAddress {
  readonly host: (typeof HOSTS)[number];
  /** 0 for any free port. */
  readonly port: number;
  readonly path: string;
}

const HOSTS = ['127.0.0.1', 'localhost', '[::1]'] as const;

/** Where a client can listen for a redirect URI; undefined if it cannot. */
export function listenerAddress(redirectUri: string): ListenerAddress | undefined {
  const { protocol, hostname, port, pathname, search } = new URL(redirectUri);
  const host = HOSTS.find((one) => one === hostname);
  if (protocol !== 'http:' || host === undefined || search !== '') return undefined;
  return { host, port: Number(port || 80), path: pathname };
}

/** Takes the URL of a callback. Throws if it does not belong to the sign-in, which then continues to wait. */
export type CallbackReader = (url: string) => void;

/** How long a request may take, in ms. */
const REQUEST_TIMEOUT = 10_000;

/** How often the times of connections are checked, in ms. */
const CHECK_INTERVAL = 2_000;

/** The limit for the head of a request, in bytes. A browser sends the cookies of all programs of the machine that have set any. */
const LONGEST_HEAD = 64 * 1_024;

/** The most connections at a time: a browser opens a few. */
const MOST_CONNECTIONS = 32;

/** The pages contain nothing of a request. */
const PAGES = {
  done: ['Signed in', 'You can close this window and return to your program.'],
  failed: ['Not signed in', 'The sign-in has failed. Your program shows the reason. You can close this window.'],
  foreign: ['Nothing to do here', 'This page does not belong to a sign-in that is waiting.'],
} as const;

const STYLE =
  ':root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:34em;margin:15vh auto;padding:0 1em}';

/**
 * Receives the browser of a person who has signed in, at a port of this machine. It listens on loopback only, and takes one callback: GET of one
 * path, with the right `Host`. Its page is sent when the result of the sign-in is known. RFC 8252, 7.3 and 8.3.
 */
export class CallbackListener {
  readonly #server: Server;
  readonly #address: ListenerAddress;
  /** The path that redirects to the page of the authorization server, once. */
  readonly #entrance = `/${systemEnvironment.newId()}`;
  #page: string | undefined;
  #read: CallbackReader | undefined;
  /** The response to the callback. */
  #held: ServerResponse | undefined;
  #isDone = false;

  private constructor(server: Server, address: ListenerAddress) {
    this.#server = server;
    this.#address = address;
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      this.#receive(request, response);
    });
    // Errors of accepting a connection, such as EMFILE, must not end the program.
    server.on('error', () => undefined);
  }

  /** Listens. Rejects with a failure if the port is not available. */
  static async open(address: ListenerAddress): Promise<CallbackListener> {
    const server = createServer({
      headersTimeout: REQUEST_TIMEOUT,
      requestTimeout: REQUEST_TIMEOUT,
      connectionsCheckingInterval: CHECK_INTERVAL,
      maxHeaderSize: LONGEST_HEAD,
    });
    server.maxConnections = MOST_CONNECTIONS;
    const host = address.host === '[::1]' ? '::1' : '127.0.0.1';
    await new Promise<void>((resolve, reject: (reason: unknown) => void) => {
      server.once('error', (error) => {
        reject(unavailable(address, error));
      });
      server.listen(address.port, host, resolve);
    });
    server.removeAllListeners('error');
    return new CallbackListener(server, address);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The redirect URI, with the port. */
  get redirectUri(): string {
    return `http://${this.#address.host}:${this.port}${this.#address.path}`;
  }

  /** Whether a redirect URI leads here: a registration may have another name of this machine. */
  isAt(redirectUri: string): boolean {
    return listenerAddress(redirectUri)?.port === this.port;
  }

  /**
   * A URL of this listener that redirects to a page, once. It is short, and contains no state: users of the machine may see the command line of
   * the program that opens the browser.
   */
  entranceTo(page: string): string {
    this.#page = page;
    return `http://${this.#address.host}:${this.port}${this.#entrance}`;
  }

  /** Waits for the callback. */
  expect(read: CallbackReader): void {
    this.#read = read;
  }

  /** The sign-in has succeeded. */
  succeed(): void {
    this.#isDone = true;
  }

  /** Answers the browser, and releases the port and all connections. */
  close(): void {
    this.#server.close();
    const closeAll = (): void => {
      this.#server.closeAllConnections();
    };
    const held = this.#held;
    if (held === undefined || held.destroyed) closeAll();
    else {
      held.once('close', closeAll);
      send(held, 200, this.#isDone ? 'done' : 'failed');
    }
  }

  #receive(request: IncomingMessage, response: ServerResponse): void {
    const { method, url = '', headers } = request;
    // A browser that keeps its connection open does not keep the program alive.
    response.once('finish', () => {
      request.socket.destroySoon();
    });
    const path = url.split('?')[0];
    if (!this.#isOwnHost(headers.host) || method !== 'GET') send(response, 404, 'foreign');
    // A prefetch would use up the entrance or the code.
    else if (headers['sec-purpose'] !== undefined || headers.purpose === 'prefetch') send(response, 204, 'foreign');
    else if (path === this.#entrance && this.#page !== undefined) {
      response.setHeader('location', this.#page);
      this.#page = undefined;
      send(response, 302, 'foreign');
    } else if (path === this.#address.path) this.#receiveCallback(url, response);
    else send(response, 404, 'foreign');
  }

  /** Pages of other sites may not reach it by a name that points to this machine. */
  #isOwnHost(host: string | undefined): boolean {
    return HOSTS.some((name) => host === `${name}:${this.port}`);
  }

  #receiveCallback(url: string, response: ServerResponse): void {
    const read = this.#read;
    if (read === undefined || this.#held !== undefined) {
      send(response, 400, 'foreign');
      return;
    }
    try {
      read(`http://${this.#address.host}:${this.port}${url}`);
    } catch {
      // Any page can send a callback with a wrong state, so the right one is still waited for.
      send(response, 400, 'foreign');
      return;
    }
    this.#held = response;
  }
}

function send(response: ServerResponse, status: number, page: keyof typeof PAGES): void {
  const [title, text] = PAGES[page];
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    connection: 'close',
  });
  response.end(
    status === 204
      ? undefined
      : `<!doctype html><html lang="en"><title>${title}</title><style>${STYLE}</style><h1>${title}</h1><p>${text}</p></html>`,
  );
}

function unavailable({ host, port }: ListenerAddress, cause: unknown): Failure {
  return authFailure(
    'MCP_CALLBACK_UNAVAILABLE',
    'sign-in',
    `The port ${port} of ${host}, to which the browser returns after the sign-in, is not available`,
    { host, port },
    { cause },
  );
}
