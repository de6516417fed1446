import { inspect } from 'node:util';

import type { OAuthOptions, SignInPrompt, TokenStore } from '../../../src/auth/index.js';
import { HttpTransport, MCPClient } from '../../../src/index.js';
import type { MCPError } from '../../../src/index.js';
import { AuthorizationServer, protectedServer, signedIn } from '../../support/servers/authorization-server.js';
import { textOf } from '../../support/servers/fixture-servers.js';
import type { HttpVisit, ScriptedHttpServer } from '../../support/servers/http-server.js';

let as: AuthorizationServer;
let server: ScriptedHttpServer;
let prompts: SignInPrompt[];
/** What the store contains, and whether it takes anything. */
let values: Map<string, string>;
let isFull: boolean;
/** The refreshes that the authorization server has received and not answered. */
let held: HttpVisit[];
const clients: MCPClient[] = [];

beforeEach(async () => {
  as = new AuthorizationServer();
  prompts = [];
  held = [];
  values = new Map();
  isFull = false;
  server = await protectedServer(as);
});

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  await server.close();
});

const store: TokenStore = {
  read: (key) => Promise.resolve(values.get(key)),
  write: (key, value, expected) => {
    if (isFull) return Promise.reject(new Error('The disk is full'));
    if (expected !== undefined && values.get(key) !== expected) return Promise.resolve(false);
    if (value === undefined) values.delete(key);
    else values.set(key, value);
    return Promise.resolve(true);
  },
};

async function connect(options: Partial<OAuthOptions> = {}): Promise<MCPClient> {
  const auth = signedIn(prompts, { store, ...options });
  const client = new MCPClient(new HttpTransport(server.url, { auth }));
  clients.push(client);
  await client.connect();
  return client;
}

/** A client whose refresh is on its way, with the call that waits for it. */
async function refreshing(): Promise<{ client: MCPClient; call: Promise<unknown> }> {
  const client = await connect();
  as.twist = (visit) => {
    const isHeld = visit.body.includes('grant_type=refresh_token') && !held.includes(visit);
    if (isHeld) held.push(visit);
    return isHeld;
  };
  as.expire();
  const call = client.callTool('buy').then(textOf, (thrown: unknown) => thrown);
  await server.until(() => held.length > 0);
  return { client, call };
}

/** The authorization server carries the refresh out and answers. */
function release(): void {
  for (const visit of held) as.answer(visit);
}

const grants = (): (string | null)[] => as.forms.map((form) => form.get('grant_type'));

describe('a refresh that is on its way when its client is closed', () => {
  test('is stored before the close is done, so the next client needs no sign-in', async () => {
    const { client, call } = await refreshing();
    const closed = client.close();
    expect(await call).toMatchObject({ code: 'MCP_CONNECTION_CLOSED' });
    release();
    await closed;
    as.twist = () => false;
    expect(textOf(await (await connect()).callTool('buy'))).toBe('done');
    expect(grants()).toEqual(['authorization_code', 'refresh_token']);
    expect(prompts).toHaveLength(1);
  });

  test('gives its token to the next connection of the same client, although the store cannot be written', async () => {
    const { client } = await refreshing();
    isFull = true;
    const closed = client.close();
    const connected = client.connect();
    release();
    await Promise.all([closed, connected]);
    // The stored token is older and no longer valid.
    expect(textOf(await client.callTool('buy'))).toBe('done');
    expect(prompts).toHaveLength(1);
  });

  test('keeps other connections from sending its refresh token again', async () => {
    const { client } = await refreshing();
    const connected = connect();
    const closed = client.close();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(held).toHaveLength(1);
    release();
    await closed;
    expect(textOf(await (await connected).callTool('buy'))).toBe('done');
    expect(grants()).toEqual(['authorization_code', 'refresh_token']);
  });

  test('does not hold the close up for longer than two seconds', async () => {
    const { client } = await refreshing();
    const before = performance.now();
    await client.close();
    expect(performance.now() - before).toBeGreaterThan(1_900);
    await held[0]?.closed();
  });
});

test('the stored grant is used by the next connection, although the first was closed while it read the store', async () => {
  await connect();
  let reads = 0;
  const slow: TokenStore = {
    ...store,
    read: async (key) => {
      reads += 1;
      await new Promise((resolve) => setTimeout(resolve, 50));
      return values.get(key);
    },
  };
  const client = new MCPClient(new HttpTransport(server.url, { auth: signedIn(prompts, { store: slow }) }));
  clients.push(client);
  const connected = client.connect().catch((thrown: unknown) => thrown);
  while (reads === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  await client.close();
  expect(await connected).toMatchObject({ code: 'MCP_CONNECTION_CLOSED' });
  await client.connect();
  expect(textOf(await client.callTool('buy'))).toBe('done');
  expect(prompts).toHaveLength(1);
});

test('a store that never answers a write does not hold the close up, nor the connections after it', async () => {
  const { client } = await refreshing();
  let isHung = true;
  const write = store.write.bind(store);
  store.write = (...given) => (isHung ? new Promise(() => undefined) : write(...given));
  const closed = client.close();
  release();
  await closed;
  isHung = false;
  store.write = write;
  as.twist = () => false;
  await client.connect();
  expect(textOf(await client.callTool('buy'))).toBe('done');
});

test('a refresh does not replace the grant of a newer sign-in', async () => {
  const { client, call } = await refreshing();
  const [key = '', before = ''] = [...values].find(([name]) => name.startsWith('grant/')) ?? [];
  const newer = as.issue('');
  const { access_token: accessToken, refresh_token: refreshToken } = newer;
  values.set(key, JSON.stringify({ ...(JSON.parse(before) as object), signIn: 'again', accessToken, refreshToken }));
  release();
  expect(await call).toBe('done');
  expect(values.get(key)).toContain('"signIn":"again"');
  const last = server.asked('tools/call').at(-1);
  expect(last?.headers.authorization).toBe(`Bearer ${String(accessToken)}`);
  await client.close();
});

test('a token is refreshed although the metadata of the resource cannot be found at the moment', async () => {
  const client = await connect();
  as.expire();
  as.twist = (visit) => {
    const isMetadata = visit.path.includes('oauth-protected-resource');
    if (isMetadata) visit.status(404);
    return isMetadata;
  };
  expect(textOf(await client.callTool('buy'))).toBe('done');
  expect(as.forms.at(-1)?.get('resource')).toBe(server.url);
  expect(grants()).toEqual(['authorization_code', 'refresh_token']);
  expect(prompts).toHaveLength(1);
});

test('a token is refreshed with the secret that the user gives now, which is not stored', async () => {
  const secrets: (string | null)[] = [];
  as.twist = (visit) => {
    if (visit.path.endsWith('/token')) secrets.push(new URLSearchParams(visit.body).get('client_secret'));
    return false;
  };
  const client = { id: 'ours', authMethod: 'client_secret_post' } as const;
  await connect({ client: { ...client, secret: 'secret-of-may' } });
  expect([...values.values()].join()).not.toContain('secret-of-may');
  as.expire();
  await (await connect({ client: { ...client, secret: 'secret-of-june' } })).callTool('buy');
  expect(secrets).toEqual(['secret-of-may', 'secret-of-june']);
  expect(prompts).toHaveLength(1);
});

test.each(['client_secret_basic', 'client_secret_post'] as const)(
  'the secret of a client with %s does not show when a server repeats the request in its error',
  async (authMethod) => {
    const sent = new Set<string>();
    as.twist = (visit) => {
      if (!visit.path.endsWith('/token')) return false;
      const authorization = visit.headers.authorization ?? '';
      sent.add('secret-of-may').add(authorization.slice(authorization.indexOf(' ') + 1));
      const secret = new URLSearchParams(visit.body).get('client_secret') ?? authorization;
      visit.json({ error: 'invalid_client', error_description: `What is ${secret}?` }, 401);
      return true;
    };
    const problem: unknown = await connect({ client: { id: 'ours', secret: 'secret-of-may', authMethod } }).catch(
      (thrown: unknown) => thrown,
    );
    expect(problem).toMatchObject({ code: 'MCP_TOKEN_REQUEST_REFUSED' });
    const text = `${inspect(problem, { depth: 5 })}${(problem as MCPError).explain()}`;
    for (const secret of sent) if (secret !== '') expect(text).not.toContain(secret);
  },
);
