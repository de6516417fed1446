import type { Environment } from '../../src/util/environment.js';
import { HttpTransport, MCPClient, SseTransport, WebSocketTransport } from '../../src/index.js';
import type { MCPClientOptions, MCPTransport } from '../../src/index.js';
import { ClientRecorder } from '../support/client-recorder.js';
import { textOf } from '../support/servers/fixture-servers.js';
import { httpScene } from '../support/http-scene.js';
import { legacyServer, modernServer } from '../support/servers/http-server.js';
import type { HttpVisit, PostedMessage, ScriptedHttpServer } from '../support/servers/http-server.js';
import { hastyEnvironment } from '../support/link-recorder.js';
import { errorFrom } from '../support/outcomes.js';
import { discoverResult, initializeResult } from '../support/servers/scripts.js';
import { SseServer, welcome } from '../support/servers/sse-server.js';
import { ScriptedWebSocketServer } from '../support/servers/websocket-server.js';

const { endLater, serve } = httpScene();

/** An environment whose timers are quicker than they say, and the delays with which they were set. */
function quickTimers(factor: number): { environment: Environment; delays: number[] } {
  const hasty = hastyEnvironment(factor);
  const delays: number[] = [];
  const environment: Environment = {
    ...hasty,
    setTimeout: (callback, delay) => {
      delays.push(delay);
      return hasty.setTimeout(callback, delay);
    },
  };
  return { environment, delays };
}

/** Time limits that no test reaches, however quick its timers are. */
const PATIENT: MCPClientOptions = { timeout: 3_600_000, connectTimeout: 3_600_000 };

async function connect(transport: MCPTransport, options: MCPClientOptions): Promise<MCPClient> {
  const client = new MCPClient(transport, { ...PATIENT, ...options });
  endLater(() => client.close());
  await client.connect();
  return client;
}

/** The answer of a legacy server of HTTP+SSE or WebSockets to a message; undefined for none. */
function answerTo({ id, method }: PostedMessage): object | undefined {
  if (id === undefined) return undefined;
  if (method === 'initialize') return { jsonrpc: '2.0', id, result: initializeResult() };
  if (method === 'tools/call') return { jsonrpc: '2.0', id, result: { content: [{ type: 'text', text: 'done' }] } };
  return { jsonrpc: '2.0', id, error: { code: -32_601, message: 'Unknown method' } };
}

const isInitialized = ({ message }: HttpVisit): boolean => message.method === 'notifications/initialized';

describe('pain 43: "`notifications/initialized` is never answered, and every call hangs"', () => {
  test('over HTTP calls, notifications and the stream of the server go on with one warning', async () => {
    const server = await serve(
      legacyServer(
        (visit) => {
          if (visit.method === 'GET') visit.stream();
          return visit.method === 'GET' || (visit.body !== '' && isInitialized(visit));
        },
        { sessionId: 's-1' },
      ),
    );
    const { environment, delays } = quickTimers(20);
    const client = await connect(new HttpTransport(server.url), { environment });
    const heard = new ClientRecorder(client);
    expect(textOf(await client.callTool('work'))).toBe('done');
    expect(textOf(await client.callTool('work'))).toBe('done');
    await server.until(() => server.visits.some(({ method }) => method === 'GET'));
    expect(delays.filter((delay) => delay === 2_000)).toHaveLength(1);
    expect(heard.warning).toMatchObject([
      {
        code: 'MCP_INVALID_MESSAGE',
        message: `${server.url} did not answer notifications/initialized within 2000 ms; the next messages do not wait for it`,
      },
    ]);
    expect(heard.error).toEqual([]);
    await client.close();
    expect(heard.error).toEqual([]);
  });

  test('over HTTP+SSE calls go on with one warning', async () => {
    const server = await SseServer.start({
      accept: (visit) => {
        if (!isInitialized(visit)) visit.status(202);
      },
      serve: (message, stream) => {
        const answer = answerTo(message);
        if (answer !== undefined) stream.event(answer);
      },
    });
    endLater(() => server.close());
    const { environment } = quickTimers(20);
    const client = await connect(new SseTransport(server.url), { environment });
    const heard = new ClientRecorder(client);
    expect(textOf(await client.callTool('work'))).toBe('done');
    expect(textOf(await client.callTool('work'))).toBe('done');
    expect(heard.warning).toMatchObject([
      { message: expect.stringContaining('did not answer notifications/init') as string },
    ]);
    await client.close();
    expect(heard.error).toEqual([]);
  });

  test('a server that answers it late, also with a refusal, is no trouble', async () => {
    const held: HttpVisit[] = [];
    const server = await serve(
      legacyServer((visit) => visit.body !== '' && isInitialized(visit) && held.push(visit) > 0),
    );
    const { environment } = quickTimers(20);
    const client = await connect(new HttpTransport(server.url), { environment });
    const heard = new ClientRecorder(client);
    await client.callTool('work');
    held[0]?.status(500);
    expect(textOf(await client.callTool('work'))).toBe('done');
    expect(heard.error).toEqual([]);
    expect(heard.warning).toHaveLength(1);
  });

  test.each([400, 404, 405, 422, 429, 500, 501, 503])('HTTP %i to it is a warning, and calls go on', async (status) => {
    const script = (visit: HttpVisit): boolean => {
      if (visit.body === '' || !isInitialized(visit)) return false;
      visit.response.writeHead(status, { 'content-type': 'text/plain' }).end('what is this?');
      return true;
    };
    const server = await serve(legacyServer(script));
    const client = new MCPClient(new HttpTransport(server.url), PATIENT);
    endLater(() => client.close());
    const heard = new ClientRecorder(client);
    await client.connect();
    expect(textOf(await client.callTool('work'))).toBe('done');
    const [warning] = await heard.first('warning');
    expect(warning).toMatchObject({ code: 'MCP_INVALID_MESSAGE', details: { status, reason: 'what is this?' } });
    expect(warning?.message).toContain('The server refused notifications/initialized, which is ignored');
    expect(heard.error).toEqual([]);
    expect(server.asked('initialize')).toHaveLength(1);
  });

  test('HTTP 500 to it over HTTP+SSE is a warning, and calls go on', async () => {
    const server = await SseServer.start({
      accept: (visit) => {
        visit.status(isInitialized(visit) ? 500 : 202);
      },
      serve: (message, stream) => {
        const answer = answerTo(message);
        if (answer !== undefined) stream.event(answer);
      },
    });
    endLater(() => server.close());
    const client = new MCPClient(new SseTransport(server.url), PATIENT);
    endLater(() => client.close());
    const heard = new ClientRecorder(client);
    await client.connect();
    expect(textOf(await client.callTool('work'))).toBe('done');
    expect(await heard.first('warning')).toMatchObject([{ details: { status: 500 } }]);
    expect(heard.error).toEqual([]);
  });
});

/** The values of `Retry-After` that ask for seven seconds. */
const SEVEN_SECONDS: [string, () => string][] = [
  ['seconds', () => '7'],
  ['seconds with a fraction', () => '6.9'],
  ['a date', () => new Date(Date.now() + 7_000).toUTCString()],
];

/** Whether a timer was set for seven seconds; dates have no parts of a second. */
const forSevenSeconds = (delay: number): boolean => delay >= 5_900 && delay <= 7_000;

describe('pain 43: "Retry-After is ignored while connecting, and the client hammers the server"', () => {
  const options: MCPClientOptions = { retryInitialConnect: true, autoReconnect: true, reconnectDelay: 10 };

  /** Refuses the first message with this method. */
  function busyAt(method: string, status: number, retryAfter: () => string): (visit: HttpVisit) => boolean {
    let refused = false;
    return (visit) => {
      if (refused || visit.body === '' || visit.message.method !== method) return false;
      refused = true;
      visit.status(status, { 'retry-after': retryAfter() });
      return true;
    };
  }

  describe.each(SEVEN_SECONDS)('that is given as %s', (_form, retryAfter) => {
    test.each([
      ['server/discover', 429],
      ['server/discover', 503],
      ['initialize', 429],
      ['initialize', 503],
    ])('%s that is refused with HTTP %i is repeated after that time, once', async (method, status) => {
      const busy = busyAt(method, status, retryAfter);
      const server = await serve(method === 'initialize' ? legacyServer(busy) : modernServer(busy));
      const { environment, delays } = quickTimers(100);
      const client = await connect(new HttpTransport(server.url), { ...options, environment });
      expect(client.state).toBe('ready');
      expect(server.asked(method)).toHaveLength(2);
      expect(delays.filter(forSevenSeconds)).toHaveLength(1);
    });
  });

  test('the date is compared with that of the answer: the clock of the server may be wrong', async () => {
    const busy = { once: true };
    const server = await serve(
      modernServer((visit) => {
        if (!busy.once) return false;
        busy.once = false;
        const ago = (ms: number): string => new Date(Date.parse('1999-12-31T23:59:50Z') + ms).toUTCString();
        visit.status(503, { date: ago(0), 'retry-after': ago(7_000) });
        return true;
      }),
    );
    const { environment, delays } = quickTimers(100);
    await connect(new HttpTransport(server.url), { ...options, environment });
    expect(delays).toContain(7_000);
  });

  test('the stream of HTTP+SSE that is refused is opened again after that time, first and when it was lost', async () => {
    let busy = true;
    const server = await SseServer.start({
      greet: (visit, endpoint) => {
        if (busy) visit.status(503, { 'retry-after': '7' });
        else welcome(visit, endpoint);
        busy = !busy;
      },
      serve: (message, stream) => {
        const answer = answerTo(message);
        if (answer !== undefined) stream.event(answer);
      },
    });
    endLater(() => server.close());
    const { environment, delays } = quickTimers(100);
    const client = await connect(new SseTransport(server.url), { ...options, environment });
    expect(server.streams).toHaveLength(2);
    expect(delays.filter(forSevenSeconds)).toHaveLength(1);
    const heard = new ClientRecorder(client);
    server.stream.end();
    await heard.until(() => heard.state.at(-1) === 'ready');
    expect(server.streams).toHaveLength(4);
    expect(delays.filter(forSevenSeconds)).toHaveLength(2);
  });

  test('the handshake of a WebSocket that is refused is repeated after that time', async () => {
    const busy = await ScriptedWebSocketServer.start({
      upgrade: (_request, socket) => {
        socket.end('HTTP/1.1 503 Unavailable\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n');
      },
    });
    endLater(() => busy.close());
    const { environment, delays } = quickTimers(100);
    const client = new MCPClient(new WebSocketTransport(busy.url), {
      ...PATIENT,
      ...{ ...options, environment, maxReconnectAttempts: 2 },
    });
    endLater(() => client.close());
    expect(await errorFrom(client.connect())).toMatchObject({ code: 'MCP_HTTP_STATUS', errorCode: 503 });
    expect(busy.handshakes).toHaveLength(3);
    expect(delays.filter(forSevenSeconds)).toHaveLength(2);
  });

  test('a server that asks for more time than anybody waits is not waited for: the error says so at once', async () => {
    const server = await serve((visit) => {
      visit.status(503, { 'retry-after': '3600' });
    });
    const client = new MCPClient(new HttpTransport(server.url), { ...options, connectTimeout: 60_000 });
    endLater(() => client.close());
    const error = await errorFrom(client.connect());
    expect(error).toMatchObject({ code: 'MCP_HTTP_STATUS', errorCode: 503, details: { retryAfter: 3_600_000 } });
    expect(client.state).toBe('closed');
    expect(server.visits).toHaveLength(1);
  });

  /** What a legacy server answers on streams, with an event id so that they can be resumed. */
  function resumable(server: () => ScriptedHttpServer, refusals: number): (visit: HttpVisit) => void {
    return legacyServer((visit) => {
      const resumes = server().visits.filter(({ headers }) => headers['last-event-id'] !== undefined);
      if (visit.method === 'GET' && visit.headers['last-event-id'] !== undefined) {
        const [call] = server().asked('tools/call');
        if (resumes.length <= refusals) visit.status(503, { 'retry-after': '7' });
        else
          visit
            .stream()
            .event({ jsonrpc: '2.0', id: call?.message.id, result: { content: [] } })
            .end();
        return true;
      }
      if (visit.message.method !== 'tools/call') return false;
      visit.stream().event(undefined, { id: 'e-1' }).cut();
      return true;
    });
  }

  test('the resumption of a stream that is refused is repeated after that time', async () => {
    const server: ScriptedHttpServer = await serve((visit) => {
      script(visit);
    });
    const script = resumable(() => server, 1);
    const { environment, delays } = quickTimers(100);
    const client = await connect(new HttpTransport(server.url), { environment });
    expect(await client.callTool('work')).toEqual({ content: [] });
    expect(delays.filter(forSevenSeconds)).toHaveLength(1);
  });

  test('the stream of the server that is refused is opened again after that time, once', async () => {
    let streams = 0;
    const server = await serve(
      legacyServer((visit) => {
        if (visit.method !== 'GET') return false;
        streams += 1;
        if (streams === 1) visit.status(429, { 'retry-after': '7' });
        else visit.stream();
        return true;
      }),
    );
    const { environment, delays } = quickTimers(100);
    await connect(new HttpTransport(server.url), { environment });
    await server.until(() => streams === 2);
    expect(delays.filter(forSevenSeconds)).toHaveLength(1);
  });

  test('the stream of changes of a modern server that is refused is opened again after that time, once', async () => {
    let refused = 0;
    const server = await serve(
      modernServer((visit) => {
        const { method, id } = visit.message;
        if (method === 'server/discover') {
          visit.result({ ...discoverResult(), capabilities: { tools: { listChanged: true } } });
          return true;
        }
        if (method !== 'subscriptions/listen') return false;
        refused += 1;
        if (refused === 1) visit.status(503, { 'retry-after': '7' });
        else {
          const _meta = { 'io.modelcontextprotocol/subscriptionId': id };
          const params = { notifications: { toolsListChanged: true }, _meta };
          visit.stream().event({ jsonrpc: '2.0', method: 'notifications/subscriptions/acknowledged', params });
        }
        return true;
      }),
    );
    const { environment, delays } = quickTimers(100);
    const client = new MCPClient(new HttpTransport(server.url), { ...PATIENT, environment });
    endLater(() => client.close());
    client.on('toolsChanged', () => undefined);
    await client.connect();
    await server.until(() => refused === 2);
    expect(delays.filter(forSevenSeconds)).toHaveLength(1);
  });
});
