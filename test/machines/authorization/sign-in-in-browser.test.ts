import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { connect as connectSocket } from 'node:net';
import type { AddressInfo } from 'node:net';

import { interactive, memoryStore, oauth } from '../../../src/auth/index.js';
import type { InteractiveOptions, OAuthOptions, SignInPrompt } from '../../../src/auth/index.js';
import { CallbackListener } from '../../../src/auth/grants/callback-listener.js';
import { HttpTransport, MCPClient } from '../../../src/index.js';
import * as browser from '../../../src/transports/open-browser.js';
import { AuthorizationServer, protectedServer } from '../../support/servers/authorization-server.js';
import { textOf } from '../../support/servers/fixture-servers.js';
import type { ScriptedHttpServer } from '../../support/servers/http-server.js';
import { errorFrom, errorThrownBy } from '../../support/outcomes.js';

jest.mock('../../../src/transports/open-browser.js');
const { openBrowser, hasBrowser } = jest.mocked(browser);

let as: AuthorizationServer;
let server: ScriptedHttpServer;
/** The URLs that were opened, and the responses of the last page of each. */
let opened: string[];
let pages: Promise<Response>[];
const clients: MCPClient[] = [];

beforeEach(async () => {
  as = new AuthorizationServer();
  server = await protectedServer(as);
  opened = [];
  pages = [];
  hasBrowser.mockReturnValue(true);
  openBrowser.mockImplementation((url) => {
    opened.push(url);
    pages.push(fetch(url));
    return Promise.resolve(true);
  });
});

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  await server.close();
});

function clientWith(grant?: InteractiveOptions, options: Partial<OAuthOptions> = {}): MCPClient {
  const auth = oauth({ ...(grant && { grant: interactive(grant) }), ...options });
  const client = new MCPClient(new HttpTransport(server.url, { auth }));
  clients.push(client);
  return client;
}

/** Connects, and leaves the browser open at the page of the authorization server. Returns the prompt. */
async function waiting(grant: InteractiveOptions = {}): Promise<{ prompt: SignInPrompt; connected: Promise<unknown> }> {
  let shown: (prompt: SignInPrompt) => void = () => undefined;
  const prompted = new Promise<SignInPrompt>((resolve) => (shown = resolve));
  const client = clientWith({ ...grant, onPrompt: shown });
  const connected = client.connect().catch((thrown: unknown) => thrown);
  return { prompt: await prompted, connected };
}

/** Where the authorization server sends the browser. */
async function callbackOf({ url }: SignInPrompt): Promise<string> {
  return (await fetch(url, { redirect: 'manual' })).headers.get('location') ?? '';
}

async function occupy(port = 0): Promise<Server> {
  const other = createServer();
  other.listen(port, '127.0.0.1');
  await once(other, 'listening');
  return other;
}

const redirectUris = (): (string | null)[] => as.pages.map((page) => page.get('redirect_uri'));

describe('a sign-in without any option', () => {
  test('opens the browser at a short URL of this machine, and shows it the result', async () => {
    const client = clientWith();
    await client.connect();
    expect(textOf(await client.callTool('buy'))).toBe('done');
    const [redirectUri = ''] = redirectUris();
    expect(redirectUri).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/callback$/);
    const { origin } = new URL(redirectUri ?? '');
    expect(opened).toEqual([expect.stringMatching(new RegExp(`^${origin}/[\\w-]{36}$`))]);
    const page = await pages[0];
    expect(page?.status).toBe(200);
    expect(await page?.text()).toContain('<h1>Signed in</h1>');
    expect(Object.fromEntries(page?.headers ?? [])).toMatchObject({
      'content-security-policy': expect.stringContaining("default-src 'none'") as string,
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
    });
    await expect(fetch(origin)).rejects.toThrow();
  });

  test('says in the browser that it failed, and in the error why', async () => {
    as.callback = { error: 'access_denied', code: '' };
    expect(await errorFrom(clientWith().connect())).toMatchObject({ code: 'MCP_SIGN_IN_DENIED' });
    expect(await (await pages[0])?.text()).toContain('<h1>Not signed in</h1>');
  });

  test('fails at once where no browser is', async () => {
    hasBrowser.mockReturnValue(false);
    const error = await errorFrom(clientWith().connect());
    expect(error).toMatchObject({ code: 'MCP_SIGN_IN_REQUIRED', details: { reason: 'no browser' } });
    expect(error.hint).toContain('onPrompt');
  });

  test('fails at once when the browser cannot be started', async () => {
    openBrowser.mockResolvedValue(false);
    expect(await errorFrom(clientWith().connect())).toMatchObject({ details: { reason: 'no browser' } });
  });
});

describe('the port of the redirect', () => {
  test('is that of the registration at the next sign-in', async () => {
    const store = memoryStore();
    await clientWith(undefined, { store }).connect();
    await clientWith(undefined, { store, account: 'other' }).connect();
    const [first, second] = redirectUris();
    expect(second).toBe(first);
    expect(as.count('/as/register')).toBe(1);
  });

  test('is another one, with another registration, when that is taken', async () => {
    const store = memoryStore();
    await clientWith(undefined, { store }).connect();
    const other = await occupy(Number(new URL(redirectUris()[0] ?? '').port));
    await clientWith(undefined, { store, account: 'other' }).connect();
    other.close();
    const [first, second] = redirectUris();
    expect(second).not.toBe(first);
    expect(as.count('/as/register')).toBe(2);
  });

  test.each(['port', 'redirectUri'])('is never another one when `%s` says which', async (option) => {
    const other = await occupy();
    const { port } = other.address() as AddressInfo;
    const given = option === 'port' ? { port } : { redirectUri: `http://localhost:${port}/back` };
    const error = await errorFrom(clientWith(given).connect());
    expect(error).toMatchObject({ code: 'MCP_CALLBACK_UNAVAILABLE', details: { port } });
    // With `onPrompt` a person can paste the URL that the browser shows.
    const { prompt, connected } = await waiting(given);
    prompt.complete(await callbackOf(prompt));
    expect(await connected).not.toBeInstanceOf(Error);
    other.close();
  });

  test('is sent as `redirectUri` writes it', async () => {
    const other = await occupy();
    const { port } = other.address() as AddressInfo;
    other.close();
    await once(other, 'close');
    for (const redirectUri of [`http://127.0.0.1:${port}`, `http://127.0.0.1:${port}//back`]) {
      await clientWith({ redirectUri }).connect();
      expect(redirectUris().at(-1)).toBe(redirectUri);
      await clients.pop()?.close();
    }
  });

  test('is never 0, also where the client cannot listen', async () => {
    const listening = jest.spyOn(CallbackListener, 'open').mockRejectedValue(new Error('no sockets'));
    const error = await errorFrom(clientWith({ onPrompt: () => undefined }).connect());
    listening.mockRestore();
    expect(error).toMatchObject({ message: expect.stringContaining('no sockets') as string });
    expect(as.pages).toEqual([]);
  });

  test('belongs to the name that `host` says', async () => {
    await clientWith({ host: 'localhost' }).connect();
    expect(redirectUris()[0]).toMatch(/^http:\/\/localhost:\d+\/callback$/);
  });
});

describe('the listener', () => {
  test('waits for the right callback, whatever else comes', async () => {
    const { prompt, connected } = await waiting();
    const callback = await callbackOf(prompt);
    const { origin } = new URL(callback);
    const status = async (url: string, init: RequestInit = {}): Promise<number> => (await fetch(url, init)).status;
    expect(await status(`${origin}/callback?code=x&state=${'A'.repeat(43)}`)).toBe(400);
    expect(await status(`${origin}/callback`)).toBe(400);
    expect(await status(`${origin}/`)).toBe(404);
    expect(await status(callback, { method: 'POST' })).toBe(404);
    expect(await status(callback, { headers: { 'sec-purpose': 'prefetch' } })).toBe(204);
    expect(await status(`${origin}/callback?${'x'.repeat(1_000_000)}`)).toBe(431);
    const rebound = connectSocket(Number(new URL(origin).port), '127.0.0.1');
    rebound.write(`GET ${callback.slice(origin.length)} HTTP/1.1\r\nHost: evil.example\r\n\r\n`);
    expect(String(await once(rebound, 'data'))).toMatch(/^HTTP\/1\.1 404/);
    // Programs of this machine share their cookies.
    const init = { headers: { cookie: `a=${'x'.repeat(20_000)}` } };
    const [first, second] = await Promise.all([fetch(callback, init), fetch(callback, init)]);
    expect([first.status, second.status].sort()).toEqual([200, 400]);
    expect(await connected).not.toBeInstanceOf(Error);
    expect(opened).toEqual([]);
  });

  test('redirects to the page of the authorization server only once', async () => {
    openBrowser.mockImplementation((url) => {
      opened.push(url);
      return Promise.resolve(true);
    });
    const { prompt, connected } = await waiting({ open: true });
    const [entrance = ''] = opened;
    const visits = await Promise.all([1, 2].map(() => fetch(entrance, { redirect: 'manual' })));
    expect(visits.map(({ status }) => status).sort()).toEqual([302, 404]);
    expect(visits.map(({ headers }) => headers.get('location'))).toContain(prompt.url);
    prompt.cancel();
    expect(await connected).toMatchObject({ code: 'MCP_SIGN_IN_CANCELLED' });
    expect(await prompt.open()).toBe(false);
    expect(opened).toHaveLength(1);
  });

  test.each([
    ['the client is closed', () => clients.at(-1)?.close()],
    ['the sign-in is completed otherwise', async (prompt: SignInPrompt) => prompt.complete(await callbackOf(prompt))],
  ])('is gone, with all connections to it, when %s', async (_when, end) => {
    const { prompt, connected } = await waiting();
    const { port } = new URL(new URL(prompt.url).searchParams.get('redirect_uri') ?? '');
    // Browsers open connections in advance, and keep them.
    const socket = connectSocket(Number(port), '127.0.0.1');
    await once(socket, 'connect');
    const closed = once(socket.resume(), 'close');
    await end(prompt);
    await connected;
    await closed;
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
  });
});

test.each<[string, InteractiveOptions]>([
  ['onPrompt', { open: false }],
  ['onPrompt', { listen: false, redirectUri: 'https://app.example/callback' }],
  ['redirectUri', { listen: false, onPrompt: () => undefined }],
  ['redirectUri', { redirectUri: 'https://app.example/callback' }],
  ['redirectUri', { redirectUri: 'http://127.0.0.1:5/callback?x=1' }],
  ['port', { port: 65_536 }],
  ['port', { port: 5, redirectUri: 'http://127.0.0.1:5/callback' }],
  ['host', { host: '0.0.0.0' as never }],
])('the option %s is refused in %j', (field, options) => {
  expect(errorThrownBy(() => interactive(options))).toMatchObject({ code: 'MCP_INVALID_PARAMS', details: { field } });
});

test('port 80 is a port', () => {
  expect(interactive({ port: 80 }).redirectUri).toBe('http://127.0.0.1:80/callback');
});
