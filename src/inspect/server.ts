import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { WebSocketServer } from 'ws';

import { invalidOption, optionNames, OptionReader } from '../option-checks.js';
import type { InspectedConnection } from '../api/options/inspect-option.js';
import { systemEnvironment } from '../util/environment.js';
import type { Environment } from '../util/environment.js';
import { PageConnections, MAX_PAGES } from './page-connections.js';
import { AccessCheck } from './access-check.js';
import type { Refusal } from './access-check.js';
import { openBrowser } from '../transports/open-browser.js';
import { PAGE } from './page.js';
import { Watch } from './watch.js';
import type { Watcher, WatchOptions } from './watch.js';

/** Options of {@link createInspectorServer}. */
export interface InspectorServerOptions {
  /** The port on 127.0.0.1. Default 0: any free port. */
  readonly port?: number | undefined;
  /**
   * The secret in the URL: 32 to 128 letters, digits, `-` or `_`. Default: random. With a fixed port and token an open page reconnects when
   * the program is restarted.
   */
  readonly token?: string | undefined;
  /** Whether the page is opened in the browser of the user. Default false. */
  readonly open?: boolean | undefined;
  /** Whether arguments, results, texts, headers and other secrets are hidden. Default true. */
  readonly redact?: boolean | undefined;
  /**
   * How many records are kept, for pages that are opened later and for going back in time. Default 20 000. All records together have at
   * most 32 Mi characters of JSON.
   */
  readonly history?: number | undefined;
  /** The clock and timers, for tests. Default: those of this process. */
  readonly environment?: Environment | undefined;
}

/** The used part of a `WebSocketServer`. */
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

/** Timeout of receiving a request, in ms. */
const REQUEST_TIMEOUT = 5_000;

/** Security headers: the page may load only files of this server, and no other page may embed it. */
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
 * The server of a page that shows running clients. Made by {@link createInspectorServer}; pass it to clients as `inspect`. Several clients
 * and several browsers may use one server.
 */
export class InspectorServer {
  readonly #server: Server;
  readonly #sockets: Upgrader;
  readonly #watch: Watch;
  readonly #pages: PageConnections;
  readonly #access: AccessCheck;
  readonly #headers: Readonly<Record<string, string>>;
  /** The promise of `close()`. */
  #closing: Promise<void> | undefined;
  /** The URL of the page, with the token. */
  readonly url: string;

  /** @internal */
  constructor(server: Server, sockets: Upgrader, access: AccessCheck, options: WatchOptions) {
    this.#server = server;
    this.#sockets = sockets;
    this.#access = access;
    this.#headers = headersFor(access.port);
    this.url = access.url;
    const { environment } = options;
    this.#watch = new Watch(options, (records, first) => {
      this.#pages.send(records, first);
    });
    this.#pages = new PageConnections(this.#watch.history, environment.newId(), () => this.#watch.now());
    server.on('request', (request, response) => {
      this.#answer(request, response);
    });
    server.on('upgrade', (request, socket, head) => {
      this.#upgrade(request, socket, head);
    });
  }

  /** Receives inspection events of any XState system, also of your own actors. Never throws. */
  readonly inspect = (event: unknown): void => {
    this.#watch.inspect(event);
  };

  /** Receives messages and events of links without a known client; clients use {@link InspectorServer.attach} instead. Never throws. */
  readonly tap = (event: Parameters<Watcher['tap']>[0]): void => {
    this.#watch.tap(event);
  };

  /**
   * Called once by each client and replay that has this server as `inspect`. Returns the observer to which they report.
   * @throws MCPError with code `MCP_INVALID_PARAMS` for a recording and a client on the same server: it shows clients, or one recording.
   */
  readonly attach = (about: InspectedConnection): Watcher => this.#watch.attach(about);

  /**
   * Closes the server and the connections of all pages. Clients continue. Resolves when all sockets are closed, and never rejects. May be
   * called twice.
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
    this.#pages.close();
    this.#sockets.close();
    return new Promise((resolve) => {
      this.#server.close(() => {
        resolve();
      });
      this.#server.closeAllConnections();
    });
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    // The server accepts no bodies.
    if (request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined) {
      this.#refuse(response, { status: 413, reason: 'No bodies' });
      return;
    }
    const path = this.#access.page(request);
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
    // The socket may fail during the refusal. An error without a listener would end the process.
    socket.on('error', () => undefined);
    const path = this.#access.socket(request);
    const refusal =
      typeof path !== 'string'
        ? path
        : path !== 'live'
          ? { status: 404, reason: 'Nothing here' }
          : this.#pages.size >= MAX_PAGES
            ? { status: 503, reason: `At most ${MAX_PAGES} pages` }
            : undefined;
    if (refusal !== undefined) {
      // `close()` of the server waits for this socket, and the peer may never close its end.
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
      this.#pages.add(websocket);
    });
  }
}

/**
 * Starts a server with a page that shows running clients. It listens only on 127.0.0.1, and accepts only requests with the token in the
 * URL. It does not keep the process alive.
 *
 * @example
 * const inspect = await createInspectorServer();
 * const client = new MCPClient(transport, { inspect });
 * console.log(inspect.url);
 * @throws MCPError with code `MCP_INVALID_PARAMS` for an invalid option; the error of Node if the port is not available.
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
  const server = createServer({ headersTimeout: REQUEST_TIMEOUT, requestTimeout: REQUEST_TIMEOUT });
  await listen(server, port);
  server.unref();
  server.on('connection', unref);
  // Larger messages end the connection. A page sends none.
  const sockets = new WebSocketServer({ noServer: true, maxPayload: 1_024, perMessageDeflate: false });
  const { environment = systemEnvironment } = options;
  const access = new AccessCheck(token, (server.address() as AddressInfo).port);
  const inspector = new InspectorServer(server, sockets, access, { redact, history, environment });
  if (open) void openBrowser(access.invite(newToken(), () => environment.now()));
  return inspector;
}

/** 244 random bits, also if the option `environment` is a simulated one. */
function newToken(): string {
  return `${systemEnvironment.newId()}${systemEnvironment.newId()}`.replaceAll('-', '');
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.removeListener('error', reject);
      // Errors of accepting a connection, such as EMFILE, must not end the program.
      server.on('error', () => undefined);
      resolve();
    });
  });
}

function unref(socket: object): void {
  (socket as { unref?(): void }).unref?.();
}
