import { HttpTransport, MCPAuthenticationError, MCPClient } from '../../src/index.js';
import type { MCPClientOptions, MCPError } from '../../src/index.js';
import { ScriptedHttpServer, legacyServer, modernServer } from '../support/servers/http-server.js';
import type { HttpVisit } from '../support/servers/http-server.js';
import { hastyEnvironment } from '../support/link-recorder.js';
import { errorFrom } from '../support/outcomes.js';

let server: ScriptedHttpServer;
let client: MCPClient;
const errors: MCPError[] = [];

afterEach(async () => {
  await client.close();
  await server.close();
  errors.length = 0;
});

async function serve(script: (visit: HttpVisit) => void, options?: MCPClientOptions): Promise<MCPClient> {
  server = await ScriptedHttpServer.start(script);
  client = new MCPClient(new HttpTransport(server.url), options);
  client.on('error', (error) => errors.push(error));
  client.on('warning', (error) => errors.push(error));
  return client;
}

/** The methods of JSON-RPC that were posted, and the other methods of HTTP. */
const asked = (): (string | undefined)[] =>
  server.visits.map(({ method, message }) => (method === 'POST' ? message.method : method));

describe('what says nothing about the era of a server is no reason to shake hands:', () => {
  test.each<[string, (visit: HttpVisit) => void, object]>([
    ['401', (visit) => visit.status(401), { code: 'MCP_AUTHENTICATION_REQUIRED', errorCode: 401 }],
    [
      '401 with an error of JSON-RPC',
      (visit) => {
        visit.error(401, -32_601, 'Method not found');
      },
      { code: 'MCP_AUTHENTICATION_REQUIRED', errorCode: 401 },
    ],
    [
      '403 with a challenge',
      (visit) => visit.status(403, { 'www-authenticate': 'Bearer error="insufficient_scope", scope="mcp"' }),
      { code: 'MCP_AUTHENTICATION_REQUIRED', errorCode: 403, details: { requiredScope: 'mcp' } },
    ],
    ['500', (visit) => visit.status(500), { code: 'MCP_HTTP_STATUS', errorCode: 500 }],
    [
      '502 with a page',
      (visit) => visit.response.writeHead(502, { 'content-type': 'text/html' }).end('<p>'),
      { errorCode: 502 },
    ],
    ['503', (visit) => visit.status(503), { errorCode: 503 }],
    ['429', (visit) => visit.status(429), { errorCode: 429 }],
    ['a connection that breaks', (visit) => visit.reset(), { code: 'MCP_TRANSPORT_FAILED' }],
  ])('%s', async (_, script, expected) => {
    await serve(script);
    const error = await errorFrom(client.connect());
    expect(error).toMatchObject(expected);
    expect(error instanceof MCPAuthenticationError).toBe(error.code === 'MCP_AUTHENTICATION_REQUIRED');
    expect(new Set(asked())).toEqual(new Set(['server/discover']));
  });

  test('silence, after which both negotiation requests are sent and the first result decides', async () => {
    let held: HttpVisit | undefined;
    const answer = modernServer((visit) => {
      if (visit.message.method === 'initialize' && held !== undefined) answer(held);
      else if (visit.message.method === 'server/discover' && held === undefined) held = visit;
      else return false;
      return true;
    });
    await serve(answer, { environment: hastyEnvironment(20), timeout: 600_000 });
    expect(await client.connect()).toMatchObject({ era: 'modern' });
    expect(asked()).toEqual(['server/discover', 'initialize']);
  });
});

describe('what says that a server is modern is no reason to shake hands either:', () => {
  test('an error about headers, whatever else the server speaks', async () => {
    await serve(
      legacyServer((visit) => {
        if (visit.message.method !== 'server/discover') return false;
        visit.error(400, -32_020, 'The header Mcp-Method is missing');
        return true;
      }),
    );
    const error = await errorFrom(client.connect());
    expect(error).toMatchObject({ code: 'MCP_RPC_ERROR', errorCode: -32_020 });
    expect(error.explain()).toContain('The header Mcp-Method is missing');
    expect(error.explain()).toContain("`era: 'legacy'`");
    expect(asked()).toEqual(['server/discover']);
  });
});

describe('what says that a server is of a legacy era:', () => {
  test.each<[string, (visit: HttpVisit) => void]>([
    ['400 with an error of JSON-RPC', (visit) => visit.error(400, -32_000, 'Bad Request: Server not initialized')],
    ['400 with another body', (visit) => visit.json({ message: 'what?' }, 400)],
    ['400 and nothing', (visit) => visit.status(400)],
    ['404 and nothing', (visit) => visit.status(404)],
    ['404 with an error of JSON-RPC', (visit) => visit.error(404, -32_601, 'Method not found')],
    ['405', (visit) => visit.status(405)],
    ['403 for the origin', (visit) => visit.error(403, -32_600, 'Invalid Origin header')],
    ['415', (visit) => visit.status(415)],
    ['422 with details', (visit) => visit.json({ detail: [{ loc: ['body'] }] }, 422)],
    ['200 with an error of JSON-RPC', (visit) => visit.error(200, -32_601, 'Method not found')],
    ['200 with an empty result', (visit) => visit.result({})],
    ['200 and nothing', (visit) => visit.status(200)],
    ['200 with what is no JSON', (visit) => visit.response.setHeader('content-type', 'application/json').end('no')],
    ['200 with a text', (visit) => visit.response.setHeader('content-type', 'text/plain').end('no such method')],
    ['202', (visit) => visit.status(202)],
    ['a stream without an event', (visit) => visit.stream().end()],
    [
      'an error on a stream',
      (visit) => {
        const error = { code: -32_602, message: 'Invalid request parameters' };
        visit.stream().event({ jsonrpc: '2.0', id: visit.message.id, error }).end();
      },
    ],
  ])('%s', async (_, refuse) => {
    await serve(
      legacyServer((visit) => {
        if (visit.message.method !== 'server/discover') return false;
        refuse(visit);
        return true;
      }),
    );
    expect(await client.connect()).toMatchObject({ era: 'legacy', protocolVersion: '2025-11-25' });
    expect(await client.callTool('work')).toMatchObject({ content: [{ text: 'done' }] });
    expect(errors).toEqual([]);
  });
});

describe('a server that takes no handshake and offers a stream in place of it', () => {
  test.each<[string, (visit: HttpVisit) => void, object]>([
    [
      'to those who say who they are is an authentication error',
      (visit) => visit.status(401, { 'www-authenticate': 'Bearer scope="mcp"' }),
      { name: 'MCPAuthenticationError', errorCode: 401, details: { requiredScope: 'mcp' } },
    ],
    [
      'and an endpoint of another origin is refused for that',
      (visit) => visit.stream().response.write('event: endpoint\ndata: http://elsewhere.invalid/messages\n\n'),
      { code: 'MCP_REDIRECT_REFUSED', details: { to: 'http://elsewhere.invalid' } },
    ],
    [
      'at another origin is none of HTTP+SSE',
      (visit) => visit.status(302, { location: 'http://elsewhere.invalid/docs' }),
      { code: 'MCP_HTTP_STATUS', errorCode: 405 },
    ],
    ['that is a page is none of HTTP+SSE', (visit) => visit.status(200), { code: 'MCP_HTTP_STATUS', errorCode: 405 }],
  ])('%s', async (_, stream, expected) => {
    await serve((visit) => {
      if (visit.method === 'POST') visit.status(405);
      else stream(visit);
    });
    expect(await errorFrom(client.connect())).toMatchObject(expected);
    expect(asked()).toEqual(['server/discover', 'initialize', 'GET']);
  });
});

describe('in either era answers may come', () => {
  const answers = {
    'as JSON': ({ message }: HttpVisit, result: object, json: HttpVisit['json']) => {
      json({ jsonrpc: '2.0', id: message.id, result });
    },
    'on a stream': (visit: HttpVisit, result: object) => {
      visit.stream().resultEvent(result).end();
    },
    'on a stream that is kept open': (visit: HttpVisit, result: object) => {
      visit.stream().resultEvent(result);
    },
  };
  const servers = { legacy: legacyServer, modern: modernServer };
  const eras = ['legacy', 'modern'] as const;

  test.each(eras.flatMap((era) => Object.keys(answers).map((how) => [how, era] as const)))(
    '%s (%s)',
    async (how, era) => {
      // The session id means nothing to a modern client.
      const script = servers[era]((visit) => {
        visit.response.setHeader('mcp-session-id', 'everybody');
        const json = visit.json.bind(visit);
        visit.json = (value, status, headers) => {
          const { result } = value as { result?: object };
          if (result === undefined) json(value, status, headers);
          else answers[how as keyof typeof answers](visit, result, json);
        };
      });
      await serve(script);
      expect(await client.connect()).toMatchObject({ era });
      const results = await Promise.all([client.callTool('work'), client.callTool('work')]);
      expect(results).toMatchObject([{ content: [{ text: 'done' }] }, { content: [{ text: 'done' }] }]);
      await client.close();
      const echoed = server.visits.filter(({ headers }) => headers['mcp-session-id'] !== undefined);
      expect(echoed.length > 0).toBe(era === 'legacy');
      expect(errors).toEqual([]);
    },
  );
});

describe('a legacy server is accepted', () => {
  test.each<[string, (visit: HttpVisit) => void]>([
    ['200 and an answer without an id', (visit) => visit.json({ jsonrpc: '2.0', result: {} })],
    ['202', (visit) => visit.status(202)],
    ['204', (visit) => visit.status(204)],
  ])('that takes notifications with %s', async (_, take) => {
    await serve(
      legacyServer((visit) => {
        if (visit.method !== 'POST' || visit.message.id !== undefined) return false;
        take(visit);
        return true;
      }),
    );
    await client.connect();
    await client.ping();
    expect(asked()).toContain('notifications/initialized');
    expect(errors).toEqual([]);
  });

  test.each<[string, (visit: HttpVisit) => void]>([
    ['never ends and begins with nothing', (visit) => visit.stream().event(undefined)],
    ['never begins', () => undefined],
    ['ends at once', (visit) => visit.stream().end()],
    ['is refused with an error of JSON-RPC', (visit) => visit.error(400, -32_700, 'Parse error')],
  ])('whose stream for what it says unasked %s', async (_, stream) => {
    await serve(
      legacyServer(
        (visit) => {
          if (visit.method === 'GET') stream(visit);
          return visit.method === 'GET';
        },
        { sessionId: 's1' },
      ),
    );
    await client.connect();
    await server.until(() => asked().includes('GET'));
    await client.ping();
    await client.close();
    expect(asked().at(-1)).toBe('DELETE');
    expect(errors).toEqual([]);
  });
});

test('a modern server is accepted that sends its information in the wrong place', async () => {
  await serve(
    modernServer((visit) => {
      if (visit.message.method !== 'server/discover') return false;
      const serverInfo = { name: 'misplaced', version: '1' };
      visit.result({ resultType: 'complete', supportedVersions: ['2026-07-28'], capabilities: {}, serverInfo });
      return true;
    }),
  );
  expect(await client.connect()).toMatchObject({ era: 'modern', name: 'misplaced' });
  expect(errors).toEqual([]);
});
