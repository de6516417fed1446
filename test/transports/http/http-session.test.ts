import type { MCPError } from '../../../src/index.js';
import { HttpTransport, MCPClient } from '../../../src/index.js';
import { OpenedLink, modernRequest, request } from '../../support/http-link.js';
import { ScriptedHttpServer, legacyServer, modernServer } from '../../support/servers/http-server.js';
import type { HttpVisit } from '../../support/servers/http-server.js';
import { errorFrom, isSettled, turns } from '../../support/outcomes.js';
import { hastyEnvironment } from '../../support/link-recorder.js';

const TWO_WORDS = { 'mcp-session-id': 'two words' };

let server: ScriptedHttpServer;
let transport: HttpTransport;

afterEach(async () => {
  await transport.closeLink();
  await server.close();
});

async function serve(script: (visit: HttpVisit) => void): Promise<void> {
  server = await ScriptedHttpServer.start(script);
  transport = new HttpTransport(server.url);
}

describe('the session of a legacy server', () => {
  test('is named on everything after the handshake, with the revision, and ended in the end', async () => {
    await serve(legacyServer(() => false, { sessionId: 's-1' }));
    const opened = await OpenedLink.open(transport);
    await opened.shakeHands();
    expect(transport.sessionId).toBe('s-1');
    await opened.link.send(request(1, 'ping'));
    await transport.closeLink();
    expect(transport.sessionId).toBeUndefined();
    const [initialize, ...later] = server.visits;
    expect(initialize?.headers).not.toHaveProperty('mcp-session-id');
    expect(initialize?.headers).not.toHaveProperty('mcp-protocol-version');
    expect(initialize?.headers).toMatchObject({
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
    });
    expect(later.map(({ method }) => method)).toEqual(['POST', 'POST', 'DELETE']);
    for (const { headers } of later) {
      expect(headers).toMatchObject({ 'mcp-session-id': 's-1', 'mcp-protocol-version': '2025-11-25' });
    }
  });

  test('of a revision before 2025-06-18 does not name the revision', async () => {
    await serve(legacyServer(() => false, { sessionId: 's-1' }));
    const opened = await OpenedLink.open(transport);
    await opened.shakeHands({ protocolVersion: '2025-03-26' });
    await opened.link.send(request(1, 'ping'));
    expect(server.visits.at(-1)?.headers).toMatchObject({ 'mcp-session-id': 's-1' });
    expect(server.visits.at(-1)?.headers).not.toHaveProperty('mcp-protocol-version');
  });

  test.each([
    ['JSON', (visit: HttpVisit) => visit.response.writeHead(200, { ...TWO_WORDS, 'content-type': 'application/json' })],
    ['a stream', (visit: HttpVisit) => visit.stream(TWO_WORDS)],
  ])('is refused in a response as %s when its name is not visible ASCII', async (_as, respond) => {
    await serve((visit) => {
      respond(visit);
      visit.end();
    });
    const opened = await OpenedLink.open(transport);
    expect(await opened.failureOf(request(1, 'initialize'))).toMatchObject({
      code: 'MCP_INVALID_MESSAGE',
      details: { field: 'mcp-session-id' },
    });
    expect(transport.sessionId).toBeUndefined();
  });

  test.each(['', '   '])('has no name when the name is empty: "%s"', async (sessionId) => {
    await serve(legacyServer(() => false, { sessionId }));
    const opened = await OpenedLink.open(transport);
    await opened.shakeHands();
    await opened.link.send(request(1, 'ping'));
    expect(transport.sessionId).toBeUndefined();
    await transport.closeLink();
    expect(server.visits.map(({ method }) => method)).toEqual(['POST', 'POST', 'POST']);
    for (const { headers } of server.visits) expect(headers).not.toHaveProperty('mcp-session-id');
  });

  test('is in use only when the server has heard that the handshake is over', async () => {
    const held: HttpVisit[] = [];
    await serve(
      legacyServer((visit) => {
        if (visit.message.method !== 'notifications/initialized') return false;
        held.push(visit);
        return true;
      }),
    );
    const opened = await OpenedLink.open(transport);
    await opened.link.send(request(0, 'initialize'));
    opened.link.established?.({ era: 'legacy', protocolVersion: '2025-11-25' });
    const told = Promise.resolve(opened.link.send({ jsonrpc: '2.0', method: 'notifications/initialized' }));
    const asked = Promise.resolve(opened.link.send(request(1, 'ping')));
    await server.until(() => held.length === 1);
    expect(await isSettled(asked)).toBe(false);
    expect(server.asked('ping')).toEqual([]);
    held[0]?.status(202);
    await Promise.all([told, asked]);
  });

  test('is lost once, however many requests find it out, also late ones, and none of them was run', async () => {
    let forgotten = false;
    const held: HttpVisit[] = [];
    await serve(
      legacyServer(
        (visit) => {
          if (visit.message.method === 'late') {
            held.push(visit);
            return true;
          }
          if (!forgotten || visit.message.method !== 'tools/call') return false;
          visit.error(404, -32_001, 'Session not found');
          return true;
        },
        { sessionId: 's-1' },
      ),
    );
    const opened = await OpenedLink.open(transport);
    await opened.shakeHands();
    const late = opened.failureOf(request('late', 'late'));
    await server.until(() => held.length === 1);
    forgotten = true;
    const failures = await Promise.all([1, 2, 3].map((id) => opened.failureOf(request(id, 'tools/call'))));
    for (const failure of failures) {
      expect(failure).toMatchObject({ kind: 'transport', code: 'MCP_SESSION_LOST', delivery: 'not-sent' });
    }
    expect(opened.news).toEqual(['lost']);
    expect(transport.sessionId).toBeUndefined();
    // Nothing is sent in a lost session, so no status belongs to it.
    const unsent = await opened.failureOf(request(4, 'tools/call'));
    expect(unsent).toMatchObject({ code: 'MCP_SESSION_LOST', message: expect.not.stringContaining('HTTP ') as string });
    opened.news.length = 1;
    await opened.shakeHands();
    held[0]?.status(404);
    expect(await late).toMatchObject({ code: 'MCP_SESSION_LOST', delivery: 'not-sent' });
    expect(opened.news).toEqual(['lost']);
    expect(transport.sessionId).toBe('s-1');
  });

  test('is not lost by a 404 when it has no name', async () => {
    await serve(
      legacyServer((visit) => {
        if (visit.message.method !== 'ping') return false;
        visit.status(404);
        return true;
      }),
    );
    const opened = await OpenedLink.open(transport);
    await opened.shakeHands();
    expect(await opened.failureOf(request(1, 'ping'))).toMatchObject({ code: 'MCP_HTTP_STATUS' });
    expect(opened.news).toEqual([]);
  });

  test('does not keep anybody waiting at the end, when the server does not answer', async () => {
    await serve(legacyServer((visit) => visit.method === 'DELETE', { sessionId: 's-1' }));
    const opened = await OpenedLink.open(transport, hastyEnvironment(20));
    await opened.shakeHands();
    await transport.closeLink();
    expect(server.visits.at(-1)?.method).toBe('DELETE');
    expect(opened.recorder.timers.size).toBe(0);
  });
});

describe('a hundred calls at once in a session that is forgotten', () => {
  test('cause one new handshake, are sent once more each if they were sent, and all succeed', async () => {
    let handshakes = 0;
    const calls = new Map<unknown, number>();
    await serve((visit) => {
      const { message, headers } = visit;
      if (message.method === 'initialize') handshakes += 1;
      const id = `s-${handshakes}`;
      if (message.method === 'tools/call') {
        const { name } = message.params as { name: string };
        calls.set(name, (calls.get(name) ?? 0) + 1);
        if (headers['mcp-session-id'] === 's-1') {
          visit.status(404);
          return;
        }
      }
      legacyServer(() => false, { sessionId: id })(visit);
    });
    const client = new MCPClient(transport);
    await client.connect();
    const names = Array.from({ length: 100 }, (_, index) => `tool-${index}`);
    await Promise.all(names.map((name) => client.callTool(name)));
    expect(handshakes).toBe(2);
    const sent = names.map((name) => calls.get(name));
    expect(sent.filter((times) => times === 2).length).toBeGreaterThanOrEqual(64);
    expect(sent.every((times) => times === 1 || times === 2)).toBe(true);
    await client.disconnect();
  });

  test('fail when the server forgets the next two sessions as well', async () => {
    let handshakes = 0;
    await serve(
      legacyServer(
        (visit) => {
          if (visit.message.method === 'initialize') handshakes += 1;
          if (visit.message.method !== 'tools/call') return false;
          visit.status(404);
          return true;
        },
        { sessionId: 'same' },
      ),
    );
    const client = new MCPClient(transport);
    await client.connect();
    const error = await errorFrom(client.callTool('any'));
    expect(error).toMatchObject({ code: 'MCP_SESSION_LOST', delivery: 'not-sent' });
    expect(handshakes).toBe(3);
    await client.disconnect();
  });
});

describe('the stream on which a legacy server speaks unasked', () => {
  function told(): { events: Parameters<NonNullable<OpenedLink['link']['serverStream']>>[0]; news: string[] } {
    const news: string[] = [];
    return {
      news,
      events: {
        opened: () => news.push('opened'),
        unsupported: () => news.push('unsupported'),
        ended: (retry) => news.push(`ended ${String(retry)}`),
      },
    };
  }

  test('is opened, heard, and taken up after the last event', async () => {
    await serve(
      legacyServer((visit) => {
        if (visit.method !== 'GET') return false;
        visit.stream().event({ jsonrpc: '2.0', method: 'notifications/x' }, { id: 'g1', retry: 70 }).end();
        return true;
      }),
    );
    const opened = await OpenedLink.open(transport);
    await opened.shakeHands();
    for (let time = 1; time <= 2; time += 1) {
      const { news, events } = told();
      opened.link.serverStream?.(events);
      await opened.recorder.until(() => opened.recorder.messages.length > time);
      while (news.length < 2) await turns();
      expect(news).toEqual(['opened', 'ended 70']);
    }
    const gets = server.visits.filter(({ method }) => method === 'GET');
    expect(gets.map(({ headers }) => headers['last-event-id'])).toEqual([undefined, 'g1']);
  });

  test.each([
    ['404', (visit: HttpVisit) => visit.status(404)],
    ['405', (visit: HttpVisit) => visit.status(405)],
    ['406', (visit: HttpVisit) => visit.status(406)],
    ['400 with JSON', (visit: HttpVisit) => visit.error(400, -32_700, 'Parse error')],
    ['a page', (visit: HttpVisit) => visit.response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>hi</h1>')],
  ])('does not exist where the server answers %s, and the session goes on', async (_, refuse) => {
    await serve(
      legacyServer(
        (visit) => {
          if (visit.method !== 'GET') return false;
          refuse(visit);
          return true;
        },
        { sessionId: 's-1' },
      ),
    );
    const opened = await OpenedLink.open(transport);
    await opened.shakeHands();
    const { news, events } = told();
    opened.link.serverStream?.(events);
    while (news.length < 1) await turns();
    expect(news).toEqual(['unsupported']);
    expect(opened.news).toEqual([]);
    await opened.link.send(request(1, 'ping'));
  });

  test('is opened again later when the server has trouble', async () => {
    await serve(
      legacyServer((visit) => {
        if (visit.method === 'GET') visit.status(503, { 'retry-after': '2' });
        return visit.method === 'GET';
      }),
    );
    const opened = await OpenedLink.open(transport);
    await opened.shakeHands();
    const { news, events } = told();
    opened.link.serverStream?.(events);
    while (news.length < 1) await turns();
    expect(news).toEqual(['ended 2000']);
  });
});

describe('a modern server', () => {
  test('is told what each message is, by headers, and its session ids are ignored', async () => {
    await serve(
      modernServer((visit) => {
        visit.response.setHeader('mcp-session-id', 'meaningless');
        return false;
      }),
    );
    const opened = await OpenedLink.open(transport);
    await opened.link.send(modernRequest(0, 'server/discover'));
    opened.link.established?.({ era: 'modern', protocolVersion: '2026-07-28' });
    await opened.link.send(modernRequest(1, 'tools/call', { name: 'grüßen' }));
    await opened.link.send(modernRequest(2, 'resources/read', { uri: 'file:///a b' }));
    await opened.link.send(modernRequest(3, 'tools/list'), { headers: { 'Mcp-Param-Region': 'eu' } });
    expect(transport.sessionId).toBeUndefined();
    await transport.closeLink();
    const heads = server.visits.map(({ method, headers }) => [
      method,
      headers['mcp-protocol-version'],
      headers['mcp-method'],
      headers['mcp-name'],
      headers['mcp-session-id'],
    ]);
    expect(heads).toEqual([
      ['POST', '2026-07-28', 'server/discover', undefined, undefined],
      ['POST', '2026-07-28', 'tools/call', '=?base64?Z3LDvMOfZW4=?=', undefined],
      ['POST', '2026-07-28', 'resources/read', 'file:///a b', undefined],
      ['POST', '2026-07-28', 'tools/list', undefined, undefined],
    ]);
    expect(server.visits.at(-1)?.headers['mcp-param-region']).toBe('eu');
  });

  const region = { type: 'string', 'x-mcp-header': 'Region' };
  const tool = (name: string, properties: object): object => ({ name, inputSchema: { type: 'object', properties } });

  test('gets annotated parameters as headers, and its tools with wrong annotations are left out with a warning', async () => {
    const tools = [tool('good', { region }), tool('bad', { list: { type: 'array', 'x-mcp-header': 'List' } })];
    await serve(modernServer(() => false, tools));
    const client = new MCPClient(transport);
    const warnings: MCPError[] = [];
    client.on('warning', (warning) => warnings.push(warning));
    await client.connect();
    expect((await client.listTools()).map(({ name }) => name)).toEqual(['good']);
    expect(warnings.map(({ message }) => message)).toEqual([expect.stringContaining('bad')]);
    await client.callTool('good', { region: ' eu ' });
    expect(server.visits.at(-1)?.headers['mcp-param-region']).toBe('=?base64?IGV1IA==?=');
    await client.disconnect();
  });

  test('that complains about headers is asked for its tools anew, once, and the call made again', async () => {
    const tools: object[] = [tool('moving', {})];
    await serve(
      modernServer((visit) => {
        if (visit.message.method !== 'tools/call' || visit.headers['mcp-param-region'] === 'eu') return false;
        visit.error(400, -32_020, 'Header mismatch');
        return true;
      }, tools),
    );
    const client = new MCPClient(transport);
    await client.connect();
    await client.listTools();
    tools[0] = tool('moving', { region });
    await client.callTool('moving', { region: 'eu' });
    expect(server.asked('tools/list')).toHaveLength(2);
    expect(server.asked('tools/call')).toHaveLength(2);
    const error = await errorFrom(client.callTool('moving', { region: 'us' }));
    expect(error).toMatchObject({ errorCode: -32_020 });
    expect(server.asked('tools/call')).toHaveLength(4);
    await client.disconnect();
  });

  test('of which it is known beforehand is not asked for a handshake', async () => {
    await serve(legacyServer(() => false));
    transport = new HttpTransport(server.url, { priorEra: 'legacy' });
    const client = new MCPClient(transport);
    await client.connect();
    expect(server.visits[0]?.message.method).toBe('initialize');
    await client.disconnect();
  });
});
