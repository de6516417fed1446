import { Headers as UndiciHeaders } from 'undici';

import { transportFor } from '../../../src/api/connect-target.js';
import { HttpTransport, MCPClient, SseTransport, WebSocketTransport } from '../../../src/index.js';
import type { HttpTransportOptions, MCPTransport } from '../../../src/index.js';
import { USER_AGENT } from '../../../src/util/package.js';
import { httpScene } from '../../support/http-scene.js';
import { legacyServer } from '../../support/servers/http-server.js';
import { errorFrom, errorThrownBy } from '../../support/outcomes.js';
import { LinkRecorder } from '../../support/link-recorder.js';
import { SseServer } from '../../support/servers/sse-server.js';
import { undiciVersion } from '../../support/servers/undici-versions.js';
import { ScriptedWebSocketServer } from '../../support/servers/websocket-server.js';

type GivenHeaders = HttpTransportOptions['headers'];

const { endLater, serve } = httpScene();

function* generated(): Generator<[string, string]> {
  yield ['X-Key', 'one'];
  yield ['X-Other', 'two'];
}

/** Two headers, in every form that an option or an entry may have. A function, since some can be read only once. */
const FORMS: [string, () => GivenHeaders][] = [
  ['an object', () => ({ 'X-Key': 'one', 'X-Other': 'two' })],
  [
    'an object without a prototype',
    () => Object.assign(Object.create(null) as object, { 'X-Key': 'one', 'X-Other': 'two' }),
  ],
  ['the Headers of Node', () => new Headers({ 'X-Key': 'one', 'X-Other': 'two' })],
  ['the Headers of undici 7', () => new UndiciHeaders({ 'X-Key': 'one', 'X-Other': 'two' })],
  ['the Headers of undici 5', () => new (undiciVersion(5).Headers)({ 'X-Key': 'one', 'X-Other': 'two' })],
  ['a Map', () => new Map([...generated()])],
  ['entries', () => [...generated()]],
  ['lists of strings', () => [...generated()].map((pair): string[] => pair)],
  ['a generator', () => generated()],
  ['URLSearchParams', () => new URLSearchParams({ 'X-Key': 'one', 'X-Other': 'two' })],
];

const TRANSPORTS: [string, (headers: GivenHeaders) => HttpTransport | SseTransport | WebSocketTransport][] = [
  ['HttpTransport', (headers) => new HttpTransport('http://a.invalid', { headers })],
  ['SseTransport', (headers) => new SseTransport('http://a.invalid', undefined, { headers })],
  ['WebSocketTransport', (headers) => new WebSocketTransport('ws://a.invalid', { headers })],
];

describe.each(TRANSPORTS)('the headers of a %s', (_transport, make) => {
  test.each(FORMS)('are taken from %s', (_form, headers) => {
    const given = Object.entries(make(headers()).headers).map(([name, value]) => [name.toLowerCase(), value]);
    expect(given).toEqual([
      ['x-key', 'one'],
      ['x-other', 'two'],
    ]);
  });

  test('join the values of one name, whatever its case, as fetch does', () => {
    const headers: [string, string][] = [
      ['X-Key', 'one'],
      ['x-key', 'two'],
      ['X-Other', 'three'],
    ];
    expect(make(headers).headers).toEqual({ 'X-Key': 'one, two', 'X-Other': 'three' });
  });

  test('do not change with what the caller does afterwards', () => {
    const headers = new Headers({ 'X-Key': 'one' });
    const transport = make(headers);
    headers.set('X-Key', 'two');
    expect(transport.headers).toEqual({ 'x-key': 'one' });
  });

  test.each<[string, unknown, string]>([
    ['a flat list', ['X-Key', 'hunter22'], 'headers'],
    ['a pair of three', [['X-Key', 'hunter22', 'more']], 'headers'],
    ['a Set', new Set(['hunter22']), 'headers'],
    ['bytes', Buffer.from('hunter22'), 'headers'],
    ['a promise', Promise.resolve({ 'X-Key': 'hunter22' }), 'headers'],
    ['a function', () => ({ 'X-Key': 'hunter22' }), 'headers'],
    ['null', null, 'headers'],
    ['a Map with a number', new Map([['X-Key', 22]]), 'headers.X-Key'],
    ['a name that is a number', [[7, 'hunter22']], 'headers'],
    ['a line break in a pair', [['X-Key', 'hunter22\r\nX-Other: two']], 'headers.X-Key'],
    ['a header of the connection in a Map', new Map([['Host', 'hunter22']]), 'headers.Host'],
  ])('are refused when they are %s, without a value in the message', (_form, headers, field) => {
    const error = errorThrownBy(() => make(headers as GivenHeaders));
    expect(error).toMatchObject({ code: 'MCP_INVALID_PARAMS', details: { field } });
    expect(String(error)).not.toContain('hunter22');
  });
});

test.each(FORMS)('the headers of a server entry are taken from %s', (_form, headers) => {
  for (const [url, type] of [
    ['http://a.invalid/', 'http'],
    ['http://a.invalid/', 'sse'],
    ['ws://a.invalid/', 'ws'],
  ] as const) {
    const transport = transportFor({ url, type, headers: headers() }) as HttpTransport;
    expect(Object.values(transport.headers)).toEqual(['one', 'two']);
  }
});

test('the headers of a server entry are refused by name when they are wrong', () => {
  const entry = { url: 'http://a.invalid/', headers: { 'X-Key': 5 } as unknown as Record<string, string> };
  expect(errorThrownBy(() => transportFor(entry))).toMatchObject({
    code: 'MCP_INVALID_PARAMS',
    details: { field: 'headers.X-Key' },
  });
});

/** Opens a link and closes it again. */
async function openOnce(transport: MCPTransport): Promise<void> {
  await transport.openLink(new LinkRecorder().events, new AbortController().signal);
  await transport.closeLink();
}

describe('the User-Agent', () => {
  const OWN: [string, GivenHeaders, string][] = [
    ['is that of the library', undefined, USER_AGENT],
    ['is that of the user, in any case', { 'uSER-aGENT': 'mine/1' }, 'mine/1'],
    ['is that of the user in a Headers', new Headers({ 'User-Agent': 'mine/2' }), 'mine/2'],
    ['is that of the user in entries', [['user-agent', 'mine/3']], 'mine/3'],
  ];

  test.each(OWN)('of every request over HTTP %s', async (_whose, headers, expected) => {
    const server = await serve(
      legacyServer(
        (visit) => {
          if (visit.method !== 'GET') return false;
          visit.stream();
          return true;
        },
        { sessionId: 's-1' },
      ),
    );
    const client = await MCPClient.connect(new HttpTransport(server.url, { headers }));
    endLater(() => client.close());
    await server.until(() => server.visits.some(({ method }) => method === 'GET'));
    await client.callTool('work');
    await client.close();
    await server.until(() => server.visits.some(({ method }) => method === 'DELETE'));
    expect(new Set(server.visits.map(({ method }) => method))).toEqual(new Set(['POST', 'GET', 'DELETE']));
    expect(new Set(server.visits.map((visit) => visit.headers['user-agent']))).toEqual(new Set([expected]));
  });

  test.each(OWN)('of the stream and the posts of HTTP+SSE %s', async (_whose, headers, expected) => {
    const server = await SseServer.start();
    endLater(() => server.close());
    const transport = new SseTransport(server.url, undefined, { headers });
    const link = await transport.openLink(new LinkRecorder().events, new AbortController().signal);
    endLater(() => transport.closeLink());
    await link.send({ jsonrpc: '2.0', method: 'notifications/cancelled' });
    const visits = server.http.visits.map((visit) => [visit.method, visit.headers['user-agent']]);
    expect(visits).toEqual([
      ['GET', expected],
      ['POST', expected],
    ]);
  });

  test.each(OWN)('of the handshake of a WebSocket %s', async (_whose, headers, expected) => {
    const server = await ScriptedWebSocketServer.start({});
    endLater(() => server.close());
    await openOnce(new WebSocketTransport(server.url, { headers }));
    expect(server.visit.request.headers['user-agent']).toBe(expected);
  });

  test('of the requests that look for HTTP+SSE behind a refused handshake is that of the library', async () => {
    const server = await serve((visit) => {
      visit.status(404);
    });
    await errorFrom(MCPClient.connect(new HttpTransport(server.url)));
    const visits = server.visits.map((visit) => [visit.method, visit.headers['user-agent']]);
    expect(visits).toContainEqual(['GET', USER_AGENT]);
    expect(new Set(visits.map(([, agent]) => agent))).toEqual(new Set([USER_AGENT]));
  });

  test('of the library is no secret: what a firewall says about it can be read', async () => {
    const server = await serve((visit) => {
      visit.response.writeHead(403, { 'content-type': 'text/plain' }).end(`${USER_AGENT} is not welcome`);
    });
    const error = await errorFrom(MCPClient.connect(new HttpTransport(server.url)));
    expect(error.message).toContain(`${USER_AGENT} is not welcome`);
  });
});
