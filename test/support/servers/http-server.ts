import { createServer } from 'node:http';
import type { IncomingHttpHeaders, Server, ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { ServerOptions as SecureServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';

import { Waiting } from '../waiting.js';

/** A message as a test looks at it. */
export interface PostedMessage {
  readonly id?: string | number;
  readonly method?: string;
  readonly params?: { readonly [name: string]: unknown; readonly _meta?: Readonly<Record<string, unknown>> };
}

/** One request that a scripted server received, and the means to answer it. */
export class HttpVisit {
  constructor(
    readonly method: string,
    readonly path: string,
    readonly headers: IncomingHttpHeaders,
    readonly body: string,
    readonly response: ServerResponse,
  ) {}

  /** The message that was posted; empty without one. */
  get message(): PostedMessage {
    // A form, for instance, is no message.
    if (!this.body.startsWith('{')) return {};
    return JSON.parse(this.body) as PostedMessage;
  }

  /** Answers with a body of JSON. */
  json(value: unknown, status = 200, headers: Record<string, string> = {}): void {
    this.response.writeHead(status, { 'content-type': 'application/json', ...headers });
    this.response.end(JSON.stringify(value));
  }

  /** Answers the request that was posted. */
  result(result: unknown, headers?: Record<string, string>): void {
    this.json({ jsonrpc: '2.0', id: this.message.id, result }, 200, headers);
  }

  error(status: number, code: number, message: string, data?: unknown): void {
    const { id = null } = this.message;
    this.json({ jsonrpc: '2.0', id, error: { code, message, ...(data !== undefined && { data }) } }, status);
  }

  /** Answers with no more than a status. */
  status(status: number, headers: Record<string, string> = {}): void {
    this.response.writeHead(status, headers);
    this.response.end();
  }

  /** Begins a stream of events. */
  stream(headers: Record<string, string> = {}): this {
    this.response.writeHead(200, { 'content-type': 'text/event-stream', ...headers });
    this.response.flushHeaders();
    return this;
  }

  /** Sends an event of a stream. */
  event(message: unknown, fields: Record<string, string | number> = {}): this {
    const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\n`);
    const data = message === undefined ? '' : JSON.stringify(message);
    this.response.write(`${lines.join('')}data: ${data}\n\n`);
    return this;
  }

  /** Sends the result of the request as an event. */
  resultEvent(result: unknown, fields?: Record<string, string | number>): this {
    return this.event({ jsonrpc: '2.0', id: this.message.id, result }, fields);
  }

  end(): void {
    this.response.end();
  }

  /** Closes the connection in the middle of the answer, after what was written: Node 24 and later write that in the next tick. */
  cut(): void {
    const { socket } = this.response;
    setImmediate(() => socket?.end());
  }

  /** Resets the connection: what was sent may be lost with it. */
  reset(): void {
    const { socket } = this.response;
    socket?.resetAndDestroy();
  }

  /** Resolves when the client has closed the connection, or the answer is complete. */
  async closed(): Promise<void> {
    if (this.response.closed) return;
    await new Promise((resolve) => this.response.once('close', resolve));
  }
}

/** A server of HTTP on the loopback interface that does what a test says, and writes down what it was asked. */
export class ScriptedHttpServer {
  readonly visits: HttpVisit[] = [];
  readonly #server: Server;
  readonly #scheme: string;
  readonly #waiting = new Waiting();

  private constructor(server: Server, scheme: string) {
    this.#server = server;
    this.#scheme = scheme;
  }

  /** @param tls makes it one of HTTPS */
  static async start(
    script: (visit: HttpVisit) => void,
    port = 0,
    tls?: SecureServerOptions,
  ): Promise<ScriptedHttpServer> {
    const server = tls === undefined ? createServer() : createSecureServer(tls);
    const scripted = new ScriptedHttpServer(server, tls === undefined ? 'http' : 'https');
    server.on('request', (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.once('end', () => {
        const { method = '', url = '', headers } = request;
        const visit = new HttpVisit(method, url, headers, Buffer.concat(chunks).toString(), response);
        scripted.visits.push(visit);
        scripted.#waiting.wake();
        script(visit);
      });
      request.on('error', () => undefined);
    });
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    return scripted;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get origin(): string {
    return `${this.#scheme}://127.0.0.1:${this.port}`;
  }

  get url(): string {
    return `${this.origin}/mcp`;
  }

  /** The visits with this method of JSON-RPC. */
  asked(method: string): HttpVisit[] {
    return this.visits.filter((visit) => visit.message.method === method);
  }

  /** Resolves when `met` holds, which is asked again after each request. */
  async until(met: () => boolean): Promise<void> {
    await this.#waiting.until(
      met,
      () => `asked for ${this.visits.map(({ method, body }) => `${method} ${body.slice(0, 80)}`).join('; ')}`,
    );
  }

  /** Ends every connection to it. */
  dropConnections(): void {
    this.#server.closeAllConnections();
  }

  /** Ends it, and every connection to it. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }
}

/** What a legacy server without surprises answers; what a test has to say comes first. */
export function legacyServer(
  script: (visit: HttpVisit) => unknown,
  options: { sessionId?: string; revision?: string; capabilities?: object } = {},
): (visit: HttpVisit) => void {
  const { sessionId, revision = '2025-11-25', capabilities = { tools: {} } } = options;
  return (visit) => {
    if (script(visit) === true) return;
    if (visit.method !== 'POST') visit.status(405);
    else if (visit.message.method === 'server/discover') visit.error(400, -32_000, 'Bad Request: not initialized');
    else if (visit.message.method === 'initialize') {
      const serverInfo = { name: 'scripted', version: '1' };
      const result = { protocolVersion: revision, capabilities, serverInfo };
      visit.result(result, sessionId === undefined ? {} : { 'mcp-session-id': sessionId });
    } else if (visit.message.id === undefined) visit.status(202);
    else if (visit.message.method === 'ping') visit.result({});
    else if (visit.message.method === 'tools/call') visit.result({ content: [{ type: 'text', text: 'done' }] });
    else visit.error(200, -32_601, 'Unknown method');
  };
}

/** What a modern server without surprises answers. */
export function modernServer(
  script: (visit: HttpVisit) => unknown,
  tools: readonly object[] = [],
): (visit: HttpVisit) => void {
  return (visit) => {
    if (script(visit) === true) return;
    if (visit.method !== 'POST') visit.status(405);
    else if (visit.message.method === 'server/discover') {
      visit.result({
        resultType: 'complete',
        supportedVersions: ['2026-07-28'],
        capabilities: { tools: {}, resources: {}, prompts: {} },
        ttlMs: 0,
        cacheScope: 'private',
      });
    } else if (visit.message.method === 'tools/list') {
      visit.result({ resultType: 'complete', tools, ttlMs: 60_000, cacheScope: 'private' });
    } else if (visit.message.method === 'tools/call') {
      visit.result({ resultType: 'complete', content: [{ type: 'text', text: 'done' }] });
    } else visit.error(404, -32_601, 'Unknown method');
  };
}
