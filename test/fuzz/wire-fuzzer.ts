import { HttpTransport, MCPTransport, SseTransport, StdioTransport, WebSocketTransport } from '../../src/index.js';
import type { JSONRPCMessage, Link, LinkEvents, MCPProtocolVersion } from '../../src/index.js';
import { ByteServer } from '../support/servers/byte-server.js';
import { ScriptedHttpServer } from '../support/servers/http-server.js';
import type { HttpVisit } from '../support/servers/http-server.js';
import { SseServer } from '../support/servers/sse-server.js';
import { ScriptedWebSocketServer } from '../support/servers/websocket-server.js';
import { Dice } from './fuzzer.js';
import type { Fuzzer } from './fuzzer.js';
import { HonestServer } from './honest-server.js';
import { mutated, mutatedText } from './mutations.js';
import { runProgram } from './program.js';

/** A server that bends what it says, and a way to it. */
interface Wire extends AsyncDisposable {
  readonly transport: MCPTransport;
}

type Open = (revision: MCPProtocolVersion, dice: Dice) => Promise<Wire>;

const REQUESTS = [
  { jsonrpc: '2.0', id: 1, method: 'ping' },
  { jsonrpc: '2.0', id: 's', method: 'sampling/createMessage', params: { messages: [], maxTokens: 1 } },
  { jsonrpc: '2.0', id: 'r', method: 'roots/list' },
  {
    jsonrpc: '2.0',
    id: 'e',
    method: 'elicitation/create',
    params: { message: 'm', requestedSchema: { type: 'object', properties: { a: { type: 'string' } } } },
  },
  { jsonrpc: '2.0', id: 1, method: 'no/such' },
  { jsonrpc: '2.0', method: 'notifications/tools/list_changed' },
  { jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data: 1 } },
  { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 's', reason: 'r' } },
  { jsonrpc: '2.0', method: 'notifications/resources/updated', params: { uri: 'file:///r' } },
  { jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: 1, progress: 1 } },
];

/** What comes in place of a message, in order; `close` ends the connection. */
function bent(message: unknown, dice: Dice): unknown[] {
  const said: unknown[] = [];
  if (dice.chance(20)) said.push(dice.chance(50) ? dice.pick(REQUESTS) : mutated(dice.pick(REQUESTS), dice));
  if (dice.chance(4)) return [...said, 'close'];
  if (dice.chance(4)) return said;
  said.push(dice.chance(35) ? mutated(message, dice) : message);
  if (dice.chance(5)) said.push(message);
  if (dice.chance(3)) return [said];
  return said;
}

/** The same as text: of what is bent some is no JSON any more. */
function bentText(message: unknown, dice: Dice): string[] {
  return bent(message, dice).map((said) => {
    if (said === 'close') return 'close';
    const text = JSON.stringify(said);
    return dice.chance(8) ? mutatedText(text, dice) : text;
  });
}

function parsed(text: string): JSONRPCMessage | undefined {
  try {
    return JSON.parse(text) as JSONRPCMessage;
  } catch {
    return undefined;
  }
}

/** A link in this process: what is bent comes as objects. */
class BentTransport extends MCPTransport {
  readonly #revision: MCPProtocolVersion;
  readonly #dice: Dice;

  constructor(revision: MCPProtocolVersion, dice: Dice) {
    super();
    this.#revision = revision;
    this.#dice = dice;
  }

  protected async open(events: LinkEvents): Promise<Link> {
    const server = await HonestServer.start(this.#revision, (message) => {
      for (const said of bent(message, this.#dice)) {
        if (said === 'close') events.closed();
        else events.message(said);
      }
    });
    return {
      send: (message) => {
        server.receive(message);
        return undefined;
      },
      close: () => server[Symbol.asyncDispose](),
    };
  }
}

const memory: Open = (revision, dice) =>
  Promise.resolve({ transport: new BentTransport(revision, dice), [Symbol.asyncDispose]: () => Promise.resolve() });

/** Passes its standard streams on to a port. */
const RELAY = "const s=require('net').connect(+process.argv[1]);process.stdin.pipe(s);s.pipe(process.stdout)";

const stdio: Open = async (revision, dice) => {
  const servers: HonestServer[] = [];
  const port = await ByteServer.start((socket) => {
    let rest = '';
    const started = HonestServer.start(revision, (message) => {
      for (const said of bentText(message, dice)) {
        if (said === 'close') socket.end();
        else if (socket.writable) socket.write(`${said}\n`);
      }
    });
    void started.then((server) => servers.push(server));
    socket.on('data', (chunk) => {
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop() ?? '';
      for (const message of lines.map(parsed)) {
        if (message !== undefined) void started.then((server) => server.receive(message));
      }
    });
  });
  return {
    transport: new StdioTransport(process.execPath, ['-e', RELAY, String(port.port)]),
    async [Symbol.asyncDispose]() {
      for (const server of servers) await server[Symbol.asyncDispose]();
      await port.close();
    },
  };
};

const STATUSES = [200, 200, 200, 202, 204, 301, 400, 401, 403, 404, 405, 408, 429, 500, 502, 503, 599];
const TYPES = ['application/json', 'text/event-stream', 'text/html', 'application/json; charset=utf-16', ''];

/** Answers a POST with what the server said to it. */
function answerPost(visit: HttpVisit, said: readonly string[], dice: Dice): void {
  const { response } = visit;
  if (response.writableEnded) return;
  const socket = response.socket;
  if (said.includes('close')) {
    socket?.destroy();
    return;
  }
  const events = dice.chance(50);
  const body = events ? said.map((text) => `id: ${dice.number(9)}\ndata: ${text}\n\n`).join('') : (said.at(-1) ?? '');
  const odd = dice.chance(10);
  const status = odd ? dice.pick(STATUSES) : 200;
  const type = odd ? dice.pick(TYPES) : events ? 'text/event-stream' : 'application/json';
  if (dice.chance(5)) {
    socket?.end(
      mutatedText(
        `HTTP/1.1 ${status} OK\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
        dice,
      ),
    );
    return;
  }
  response.writeHead(status, {
    'content-type': type,
    ...(dice.chance(20) && { 'mcp-session-id': 'abc' }),
    ...(odd && {
      'retry-after': dice.pick(['0', '-1', 'soon', '9'.repeat(30)]),
      location: dice.pick(['/', 'http://[', '//x.test']),
    }),
    ...(odd && { 'www-authenticate': mutatedText('Bearer error="invalid_token"', dice).replaceAll(/[^ -~]/g, '') }),
  });
  response.end(events && dice.chance(5) ? mutatedText(body, dice) : body);
}

const http: Open = async (revision, dice) => {
  const posts = new Map<unknown, HttpVisit>();
  const honest = await HonestServer.start(revision, (message) => {
    const id = 'id' in message && !('method' in message) ? message.id : undefined;
    const visit = posts.get(id);
    if (visit === undefined) return;
    posts.delete(id);
    answerPost(visit, bentText(message, dice), dice);
  });
  const server = await ScriptedHttpServer.start((visit) => {
    if (visit.method === 'GET') {
      if (dice.chance(70)) visit.status(405);
      else
        visit.stream().response.write(
          bentText(dice.pick(REQUESTS), dice)
            .map((text) => `data: ${text}\n\n`)
            .join(''),
        );
      return;
    }
    const message = parsed(visit.body);
    if (message === undefined || !('method' in message) || !('id' in message))
      visit.status(dice.chance(90) ? 202 : 500);
    else posts.set(message.id, visit);
    if (message !== undefined) honest.receive(message);
  });
  return {
    transport: new HttpTransport(server.url),
    async [Symbol.asyncDispose]() {
      await honest[Symbol.asyncDispose]();
      await server.close();
    },
  };
};

const sse: Open = async (revision, dice) => {
  const servers = new Map<HttpVisit, Promise<HonestServer>>();
  const server = await SseServer.start({
    serve(message, stream) {
      let honest = servers.get(stream);
      if (honest === undefined) {
        honest = HonestServer.start(revision, (said) => {
          for (const text of bentText(said, dice)) {
            if (text === 'close') stream.end();
            else if (!stream.response.writableEnded) stream.response.write(`data: ${text}\n\n`);
          }
        });
        servers.set(stream, honest);
      }
      void honest.then((one) => one.receive(message as JSONRPCMessage));
    },
  });
  return {
    transport: new SseTransport(server.url),
    async [Symbol.asyncDispose]() {
      for (const honest of servers.values()) await (await honest)[Symbol.asyncDispose]();
      await server.close();
    },
  };
};

const webSocket: Open = async (revision, dice) => {
  const servers: Promise<HonestServer>[] = [];
  const server = await ScriptedWebSocketServer.start({
    greet({ socket, request }) {
      const honest = HonestServer.start(revision, (message) => {
        for (const said of bentText(message, dice)) {
          if (said === 'close') socket.close(dice.pick([1_000, 1_001, 1_011, 3_000]), 'r');
          else if (dice.chance(2)) request.socket.write(Buffer.from([dice.number(256), dice.number(256), 1, 2, 3]));
          else socket.send(dice.chance(5) ? Buffer.from(said) : said);
        }
      });
      servers.push(honest);
      socket.on('message', (data: Buffer) => {
        const message = parsed(data.toString());
        if (message !== undefined) void honest.then((one) => one.receive(message));
      });
    },
  });
  return {
    transport: new WebSocketTransport(server.url),
    async [Symbol.asyncDispose]() {
      for (const honest of servers) await (await honest)[Symbol.asyncDispose]();
      await server.close();
    },
  };
};

const WIRES: Readonly<Record<string, Open>> = { memory, stdio, http, sse, websocket: webSocket };
const REVISIONS = { legacy: '2025-11-25', modern: '2026-07-28' } as const;

/** Each transport in each era. */
export const wireFuzzers: readonly Fuzzer[] = Object.entries(WIRES).flatMap(([name, open]) =>
  Object.entries(REVISIONS).map(([era, revision]) => ({
    name: `wire, ${name}, ${era}`,
    async one(seed: number) {
      const dice = new Dice(seed);
      const wire = await open(revision, dice);
      const findings = await runProgram(wire.transport, dice);
      await wire[Symbol.asyncDispose]();
      return findings;
    },
  })),
);
