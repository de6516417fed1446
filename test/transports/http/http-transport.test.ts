import { inspect } from 'node:util';

import { HttpTransport, MCPClient } from '../../../src/index.js';
import { request } from '../../support/http-link.js';
import { httpScene } from '../../support/http-scene.js';
import type { HttpVisit } from '../../support/servers/http-server.js';
import { errorFrom, errorThrownBy } from '../../support/outcomes.js';
import { hastyEnvironment } from '../../support/link-recorder.js';

const { endLater, open, serve } = httpScene();

describe('what cannot reach a server is refused at once, and no value is shown:', () => {
  test.each<[string, unknown, unknown, string]>([
    ['no URL', undefined, {}, 'url'],
    ['a path', '/mcp', {}, 'url'],
    ['another protocol', 'ftp://secret.example/mcp', {}, 'url'],
    ['headers that are no object', 'http://a.example', { headers: 'secret' }, 'headers'],
    ['a header with a line break', 'http://a.example', { headers: { 'x-a': 'secret\r\nb: c' } }, 'headers.x-a'],
    ['a header that is no text', 'http://a.example', { headers: { 'x-a': 5 } }, 'headers.x-a'],
    ['a name that is no token', 'http://a.example', { headers: { 'x a': 'secret' } }, 'headers'],
    [
      'a header of the connection',
      'http://a.example',
      { headers: { 'Content-Length': '5' } },
      'headers.Content-Length',
    ],
    ['a timeout of 0', 'http://a.example', { timeout: 0 }, 'timeout'],
    ['a token in place of its source', 'http://a.example', { auth: 'secret' }, 'auth'],
    ['a dispatcher that is none', 'http://a.example', { dispatcher: {} }, 'dispatcher'],
    ['an unknown era', 'http://a.example', { priorEra: 'secret' }, 'priorEra'],
    ['a limit of half a byte', 'http://a.example', { limits: { maxMessageBytes: 0.5 } }, 'limits.maxMessageBytes'],
  ])('%s', (_, url, options, field) => {
    const error = errorThrownBy(() => new HttpTransport(url as string, options as object));
    expect(error).toMatchObject({ code: 'MCP_INVALID_PARAMS', details: { field } });
    expect(String(error)).not.toContain('secret');
  });
});

test('a transport shows its URL and headers to whoever asks, and nobody else', () => {
  const transport = new HttpTransport(new URL('https://a.example/mcp?key=secret'), { headers: { 'x-key': 'secret' } });
  expect(transport).toMatchObject({ url: 'https://a.example/mcp?key=secret', headers: { 'x-key': 'secret' } });
  expect(transport.sessionId).toBeUndefined();
  expect(transport.framing).toBe('per-request');
  expect(inspect(transport)).not.toContain('secret');
});

test.each([
  ['p%C3%A4ss', 'päss'],
  ['a%3Ab', 'a:b'],
  ['100%', '100%'],
  ['%ff%41', '%ff%41'],
  ['%zz%41', '%zzA'],
])('credentials in the URL become a header: %s', async (written, meant) => {
  const server = await serve((visit) => {
    if (visit.message.method === 'ping') visit.result({});
    else visit.response.writeHead(400, { 'content-type': 'text/plain' }).end(`Nobody has the password ${meant}!`);
  });
  const opened = await open(server.url.replace('//', `//me:${written}@`));
  await opened.link.send(request(1, 'ping'));
  const expected = `Basic ${Buffer.from(`me:${meant}`).toString('base64')}`;
  expect(server.visits[0]?.headers.authorization).toBe(expected);
  expect(await opened.failureOf(request(2, 'tools/list'))).toMatchObject({ code: 'MCP_HTTP_STATUS' });
});

test('headers of the protocol cannot be changed, by whatever stands in a file', async () => {
  const server = await serve((visit) => {
    visit.result({});
  });
  const headers = { Accept: 'text/plain', 'Mcp-Session-Id': 'mine', 'Content-Type': 'text/plain', 'X-Own': 'kept' };
  const opened = await open(server.url, { headers });
  await opened.link.send(request(1, 'ping'));
  expect(server.visits[0]?.headers).toMatchObject({
    accept: 'application/json, text/event-stream',
    'content-type': 'application/json',
    'x-own': 'kept',
  });
  expect(server.visits[0]?.headers).not.toHaveProperty('mcp-session-id');
});

describe('a server that refuses the handshake', () => {
  test.each<[string, (visit: HttpVisit) => unknown]>([
    ['has no stream', (visit) => visit.status(405)],
    ['has a stream that begins otherwise', (visit) => visit.stream().event({ jsonrpc: '2.0', method: 'x' })],
    ['has a stream that ends at once', (visit) => visit.stream().end()],
    ['has a stream that is silent', (visit) => visit.stream()],
  ])('and %s is believed, with what it said first', async (_, stream) => {
    const server = await serve((visit) => {
      if (visit.method === 'GET') stream(visit);
      else if (visit.message.method === 'initialize') visit.error(400, -32_099, 'not today');
      else visit.status(404);
    });
    const client = new MCPClient(new HttpTransport(server.url), {
      environment: hastyEnvironment(20),
      timeout: 600_000,
      probeTimeout: 600_000,
    });
    endLater(() => client.disconnect());
    const error = await errorFrom(client.connect());
    expect(error).toMatchObject({ errorCode: -32_099, message: expect.stringContaining('not today') as string });
    await server.visits.find(({ method }) => method === 'GET')?.closed();
  });

  test('because it is modern is not asked for a stream', async () => {
    const server = await serve((visit) => {
      if (visit.message.method === 'initialize') visit.error(400, -32_022, 'modern', { supported: ['2099-01-01'] });
      else visit.status(404);
    });
    const client = new MCPClient(new HttpTransport(server.url));
    endLater(() => client.disconnect());
    await errorFrom(client.connect());
    expect(server.visits.map(({ method }) => method)).not.toContain('GET');
  });
});
