import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

import { serverFixture } from './fixture-servers.js';
import { Waiting } from '../waiting.js';

const EVERYTHING = path.join(path.dirname(require.resolve('@modelcontextprotocol/server-everything/package.json')));
const GATEWAY = path.dirname(require.resolve('supergateway/package.json'));

/** A free port of the loopback interface, for servers that cannot choose one themselves. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** A server of HTTP in a process of its own. */
export class HttpProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #lines: string[] = [];
  readonly #waiting = new Waiting();
  port = 0;

  private constructor(args: readonly string[], env: Record<string, string> = {}) {
    this.#child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env } });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        this.#lines.push(line);
        this.#waiting.wake();
      });
    }
  }

  /** test/fixtures/servers/official-http.mjs, which says what the modes are. */
  static async official(mode: 'dual' | 'sessions' | 'json' | 'events', port = 0): Promise<HttpProcess> {
    const server = new HttpProcess([serverFixture('official-http'), `--mode=${mode}`, `--port=${port}`]);
    server.port = Number(await server.#said(/^\d+$/));
    return server;
  }

  /** test/fixtures/servers/python-style.mjs. */
  static async pythonStyle(port = 0): Promise<HttpProcess> {
    const server = new HttpProcess([serverFixture('python-style'), `--port=${port}`]);
    server.port = Number(await server.#said(/^\d+$/));
    return server;
  }

  /** test/fixtures/servers/sdk-1-single.mjs. */
  static async single({ port = 0, json = false }: { port?: number | undefined; json?: boolean }): Promise<HttpProcess> {
    const server = new HttpProcess([serverFixture('sdk-1-single'), `--port=${port}`, `--json=${json}`]);
    server.port = Number(await server.#said(/^\d+$/));
    return server;
  }

  /** test/fixtures/servers/sdk-asking.mjs. */
  static async asking(): Promise<HttpProcess> {
    const server = new HttpProcess([serverFixture('sdk-asking'), '--http']);
    server.port = Number(await server.#said(/^\d+$/));
    return server;
  }

  /** A server built with a framework, test/fixtures/servers/<framework>.mjs, which says what the modes are. */
  static async framework(framework: 'fastmcp' | 'mcp-lite', mode: string, port?: number): Promise<HttpProcess> {
    const args = [`--mode=${mode}`, `--port=${port ?? (await freePort())}`];
    const server = new HttpProcess([serverFixture(framework), ...args]);
    server.port = Number(await server.#said(/^\d+$/));
    return server;
  }

  static async everything(mode: 'streamableHttp' | 'sse', port: number): Promise<HttpProcess> {
    const server = new HttpProcess([path.join(EVERYTHING, 'dist/index.js'), mode], { PORT: String(port) });
    server.port = port;
    await server.#said(/listening|running/i);
    return server;
  }

  /** test/fixtures/servers/sdk-websocket.mjs. */
  static async webSocket(): Promise<HttpProcess> {
    const server = new HttpProcess([serverFixture('sdk-websocket')]);
    server.port = Number(await server.#said(/^\d+$/));
    return server;
  }

  /** A gateway that speaks WebSocket to its clients and stdio to the reference server "everything", one for all of them. */
  static async gateway(port: number): Promise<HttpProcess> {
    const stdio = `"${process.execPath}" "${path.join(EVERYTHING, 'dist/index.js')}" stdio`;
    const args = ['--stdio', stdio, '--outputTransport', 'ws', '--messagePath', '/mcp', '--port', String(port)];
    const server = new HttpProcess([path.join(GATEWAY, 'dist/index.js'), ...args]);
    server.port = port;
    await server.#said(/Listening on port/);
    return server;
  }

  /** test/fixtures/servers/oidc-provider.mjs, which says what the variables of the environment are. */
  static async oidcProvider(env: Record<string, string> = {}): Promise<HttpProcess> {
    const server = new HttpProcess([serverFixture('oidc-provider')], env);
    server.port = Number(await server.#said(/^\d+$/));
    return server;
  }

  /** test/fixtures/servers/sdk-auth.mjs, which says what it prints. */
  static async sdkAuth(): Promise<HttpProcess> {
    const server = new HttpProcess([serverFixture('sdk-auth')]);
    server.port = Number(await server.#said(/^\d+$/));
    return server;
  }

  /** How many times the server has printed a line. */
  count(line: string): number {
    return this.#lines.filter((one) => one === line).length;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/mcp`;
  }

  /** Gives a server a command, and waits until it has carried it out: `expire` to those with an authorization server, the others to the official server. */
  async command(command: 'forget' | 'notify' | 'expire'): Promise<void> {
    const before = this.count(command);
    this.#child.stdin.write(`${command}\n`);
    await this.#waiting.until(
      () => this.count(command) > before,
      () => `heard ${this.#lines.join(' | ')}`,
      20_000,
    );
  }

  async #said(pattern: RegExp): Promise<string> {
    const find = (): string | undefined => this.#lines.find((line) => pattern.test(line));
    await this.#waiting.until(
      () => find() !== undefined,
      () => `heard ${this.#lines.join(' | ')}`,
      20_000,
    );
    return find() as string;
  }

  /** The same place for WebSockets. */
  get webSocketUrl(): string {
    return `ws://127.0.0.1:${this.port}/mcp`;
  }

  /** Asks it to end, which gives it time to end what it started. */
  async terminate(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGTERM');
    await once(this.#child, 'close');
  }

  /** Ends it at once. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGKILL');
    await once(this.#child, 'close');
  }
}
