import { HttpTransport, SseTransport } from '../../../src/index.js';
import type { HttpTransportOptions } from '../../../src/index.js';
import type { Failure } from '../../../src/util/failure.js';
import { OpenedLink, request } from '../../support/http-link.js';
import { ScriptedHttpServer, legacyServer } from '../../support/servers/http-server.js';
import type { HttpVisit } from '../../support/servers/http-server.js';
import { LinkRecorder } from '../../support/link-recorder.js';
import { isSettled, rejection, turns } from '../../support/outcomes.js';
import { SimulatedEnvironment } from '../../support/simulated-environment.js';
import { SseServer } from '../../support/servers/sse-server.js';

let server: ScriptedHttpServer | undefined;
let transport: HttpTransport | undefined;

afterEach(async () => {
  await transport?.closeLink();
  await server?.close();
  transport = server = undefined;
});

interface Serving extends HttpTransportOptions {
  readonly query?: string;
  readonly environment?: SimulatedEnvironment;
}

async function serve(script: (visit: HttpVisit) => void, options: Serving = {}): Promise<OpenedLink> {
  const { query = '', environment, ...rest } = options;
  server = await ScriptedHttpServer.start(script);
  transport = new HttpTransport(`${server.url}${query}`, rest);
  return OpenedLink.open(transport, environment);
}

function say(visit: HttpVisit, status: number, type: string, body: string): void {
  visit.response.writeHead(status, { 'content-type': type }).end(body);
}

const notice = { jsonrpc: '2.0', method: 'notifications/initialized' } as const;

/** The ways to be refused: as a request, and as a message that wants no answer. */
const WAYS: [string, (opened: OpenedLink) => Promise<Failure>][] = [
  ['a request', (opened) => opened.failureOf(request(1, 'tools/call'))],
  ['a notification', (opened) => opened.failureOf(notice)],
];

/** How servers, frameworks and gateways say why, and what a person should read of it. */
const DEEP = '{"error":{"error":{"error":{"error":{"error":"deep"}}}}}';
const REASONS: [type: string, body: string, reason: string | undefined][] = [
  ['text/plain; charset=utf-8', 'Invalid Host header', 'Invalid Host header'],
  ['Text/Plain', ' two\r\n\u001b[31mlines\n', 'two lines'],
  ['text/plain', 'x'.repeat(300), `${'x'.repeat(200)}… (300 characters in all)`],
  ['text/plain', '', undefined],
  ['text/plain', 'x'.repeat(100_000), expect.stringMatching(/^x{200}… \(\d+ characters in all\)$/) as string],
  ['text/html', '<p>Not here</p>', undefined],
  ['application/json', '{"message":"No API key"}', 'No API key'],
  ['application/json', '{"error":"invalid_request","error_description":"No scope"}', 'No scope'],
  ['application/json', '{"error":"Session expired"}', 'Session expired'],
  ['application/json', '{"error":{"type":"x","message":"Quota"}}', 'Quota'],
  ['application/json', '{"detail":[{"loc":["body"],"msg":"Field required"}]}', 'Field required'],
  ['application/problem+json', '{"title":"Bad","status":400,"detail":"The tenant is gone"}', 'The tenant is gone'],
  ['application/json', '"just words"', 'just words'],
  ['application/json', '{"code":17}', '{"code":17}'],
  ['application/json', '{}', undefined],
  ['application/json', DEEP, DEEP],
  ['application/json', 'Bad Request', 'Bad Request'],
];

describe.each(WAYS)('%s that a server refuses', (_, refusalOf) => {
  test.each(REASONS)('says why when it can, in %s #%#', async (type, body, reason) => {
    const opened = await serve((visit) => {
      say(visit, 422, type, body);
    });
    const { code, errorCode, message, details, delivery } = await refusalOf(opened);
    expect({ code, errorCode, delivery }).toEqual({ code: 'MCP_HTTP_STATUS', errorCode: 422, delivery: 'answered' });
    expect(details?.reason).toEqual(reason);
    const said = details?.reason === undefined ? '' : `: ${details.reason as string}`;
    expect(message).toBe(`${String(server?.url)} answered with HTTP 422${said}`);
  });

  test('does not give away what the server was sent', async () => {
    const opened = await serve(
      ({ response, headers, path }) => {
        const quoted = `${headers.authorization} ${headers['x-key'] as string} ${path}`;
        response.writeHead(400, { 'content-type': 'text/plain' }).end(`What is this? ${quoted}`);
      },
      {
        headers: { 'X-Key': 'key-of-mine' },
        auth: { token: () => 'token-of-mine' },
        query: '?apiKey=query-of-mine',
      },
    );
    const { message } = await refusalOf(opened);
    expect(message).toContain('What is this?');
    expect(message).not.toContain('of-mine');
  });

  test('says what it said until the connection broke', async () => {
    const opened = await serve((visit) => {
      visit.response.writeHead(400, { 'content-type': 'text/plain', 'content-length': 100 });
      visit.response.write('Not tod');
      setTimeout(() => {
        visit.cut();
      }, 10);
    });
    expect(await refusalOf(opened)).toMatchObject({ code: 'MCP_HTTP_STATUS', errorCode: 400 });
  });
});

test('a text that is announced to be very long is not read', async () => {
  const opened = await serve((visit) => {
    visit.response.writeHead(400, { 'content-type': 'text/plain', 'content-length': 1_000_000 });
    visit.response.write('Because');
  });
  expect(await opened.failureOf(request(1, 'ping'))).toMatchObject({ code: 'MCP_HTTP_STATUS', errorCode: 400 });
});

test('an error of JSON-RPC in plain text is one all the same', async () => {
  const error = { code: -32_601, message: 'No such method' };
  const opened = await serve((visit) => {
    say(visit, 404, 'text/plain', JSON.stringify({ jsonrpc: '2.0', id: 1, error }));
  });
  await opened.link.send(request(1, 'tools/call'));
  expect(opened.recorder.messages).toEqual([{ jsonrpc: '2.0', id: 1, error }]);
});

test('a reason does not give away the session', async () => {
  const opened = await serve(
    legacyServer(
      (visit) => {
        if (visit.message.method !== 'tools/call') return false;
        say(visit, 422, 'text/plain', `Nobody may do that in ${String(visit.headers['mcp-session-id'])}`);
        return true;
      },
      { sessionId: 'session-of-mine' },
    ),
  );
  await opened.shakeHands();
  const { message } = await opened.failureOf(request(1, 'tools/call'));
  expect(message).toContain('Nobody may do that in [redacted]');
});

describe('a notification that a server refuses', () => {
  test('with an error of JSON-RPC says what that is', async () => {
    const opened = await serve((visit) => {
      visit.json({ jsonrpc: '2.0', error: { code: -32_600, message: 'Roots are not welcome' } }, 400);
    });
    expect(await opened.failureOf(notice)).toMatchObject({
      code: 'MCP_HTTP_STATUS',
      message: expect.stringContaining('HTTP 400: Roots are not welcome') as string,
      details: { status: 400, rpcCode: -32_600, reason: 'Roots are not welcome' },
    });
  });

  test('without an end is not waited for long, and keeps nothing else waiting', async () => {
    const environment = new SimulatedEnvironment();
    const opened = await serve(
      legacyServer((visit) => {
        if (visit.message.method !== notice.method) return false;
        visit.response.writeHead(400, { 'content-type': 'application/json' });
        visit.response.write('{');
        return true;
      }),
      { environment },
    );
    await opened.link.send(request('handshake', 'initialize'));
    opened.link.established?.({ era: 'legacy', protocolVersion: '2025-11-25' });
    const refusal = rejection(Promise.resolve(opened.link.send(notice)));
    const call = Promise.resolve(opened.link.send(request(1, 'ping')));
    // That of the wait for an answer, and that of the reason.
    while (environment.pending.length < 2) await turns(1);
    await environment.advance(999);
    expect(await isSettled(call)).toBe(false);
    await environment.advance(1);
    expect(await refusal).toMatchObject({ code: 'MCP_HTTP_STATUS', errorCode: 400 });
    await call;
    await transport?.closeLink();
    expect(opened.recorder.timers.size).toBe(0);
  });

  test('is given up with the link while it is read why', async () => {
    const opened = await serve(
      (visit) => {
        visit.response.writeHead(400, { 'content-type': 'text/plain' }).write('Because');
      },
      { timeout: 20 },
    );
    const refusal = rejection(Promise.resolve(opened.link.send(notice)));
    while (opened.recorder.timers.size < 2) await turns(1);
    await transport?.closeLink();
    expect(await refusal).toMatchObject({ code: 'MCP_HTTP_STATUS', errorCode: 400 });
    expect(opened.recorder.timers.size).toBe(0);
  });
});

test('a message of HTTP+SSE that a server refuses says why', async () => {
  const sse = await SseServer.start({
    accept: (visit) => {
      say(visit, 400, 'text/plain', 'Could not parse message');
    },
  });
  const older = new SseTransport(sse.url);
  try {
    const recorder = new LinkRecorder();
    const link = await older.openLink(recorder.events, new AbortController().signal);
    expect(await rejection(Promise.resolve(link.send(request(1, 'ping'))))).toMatchObject({
      code: 'MCP_HTTP_STATUS',
      message: expect.stringContaining('HTTP 400: Could not parse message') as string,
    });
    await older.closeLink();
    expect(recorder.timers.size).toBe(0);
  } finally {
    await older.closeLink();
    await sse.close();
  }
});

describe('a request that a server refuses in an unusual way', () => {
  test('looks for HTTP+SSE once, although the refusal of the handshake exceeds the limit again and again', async () => {
    let written: () => void = () => undefined;
    const all = new Promise<void>((resolve) => (written = resolve));
    const refuse = async (visit: HttpVisit): Promise<void> => {
      visit.response.writeHead(400, { 'content-type': 'application/json' });
      for (let chunks = 0; chunks < 5; chunks += 1) {
        visit.response.write(`"${'x'.repeat(5_000)}"`);
        await turns(20);
      }
      written();
    };
    const opened = await serve(
      (visit) => {
        void (visit.method === 'POST' ? refuse(visit) : all.then(() => visit.status(405)));
      },
      { limits: { maxMessageBytes: 5_000 } },
    );
    expect(await opened.failureOf(request(1, 'initialize'))).toMatchObject({ code: 'MCP_MESSAGE_TOO_LARGE' });
    expect(server?.visits.map(({ method }) => method)).toEqual(['POST', 'GET']);
  });

  test('fails when the error also has a method, and so is no response', async () => {
    const opened = await serve((visit) => {
      visit.json({ jsonrpc: '2.0', id: 1, method: 'x', error: { code: -32_000, message: 'No' } }, 400);
    });
    expect(await opened.failureOf(request(1, 'tools/call'))).toMatchObject({ code: 'MCP_STREAM_BROKEN' });
  });

  test('leaves no timer when its stream goes on after it was unclear whether the session is lost', async () => {
    const environment = new SimulatedEnvironment();
    const opened = await serve(
      legacyServer(
        (visit) => {
          const { id, method } = visit.message;
          if (visit.method !== 'POST' || method !== 'tools/call') return false;
          visit.stream().event({ jsonrpc: '2.0', id, error: { code: -32_000, message: 'Session not found' } });
          return true;
        },
        { sessionId: 's-1' },
      ),
      { environment },
    );
    await opened.shakeHands();
    await opened.link.send(request(1, 'tools/call'));
    expect(server?.asked('tools/list')).toHaveLength(1);
    expect(environment.pending).not.toEqual([]);
    await environment.advance(1_000);
    expect(environment.pending).toEqual([]);
  });
});
