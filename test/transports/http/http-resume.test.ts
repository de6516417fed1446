import { HttpTransport } from '../../../src/index.js';
import { OpenedLink, modernRequest, request } from '../../support/http-link.js';
import { ScriptedHttpServer, legacyServer, modernServer } from '../../support/servers/http-server.js';
import type { HttpVisit } from '../../support/servers/http-server.js';

const LEGACY = { era: 'legacy', protocolVersion: '2025-11-25' } as const;
const EVENT = { jsonrpc: '2.0', method: 'notifications/tools/list_changed' };

let server: ScriptedHttpServer;
const transports: HttpTransport[] = [];

afterEach(async () => {
  await Promise.all(transports.splice(0).map((one) => one.closeLink()));
  await server.close();
});

async function serve(script: (visit: HttpVisit) => void): Promise<void> {
  server = await ScriptedHttpServer.start(script);
}

function open(): Promise<OpenedLink> {
  const transport = new HttpTransport(server.url);
  transports.push(transport);
  return OpenedLink.open(transport);
}

/** A link whose session stands. */
async function established(): Promise<OpenedLink> {
  const opened = await open();
  await opened.shakeHands();
  return opened;
}

/** Opens the stream of the server and says what becomes of it first. */
function listen({ link }: OpenedLink): Promise<string> {
  return new Promise((resolve) => {
    link.serverStream?.({
      opened: () => {
        resolve('opened');
      },
      unsupported: () => {
        resolve('unsupported');
      },
      ended: () => {
        resolve('ended');
      },
    });
  });
}

function hearsEvent({ recorder }: OpenedLink): Promise<void> {
  return recorder.until(() => recorder.messages.some((message) => (message as typeof EVENT).method === EVENT.method));
}

describe('a session that is left for another link', () => {
  test('is not ended with the first link, and goes on over the second without a handshake', async () => {
    await serve(legacyServer(() => false, { sessionId: 's-1' }));
    const first = await established();
    const memory = first.link.suspend?.();
    expect(memory).toEqual({ sessionId: 's-1', streamed: false, lastEventId: undefined });
    await first.link.close();
    const { length } = server.visits;

    const second = await open();
    expect(second.link.resume?.(LEGACY, memory ?? { streamed: false })).toBe(true);
    expect(transports.at(-1)?.sessionId).toBe('s-1');
    await second.link.send(request(1, 'ping'));
    await second.link.close();
    const later = server.visits.slice(length);
    expect(later.map(({ method }) => method)).toEqual(['POST', 'DELETE']);
    for (const { headers } of later) {
      expect(headers).toMatchObject({ 'mcp-session-id': 's-1', 'mcp-protocol-version': '2025-11-25' });
    }
  });

  test('hears what was said meanwhile, after the last event', async () => {
    const ids = ['e-7', 'e-8'];
    await serve(
      legacyServer(
        (visit) => {
          if (visit.method !== 'GET') return false;
          visit.stream().event(EVENT, { id: ids.shift() ?? '' });
          return true;
        },
        { sessionId: 's-1' },
      ),
    );
    const first = await established();
    expect(await listen(first)).toBe('opened');
    await hearsEvent(first);
    const memory = first.link.suspend?.() ?? { streamed: false };
    expect(memory).toEqual({ sessionId: 's-1', streamed: true, lastEventId: 'e-7' });
    await first.link.close();

    const second = await open();
    second.link.resume?.(LEGACY, memory);
    expect(await listen(second)).toBe('opened');
    await hearsEvent(second);
    const streams = server.visits.filter(({ method }) => method === 'GET');
    expect(streams.map(({ headers }) => headers['last-event-id'])).toEqual([undefined, 'e-7']);
  });

  test('that the server has forgotten is told as lost, by a request as well as by the stream', async () => {
    await serve((visit) => {
      visit.status(404);
    });
    const asking = await open();
    asking.link.resume?.(LEGACY, { sessionId: 's-1', streamed: false });
    expect(await asking.failureOf(request(1, 'ping'))).toMatchObject({ code: 'MCP_SESSION_LOST' });
    expect(asking.news).toEqual(['lost']);

    const listening = await open();
    listening.link.resume?.(LEGACY, { sessionId: 's-1', streamed: true });
    expect(await listen(listening)).toBe('unsupported');
    expect(listening.news).toEqual(['lost']);
  });

  test('waits for its turn where the server still thinks that the stream is open', async () => {
    await serve(
      legacyServer(
        (visit) => {
          if (visit.method !== 'GET') return false;
          visit.error(409, -32_000, 'Conflict: Only one SSE stream is allowed per session');
          return true;
        },
        { sessionId: 's-1' },
      ),
    );
    const opened = await open();
    opened.link.resume?.(LEGACY, { sessionId: 's-1', streamed: true });
    expect(await listen(opened)).toBe('ended');
  });

  test('of the modern era has no name, and no stream of its own', async () => {
    await serve(modernServer(() => false));
    const first = await open();
    first.link.established?.({ era: 'modern', protocolVersion: '2026-07-28' });
    const memory = first.link.suspend?.();
    expect(memory).toEqual({ sessionId: undefined, streamed: false, lastEventId: undefined });
    const second = await open();
    second.link.resume?.({ era: 'modern', protocolVersion: '2026-07-28' }, { streamed: false });
    expect(await listen(second)).toBe('unsupported');
    await second.link.send(modernRequest(1, 'tools/list'));
    await second.link.close();
    expect(server.visits.map(({ method }) => method)).toEqual(['POST']);
    expect(server.visits[0]?.headers).toMatchObject({ 'mcp-protocol-version': '2026-07-28' });
  });

  test.each([
    ['modern', 'says that it speaks another revision', -32_022, 'Unsupported protocol version'],
    ['modern', 'wants a handshake', -32_000, 'Bad Request: Server not initialized'],
    ['modern', 'wants a session', -32_600, 'Bad Request: Missing session ID'],
    ['legacy', 'says that it speaks another revision', -32_022, 'Unsupported protocol version'],
  ] as const)(
    'of the %s era is lost with a server that now %s, and another is negotiated',
    async (era, _what, code, said) => {
      await serve((visit) => {
        if (/discover|initialize/.test(visit.message.method ?? '')) visit.result({});
        else visit.error(400, code, said, { supported: ['2024-11-05'] });
      });
      const opened = await open();
      const protocolVersion = era === 'modern' ? '2026-07-28' : '2025-11-25';
      const ask = era === 'modern' ? modernRequest : request;
      opened.link.resume?.({ era, protocolVersion }, { streamed: false });
      const refused = { code: 'MCP_SESSION_LOST', delivery: 'not-sent' };
      expect(await opened.failureOf(ask(1, 'tools/list'))).toMatchObject(refused);
      expect(opened.news).toEqual(['lost']);
      expect(await opened.failureOf(ask(2, 'tools/list'))).toMatchObject(refused);
      await opened.link.send(era === 'modern' ? modernRequest(3, 'server/discover') : request(3, 'initialize'));
      expect(server.visits.map(({ message }) => message.id)).toEqual([1, 3]);
    },
  );
});
