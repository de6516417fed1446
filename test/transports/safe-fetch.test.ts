import { UrlRules } from '../../src/auth/network/url-rules.js';
import type { UrlPolicy } from '../../src/auth/network/url-rules.js';
import { SafeFetch } from '../../src/transports/safe-fetch.js';
import type { SafeFetchOptions } from '../../src/transports/safe-fetch.js';
import { systemEnvironment } from '../../src/util/environment.js';
import { ScriptedHttpServer } from '../support/servers/http-server.js';
import type { HttpVisit } from '../support/servers/http-server.js';
import { rejection } from '../support/outcomes.js';

let server: ScriptedHttpServer;
let other: ScriptedHttpServer;
let script: (visit: HttpVisit) => void;
const { signal } = new AbortController();

beforeEach(async () => {
  script = (visit) => {
    visit.json({ ok: true });
  };
  server = await ScriptedHttpServer.start((visit) => {
    script(visit);
  });
  other = await ScriptedHttpServer.start((visit) => {
    visit.json({ secret: true });
  });
});

afterEach(async () => {
  await server.close();
  await other.close();
});

/** A network for an MCP server at a URL; by default on this machine. */
function network(
  options: Partial<SafeFetchOptions> = {},
  mcp = 'http://localhost/mcp',
  policy: Partial<UrlPolicy> = {},
) {
  const rules = new UrlRules(new URL(mcp), { allowPrivate: false, allowHttp: false, ...policy });
  const defaults = { rules, environment: systemEnvironment, timeout: 5_000, maxBytes: 1_000, dispatcher: undefined };
  return new SafeFetch({ ...defaults, ...options });
}

const get = (path = '/') => ({ method: 'GET', url: `${server.origin}${path}`, signal }) as const;
const post = (path = '/') => ({ method: 'POST', url: `${server.origin}${path}`, body: 'code=1', signal }) as const;

describe('a request of the authorization flow', () => {
  test('resolves with the response, and asks for no compression', async () => {
    const response = await network().fetch(get());
    expect([response.status, response.text, response.header('content-type')]).toEqual([
      200,
      '{"ok":true}',
      'application/json',
    ]);
    expect(server.visits[0]?.headers['accept-encoding']).toBe('identity');
  });

  test('reads no compressed body', async () => {
    script = (visit) => {
      visit.json({ ok: true }, 200, { 'content-encoding': 'gzip' });
    };
    expect((await network().fetch(get())).text).toBe('');
  });

  test('ends at the first byte beyond the limit', async () => {
    script = ({ response }) => {
      response.writeHead(200);
      const more = (): void => void (response.destroyed || response.write('x'.repeat(400), () => setImmediate(more)));
      more();
    };
    expect(await rejection(network().fetch(get()))).toMatchObject({ code: 'MCP_AUTH_UNREACHABLE', kind: 'transport' });
    await server.visits[0]?.closed();
  });

  test('ends when its time is over, also while bytes arrive', async () => {
    let timer: NodeJS.Timeout | undefined;
    script = ({ response }) => {
      response.writeHead(200);
      timer = setInterval(() => response.write('x'), 20);
    };
    const failed = await rejection(network({ timeout: 200 }).fetch(get()));
    clearInterval(timer);
    expect(failed).toMatchObject({
      code: 'MCP_AUTH_UNREACHABLE',
      message: expect.stringContaining('200 ms') as string,
    });
  });

  test('ends with its signal', async () => {
    script = () => undefined;
    const stop = new AbortController();
    const fetching = rejection(network().fetch({ ...get(), signal: stop.signal }));
    await server.until(() => server.visits.length === 1);
    stop.abort();
    expect(await fetching).toMatchObject({ code: 'MCP_AUTH_UNREACHABLE' });
    await server.visits[0]?.closed();
  });

  test('follows three redirects of a GET on the same origin, and no fourth', async () => {
    script = (visit) => {
      const left = Number(visit.path.slice(1));
      if (left > 0) visit.status(302, { location: `/${left - 1}` });
      else visit.json({ ok: true });
    };
    expect((await network().fetch(get('/3'))).status).toBe(200);
    expect(await rejection(network().fetch(get('/4')))).toMatchObject({ code: 'MCP_REDIRECT_REFUSED' });
  });

  test('follows no redirect to another origin', async () => {
    script = (visit) => {
      visit.status(302, { location: `${other.origin}/` });
    };
    expect(await rejection(network().fetch(get()))).toMatchObject({ code: 'MCP_REDIRECT_REFUSED' });
    expect(other.visits).toEqual([]);
  });

  test.each([301, 302, 303, 307, 308])('sends no POST again after a redirect with %d', async (status) => {
    script = (visit) => {
      visit.status(status, { location: `${other.origin}/` });
    };
    expect((await network().fetch(post())).status).toBe(status);
    expect(other.visits).toEqual([]);
    expect(server.visits).toHaveLength(1);
  });

  test('opens no connection to a forbidden address', async () => {
    const strict = network({}, 'https://mcp.example/mcp', { allowHttp: true });
    expect(await rejection(strict.fetch(get()))).toMatchObject({ code: 'MCP_AUTH_URL_FORBIDDEN' });
    expect(server.visits).toEqual([]);
  });

  test('opens no connection to a name that has a public address the first time and a private one the second time', async () => {
    const answers = ['8.8.8.8', '127.0.0.1'];
    const resolve = () => Promise.resolve([{ address: answers.shift() ?? '', family: 4 }]);
    await resolve();
    const strict = network({ resolve }, 'https://mcp.example/mcp', { allowHttp: true });
    const request = { ...get(), url: `http://rebind.example:${server.port}/` };
    expect(strict.refusal(request.url, 'URL')).toBeUndefined();
    expect(await rejection(strict.fetch(request))).toMatchObject({ code: 'MCP_AUTH_URL_FORBIDDEN' });
    expect(server.visits).toEqual([]);
  });

  test('opens no connection in clear text to another machine, whatever a resolver knows about a name of this one', async () => {
    const request = { ...get(), url: `http://as.localhost:${server.port}/` };
    const resolve = () => Promise.resolve([{ address: '192.0.2.1', family: 4 }]);
    expect(await rejection(network({ resolve }).fetch(request))).toMatchObject({
      code: 'MCP_AUTH_URL_FORBIDDEN',
      details: { rule: expect.stringContaining('https:') as string },
    });
    const here = () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]);
    expect((await network({ resolve: here }).fetch(request)).status).toBe(200);
  });

  test('connects to the address that was checked', async () => {
    const resolve = () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]);
    const lax = network({ resolve }, 'https://mcp.example/mcp', { allowHttp: true, allowPrivate: true });
    expect((await lax.fetch({ ...get(), url: `http://any.example:${server.port}/` })).status).toBe(200);
    expect(server.visits[0]?.headers.host).toBe(`any.example:${server.port}`);
  });

  test('fails with the reason, and without its body, when the server cannot be reached', async () => {
    const failed = await rejection(network().fetch({ ...post(), url: 'http://127.0.0.1:1/token?x=secret' }));
    expect(failed).toMatchObject({ code: 'MCP_AUTH_UNREACHABLE', details: { reason: 'ECONNREFUSED' } });
    expect(JSON.stringify(failed)).not.toMatch(/secret|code=1/);
  });
});
