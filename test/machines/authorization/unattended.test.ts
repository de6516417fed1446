import { inspect } from 'node:util';

import { clientCredentials, memoryStore, oauth } from '../../../src/auth/index.js';
import type { GrantRequest, OAuthOptions, UnattendedGrant } from '../../../src/auth/index.js';
import { HttpTransport, MCPAuthenticationError, MCPClient } from '../../../src/index.js';
import type { AuthorizationStatus, MCPClientOptions } from '../../../src/index.js';
import { systemEnvironment } from '../../../src/util/environment.js';
import type { Environment } from '../../../src/util/environment.js';
import { errorFrom } from '../../support/outcomes.js';
import { AuthorizationServer, protectedServer } from '../../support/servers/authorization-server.js';
import { textOf } from '../../support/servers/fixture-servers.js';
import type { HttpVisit, ScriptedHttpServer } from '../../support/servers/http-server.js';

const CLIENT = { id: 'robot', secret: 'secret-of-robot' };

let as: AuthorizationServer;
let server: ScriptedHttpServer;
const clients: MCPClient[] = [];

beforeEach(() => {
  as = new AuthorizationServer();
  as.issuesRefreshTokens = false;
});

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  await server.close();
});

function clientOf(options: OAuthOptions = {}, settings?: MCPClientOptions): MCPClient {
  const auth = oauth({ grant: clientCredentials(), client: CLIENT, ...options });
  const client = new MCPClient(new HttpTransport(server.url, { auth }), settings);
  clients.push(client);
  return client;
}

async function connect(options?: OAuthOptions, settings?: MCPClientOptions): Promise<MCPClient> {
  const client = clientOf(options, settings);
  await client.connect();
  return client;
}

/** The authorization server answers requests for tokens in another way. */
function tokenRequests(answer: (visit: HttpVisit, form: URLSearchParams) => boolean): void {
  as.twist = (visit) => visit.path === '/as/token' && answer(visit, new URLSearchParams(visit.body));
}

/** A server that requires scopes for the tool `write`. */
function serverWithScopes(scope: string): Promise<ScriptedHttpServer> {
  return protectedServer(as, (visit, token) => {
    const required = token !== undefined && visit.message.params?.name === 'write';
    const lacks = required && !as.scopes.get(token)?.split(' ').includes(scope);
    if (lacks) visit.status(403, { 'www-authenticate': `Bearer error="insufficient_scope", scope="${scope}"` });
    return lacks;
  });
}

describe('a grant without a person', () => {
  test('gives a token after discovery and one request, without registration and page', async () => {
    server = await protectedServer(as);
    const client = await connect();
    expect(textOf(await client.callTool('buy'))).toBe('done');
    expect(as.requests).toEqual([
      'GET /.well-known/oauth-protected-resource/mcp',
      'GET /.well-known/oauth-authorization-server/as',
      'POST /as/token',
    ]);
    expect(Object.fromEntries(as.forms[0] ?? [])).toEqual({ grant_type: 'client_credentials', resource: server.url });
    expect(client.authorization).toMatchObject({ state: 'authorized', issuer: `${server.origin}/as` });
  });

  test('needs no authorization endpoint, no PKCE and no offline access', async () => {
    server = await protectedServer(as);
    as.twist = (visit) => {
      const isMetadata = visit.path.endsWith('/as') && visit.method === 'GET';
      if (isMetadata) {
        const { issuer, token_endpoint } = as.metadata(server.origin);
        visit.json({ issuer, token_endpoint, scopes_supported: ['offline_access'] });
      }
      return isMetadata;
    };
    await connect();
    expect(as.forms[0]?.has('scope')).toBe(false);
  });

  test('is refused at a server that lists other grant types only', async () => {
    server = await protectedServer(as);
    as.twist = (visit) => {
      const isMetadata = visit.path.endsWith('/as') && visit.method === 'GET';
      if (isMetadata) visit.json({ ...as.metadata(server.origin), grant_types_supported: ['authorization_code'] });
      return isMetadata;
    };
    const problem = await errorFrom(connect());
    expect(problem).toMatchObject({ code: 'MCP_AUTH_UNSUPPORTED' });
    expect(problem.message).toContain('client_credentials');
    expect(as.forms).toEqual([]);
  });

  test('fails with MCP_CLIENT_UNKNOWN where the option `client` names no client', async () => {
    server = await protectedServer(as);
    const problem = await errorFrom(connect({ client: () => undefined }));
    expect(problem).toMatchObject({ code: 'MCP_CLIENT_UNKNOWN', details: { issuer: `${server.origin}/as` } });
    expect(as.forms).toEqual([]);
  });

  test('sends the secret in the body if the server lists only that, and the parameters of the user', async () => {
    server = await protectedServer(as);
    as.twist = (visit) => {
      const isMetadata = visit.path.endsWith('/as') && visit.method === 'GET';
      const methods = { token_endpoint_auth_methods_supported: ['client_secret_post'] };
      if (isMetadata) visit.json({ ...as.metadata(server.origin), ...methods });
      return isMetadata;
    };
    await connect({ tokenParameters: { audience: 'api', resource: null } });
    expect(Object.fromEntries(as.forms[0] ?? [])).toEqual({
      ...{ grant_type: 'client_credentials', audience: 'api' },
      ...{ client_id: CLIENT.id, client_secret: CLIENT.secret },
    });
  });

  test('is used although no person may be asked, and never shows a prompt', async () => {
    server = await protectedServer(as);
    const states: AuthorizationStatus[] = [];
    const client = clientOf({ prompt: 'never' });
    client.on('authorization', (status) => states.push(status));
    await client.connect();
    as.expire();
    expect(textOf(await client.callTool('buy'))).toBe('done');
    expect(new Set(states.map(({ state }) => state))).toEqual(new Set(['none', 'working', 'authorized']));
  });

  test('gives one token for a hundred calls whose token has expired', async () => {
    server = await protectedServer(as);
    const client = await connect();
    as.expire();
    await Promise.all(Array.from({ length: 100 }, () => client.callTool('buy')));
    expect(as.forms).toHaveLength(2);
  });

  test('gives one token for all connections that share a store', async () => {
    server = await protectedServer(as);
    const store = memoryStore();
    const some = [clientOf({ store }), clientOf({ store }), clientOf({ store })];
    await Promise.all(some.map((client) => client.connect()));
    await Promise.all(some.map((client) => client.callTool('buy')));
    expect(as.forms).toHaveLength(1);
  });

  test('is asked again before a token expires, and calls do not wait for that', async () => {
    server = await protectedServer(as);
    as.expiresIn = 600;
    let passed = 0;
    const environment = { ...systemEnvironment, now: () => systemEnvironment.now() + passed };
    const client = await connect({}, { environment });
    let held: HttpVisit | undefined;
    tokenRequests((visit) => {
      held = visit;
      return true;
    });
    passed = 560_000;
    expect(textOf(await client.callTool('buy'))).toBe('done');
    await server.until(() => held !== undefined);
    as.twist = () => false;
    if (held !== undefined) as.answer(held);
    await new Promise<void>((resolve) => {
      client.on('authorization', ({ state }) => {
        if (state === 'authorized') resolve();
      });
    });
    expect(as.forms).toHaveLength(2);
  });

  test('keeps the lists of the server when it gives another token', async () => {
    server = await protectedServer(as);
    const client = await connect();
    await client.listTools();
    as.expire();
    await client.callTool('buy');
    await client.listTools();
    expect(as.forms).toHaveLength(2);
    expect(server.asked('tools/list')).toHaveLength(1);
  });
});

describe('a token that the server does not accept', () => {
  test('leads to MCP_TOKEN_REFUSED, and to another one only after a while', async () => {
    let refuses = false;
    server = await protectedServer(as, (visit) => {
      if (refuses) visit.status(401, { 'www-authenticate': 'Bearer error="invalid_token"' });
      return refuses;
    });
    let passes = false;
    const environment: Environment = {
      ...systemEnvironment,
      random: () => 0.999,
      setTimeout: (callback, delay) => systemEnvironment.setTimeout(callback, passes && delay === 500 ? 0 : delay),
    };
    const client = await connect({}, { environment });
    refuses = true;
    for (let call = 0; call < 4; call += 1)
      expect(await errorFrom(client.callTool('buy'))).toMatchObject({ code: 'MCP_TOKEN_REFUSED' });
    expect(as.forms).toHaveLength(2);
    refuses = false;
    await client.signIn();
    expect(textOf(await client.callTool('buy'))).toBe('done');
    // The program need not do that: a later call obtains another token.
    refuses = passes = true;
    expect(await errorFrom(client.callTool('buy'))).toMatchObject({ code: 'MCP_TOKEN_REFUSED' });
    refuses = false;
    await new Promise((resolve) => setTimeout(resolve, 1));
    expect(textOf(await client.callTool('buy'))).toBe('done');
  });

  test('is obtained with the wider scope once, which the next tokens have, too', async () => {
    server = await serverWithScopes('write');
    const client = await connect({ scopes: ['read'] });
    expect(textOf(await client.callTool('write'))).toBe('done');
    as.expire();
    await client.callTool('buy');
    expect(as.forms.map((form) => form.get('scope'))).toEqual(['read', 'read write', 'read write']);
  });

  test('is requested once with a scope that the authorization server does not grant', async () => {
    server = await serverWithScopes('write');
    as.granted = 'read';
    const client = await connect({ scopes: ['read'] });
    expect(await errorFrom(client.callTool('write'))).toMatchObject({ code: 'MCP_SCOPE_INSUFFICIENT' });
    expect(await errorFrom(client.callTool('write'))).toMatchObject({ code: 'MCP_SCOPE_INSUFFICIENT' });
    expect(as.forms).toHaveLength(2);
    expect(textOf(await client.callTool('buy'))).toBe('done');
  });

  test('stays in use when the authorization server refuses the wider scope', async () => {
    server = await serverWithScopes('write');
    tokenRequests((visit, form) => {
      const isRefused = form.get('scope')?.includes('write') === true;
      if (isRefused) visit.json({ error: 'invalid_scope' }, 400);
      return isRefused;
    });
    const client = await connect();
    expect(await errorFrom(client.callTool('write'))).toMatchObject({
      code: 'MCP_TOKEN_REQUEST_REFUSED',
      details: { error: 'invalid_scope' },
    });
    expect(textOf(await client.callTool('buy'))).toBe('done');
    expect(as.forms).toHaveLength(1);
  });
});

describe('a token endpoint', () => {
  test('that refuses gets no second request in the same attempt', async () => {
    server = await protectedServer(as);
    let refused = 0;
    tokenRequests((visit) => {
      refused += 1;
      visit.json({ error: 'invalid_client', error_description: `not ${CLIENT.secret}` }, 401);
      return true;
    });
    const problem = await errorFrom(connect());
    expect(problem).toBeInstanceOf(MCPAuthenticationError);
    expect(problem).toMatchObject({ code: 'MCP_TOKEN_REQUEST_REFUSED', details: { error: 'invalid_client' } });
    expect(refused).toBe(1);
    expect(inspect(problem, { depth: 8 })).not.toContain(CLIENT.secret);
  });

  test('that refuses for a while does not stop the client for good', async () => {
    server = await protectedServer(as);
    let isRotated = false;
    tokenRequests((visit) => {
      if (!isRotated) visit.json({ error: 'invalid_client' }, 401);
      return !isRotated;
    });
    const client = clientOf();
    expect(await errorFrom(client.connect())).toMatchObject({ code: 'MCP_TOKEN_REQUEST_REFUSED' });
    isRotated = true;
    await client.signIn();
    await client.connect();
    expect(textOf(await client.callTool('buy'))).toBe('done');
  });

  test('that is out of reach is an outage, and no refusal', async () => {
    server = await protectedServer(as);
    let outages = 0;
    tokenRequests((visit) => {
      const isDown = (outages += 1) <= 1;
      if (isDown) visit.status(503);
      return isDown;
    });
    const client = clientOf();
    expect(await errorFrom(client.connect())).toMatchObject({
      name: 'MCPTransportError',
      code: 'MCP_AUTH_UNREACHABLE',
    });
    await client.signIn();
    expect(client.authorization?.state).toBe('authorized');
    expect(outages).toBe(2);
  });
});

describe('signIn() and signOut()', () => {
  test('give a token before a call needs it, and delete it', async () => {
    server = await protectedServer(as);
    const client = clientOf();
    await client.signIn({ scopes: ['write'] });
    expect(as.forms.map((form) => form.get('scope'))).toEqual(['write']);
    await client.signIn({ scopes: ['write'] });
    expect(as.forms).toHaveLength(1);
    await client.connect();
    await client.signOut();
    expect(client.authorization?.state).toBe('none');
    const problem = await errorFrom(client.callTool('buy'));
    expect(problem).toMatchObject({ code: 'MCP_SIGN_IN_REQUIRED', details: { reason: 'the program has signed out' } });
    expect(problem.message).toContain('A token is needed');
    expect(problem.hint).toContain('signIn()');
    expect(as.forms).toHaveLength(1);
    await client.signIn();
    expect(textOf(await client.callTool('buy'))).toBe('done');
    expect(as.forms).toHaveLength(2);
  });

  test('of an aborted caller leaves no wait behind', async () => {
    server = await protectedServer(as);
    const stop = new AbortController();
    const asked: HttpVisit[] = [];
    tokenRequests((visit) => {
      asked.push(visit);
      return true;
    });
    const client = clientOf();
    const signedIn = client.signIn({ signal: stop.signal }).catch((thrown: unknown) => thrown);
    await server.until(() => asked.length > 0);
    const reason = new Error('changed my mind');
    stop.abort(reason);
    expect(await signedIn).toBe(reason);
    await client.close();
    await asked[0]?.closed();
  });
});

describe('a grant of the program', () => {
  const own = (obtain: UnattendedGrant['obtain'], more: Partial<UnattendedGrant> = {}): OAuthOptions => ({
    grant: { unattended: true, obtain, ...more },
    client: undefined,
  });

  test('gets the server, the scopes and the network, and its token is used', async () => {
    server = await protectedServer(as);
    let seen: GrantRequest | undefined;
    const client = await connect({
      ...own(async (request) => {
        seen = request;
        const { text, status, header } = await request.fetch(`${request.issuer}/token`, {
          method: 'POST',
          headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
          body: 'grant_type=client_credentials',
        });
        expect([status, header('content-type')]).toEqual([200, 'application/json']);
        return JSON.parse(text) as { access_token: string };
      }),
      scopes: ['a'],
    });
    expect(textOf(await client.callTool('buy'))).toBe('done');
    expect(seen).toMatchObject({ issuer: `${server.origin}/as`, resource: server.url, scopes: ['a'] });
    expect(seen?.metadata.token_endpoint).toBe(`${server.origin}/as/token`);
    expect(client.authorization?.scopes).toEqual(['a']);
    // The token is not of a client of the authorization server.
    await client.signOut();
  });

  test('that gives a refresh token is used again only when that is not valid any more', async () => {
    server = await protectedServer(as);
    as.issuesRefreshTokens = true;
    let obtained = 0;
    const grant: UnattendedGrant = {
      unattended: true,
      obtain: (request) => {
        obtained += 1;
        return request.requestToken({ grant_type: 'client_credentials' });
      },
    };
    const client = await connect({ grant });
    as.expire();
    await client.callTool('buy');
    expect(obtained).toBe(1);
    as.expire();
    tokenRequests((visit, form) => {
      const isRefresh = form.has('refresh_token');
      if (isRefresh) visit.json({ error: 'invalid_grant' }, 400);
      return isRefresh;
    });
    expect(textOf(await client.callTool('buy'))).toBe('done');
    expect(obtained).toBe(2);
  });

  test.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('the vault is sealed');
      },
    ],
    ['rejects', () => Promise.reject(new Error('the vault is sealed'))],
    [
      'throws a text',
      () => {
        // eslint-disable-next-line @typescript-eslint/only-throw-error -- programs throw anything
        throw 'the vault is sealed';
      },
    ],
  ])('that %s fails the calls with MCP_GRANT_FAILED, and nothing else', async (_what, fail) => {
    server = await protectedServer(as);
    const problem = await errorFrom(connect(own(fail as UnattendedGrant['obtain'])));
    expect(problem).toBeInstanceOf(MCPAuthenticationError);
    expect(problem).toMatchObject({ code: 'MCP_GRANT_FAILED', delivery: 'not-sent' });
    expect(problem.message).toContain('the vault is sealed');
  });

  test('that throws an object which cannot be looked at fails the calls all the same', async () => {
    server = await protectedServer(as);
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- programs reject with anything
    const problem = await errorFrom(connect(own(() => Promise.reject(proxy))));
    expect(problem).toMatchObject({ code: 'MCP_GRANT_FAILED' });
    expect(inspect(problem)).toContain('cannot be looked at');
  });

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['a text', 'token'],
    ['no token', {}],
    ['a token that cannot stand in a header', { access_token: 'a\nb' }],
    ['a token of another type', { access_token: 'a', token_type: 'mac' }],
  ])('that resolves with %s is refused, and the value does not show', async (_what, value) => {
    server = await protectedServer(as);
    const problem = await errorFrom(connect(own(() => Promise.resolve(value as { access_token: string }))));
    expect(problem).toBeInstanceOf(MCPAuthenticationError);
    expect(['MCP_GRANT_FAILED', 'MCP_AUTH_RESPONSE_INVALID']).toContain(problem.code);
    expect(problem.message).toContain('grant.obtain()');
    expect(problem.message).not.toContain('a\nb');
  });

  test('that never settles is given up after the time for a sign-in', async () => {
    server = await protectedServer(as);
    const signals: AbortSignal[] = [];
    const obtain = ({ signal }: GrantRequest): Promise<{ access_token: string }> => {
      signals.push(signal);
      if (signals.length === 1) return new Promise(() => undefined);
      return Promise.resolve({ access_token: String(as.issue('').access_token) });
    };
    const client = clientOf(own(obtain), { authTimeout: 30, environment: { ...systemEnvironment, random: () => 0 } });
    const problem = await errorFrom(client.connect());
    expect(problem).toMatchObject({ code: 'MCP_GRANT_FAILED', details: { timeout: 30 } });
    expect(signals[0]?.aborted).toBe(true);
    await client.connect();
    expect(textOf(await client.callTool('buy'))).toBe('done');
  });

  test('that never settles is given up when the client is closed', async () => {
    server = await protectedServer(as);
    let began: (signal: AbortSignal) => void = () => undefined;
    const begun = new Promise<AbortSignal>((resolve) => {
      began = resolve;
    });
    const client = clientOf(
      own(({ signal }) => {
        began(signal);
        return new Promise(() => undefined);
      }),
    );
    const connected = client.connect().catch((thrown: unknown) => thrown);
    const signal = await begun;
    await client.close();
    expect(await connected).toMatchObject({ code: 'MCP_CONNECTION_CLOSED' });
    expect(signal.aborted).toBe(true);
  });

  test('reaches no address that the network rules forbid, and receives that as an error', async () => {
    server = await protectedServer(as);
    const problem = await errorFrom(
      connect(
        own(async ({ fetch }) => {
          await fetch('http://169.254.169.254/latest/meta-data');
          return { access_token: 'unreachable' };
        }),
      ),
    );
    expect(problem).toMatchObject({ code: 'MCP_AUTH_URL_FORBIDDEN' });
  });
});
