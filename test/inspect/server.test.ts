import { once } from 'node:events';
import { request, Server } from 'node:http';
import type { RequestOptions } from 'node:http';
import { connect } from 'node:net';

import WebSocket from 'ws';

import { systemEnvironment } from '../../src/util/environment.js';
import { createInspectorServer } from '../../src/inspect/index.js';
import type { InspectorServer } from '../../src/inspect/index.js';
import { MAX_PAGES } from '../../src/inspect/page-connections.js';
import { PAGE } from '../../src/inspect/page.js';
import { InspectorPage, liveUrl } from '../support/inspector-page.js';
import { errorFrom } from '../support/outcomes.js';

interface Answer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
}

/** Asks without anything that a library would put right: paths with dots, a wrong `Host`. */
function ask(inspector: InspectorServer, options: RequestOptions, body?: string): Promise<Answer> {
  const { port, pathname } = new URL(inspector.url);
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path: pathname, ...options }, (response) => {
      let text = '';
      response.on('data', (part: Buffer) => (text += part.toString()));
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text });
      });
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

/** The status with which a WebSocket is refused. */
async function refused(url: string, headers: Record<string, string>): Promise<number> {
  const socket = new WebSocket(url, { headers });
  socket.on('error', () => undefined);
  const [, response] = (await once(socket, 'unexpected-response')) as [
    unknown,
    { statusCode: number; destroy(): void },
  ];
  response.destroy();
  return response.statusCode;
}

const pathOf = (inspector: InspectorServer): string => new URL(inspector.url).pathname;
const originOf = (inspector: InspectorServer): string => new URL(inspector.url).origin;

test('the page and all that belongs to it come from the server, and nothing may come from elsewhere', async () => {
  await using inspector = await createInspectorServer();
  const page = await ask(inspector, {});
  expect(page.status).toBe(200);
  expect(page.headers['content-type']).toContain('text/html');
  const policy = String(page.headers['content-security-policy']);
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toMatch(/unsafe|\*/);
  for (const file of Object.keys(PAGE)) {
    const { status, headers, body } = await ask(inspector, { path: `${pathOf(inspector)}${file}` });
    expect(status).toBe(200);
    expect(headers['cache-control']).toBe('no-store');
    expect(body).toBe(PAGE[file]);
  }
});

test('the page names no address but those of the server, and has neither scripts nor styles inside', () => {
  const all = Object.values(PAGE).join('\n');
  const addresses = [...all.matchAll(/(?:https?|wss?):\/\/[^\s'"`)\\]+/g)].map(([address]) => address);
  expect(addresses.filter((address) => !address.startsWith('http://www.w3.org/'))).toEqual([]);
  expect(PAGE['index.html']).not.toMatch(/<style|style=|<script>| on\w+=/);
  for (const [file, text] of Object.entries(PAGE)) {
    for (const [, imported] of text.matchAll(/from ['"]([^'"]+)['"]/g)) {
      expect([file, Object.keys(PAGE)]).toEqual([file, expect.arrayContaining([String(imported).replace('./', '')])]);
    }
  }
});

describe('what is refused:', () => {
  const cases: [string, number, (inspector: InspectorServer) => RequestOptions][] = [
    ['no token', 404, () => ({ path: '/' })],
    ['a wrong token', 404, (i) => ({ path: pathOf(i).replace(/.\/$/, (end) => (end === 'a/' ? 'b/' : 'a/')) })],
    ['a part of the token', 404, (i) => ({ path: pathOf(i).slice(0, 20) })],
    ['a token without its slash', 404, (i) => ({ path: pathOf(i).slice(0, -1) })],
    ['an unknown file', 404, (i) => ({ path: `${pathOf(i)}other.js` })],
    ['a property of every object', 404, (i) => ({ path: `${pathOf(i)}constructor` })],
    ['a path that climbs', 404, (i) => ({ path: `${pathOf(i)}../../package.json` })],
    ['a path that climbs in disguise', 404, (i) => ({ path: `${pathOf(i)}%2e%2e/package.json` })],
    ['a very long path', 414, (i) => ({ path: `${pathOf(i)}${'x'.repeat(600)}` })],
    ['another method', 405, () => ({ method: 'DELETE' })],
    ['a preflight', 405, (i) => ({ method: 'OPTIONS', headers: { origin: originOf(i) } })],
    ['the name of another host', 403, (i) => ({ headers: { host: `rebound.example:${new URL(i.url).port}` } })],
    ['another port', 403, () => ({ headers: { host: '127.0.0.1:1' } })],
    ['another origin', 403, () => ({ headers: { origin: 'http://evil.example' } })],
    ['an origin that is null', 403, () => ({ headers: { origin: 'null' } })],
    ['a request from another site', 403, () => ({ headers: { 'sec-fetch-site': 'cross-site' } })],
    ['a request from another port of this machine', 403, () => ({ headers: { 'sec-fetch-site': 'same-site' } })],
  ];
  test.each(cases)('%s gets %d', async (_what, status, options) => {
    await using inspector = await createInspectorServer();
    const answer = await ask(inspector, options(inspector));
    expect(answer.status).toBe(status);
    expect(answer.body.length).toBeLessThan(40);
    expect(answer.headers['access-control-allow-origin']).toBeUndefined();
  });

  test('a body gets 413, whatever the method', async () => {
    await using inspector = await createInspectorServer();
    expect((await ask(inspector, { method: 'POST' }, 'x')).status).toBe(413);
    expect((await ask(inspector, { method: 'GET', headers: { 'content-length': 1 } }, 'x')).status).toBe(413);
  });

  test('a WebSocket without the token, the origin or the name of the host', async () => {
    await using inspector = await createInspectorServer();
    const { origin } = new URL(inspector.url);
    const live = liveUrl(inspector.url);
    expect(await refused(live, {})).toBe(403);
    expect(await refused(live, { origin: 'http://evil.example' })).toBe(403);
    expect(await refused(live, { origin: 'http://127.0.0.1:1' })).toBe(403);
    expect(await refused(live, { origin, host: 'rebound.example' })).toBe(403);
    expect(await refused(`${origin.replace('http', 'ws')}/live`, { origin })).toBe(404);
    expect(await refused(live.replace('live', 'other'), { origin })).toBe(404);
  });

  test('more pages than it is made for', async () => {
    await using inspector = await createInspectorServer();
    const pages = new AsyncDisposableStackOf();
    for (let count = 0; count < MAX_PAGES; count += 1) pages.add(await InspectorPage.open(inspector));
    expect(await refused(liveUrl(inspector.url), { origin: originOf(inspector) })).toBe(503);
    await pages.dispose();
  });
});

/** Node 20 has none. */
class AsyncDisposableStackOf {
  readonly #all: AsyncDisposable[] = [];
  add(one: AsyncDisposable): void {
    this.#all.push(one);
  }
  async dispose(): Promise<void> {
    for (const one of this.#all) await one[Symbol.asyncDispose]();
  }
}

test('a page has nothing to say: a message ends its connection, and so does one that is too large', async () => {
  await using inspector = await createInspectorServer();
  await using talks = await InspectorPage.open(inspector);
  await using shouts = await InspectorPage.open(inspector);
  talks.send('hello');
  shouts.send('x'.repeat(2_000));
  await talks.until(() => talks.closed !== undefined);
  await shouts.until(() => shouts.closed !== undefined);
  expect([talks.closed, shouts.closed]).toEqual([1008, 1009]);
});

test('the token is another one each time, unless it is given', async () => {
  const token = 'a-token-of-my-own-for-a-page-that-stays-open';
  await using one = await createInspectorServer();
  await using other = await createInspectorServer();
  await using given = await createInspectorServer({ token });
  expect(pathOf(one)).not.toBe(pathOf(other));
  expect(pathOf(one).length).toBeGreaterThan(60);
  expect(pathOf(given)).toBe(`/${token}/`);
});

test.each<[string, object]>([
  ['port', { port: -1 }],
  ['port', { port: 65_536 }],
  ['port', { port: 1.5 }],
  ['history', { history: -1 }],
  ['redact', { redact: 'yes' }],
  ['open', { open: 1 }],
  ['token', { token: 'short' }],
  ['token', { token: `${'x'.repeat(40)}/../` }],
  ['histroy', { histroy: 1 }],
])('a wrong %s is named: %j', async (name, options) => {
  expect(await errorFrom(createInspectorServer(options))).toMatchObject({
    code: 'MCP_INVALID_PARAMS',
    details: { field: name },
  });
});

test('a port that is taken is an error, and leaves nothing', async () => {
  await using first = await createInspectorServer();
  const port = Number(new URL(first.url).port);
  await expect(createInspectorServer({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
});

test('closing ends pages and server, may be done twice, and frees the port', async () => {
  const inspector = await createInspectorServer();
  const page = await InspectorPage.open(inspector);
  await inspector.close();
  await page.until(() => page.closed !== undefined);
  await inspector.close();
  // Whoever still tells it something is not hurt.
  inspector.inspect({ type: '@xstate.event', rootId: 'x:0' });
  inspector.attach({ name: 'late', transport: 'x' }).tap({ type: 'link.opening', at: 0, epoch: 1 });
  await using again = await createInspectorServer({ port: Number(new URL(inspector.url).port) });
  expect(again.url).not.toBe(inspector.url);
});

test('whoever closes it while it closes waits for the same end', async () => {
  const listen = jest.spyOn(Server.prototype, 'listen');
  const inspector = await createInspectorServer();
  const [server] = listen.mock.contexts as [Server];
  listen.mockRestore();
  await using page = await InspectorPage.open(inspector);
  const order: string[] = [];
  server.on('close', () => order.push('server'));
  await Promise.all([
    inspector.close().then(() => order.push('first')),
    inspector.close().then(() => order.push('second')),
  ]);
  expect(order).toEqual(['server', 'first', 'second']);
  await page.until(() => page.closed !== undefined);
});

test('closing waits for nobody who was refused and does not go', async () => {
  const inspector = await createInspectorServer();
  const port = Number(new URL(inspector.url).port);
  const stranger = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  const gone = once(stranger, 'close');
  stranger.on('error', () => undefined);
  stranger.write(`GET /x HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`);
  const [answer] = (await once(stranger, 'data')) as [Buffer];
  expect(answer.toString()).toMatch(/^HTTP\/1\.1 403 /);
  await inspector.close();
  stranger.end();
  await gone;
});

test('a connection that cannot be accepted ends neither the server nor the program', async () => {
  const listen = jest.spyOn(Server.prototype, 'listen');
  await using inspector = await createInspectorServer();
  const [server] = listen.mock.contexts as [Server];
  listen.mockRestore();
  server.emit('error', Object.assign(new Error('accept EMFILE'), { code: 'EMFILE' }));
  expect(await ask(inspector, {})).toMatchObject({ status: 200 });
});

test('whoever attaches when it is closed is not watched, and no timer is left', async () => {
  const timers = new Set<object>();
  const environment = {
    ...systemEnvironment,
    setTimeout: (callback: () => void, delay: number) => {
      const timer = systemEnvironment.setTimeout(callback, delay) as object;
      timers.add(timer);
      return timer;
    },
    clearTimeout: (timer: unknown) => {
      timers.delete(timer as object);
      systemEnvironment.clearTimeout(timer);
    },
  };
  const inspector = await createInspectorServer({ environment });
  await inspector.close();
  inspector.attach({ name: 'late', transport: 'x' }).tap({ type: 'link.opening', at: 0, epoch: 1 });
  expect(timers.size).toBe(0);
});
