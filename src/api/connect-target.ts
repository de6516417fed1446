import { MCPError } from '../errors.js';
import { HttpTransport } from '../transports/http.js';
import type { HeadersOption } from '../transports/network-options.js';
import { SseTransport } from '../transports/sse.js';
import { StdioTransport } from '../transports/stdio.js';
import { MCPTransport } from '../transports/transport.js';
import { WebSocketTransport } from '../transports/websocket.js';

/** One entry of an `mcpServers` file that starts a process. */
export interface StdioServerEntry {
  readonly command: string;
  readonly args?: readonly string[] | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly cwd?: string | undefined;
  /** Some files say `"stdio"` here. */
  readonly type?: string | undefined;
}

/** One entry of an `mcpServers` file that is reached over HTTP, or over a WebSocket when its URL begins with `ws:` or `wss:`. */
export interface HttpServerEntry {
  readonly url: string;
  readonly headers?: HeadersOption | undefined;
  /** Some files say `"http"`, `"streamable-http"`, `"sse"` (HTTP+SSE of 2024-11-05 and nothing else) or `"ws"` here. */
  readonly type?: string | undefined;
}

/** What {@link MCPClient.connect} can connect to: a transport, the URL of a server, or an entry of an `mcpServers` file. */
export type ConnectTarget = MCPTransport | string | URL | StdioServerEntry | HttpServerEntry;

/** Connects something that was made for it. When that fails, nobody has hold of it to end what it may still be doing. */
export async function connectOrDispose(made: AsyncDisposable, connect: () => Promise<unknown>): Promise<void> {
  try {
    await connect();
  } catch (thrown) {
    // Not awaited: the caller need not wait for a process to go.
    void made[Symbol.asyncDispose]();
    throw thrown;
  }
}

/** The transport for a target. An entry is somebody's file, so it is checked. */
export async function transportFor(target: ConnectTarget): Promise<MCPTransport> {
  if (target instanceof MCPTransport) return target;
  if (typeof target === 'string' || target instanceof URL) {
    return isWebSocket(target) ? new WebSocketTransport(target) : new HttpTransport(target);
  }
  // A file that was read may hold anything.
  const entry: unknown = target;
  return typeof entry === 'object' && entry !== null && 'url' in entry
    ? httpTransportFor(entry as HttpServerEntry)
    : stdioTransportFor(entry as StdioServerEntry);
}

async function stdioTransportFor(entry: StdioServerEntry): Promise<MCPTransport> {
  const z = await import('zod');
  const schema = z.looseObject({
    command: z.string().min(1),
    args: z.array(z.string()).default([]),
    env: z.record(z.string(), z.string()).optional(),
    cwd: z.string().optional(),
    type: z.literal('stdio').optional(),
  });
  const { command, args, env, cwd } = checked(schema.safeParse(entry));
  return new StdioTransport(command, args, { ...(env && { env }), ...(cwd !== undefined && { cwd }) });
}

async function httpTransportFor(entry: HttpServerEntry): Promise<MCPTransport> {
  const z = await import('zod');
  const schema = z.looseObject({
    url: z.string().min(1),
    // The transport reads them, and says what is wrong.
    headers: z.custom<HeadersOption>().optional(),
    type: z.enum(['http', 'streamable-http', 'streamableHttp', 'sse', 'ws', 'websocket']).optional(),
  });
  const { url, headers, type } = checked(schema.safeParse(entry));
  if (type === 'sse') return new SseTransport(url, undefined, { headers });
  const webSocket = type === undefined ? isWebSocket(url) : type === 'ws' || type === 'websocket';
  return webSocket ? new WebSocketTransport(url, { headers }) : new HttpTransport(url, { headers });
}

function isWebSocket(url: string | URL): boolean {
  return /^wss?:/i.test(String(url));
}

interface Problem {
  readonly path: readonly PropertyKey[];
  readonly code?: string | undefined;
}

/** What a schema made of an entry, or an error that says where it is wrong. */
function checked<Data>(
  parsed:
    | { readonly success: true; readonly data: Data }
    | { readonly success: false; readonly error: { readonly issues: readonly Problem[] } },
): Data {
  if (parsed.success) return parsed.data;
  // Paths only: the values may hold secrets.
  const problems = parsed.error.issues.map(
    ({ path, code }) => `${path.map(String).join('.') || 'the entry'}: ${code ?? 'invalid'}`,
  );
  throw new MCPError(`Invalid server entry: ${problems.join(', ')}`, {
    code: 'MCP_INVALID_PARAMS',
    delivery: 'not-sent',
    details: { problems },
  });
}
