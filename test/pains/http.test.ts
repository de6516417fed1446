import { Agent } from 'undici';

import { HttpTransport, MCPClient } from '../../src/index.js';
import type { MCPClientOptions } from '../../src/index.js';
import { ClientRecorder } from '../support/client-recorder.js';
import { textOf } from '../support/servers/fixture-servers.js';
import { HttpProcess } from '../support/servers/http-process.js';
import { httpScene } from '../support/http-scene.js';
import { legacyServer, modernServer } from '../support/servers/http-server.js';
import type { HttpVisit, ScriptedHttpServer } from '../support/servers/http-server.js';
import { hastyEnvironment } from '../support/link-recorder.js';
import { errorFrom } from '../support/outcomes.js';

const { endLater, serve } = httpScene();

async function connect(url: string, options?: MCPClientOptions): Promise<MCPClient> {
  const client = new MCPClient(new HttpTransport(url), options);
  endLater(() => client.close());
  await client.connect();
  return client;
}

function toolCalls(server: ScriptedHttpServer): HttpVisit[] {
  return server.asked('tools/call');
}

describe('pain 1: "the server restarts or drops the session, HTTP answers 404 for ever, the client never starts a new session"', () => {
  test('a server that is restarted three times, each time under twenty calls', async () => {
    let server = await HttpProcess.official('sessions');
    endLater(() => server.kill());
    // No option is needed for that.
    const client = await connect(server.url);
    const errors = new ClientRecorder(client).error;
    await client.listTools();
    for (let restart = 1; restart <= 3; restart += 1) {
      await server.kill();
      server = await HttpProcess.official('sessions', server.port);
      const texts = Array.from({ length: 20 }, (_, index) => `${restart}: ${index}`);
      const answers = await Promise.all(texts.map(async (text) => textOf(await client.callTool('echo', { text }))));
      expect(answers).toEqual(texts);
      expect(textOf(await client.callTool('handshakes'))).toBe('1');
    }
    expect(errors).toEqual([]);
    expect(client.state).toBe('ready');
  });

  test('a server that forgets each session at once is not asked for another one for ever', async () => {
    const server = await serve((visit) => {
      const script = legacyServer(() => false, { sessionId: 's-1' });
      // As of several instances behind one address, each of which knows only its own.
      if (visit.headers['mcp-session-id'] === undefined) script(visit);
      else visit.status(404);
    });
    const client = new MCPClient(new HttpTransport(server.url), { maxRestarts: 3 });
    endLater(() => client.close());
    const closed = new Promise((resolve) =>
      client.on('state', (state) => {
        if (state === 'closed') resolve(state);
      }),
    );
    await client.connect();
    await closed;
    expect(server.asked('initialize')).toHaveLength(1 + 3);
    expect(await errorFrom(client.listTools())).toMatchObject({ code: 'MCP_NOT_CONNECTED', delivery: 'not-sent' });
    expect(client.explain()).toMatch(
      /MCP_CRASH_LOOP[^]*MCP_SESSION_LOST[^]*several instances that do not share sessions/,
    );
  });

  test('a server that answers everything with 404 until the next handshake gets one', async () => {
    let session = 1;
    const server = await serve((visit) => {
      const { method } = visit.message;
      const known = visit.headers['mcp-session-id'] === `s-${session}`;
      if (known || method === 'initialize' || method === 'server/discover') {
        legacyServer(() => false, { sessionId: `s-${session}` })(visit);
      } else visit.error(404, -32_001, 'Session not found');
    });
    const client = await connect(server.url);
    for (let next = 2; next <= 4; next += 1) {
      // The last that a client says at the beginning of a session: the question for a stream.
      await server.until(() => server.visits.filter(({ method }) => method === 'GET').length === next - 1);
      session = next;
      expect(textOf(await client.callTool('buy'))).toBe('done');
      expect((client.transport as HttpTransport).sessionId).toBe(`s-${session}`);
    }
    // Each was refused once, and ran once.
    expect(toolCalls(server)).toHaveLength(6);
    expect(server.asked('initialize')).toHaveLength(4);
  });
});

describe('pain 1: "the server forgets the session", and says so in a way of its own', () => {
  test.each<[string, (visit: HttpVisit) => void]>([
    ['404 with a page', (visit) => visit.response.writeHead(404, { 'content-type': 'text/html' }).end('<h1>404</h1>')],
    ['404 with nothing', (visit) => visit.status(404)],
    ['404 with an error of JSON-RPC', (visit) => visit.error(404, -32_001, 'Session not found')],
    [
      '400 that speaks of the session',
      (visit) => visit.error(400, -32_000, 'Bad Request: No valid session ID provided'),
    ],
  ])('%s: the call is answered after one new handshake', async (_what, refuse) => {
    let session = 1;
    const server = await serve((visit) => {
      const known = visit.headers['mcp-session-id'] === `s-${session}`;
      if (known || ['initialize', 'server/discover'].includes(visit.message.method ?? '')) {
        legacyServer(() => false, { sessionId: `s-${session}` })(visit);
      } else refuse(visit);
    });
    const client = await connect(server.url);
    // What a client says besides: that it is initialized, and the question for a stream.
    await server.until(() => server.visits.length === 4);
    session = 2;
    expect(textOf(await client.callTool('buy'))).toBe('done');
    expect(server.asked('initialize')).toHaveLength(2);
    expect(toolCalls(server)).toHaveLength(2);
  });
});

describe.each([
  ['modern', -32_600, 'missing session id in arguments'],
  ['legacy', -32_000, 'Bad Request: no session with the database'],
] as const)('a tool of a %s server that is refused in words that sound like a lost session', (era, code, said) => {
  async function serveRefusing(): Promise<ScriptedHttpServer> {
    const script = (visit: HttpVisit): boolean => {
      const bad = visit.message.params?.['name'] === 'query';
      if (bad) visit.error(400, code, said);
      return bad;
    };
    return serve(era === 'modern' ? modernServer(script) : legacyServer(script, { sessionId: 's-1' }));
  }

  function negotiations(server: ScriptedHttpServer): HttpVisit[] {
    return server.asked(era === 'modern' ? 'server/discover' : 'initialize');
  }

  test('costs one session, and the error has the message of the server', async () => {
    const server = await serveRefusing();
    const client = await connect(server.url);
    const asked = { code: 'MCP_TOOL_ERROR', errorCode: code, message: expect.stringContaining(said) as string };
    expect(await errorFrom(client.callTool('query'))).toMatchObject(asked);
    expect(toolCalls(server)).toHaveLength(2);
    for (let time = 3; time <= 12; time += 1) {
      expect(await errorFrom(client.callTool('query'))).toMatchObject(asked);
      expect(toolCalls(server)).toHaveLength(time);
    }
    expect(client.state).toBe('ready');
    expect(negotiations(server)).toHaveLength(2);
  });

  test('costs one session also while other tools are answered', async () => {
    const server = await serveRefusing();
    const client = await connect(server.url);
    for (let time = 1; time <= 12; time += 1) {
      const [good, bad] = await Promise.all([client.callTool('buy'), errorFrom(client.callTool('query'))]);
      expect(textOf(good)).toBe('done');
      expect(bad).toMatchObject({ code: 'MCP_TOOL_ERROR' });
    }
    expect(negotiations(server)).toHaveLength(2);
  });
});

test('a server that forgets its sessions again and again in words is believed each time that it has answered in between', async () => {
  let session = 1;
  const server = await serve((visit) => {
    const known = visit.headers['mcp-session-id'] === `s-${session}`;
    if (known || ['initialize', 'server/discover'].includes(visit.message.method ?? '')) {
      legacyServer(() => false, { sessionId: `s-${session}` })(visit);
    } else visit.error(400, -32_000, 'Bad Request: No valid session ID provided');
  });
  const client = await connect(server.url);
  for (session = 2; session <= 4; session += 1) expect(textOf(await client.callTool('buy'))).toBe('done');
  expect(server.asked('initialize')).toHaveLength(4);
});

describe('pain 6: "connect() hangs when the server never answers", over HTTP', () => {
  test.each<[string, (visit: HttpVisit) => unknown]>([
    [
      'sends no more than a head',
      (visit) => visit.response.writeHead(200, { 'content-type': 'application/json' }).write('{'),
    ],
    ['opens a stream without an answer', (visit) => visit.stream()],
    ['keeps a stream alive without an answer', (visit) => visit.stream().response.write(': here\n\n'.repeat(100))],
    ['answers somebody else', (visit) => visit.stream().event({ jsonrpc: '2.0', id: 'nobody', result: {} })],
  ])('a server that %s: it rejects at its deadline, and nothing is left', async (_what, answer) => {
    const server = await serve((visit) => void answer(visit));
    const client = new MCPClient(new HttpTransport(server.url), { probeTimeout: 50 });
    const error = await errorFrom(client.connect({ timeout: 300 }));
    expect(error).toMatchObject({ code: 'MCP_TIMEOUT', details: { phase: 'connecting' } });
    await client.close();
    await Promise.all(server.visits.map((visit) => visit.closed()));
  });
});

describe('pain 4: "an idle connection dies silently at the five minutes of the HTTP library"', () => {
  test('no request has a limit of the HTTP library on the time until its head or within its body', async () => {
    const agent = new Agent();
    const limits: unknown[] = [];
    const dispatcher = {
      dispatch: (options: { headersTimeout?: number; bodyTimeout?: number }, handler: never) => {
        limits.push([options.headersTimeout, options.bodyTimeout]);
        return agent.dispatch(options as never, handler);
      },
    };
    const server = await serve(
      legacyServer((visit) => {
        if (visit.method === 'GET') visit.stream();
        return visit.method === 'GET';
      }),
    );
    const client = new MCPClient(new HttpTransport(server.url, { dispatcher }));
    await client.connect();
    await client.callTool('any');
    await server.until(() => server.visits.some(({ method }) => method === 'GET'));
    await client.close();
    expect(limits.length).toBeGreaterThan(3);
    expect(new Set(limits.map(String))).toEqual(new Set(['0,0']));
    await agent.close();
  });
});

describe('pain 15: "the SSE reply stream ends without an answer, and the request hangs until its timeout"', () => {
  const endless: MCPClientOptions = { timeout: Infinity };

  test.each([
    ['legacy', legacyServer],
    ['modern', modernServer],
  ] as const)(
    'of a %s server without ids: the call fails at once and says that it may have run',
    async (_era, kind) => {
      const server = await serve(
        kind((visit: HttpVisit) => {
          if (visit.message.method !== 'tools/call') return false;
          visit.stream().event({ jsonrpc: '2.0', method: 'notifications/hello' }).end();
          return true;
        }),
      );
      const client = await connect(server.url, endless);
      const error = await errorFrom(client.callTool('buy'));
      expect(error).toMatchObject({ name: 'MCPTransportError', delivery: 'unknown' });
      expect(error.explain()).toContain('it may have run');
      expect(toolCalls(server)).toHaveLength(1);
      expect(client.state).toBe('ready');
    },
  );

  test('of a legacy server with ids: the answer is fetched from where the stream broke', async () => {
    let call: unknown;
    const server = await serve(
      legacyServer((visit) => {
        if (visit.method === 'GET' && visit.headers['last-event-id'] === 'e-1') {
          visit.stream().event({ jsonrpc: '2.0', id: call, result: { content: [{ type: 'text', text: 'bought' }] } });
          visit.end();
        } else if (visit.message.method === 'tools/call') {
          call = visit.message.id;
          visit.stream().event(undefined, { id: 'e-1', retry: 10 }).end();
        } else return false;
        return true;
      }),
    );
    const client = await connect(server.url, endless);
    expect(textOf(await client.callTool('buy'))).toBe('bought');
    expect(toolCalls(server)).toHaveLength(1);
  });

  test('what only reads is asked again', async () => {
    const server = await serve(
      modernServer((visit) => {
        if (visit.message.method !== 'tools/list' || server.asked('tools/list').length > 1) return false;
        visit.stream().end();
        return true;
      }),
    );
    const client = await connect(server.url, { ...endless, autoReconnect: true, reconnectDelay: 1 });
    expect(await client.listTools()).toEqual([]);
    expect(server.asked('tools/list')).toHaveLength(2);
  });
});

describe('pain 19: "the optional GET stream answers 404, 405 or 406 and kills the connection"', () => {
  test.each([400, 404, 405, 406, 500, 501])('%i: the client is ready and emits no error', async (status) => {
    const server = await serve(
      legacyServer(
        (visit) => {
          if (visit.method === 'GET') visit.status(status);
          return visit.method === 'GET';
        },
        { sessionId: 's-1' },
      ),
    );
    const client = await connect(server.url);
    const { error, state } = new ClientRecorder(client);
    await server.until(() => server.visits.some(({ method }) => method === 'GET'));
    expect(textOf(await client.callTool('any'))).toBe('done');
    expect(error).toEqual([]);
    expect(state).toEqual([]);
    expect(server.asked('initialize')).toHaveLength(1);
  });

  test('one that breaks again and again is opened again, and no call notices', async () => {
    let streams = 0;
    const server = await serve(
      legacyServer((visit) => {
        if (visit.method !== 'GET') return false;
        streams += 1;
        visit.stream().event({ jsonrpc: '2.0', method: 'notifications/tools/list_changed' }, { retry: 1 });
        if (streams % 2 === 0) visit.end();
        else visit.reset();
        return true;
      }),
    );
    const client = new MCPClient(new HttpTransport(server.url), { environment: hastyEnvironment(50) });
    endLater(() => client.close());
    const recorder = new ClientRecorder(client, ['notification']);
    await client.connect();
    await recorder.first('notification', 3);
    expect(textOf(await client.callTool('any'))).toBe('done');
    expect(recorder.state).toEqual(['connecting', 'initializing', 'ready']);
    expect(recorder.error).toEqual([]);
  });
});

describe('pain 20: "sessions leak on the server, or DELETE hangs close()"', () => {
  test('close() ends the session: the server does not know it any more', async () => {
    const server = await HttpProcess.official('sessions');
    endLater(() => server.kill());
    const transport = new HttpTransport(server.url);
    const client = await MCPClient.connect(transport);
    const session = transport.sessionId as string;
    const ask = (): Promise<Response> => {
      const headers = { 'mcp-session-id': session, accept: 'application/json, text/event-stream' };
      const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' });
      const type = { 'content-type': 'application/json', connection: 'close' };
      return fetch(server.url, { method: 'POST', headers: { ...headers, ...type }, body });
    };
    const during = await ask();
    expect(during.status).toBe(200);
    await during.text();
    await client.close();
    const after = await ask();
    expect(after.status).toBe(404);
    await after.text();
  });

  test.each<[string, (visit: HttpVisit) => unknown]>([
    ['is never answered', () => undefined],
    ['is refused', (visit) => visit.status(405)],
    ['fails', (visit) => visit.status(500)],
    ['breaks', (visit) => visit.reset()],
    ['is answered without an end', (visit) => visit.response.writeHead(200).write('wait')],
  ])('a DELETE that %s: close() resolves, and no error is emitted', async (_what, answer) => {
    const server = await serve(
      legacyServer(
        (visit) => {
          if (visit.method === 'DELETE') answer(visit);
          return visit.method === 'DELETE';
        },
        { sessionId: 's-1' },
      ),
    );
    const client = new MCPClient(new HttpTransport(server.url), { environment: hastyEnvironment(20) });
    const { error } = new ClientRecorder(client);
    await client.connect();
    await client.close();
    expect(server.visits.at(-1)?.method).toBe('DELETE');
    expect(client.state).toBe('closed');
    expect(error).toEqual([]);
  });
});

test('pain 20, once more: a server that accepts no message gets no DELETE when the time for it is over', async () => {
  const server = await serve(
    legacyServer((visit) => visit.message.method === 'notifications/roots/list_changed', { sessionId: 's-1' }),
  );
  const agent = new Agent();
  endLater(() => agent.destroy());
  const dispatch = jest.spyOn(agent, 'dispatch');
  const transport = new HttpTransport(server.url, { dispatcher: agent });
  const client = new MCPClient(transport, { environment: hastyEnvironment(20) });
  await client.connect();
  const notified = errorFrom(client.notify('notifications/roots/list_changed'));
  await server.until(() => server.asked('notifications/roots/list_changed').length > 0);
  await client.close();
  expect(await notified).toMatchObject({ code: 'MCP_CONNECTION_CLOSED', delivery: 'unknown' });
  // It would be on its way still, and nobody would wait for it.
  expect(dispatch.mock.calls.map(([{ method }]) => method)).not.toContain('DELETE');
});

describe('pain 25: "429 and 5xx are not retried, Retry-After is ignored"', () => {
  test.each([429, 503])('%i: the call waits as long as the server asks, and is then made again', async (status) => {
    const server = await serve(
      modernServer((visit) => {
        if (visit.message.method !== 'tools/list' || server.asked('tools/list').length > 1) return false;
        visit.status(status, { 'retry-after': '7' });
        return true;
      }),
    );
    const asked: number[] = [];
    const hasty = hastyEnvironment(100);
    const environment = {
      ...hasty,
      setTimeout: (callback: () => void, delay: number) => {
        asked.push(delay);
        return hasty.setTimeout(callback, delay);
      },
    };
    const client = await connect(server.url, { environment, timeout: 3_600_000 });
    expect(await client.listTools()).toEqual([]);
    expect(server.asked('tools/list')).toHaveLength(2);
    expect(asked.some((delay) => delay >= 7_000 && delay < 8_000)).toBe(true);
  });
});

describe('pain 35: "a firewall refuses requests without User-Agent; odd Content-Encoding breaks the client"', () => {
  test('a firewall that refuses requests without a User-Agent lets this client in', async () => {
    const script = legacyServer(() => false, { sessionId: 's-1' });
    const server = await serve((visit) => {
      if (visit.headers['user-agent'] === undefined) visit.status(403);
      else script(visit);
    });
    const client = await connect(server.url);
    expect(textOf(await client.callTool('work'))).toBe('done');
    await client.close();
    expect(server.visits.filter(({ headers }) => headers['user-agent'] === undefined)).toEqual([]);
  });

  test.each(['none', 'Identity', 'identity, identity', 'UTF-8', ''])(
    'a server that says "Content-Encoding: %s" of everything is understood',
    async (encoding) => {
      const script = legacyServer(() => false, { sessionId: 's-1' });
      const server = await serve((visit) => {
        visit.response.setHeader('content-encoding', encoding);
        script(visit);
      });
      const client = await connect(server.url);
      expect(textOf(await client.callTool('work'))).toBe('done');
    },
  );
});
