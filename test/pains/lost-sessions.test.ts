import { HttpTransport, MCPClient, MCPConnection } from '../../src/index.js';
import type { MCPClientOptions } from '../../src/index.js';
import { ClientRecorder } from '../support/client-recorder.js';
import { textOf } from '../support/servers/fixture-servers.js';
import { httpScene } from '../support/http-scene.js';
import { legacyServer, modernServer } from '../support/servers/http-server.js';
import type { HttpVisit, ScriptedHttpServer } from '../support/servers/http-server.js';
import { hastyEnvironment } from '../support/link-recorder.js';
import { errorFrom, rejection, turns } from '../support/outcomes.js';
import { SimulatedEnvironment } from '../support/simulated-environment.js';

const { endLater, serve } = httpScene();

async function connect(url: string, options?: MCPClientOptions): Promise<MCPClient> {
  const client = new MCPClient(new HttpTransport(url), options);
  endLater(() => client.close());
  await client.connect();
  return client;
}

type Refuse = (visit: HttpVisit) => unknown;

/** A body without a content type, as Starlette and hyper send it. */
function bare(status: number, body: string): Refuse {
  return ({ response }) => response.writeHead(status).end(body);
}

function text(status: number, body: string): Refuse {
  return ({ response }) => response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(body);
}

/** A body that the client does not read. */
function unread(
  status: number,
  headers: Readonly<Record<string, string>>,
  body = '<html><h1>Not here</h1></html>',
): Refuse {
  return ({ response }) => response.writeHead(status, headers).end(body);
}

function json(status: number, body: unknown): Refuse {
  return (visit) => {
    visit.json(body, status);
  };
}

/** An error of JSON-RPC that does not say to which request it belongs. */
function rpc(status: number, code: number, message: string, id: unknown = null): Refuse {
  return json(status, { jsonrpc: '2.0', id, error: { code, message } });
}

/** An error of JSON-RPC with the id of the request. */
function own(status: number, code: number, message: string): Refuse {
  return (visit) => {
    visit.error(status, code, message);
  };
}

function ownEvent(code: number, message: string): Refuse {
  return (visit) => {
    visit.stream().event({ jsonrpc: '2.0', id: visit.message.id, error: { code, message } });
    visit.end();
  };
}

/** A server that can be restarted: it does not know the sessions any more that it gave out before. */
async function restartable(
  refuse: Refuse,
): Promise<{ server: ScriptedHttpServer; restart: () => void; ran: string[] }> {
  let session = 1;
  const ran: string[] = [];
  const server = await serve((visit) => {
    const { method = '' } = visit.body === '' ? {} : visit.message;
    const known = visit.headers['mcp-session-id'] === `s-${session}`;
    if (!known && !['initialize', 'server/discover'].includes(method)) {
      refuse(visit);
      return;
    }
    if (method === 'tools/call') ran.push(String(visit.message.params?.['name']));
    legacyServer(({ message }) => message.method === 'tools/list' && (visit.result({ tools: [] }), true), {
      sessionId: `s-${session}`,
    })(visit);
  });
  const restart = (): void => {
    session += 1;
  };
  return { server, restart, ran };
}

/** What servers answer to a session that they do not know, by who made them. */
const WORDINGS: [string, Refuse][] = [
  ['Python SDK before 1.26', bare(400, 'Bad Request: No valid session ID provided')],
  ['Python SDK', rpc(404, -32_600, 'Session not found')],
  ['Python SDK, of a session that ended', rpc(404, -32_600, 'Not Found: Session has been terminated', 'server-error')],
  ['Python SDK, without a session', rpc(400, -32_600, 'Bad Request: Missing session ID', 'server-error')],
  ['TypeScript SDK, one transport for all', rpc(400, -32_000, 'Bad Request: Server not initialized')],
  ['TypeScript SDK', rpc(404, -32_001, 'Session not found')],
  ['TypeScript SDK, as its examples', rpc(400, -32_000, 'Bad Request: No valid session ID provided')],
  ['Express', rpc(400, -32_000, 'Bad Request: No valid session ID or not an initialize request')],
  ['Express, with a code of its own', rpc(404, -32_000, 'Not Found: Unknown Mcp-Session-Id header')],
  ['Express, as unavailable', rpc(503, -32_000, 'Session not found')],
  ['Go SDK', text(404, 'session not found\n')],
  ['mcp-go before 0.44', text(400, 'Invalid session ID\n')],
  ['mcp-go', text(404, 'Session terminated\n')],
  [
    'Java SDK',
    json(404, { jsonRpcError: { code: -32_603, message: 'Session not found: 17' }, message: 'Session not found: 17' }),
  ],
  ['Java SDK, Spring', json(400, { message: 'Session ID required in mcp-session-id header', localizedMessage: 'x' })],
  ['C# SDK', own(404, -32_001, 'Session not found')],
  ['Rust SDK', bare(404, 'Not Found: Session not found')],
  ['Rust SDK before 0.17', bare(401, 'Unauthorized: Session not found')],
  ['Rust SDK, no session', bare(422, 'Unexpected message, expect initialize request')],
  ['Ruby SDK', rpc(404, -32_600, 'Session not found')],
  ['Ruby SDK, without a session', rpc(400, -32_600, 'Missing session ID')],
  ['PHP SDK', rpc(404, -32_600, 'Session not found or has expired.', '')],
  ['PHP SDK, without a session', rpc(400, -32_600, 'A valid session id is REQUIRED for non-initialize requests.', '')],
  ['Kotlin SDK', text(400, 'Bad Request: No valid session ID provided')],
  ['a gateway', text(410, 'The session is gone')],
  ['a gateway without words', (visit) => visit.status(410)],
  ['a framework', json(400, { detail: 'Your session has timed out' })],
  ['a framework, by the name of the header', json(400, { error: 'mcp_session_id is stale' })],
  ['-32002', own(400, -32_002, 'Server not initialized')],
  ['-32001 and 400', own(400, -32_001, 'Session expired')],
  ['-32600 and 410', own(410, -32_600, 'Invalid session')],
  ['200 and no id', rpc(200, -32_000, 'Session not found')],
  ['200 and -32002', own(200, -32_002, 'Server not initialized')],
  ['200 and -32001', own(200, -32_001, 'session expired')],
  ['200 and -32600', own(200, -32_600, 'Invalid session ID')],
  ['200 and -32000', own(200, -32_000, 'No valid session ID provided')],
  ['200 and -32000, of a client', own(200, -32_000, 'Client must initialize first')],
  ['200 and -32603', own(200, -32_603, 'SessionNotFound')],
  ['200 and a stream', ownEvent(-32_000, 'Unknown session')],
  ['500 and -32603', own(500, -32_603, 'Uninitialized session')],
];

describe('pain 37: "a lost session is reported as text, or a missing method as 404, and each call fails for ever or a crash loop begins"', () => {
  test.each(WORDINGS)(
    'a call is answered after one new handshake, when the loss is reported by: %s',
    async (_who, refuse) => {
      const { server, restart, ran } = await restartable(refuse);
      const client = await connect(server.url);
      const { error } = new ClientRecorder(client);
      // The last that a client sends at the beginning of a session: the request for a stream.
      const streams = (): number => server.visits.filter(({ method }) => method === 'GET').length;
      for (let restarts = 1; restarts <= 3; restarts += 1) {
        await server.until(() => streams() === restarts);
        restart();
        expect(textOf(await client.callTool('buy'))).toBe('done');
        expect(server.asked('initialize')).toHaveLength(1 + restarts);
      }
      expect(ran).toEqual(['buy', 'buy', 'buy']);
      expect(client.state).toBe('ready');
      expect(error).toEqual([]);
    },
  );

  test.each(WORDINGS)(
    'twenty calls at once cause one new handshake, when the loss is reported by: %s',
    async (_who, refuse) => {
      const { server, restart, ran } = await restartable(refuse);
      const client = await connect(server.url);
      await server.until(() => server.visits.some(({ method }) => method === 'GET'));
      restart();
      const names = Array.from({ length: 20 }, (_, index) => `tool-${index}`);
      await Promise.all(names.map((name) => client.callTool(name)));
      expect(ran.sort()).toEqual(names.sort());
      expect(server.asked('initialize')).toHaveLength(2);
    },
  );
});

/** Errors of tools that sound like a lost session and are none. */
const MISLEADING: [string, Refuse, { readonly runs: number }][] = [
  ['400 and words', own(400, -32_000, 'Bad Request: session of the database not found'), { runs: 2 }],
  ['400 and text', text(400, 'Your session in the shop has expired'), { runs: 2 }],
  ['410 and text', text(410, 'This chat session is gone'), { runs: 2 }],
  ['404 and words', own(404, -32_001, 'Session not found: cart-7'), { runs: 2 }],
  ['404 and -32601', own(404, -32_601, 'Method not found'), { runs: 2 }],
  ['404 and -32602', own(404, -32_602, 'Unknown tool: query'), { runs: 2 }],
  ['404 and a code of its own', own(404, -31_000, 'No such file'), { runs: 2 }],
  ['404 and -32601 without an id', rpc(404, -32_601, 'Method not found'), { runs: 2 }],
  ['200 and words', own(200, -32_000, 'Session not found: cart-7'), { runs: 1 }],
  ['200 and -32002', own(200, -32_002, 'Session expired, log in again'), { runs: 1 }],
  ['200 and a stream', ownEvent(-32_603, 'Invalid session id'), { runs: 1 }],
  ['500 and words', own(500, -32_603, 'The printer is not initialized'), { runs: 1 }],
];

describe.each(MISLEADING)('pain 37: a tool that fails with %s', (_what, refuse, { runs }) => {
  async function serveFailing(): Promise<ScriptedHttpServer> {
    return serve(
      legacyServer(
        (visit) => {
          if (visit.message.method === 'tools/list') visit.result({ tools: [] });
          else if (visit.message.params?.['name'] === 'query') refuse(visit);
          else return false;
          return true;
        },
        { sessionId: 's-1' },
      ),
    );
  }

  test('costs one handshake at most, and its call is given the error of the server', async () => {
    const server = await serveFailing();
    const client = await connect(server.url);
    const calls = (): number => server.asked('tools/call').length;
    for (let time = 0; time < 12; time += 1) {
      expect(await errorFrom(client.callTool('query'))).toMatchObject({ delivery: 'answered' });
      expect(calls()).toBe(runs + time);
    }
    expect(server.asked('initialize').length).toBe(runs);
    expect(client.state).toBe('ready');
  });

  test('loses no call of another tool', async () => {
    const server = await serveFailing();
    const client = await connect(server.url);
    for (let time = 0; time < 12; time += 1) {
      const [good, bad] = await Promise.all([client.callTool('buy'), errorFrom(client.callTool('query'))]);
      expect(textOf(good)).toBe('done');
      expect(bad).toMatchObject({ delivery: 'answered' });
    }
    expect(server.asked('initialize').length).toBeLessThanOrEqual(2);
    expect(client.state).toBe('ready');
  });
});

test('pain 37: a session that ends while a call runs does not make the call run twice', async () => {
  let known = true;
  const server = await serve(
    legacyServer(
      (visit) => {
        if (visit.message.method === 'initialize') known = true;
        else if (visit.message.params?.['name'] === 'charge') {
          known = false;
          ownEvent(-32_600, 'Session terminated before the request completed')(visit);
        } else if (!known && visit.method === 'POST') rpc(404, -32_600, 'Session not found')(visit);
        else return false;
        return visit.message.method !== 'initialize';
      },
      { sessionId: 's-1' },
    ),
  );
  const client = await connect(server.url);
  expect(await errorFrom(client.callTool('charge'))).toMatchObject({ errorCode: -32_600, delivery: 'answered' });
  expect(textOf(await client.callTool('buy'))).toBe('done');
  const names = server.asked('tools/call').map(({ message }) => message.params?.['name']);
  expect(names).toEqual(['charge', 'buy', 'buy']);
});

test.each([
  ['and an error with its own id', own(404, -32_601, 'Method not found')],
  ['and an error without an id', rpc(404, -32_601, 'Method not found')],
])('pain 37: a server without ping that says so with 404 %s is not killed by the heartbeat', async (_, refuse) => {
  const server = await serve(
    legacyServer((visit) => visit.message.method === 'ping' && (refuse(visit), true), { sessionId: 's-1' }),
  );
  const environment = new SimulatedEnvironment();
  const transport = new HttpTransport(server.url);
  const connection = new MCPConnection('shop', transport, { healthCheckInterval: 1_000, environment });
  endLater(() => connection.disconnect());
  const client = await connection.connect();
  while (server.asked('ping').length < 100) {
    await environment.advance(500);
    await turns();
  }
  expect(textOf(await client.callTool('buy'))).toBe('done');
  expect(connection.status).toBe('connected');
  expect(server.asked('initialize')).toHaveLength(2);
});

test.each(['notifications/initialized', 'notifications/roots/list_changed'])(
  'pain 37: a server that answers 404 to %s, which it does not know, is left in its session',
  async (method) => {
    const server = await serve(
      legacyServer((visit) => visit.message.method === method && (rpc(404, -32_601, 'Method not found')(visit), true), {
        sessionId: 's-1',
      }),
    );
    const client = await connect(server.url);
    await errorFrom(client.notify('notifications/roots/list_changed')).catch(() => undefined);
    expect(textOf(await client.callTool('buy'))).toBe('done');
    expect(server.asked('initialize')).toHaveLength(1);
  },
);

describe.each([
  ['text', text(404, 'Cannot POST /mcp')],
  ['JSON', json(404, { error: 'not found' })],
  ['nothing', bare(404, '')],
  ['a page', unread(404, { 'content-type': 'text/html' })],
  ['an unknown compression', unread(404, { 'content-type': 'application/json', 'content-encoding': 'br' })],
  ['an image', unread(404, { 'content-type': 'image/png' })],
  ['more than the client reads', text(404, 'x'.repeat(70_000))],
  [
    'a body that breaks off',
    ({ response }: HttpVisit) => response.writeHead(404).write('Not', () => response.destroy()),
  ],
])('pain 37: a server that answers 404 and %s to what it does not know costs three handshakes', (_, refuse) => {
  test('when that is a tool, and no call of another one', async () => {
    const server = await serve(
      legacyServer((visit) => visit.message.params?.['name'] === 'query' && (refuse(visit), true), {
        sessionId: 's-1',
      }),
    );
    const client = await connect(server.url);
    for (let time = 0; time < 12; time += 1) {
      const [good, bad] = await Promise.all([client.callTool('buy'), errorFrom(client.callTool('query'))]);
      expect(textOf(good)).toBe('done');
      expect(bad).toMatchObject({ code: time === 0 ? 'MCP_SESSION_LOST' : 'MCP_HTTP_STATUS', errorCode: 404 });
    }
    expect(server.asked('initialize')).toHaveLength(4);
    expect(client.state).toBe('ready');
  });

  test('when that is notifications/initialized, and no call', async () => {
    const server = await serve(
      legacyServer((visit) => visit.message.method === 'notifications/initialized' && (refuse(visit), true), {
        sessionId: 's-1',
      }),
    );
    const client = await connect(server.url);
    for (let time = 0; time < 12; time += 1) expect(textOf(await client.callTool('buy'))).toBe('done');
    expect(server.asked('initialize')).toHaveLength(4);
    expect(client.state).toBe('ready');
  });
});

test('pain 37: a server that was restarted is found out although its 404 without words has misled before', async () => {
  let session = 1;
  const server = await serve((visit) => {
    const { method = '', params } = visit.body === '' ? {} : visit.message;
    const known = visit.headers['mcp-session-id'] === `s-${session}`;
    if (method !== 'initialize' && method !== 'server/discover' && (!known || params?.['name'] === 'query'))
      bare(404, '')(visit);
    else legacyServer(() => false, { sessionId: `s-${session}` })(visit);
  });
  const client = await connect(server.url);
  await errorFrom(client.callTool('query'));
  for (let restarts = 0; restarts < 3; restarts += 1) {
    expect(await errorFrom(client.callTool('query'))).toMatchObject({ code: 'MCP_HTTP_STATUS', errorCode: 404 });
    expect(textOf(await client.callTool('buy'))).toBe('done');
    session += 1;
    expect(textOf(await client.callTool('buy'))).toBe('done');
  }
  expect(client.state).toBe('ready');
});

test.each(WORDINGS.slice(0, 3).concat(WORDINGS.slice(4, 5)))(
  'pain 37: an idle client finds out by its stream that the session is lost, when the loss is reported by: %s',
  async (_who, refuse) => {
    let session = 1;
    const streams: HttpVisit[] = [];
    const server = await serve((visit) => {
      const known = visit.headers['mcp-session-id'] === `s-${session}`;
      const method = visit.body === '' ? undefined : visit.message.method;
      if (!known && method !== 'initialize' && method !== 'server/discover') refuse(visit);
      else if (visit.method === 'GET') streams.push(visit.stream());
      else legacyServer(() => false, { sessionId: `s-${session}` })(visit);
    });
    const client = await connect(server.url);
    await server.until(() => streams.length === 1);
    session = 2;
    streams[0]?.cut();
    await server.until(() => streams.length === 2);
    expect(server.asked('initialize')).toHaveLength(2);
    expect(client.state).toBe('ready');
  },
);

describe('pain 37: while a server is asked whether it knows a session', () => {
  /** A server whose tool fails in words that sound like a lost session, and that does not list its tools. */
  async function serveSilent(): Promise<ScriptedHttpServer> {
    return serve(
      legacyServer(
        (visit) => {
          if (visit.message.method === 'tools/list') return true;
          if (visit.message.params?.['name'] !== 'query') return false;
          own(200, -32_000, 'Session not found')(visit);
          return true;
        },
        { sessionId: 's-1' },
      ),
    );
  }

  test('and does not answer, the call is given its error after a while', async () => {
    const server = await serveSilent();
    const client = await connect(server.url, { environment: hastyEnvironment(100), timeout: 3_600_000 });
    const error = await errorFrom(client.callTool('query'));
    expect(error).toMatchObject({ errorCode: -32_000, delivery: 'answered' });
    expect(server.asked('tools/list')).toHaveLength(1);
    expect(server.asked('initialize')).toHaveLength(1);
  });

  test('many calls share the request, an aborted call waits no longer, and closing ends the rest', async () => {
    const server = await serveSilent();
    const client = await connect(server.url);
    const controller = new AbortController();
    const aborted = rejection(client.callTool('query', {}, { signal: controller.signal }));
    const rest = Array.from({ length: 5 }, () => errorFrom(client.callTool('query')));
    await server.until(() => server.asked('tools/list').length === 1 && server.asked('tools/call').length === 6);
    controller.abort('enough');
    expect(await aborted).toBe('enough');
    await client.close();
    for (const error of await Promise.all(rest)) expect(error).toMatchObject({ delivery: 'unknown' });
    expect(server.asked('tools/list')).toHaveLength(1);
  });
});

test('pain 37: the client negotiates again after a modern server was replaced by a legacy one that answers 400 with text', async () => {
  let modern = true;
  const legacy = legacyServer(() => false, { sessionId: 's-1' });
  const server = await serve((visit) => {
    const { method = '' } = visit.body === '' ? {} : visit.message;
    if (modern) modernServer(() => false)(visit);
    else if (visit.headers['mcp-session-id'] === undefined && method !== 'initialize')
      bare(400, 'Bad Request: No valid session ID provided')(visit);
    else legacy(visit);
  });
  const client = await connect(server.url);
  modern = false;
  expect(textOf(await client.callTool('buy'))).toBe('done');
  expect((client.transport as HttpTransport).sessionId).toBe('s-1');
  expect(server.asked('initialize')).toHaveLength(1);
});
