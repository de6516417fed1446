import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { WebSocketServer } from 'ws';

import { invalidOption, optionNames, OptionReader } from '../option-checks.js';
import type { InspectedConnection } from '../api/options/inspect-option.js';
import { systemEnvironment } from '../util/environment.js';
import type { Environment } from '../util/environment.js';
import { Audience, MOST_PAGES } from './audience.js';
import { Gate } from './gate.js';
import type { Refusal } from './gate.js';
import { openBrowser } from './open-browser.js';
import { PAGE } from './page.js';
import { Watch } from './watch.js';
import type { Watcher, WatchOptions } from './watch.js';

/** Options of {@link createInspectorServer}. */
export interface InspectorServerOptions {
  /** The port on 127.0.0.1. Default 0: any that is free. */
  readonly port?: number | undefined;
  /**
   * What the address has to contain, 32 or more letters, digits, `-` or `_`. Default: random. With a port and a token of your own a page that
   * is open finds the server again when the program was started anew.
   */
  readonly token?: string | undefined;
  /** Whether the page is opened in the user's browser. Default false. */
  readonly open?: boolean | undefined;
  /** Whether arguments, results, texts, headers and other secrets are hidden. Default true. */
  readonly redact?: boolean | undefined;
  /**
   * How many records of what happened are kept for pages that are opened or loaded again later, and for going back. Default 20 000. All records
   * together have at most 32 Mi characters of JSON.
   */
  readonly history?: number | undefined;
  /** The clock and the timers. Default: those of this process. For tests. */
  readonly environment?: Environment | undefined;
}

/** The part of a server of `ws` that is used. */
type Upgrader = Pick<WebSocketServer, 'handleUpgrade' | 'close'>;

const OPTIONS = optionNames<InspectorServerOptions>({
  port: true,
  token: true,
  open: true,
  redact: true,
  history: true,
  environment: true,
});

const TOKEN = /^[\w-]{32,128}$/;

/** Milliseconds that a request for the page may take to arrive. */
const PATIENCE = 5_000;

/** Nothing but what this server serves, for the page and for whoever embeds it. */
function headersFor(port: number): Record<string, string> {
  const sockets = `ws://127.0.0.1:${port} ws://localhost:${port}`;
  return {
    'Content-Security-Policy':
      `default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src ${sockets}; ` +
      `base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
    'Cache-Control': 'no-store',
  };
}

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
};

/**
 * A page on this machine that shows clients at work: hand it to `inspect`. Made by {@link createInspectorServer}. Several clients may share
 * one, and so may several browsers.
 */
export class InspectorServer {
  readonly #server: Server;
  readonly #sockets: Upgrader;
  readonly #watch: Watch;
  readonly #audience: Audience;
  readonly #gate: Gate;
  readonly #headers: Readonly<Record<string, string>>;
  /** The end of it, once it was closed. */
  #closing: Promise<void> | undefined;
  /** The address of the page, with the token that lets one in. */
  readonly url: string;

  /** @internal */
  constructor(server: Server, sockets: Upgrader, gate: Gate, options: WatchOptions) {
    this.#server = server;
    this.#sockets = sockets;
    this.#gate = gate;
    this.#headers = headersFor(gate.port);
    this.url = gate.url;
    const { environment } = options;
    this.#watch = new Watch(options, (records, first) => {
      this.#audience.tell(records, first);
    });
    this.#audience = new Audience(this.#watch.history, environment.newId(), () => this.#watch.now());
    server.on('request', (request, response) => {
      this.#answer(request, response);
    });
    server.on('upgrade', (request, socket, head) => {
      this.#upgrade(request, socket, head);
    });
  }

  /** Takes inspection events of any XState system, also of actors of your own. Never throws. */
  readonly inspect = (event: unknown): void => {
    this.#watch.inspect(event);
  };

  /** Takes what goes over links. Clients use {@link InspectorServer.attach} instead, so that it is known whose links they are. Never throws. */
  readonly tap = (event: Parameters<Watcher['tap']>[0]): void => {
    this.#watch.tap(event);
  };

  /**
   * What a client that was given this as `inspect` calls, once: from then on it tells the watcher that it gets. So does a replay.
   * @throws MCPError with code `MCP_INVALID_PARAMS` when one of them is a recording: an inspector shows clients, or one recording.
   */
  readonly attach = (about: InspectedConnection): Watcher => this.#watch.attach(about);

  /**
   * Ends the server and the connections of all pages; resolves when nothing is left, however often it is called, and never rejects. The
   * clients go on.
   */
  close(): Promise<void> {
    return (this.#closing ??= this.#end());
  }

  /** Same as {@link InspectorServer.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #end(): Promise<void> {
    this.#watch.close();
    this.#audience.close();
    this.#sockets.close();
    return new Promise((resolve) => {
      this.#server.close(() => {
        resolve();
      });
      this.#server.closeAllConnections();
    });
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    // Nobody has anything to say to this server.
    if (request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined) {
      this.#refuse(response, { status: 413, reason: 'No bodies' });
      return;
    }
    const path = this.#gate.page(request);
    if (typeof path !== 'string') {
      this.#refuse(response, path);
      return;
    }
    const name = path === '' ? 'index.html' : path;
    const text = Object.hasOwn(PAGE, name) ? PAGE[name] : undefined;
    if (text === undefined) {
      this.#refuse(response, { status: 404, reason: 'Nothing here' });
      return;
    }
    const type = TYPES[name.slice(name.lastIndexOf('.') + 1)] ?? 'text/plain; charset=utf-8';
    response.writeHead(200, { ...this.#headers, 'Content-Type': type });
    response.end(request.method === 'HEAD' ? undefined : text);
  }

  #refuse(response: ServerResponse, { status, reason, location }: Refusal): void {
    response.writeHead(status, {
      ...this.#headers,
      'Content-Type': 'text/plain; charset=utf-8',
      Connection: 'close',
      ...(location !== undefined && { Location: location }),
    });
    response.end(`${reason}\n`);
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // It may break while it is refused, and nobody else listens.
    socket.on('error', () => undefined);
    const path = this.#gate.socket(request);
    const refusal =
      typeof path !== 'string'
        ? path
        : path !== 'live'
          ? { status: 404, reason: 'Nothing here' }
          : this.#audience.size >= MOST_PAGES
            ? { status: 503, reason: `No more than ${MOST_PAGES} pages` }
            : undefined;
    if (refusal !== undefined) {
      // The server waits for this socket when it closes, and whoever is refused may never close his end.
      socket.end(
        `HTTP/1.1 ${refusal.status} ${refusal.reason}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
        () => {
          socket.destroy();
        },
      );
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (websocket) => {
      unref(socket);
      this.#audience.add(websocket);
    });
  }
}

/**
 * Opens a page on this machine that shows clients at work: `inspect: await createInspectorServer()`, and `url` says where it is. It listens
 * on 127.0.0.1 only and lets in only who knows the token in the address. It does not keep the process alive: when all else is done the program
 * ends, and the page says so.
 * @throws MCPError with code `MCP_INVALID_PARAMS` for an option that cannot be used, and the error of Node when it cannot listen on the port.
 */
export async function createInspectorServer(options: InspectorServerOptions = {}): Promise<InspectorServer> {
  const read = OptionReader.of('createInspectorServer', options, OPTIONS);
  const port = read.count('port', 0);
  if (!Number.isInteger(port) || port > 65_535) throw invalidOption('port', 'an integer from 0 to 65535', port);
  const history = read.count('history', 20_000);
  const redact = read.flag('redact', true);
  const open = read.flag('open', false);
  const token = options.token ?? newToken();
  if (typeof token !== 'string' || !TOKEN.test(token)) {
    throw invalidOption('token', '32 to 128 letters, digits, "-" or "_"', token);
  }
  const { WebSocketServer } = await import('ws');
  const server = createServer({ headersTimeout: PATIENCE, requestTimeout: PATIENCE });
  await listen(server, port);
  server.unref();
  server.on('connection', unref);
  // Larger messages end the connection. A page sends none.
  const sockets = new WebSocketServer({ noServer: true, maxPayload: 1_024, perMessageDeflate: false });
  const { environment = systemEnvironment } = options;
  const gate = new Gate(token, (server.address() as AddressInfo).port);
  const inspector = new InspectorServer(server, sockets, gate, { redact, history, environment });
  if (open) openBrowser(gate.invite(newToken(), () => environment.now()));
  return inspector;
}

/** 244 bits that nobody guesses, also where the environment of the options is a simulated one. */
function newToken(): string {
  return `${systemEnvironment.newId()}${systemEnvironment.newId()}`.replaceAll('-', '');
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.removeListener('error', reject);
      // A connection that cannot be accepted, for want of file descriptors for instance, must not end the program.
      server.on('error', () => undefined);
      resolve();
    });
  });
}

function unref(socket: object): void {
  (socket as { unref?(): void }).unref?.();
}
