import { execFile } from 'node:child_process';
import { Agent as HttpsAgent } from 'node:https';
import path from 'node:path';
import type { TLSSocket } from 'node:tls';
import { promisify } from 'node:util';

import { Agent } from 'undici';

import { HttpTransport, MCPClient, MCPTransportError, SseTransport, WebSocketTransport } from '../../../src/index.js';
import type { MCPTransport } from '../../../src/index.js';
import { ByteServer } from '../../support/servers/byte-server.js';
import { compiled } from '../../support/compiled.js';
import { httpScene } from '../../support/http-scene.js';
import { ScriptedHttpServer, legacyServer, modernServer } from '../../support/servers/http-server.js';
import type { HttpVisit } from '../../support/servers/http-server.js';
import { errorFrom } from '../../support/outcomes.js';
import { CA, CA_FILE, identity } from '../../support/servers/tls.js';
import { ScriptedWebSocketServer } from '../../support/servers/websocket-server.js';
import type { WebSocketVisit } from '../../support/servers/websocket-server.js';

const HOST = path.resolve(__dirname, '../../fixtures/hosts/trusting.mjs');
const { endLater, serve: serveHttp } = httpScene();

function serve(
  script: (visit: HttpVisit) => void,
  tls: Parameters<typeof serveHttp>[2] = identity('server'),
): Promise<ScriptedHttpServer> {
  return serveHttp(script, 0, tls);
}

async function serveWebSockets(tls: object = identity('server')): Promise<ScriptedWebSocketServer> {
  const server = await ScriptedWebSocketServer.start({ serve: answer, tls });
  endLater(() => server.close());
  return server;
}

/** A legacy server over a WebSocket. */
function answer(text: string, { socket }: WebSocketVisit): void {
  const { id, method } = JSON.parse(text) as { id?: number; method: string };
  if (id === undefined) return;
  const info = { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: { name: 'scripted', version: '1' } };
  const error = { code: -32_601, message: 'Unknown method' };
  const said = { ping: { result: {} }, initialize: { result: info } }[method] ?? { error };
  socket.send(JSON.stringify({ jsonrpc: '2.0', id, ...said }));
}

/** What sends requests to servers with certificates of the tests. */
function trusting(more?: object): Agent {
  const agent = new Agent({ connect: { ca: CA, ...more } });
  endLater(() => agent.destroy());
  return agent;
}

function clientOf(transport: MCPTransport): MCPClient {
  const client = new MCPClient(transport);
  endLater(() => client.close());
  return client;
}

describe('over TLS, with a dispatcher that trusts the authority', () => {
  test('a redirect to plain HTTP is refused, and the hint has the path with https', async () => {
    const server = await serve((visit) => {
      visit.status(307, { location: `${server.url.replace(/^https/, 'http').replace(/\/mcp$/, '')}/mcp/?key=secret` });
    });
    const client = clientOf(new HttpTransport(server.url, { dispatcher: trusting() }));
    const error = await errorFrom(client.connect());
    expect(error.code).toBe('MCP_REDIRECT_REFUSED');
    const { origin } = new URL(server.url);
    expect(error.hint).toContain(`Use ${origin}/mcp/ as the URL`);
    expect(error.hint).not.toContain('http://');
    expect(error.message).toContain('/mcp/');
    for (const text of [error.explain(), error.toString(), JSON.stringify(error)]) expect(text).not.toContain('secret');
  });

  test('a legacy session works from handshake to termination, on streams as well', async () => {
    const progress: unknown[] = [];
    const server = await serve(
      legacyServer(
        (visit) => {
          if (visit.method === 'GET') {
            visit.stream().event({ jsonrpc: '2.0', method: 'notifications/tools/list_changed' });
            return true;
          }
          const { method, params } = visit.message;
          if (method !== 'tools/call') return false;
          const progressToken = params?._meta?.progressToken;
          visit
            .stream()
            .event({ jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken, progress: 1 } });
          visit.resultEvent({ content: [{ type: 'text', text: 'streamed' }] }).end();
          return true;
        },
        { sessionId: 's1', capabilities: { tools: { listChanged: true } } },
      ),
    );
    const client = clientOf(new HttpTransport(server.url, { dispatcher: trusting() }));
    const changed = new Promise((resolve) => {
      client.addNotificationHandler('tools/list_changed', resolve);
    });
    await client.connect();
    await changed;
    const result = await client.callTool('work', {}, { onProgress: (news) => progress.push(news.progress) });
    expect(result.content).toEqual([{ type: 'text', text: 'streamed' }]);
    expect(progress).toEqual([1]);
    await client.close();
    expect(server.visits.at(-1)).toMatchObject({ method: 'DELETE', headers: { 'mcp-session-id': 's1' } });
  });

  test('a modern server is called, a hundred times at once', async () => {
    const server = await serve(modernServer(() => false));
    const client = clientOf(new HttpTransport(server.url, { dispatcher: trusting() }));
    await client.connect();
    const results = await Promise.all(Array.from({ length: 100 }, () => client.callTool('work')));
    expect(results.map(({ content }) => content)).toEqual(Array(100).fill([{ type: 'text', text: 'done' }]));
  });

  test.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'a server that wants to know the client is shown its certificate by %s',
    async (version) => {
      const peers: unknown[] = [];
      const script = modernServer(({ response }) => {
        peers.push((response.req.socket as TLSSocket).getPeerCertificate().subject.CN);
      });
      const server = await serve(script, { ...identity('server'), ca: CA, requestCert: true, maxVersion: version });
      const client = clientOf(new HttpTransport(server.url, { dispatcher: trusting(identity('client')) }));
      await client.connect();
      expect(new Set(peers)).toEqual(new Set(['client']));

      const before = server.visits.length;
      const error = await errorFrom(clientOf(new HttpTransport(server.url, { dispatcher: trusting() })).connect());
      expect(error).toBeInstanceOf(MCPTransportError);
      expect(server.visits).toHaveLength(before);
      // Where the server looks at certificates only after the client took the handshake for done, no more can be known.
      if (version === 'TLSv1.3') return;
      expect(error.delivery).toBe('not-sent');
      expect(error.explain()).toContain('because it requires a client certificate');
    },
  );
});

describe('over TLS, a server', () => {
  const names = ['unknown', 'elsewhere', 'expired'] as const;
  const problems = {
    unknown: { reason: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', hint: 'NODE_EXTRA_CA_CERTS' },
    elsewhere: { reason: 'ERR_TLS_CERT_ALTNAME_INVALID', hint: 'another name' },
    expired: { reason: 'CERT_HAS_EXPIRED', hint: 'expired' },
  };

  describe.each(names)('whose certificate is %s', (name) => {
    const { reason, hint } = problems[name];
    const tls = identity(name === 'unknown' ? 'server' : name);
    const more = name === 'unknown' ? {} : { ca: CA };

    test.each<[string, (port: number) => MCPTransport]>([
      ['HTTP', (port) => new HttpTransport(`https://127.0.0.1:${port}/mcp`, { dispatcher: agentOf(more) })],
      [
        'HTTP+SSE',
        (port) => new SseTransport(`https://127.0.0.1:${port}/sse`, undefined, { dispatcher: agentOf(more) }),
      ],
    ])('is sent nothing over %s, and the error says what can be done', async (_, transport) => {
      const server = await serve(
        modernServer(() => false),
        tls,
      );
      const error = await errorFrom(clientOf(transport(server.port)).connect());
      expectRefusal(error, reason, hint);
      expect(server.visits).toEqual([]);
    });

    test('is sent nothing over a WebSocket, and the error says what can be done', async () => {
      const server = await serveWebSockets(tls);
      const agent = new HttpsAgent(more);
      const error = await errorFrom(clientOf(new WebSocketTransport(server.url, { agent })).connect());
      expectRefusal(error, reason, hint);
      expect(server.handshakes).toEqual([]);
    });
  });

  test('that speaks none is sent nothing, and the error says so', async () => {
    const server = await ScriptedHttpServer.start(modernServer(() => false));
    endLater(() => server.close());
    for (const scheme of ['https', 'wss']) {
      const error = await errorFrom(MCPClient.connect(server.url.replace('http', scheme)));
      expect(error).toMatchObject({ code: 'MCP_TRANSPORT_FAILED', delivery: 'not-sent' });
      expect(error.explain()).toContain('does not use TLS');
    }
    expect(server.visits).toEqual([]);
  });

  test.each([
    ['SSH', Buffer.from('SSH-2.0-OpenSSH_9.2\r\n')],
    ['records that are too long', Buffer.from([22, 3, 3, 255, 255, 1, 2, 3])],
  ])('that answers with %s gets an error that says it does not use TLS', async (_, bytes) => {
    const server = await ByteServer.start((socket) => void socket.once('data', () => socket.end(bytes)));
    endLater(() => server.close());
    for (const scheme of ['https', 'wss']) {
      const error = await errorFrom(MCPClient.connect(`${scheme}://127.0.0.1:${server.port}/mcp`));
      expect(error.explain()).toContain('does not use TLS');
    }
  });

  function agentOf(more: object): Agent {
    const agent = new Agent({ connect: more });
    endLater(() => agent.destroy());
    return agent;
  }

  function expectRefusal(error: unknown, reason: string, hint: string): void {
    expect(error).toBeInstanceOf(MCPTransportError);
    expect(error).toMatchObject({ code: 'MCP_TRANSPORT_FAILED', delivery: 'not-sent', details: { reason } });
    expect((error as MCPTransportError).explain()).toMatch(new RegExp(`^Hint: .*certificate.*${hint}`, 'm'));
  }
});

describe('pain 44: a server that refuses the TLS handshake with the alert', () => {
  // The names that OpenSSL has for alerts differ between the versions of Node; the numbers are those of RFC 8446.
  test.each([
    [40, 'handshake_failure', 'because it requires a client certificate'],
    [42, 'bad_certificate', 'does not accept the client certificate, or requires one'],
    [43, 'unsupported_certificate', 'does not accept the client certificate, or requires one'],
    [44, 'certificate_revoked', 'client certificate was revoked'],
    [45, 'certificate_expired', 'client certificate has expired'],
    [46, 'certificate_unknown', 'does not accept the client certificate, or requires one'],
    [48, 'unknown_ca', 'does not trust the authority'],
    [49, 'access_denied', 'does not accept the client certificate, or requires one'],
    [70, 'protocol_version', 'TLS 1.2 or later'],
    [71, 'insufficient_security', 'stronger ciphers'],
    [80, 'internal_error', 'its log'],
    [112, 'unrecognized_name', 'check the host'],
    [116, 'certificate_required', 'requires a client certificate'],
  ])('%i (%s) gets an error with a hint over HTTP and over WebSocket', async (alert, name, hint) => {
    const server = await ByteServer.start((socket) => {
      socket.once('data', () => socket.end(Buffer.from([21, 3, 3, 0, 2, 2, alert])));
    });
    endLater(() => server.close());
    for (const scheme of ['https', 'wss']) {
      const error = await errorFrom(MCPClient.connect(`${scheme}://127.0.0.1:${server.port}/mcp`));
      expect(error).toMatchObject({ code: 'MCP_TRANSPORT_FAILED', delivery: 'not-sent' });
      expect(error.details?.reason).toMatch(new RegExp(`^ERR_SSL_[A-Z0-9/]+_(ALERT_)?${name.toUpperCase()}$`));
      expect(error.explain()).toMatch(new RegExp(`^Hint: .*${hint}`, 'm'));
    }
  });
});

describe('a WebSocketTransport over TLS', () => {
  test('opens its connections by the agent that it is given, which is left alone', async () => {
    const server = await serveWebSockets({ ...identity('server'), ca: CA, requestCert: true });
    const agent = new HttpsAgent({ ca: CA, ...identity('client'), keepAlive: true });
    const ended = jest.spyOn(agent, 'destroy');
    for (let time = 1; time <= 2; time += 1) {
      const client = clientOf(new WebSocketTransport(server.url, { agent }));
      await client.connect();
      await client.ping();
      await client.close();
    }
    expect(server.visits).toHaveLength(2);
    expect(ended).not.toHaveBeenCalled();
    agent.destroy();
  });
});

test('NODE_EXTRA_CA_CERTS is enough for every transport', async () => {
  const http = await serve(modernServer(() => false));
  const webSockets = await serveWebSockets();
  const args = [HOST, compiled('index'), http.url, webSockets.url];
  const NODE_PATH = path.resolve(__dirname, '../../../node_modules');
  const run = async (env: object): Promise<string> =>
    (await promisify(execFile)(process.execPath, args, { env: { ...process.env, NODE_PATH, ...env } })).stdout;
  expect(await run({ NODE_EXTRA_CA_CERTS: CA_FILE })).toBe('closed\nclosed\n');
  expect(await run({})).toBe('MCP_TRANSPORT_FAILED not-sent\nMCP_TRANSPORT_FAILED not-sent\n');
});
