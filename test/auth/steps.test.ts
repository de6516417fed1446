import { authenticationOf, methodFor } from '../../src/auth/client-identity.js';
import type { ClientIdentity } from '../../src/auth/client-identity.js';
import { covers, Discovery, metadataPlaces } from '../../src/auth/discovery.js';
import type { DiscoveryOptions } from '../../src/auth/discovery.js';
import type { AuthRequest, AuthResponse, GuardedFetch } from '../../src/auth/network/guarded-fetch.js';
import { LocalLocks } from '../../src/auth/local-locks.js';
import { register } from '../../src/auth/clients/registration.js';
import { readScopes, scopesToRequest, union } from '../../src/auth/scopes.js';
import { readTokenResponse } from '../../src/auth/token-response.js';
import { UrlRules } from '../../src/auth/network/url-rules.js';
import { isFailure } from '../../src/util/failure.js';
import type { Failure } from '../../src/util/failure.js';

type Reply = readonly [status: number, body: unknown];

function response([status, body]: Reply): AuthResponse {
  return { status, header: () => undefined, text: typeof body === 'string' ? body : JSON.stringify(body) };
}

/** A network of documents by URL; everything else is 404. */
class Network implements GuardedFetch {
  readonly requests: AuthRequest[] = [];
  readonly #rules = new UrlRules(new URL('https://mcp.example/mcp'), { allowPrivate: false, allowHttp: false });
  readonly #replies: (request: AuthRequest) => Reply | undefined;

  constructor(replies: Readonly<Record<string, Reply>> | ((request: AuthRequest) => Reply | undefined)) {
    this.#replies = typeof replies === 'function' ? replies : ({ url }) => replies[url];
  }

  refusal(url: string, purpose: string): Failure | undefined {
    return this.#rules.refusal(url, purpose);
  }

  fetch(request: AuthRequest): Promise<AuthResponse> {
    this.requests.push(request);
    return Promise.resolve(response(this.#replies(request) ?? [404, '']));
  }

  get urls(): string[] {
    return this.requests.map(({ url }) => url.replace('https://', ''));
  }
}

const { signal } = new AbortController();
const DEFAULTS: DiscoveryOptions = {
  authorizationServer: undefined,
  resource: undefined,
  legacyDiscovery: true,
  dpop: 'auto',
  grantType: 'authorization_code',
};
const RESOURCE = 'https://mcp.example/.well-known/oauth-protected-resource/mcp';
const SERVER = 'https://as.example/.well-known/oauth-authorization-server';

function metadata(issuer: string, more: object = {}): object {
  return {
    issuer,
    authorization_endpoint: 'https://as.example/authorize',
    token_endpoint: 'https://as.example/token',
    code_challenge_methods_supported: ['S256'],
    ...more,
  };
}

async function search(network: Network, options: Partial<DiscoveryOptions> = {}, named?: string) {
  const url = new URL('https://mcp.example/mcp');
  try {
    return await new Discovery(url, { ...DEFAULTS, ...options }, network, signal).search(named, {
      issuers: [],
      resource: undefined,
      metadata: undefined,
      requiresBinding: false,
    });
  } catch (thrown) {
    if (isFailure(thrown)) return thrown;
    throw thrown;
  }
}

describe('discovery', () => {
  const found = {
    [RESOURCE]: [200, { resource: 'https://mcp.example', authorization_servers: ['https://as.example'] }],
  } as const;

  test('takes `resource` character for character, and requests nothing beyond the first document that exists', async () => {
    const network = new Network({ ...found, [SERVER]: [200, metadata('https://as.example')] });
    expect(await search(network)).toMatchObject({
      resource: 'https://mcp.example',
      metadata: { issuer: 'https://as.example' },
    });
    expect(network.urls).toEqual([
      'mcp.example/.well-known/oauth-protected-resource/mcp',
      'as.example/.well-known/oauth-authorization-server',
    ]);
  });

  test('tries the root for the resource when the path has no JSON', async () => {
    const network = new Network({
      [RESOURCE]: [200, '<html>'],
      'https://mcp.example/.well-known/oauth-protected-resource': found[RESOURCE],
      [SERVER]: [200, metadata('https://as.example')],
    });
    expect(await search(network)).toMatchObject({ metadata: { issuer: 'https://as.example' } });
  });

  test('uses the URL of the challenge and no other', async () => {
    const network = new Network(found);
    expect(await search(network, {}, 'https://mcp.example/meta')).toMatchObject({
      code: 'MCP_AUTH_DISCOVERY_FAILED',
      details: { tried: ['https://mcp.example/meta'] },
    });
    expect(network.requests).toHaveLength(1);
  });

  test.each([
    ['another origin', 'https://evil.example/mcp'],
    ['another path', 'https://mcp.example/mc'],
    ['no text', undefined],
  ])('stops before any other request when the resource has %s', async (_what, resource) => {
    const network = new Network({ [RESOURCE]: [200, { resource, authorization_servers: ['https://as.example'] }] });
    expect(await search(network)).toMatchObject({ code: 'MCP_RESOURCE_MISMATCH' });
    expect(network.requests).toHaveLength(1);
  });

  test.each([500, 503, 429, 408])(
    'takes HTTP %d for an outage, and not for a server without metadata',
    async (status) => {
      const network = new Network({ [RESOURCE]: [status, ''] });
      expect(await search(network)).toMatchObject({ kind: 'transport', code: 'MCP_AUTH_UNREACHABLE' });
      expect(network.requests).toHaveLength(1);
    },
  );

  test.each([
    'https://as.example/',
    'https://AS.example',
    'https://as.example:443',
    'https://other.example',
    undefined,
  ])('refuses metadata with the issuer %s', async (issuer) => {
    const network = new Network({ ...found, [SERVER]: [200, { ...metadata(''), issuer }] });
    expect(await search(network)).toMatchObject({ code: 'MCP_ISSUER_MISMATCH' });
  });

  test.each([
    ['no PKCE list', { code_challenge_methods_supported: undefined }],
    ['plain PKCE only', { code_challenge_methods_supported: ['plain'] }],
    ['no token endpoint', { token_endpoint: undefined }],
    ['other grants only', { grant_types_supported: ['client_credentials'] }],
  ])('refuses a server with %s', async (_what, more) => {
    const network = new Network({ ...found, [SERVER]: [200, metadata('https://as.example', more)] });
    expect(await search(network)).toMatchObject({ code: 'MCP_AUTH_UNSUPPORTED' });
  });

  test('refuses a server with an endpoint at a private address', async () => {
    const more = { token_endpoint: 'https://169.254.169.254/token' };
    const network = new Network({ ...found, [SERVER]: [200, metadata('https://as.example', more)] });
    expect(await search(network)).toMatchObject({ code: 'MCP_AUTH_URL_FORBIDDEN' });
  });

  test('falls back to the origin only if nothing is found, and only if that is allowed', async () => {
    expect(await search(new Network({}))).toMatchObject({
      resource: 'https://mcp.example/mcp',
      metadata: { issuer: 'https://mcp.example', token_endpoint: 'https://mcp.example/token' },
    });
    expect(await search(new Network({}), { legacyDiscovery: false })).toMatchObject({
      code: 'MCP_AUTH_DISCOVERY_FAILED',
    });
  });

  test('uses given metadata without requesting any', async () => {
    const network = new Network({});
    const authorizationServer = metadata('https://as.example') as { issuer: string };
    expect(await search(network, { authorizationServer, resource: false })).toMatchObject({
      resource: undefined,
      metadata: { issuer: 'https://as.example' },
    });
    expect(network.urls.filter((url) => url.startsWith('as.example'))).toEqual([]);
  });

  test('knows all places of metadata of an issuer with a path', () => {
    expect(metadataPlaces(new URL('https://as.example/t/'))).toEqual([
      'https://as.example/.well-known/oauth-authorization-server/t',
      'https://as.example/.well-known/openid-configuration/t',
      'https://as.example/t/.well-known/openid-configuration',
    ]);
  });

  test('accepts a resource that is a parent at a segment boundary', () => {
    const server = new URL('https://mcp.example/a/b');
    const resources = [
      'https://mcp.example',
      'https://mcp.example/a',
      'https://mcp.example/a/b',
      'https://mcp.example/a/',
    ];
    expect(resources.map((one) => covers(one, server))).toEqual([true, true, true, true]);
    const others = ['https://mcp.example/a/b/c', 'https://mcp.example/ab', 'https://mcp.example/#a', 'nonsense'];
    expect(others.map((one) => covers(one, server))).toEqual([false, false, false, false]);
  });
});

describe('registration', () => {
  const request = {
    metadata: { issuer: 'https://as.example' },
    endpoint: 'https://as.example/register',
    redirectUri: 'http://127.0.0.1:1/callback',
    clientName: 'test',
    clientUri: undefined,
    logoUri: undefined,
    scopes: ['a'],
  };
  const bodies = (network: Network) =>
    network.requests.map(({ body = '' }) => JSON.parse(body) as Record<string, unknown>);

  test('accepts any success with a client id, and takes no secret for the method `none`', async () => {
    const network = new Network(() => [
      200,
      { client_id: 'id', client_secret: 's', token_endpoint_auth_method: 'none' },
    ]);
    expect(await register(request, network, signal)).toMatchObject({
      id: 'id',
      secret: undefined,
      method: 'none',
      dynamic: true,
    });
    expect(bodies(network)[0]).toMatchObject({
      application_type: 'native',
      grant_types: ['authorization_code', 'refresh_token'],
      scope: 'a',
      token_endpoint_auth_method: 'none',
    });
  });

  test('authenticates with Basic when the response has a secret and names no method', async () => {
    const network = new Network(() => [201, { client_id: 'id', client_secret: 's' }]);
    expect(await register(request, network, signal)).toMatchObject({ secret: 's', method: 'client_secret_basic' });
  });

  test('tries once more without scopes, and then reports the refusal', async () => {
    const network = new Network(() => [400, { error: 'invalid_client_metadata', error_description: 'no' }]);
    await expect(register(request, network, signal)).rejects.toMatchObject({ code: 'MCP_REGISTRATION_REFUSED' });
    expect(bodies(network).map(({ scope }) => scope)).toEqual(['a', undefined]);
  });

  test('tries once more with localhost when the redirect URI is refused', async () => {
    const network = new Network(({ body = '' }) =>
      body.includes('localhost') ? [201, { client_id: 'id' }] : [400, { error: 'invalid_redirect_uri' }],
    );
    expect(await register(request, network, signal)).toMatchObject({ redirectUri: 'http://localhost:1/callback' });
  });

  test('reports an outage as one', async () => {
    await expect(register(request, new Network(() => [503, '']), signal)).rejects.toMatchObject({
      code: 'MCP_AUTH_UNREACHABLE',
    });
  });
});

describe('a token response', () => {
  const context = {
    issuer: 'https://as.example',
    phase: 'refresh',
    sent: ['hunter2'],
    now: 0,
    binding: 'none',
  } as const;
  const read = (...reply: Reply) => readTokenResponse(response(reply), context);

  test.each([
    ['201', 201, { access_token: 'a', token_type: 'Bearer' }],
    ['nulls', 200, { access_token: 'a', token_type: 'bearer', refresh_token: null, scope: null, expires_in: null }],
    ['no token type', 200, { access_token: 'a' }],
    ['an id token', 200, { access_token: 'a', id_token: 12 }],
  ])('with %s is accepted', (_what, status, body) => {
    expect(read(status, body)).toEqual({
      accessToken: 'a',
      isBound: false,
      refreshToken: undefined,
      expiresIn: undefined,
      scopes: undefined,
    });
  });

  test('with a number as text is accepted', () => {
    expect(read(200, { access_token: 'a', expires_in: '60', scope: 'x y' })).toMatchObject({
      expiresIn: 60,
      scopes: ['x', 'y'],
    });
  });

  test.each([0, -1, '', false, [], 'soon', '1e3x'])('with the lifetime %j has none that is known', (lifetime) => {
    expect(read(200, { access_token: 'a', expires_in: lifetime })).toMatchObject({ expiresIn: undefined });
  });

  test.each([
    ['an error in a 200', 200, { error: 'bad_verification_code' }],
    ['an error in a 401', 401, { error: 'invalid_client' }],
  ])('with %s is a refusal', (_what, status, body) => {
    expect(read(status, body)).toMatchObject({
      code: 'MCP_TOKEN_REQUEST_REFUSED',
      details: { error: body.error, status },
    });
  });

  test.each([
    [500, { error: 'server_error' }],
    [400, { error: 'server_error' }],
    [400, { error: 'temporarily_unavailable' }],
    [400, { error: 'slow_down' }],
    [503, ''],
    [429, ''],
    [400, '<html>'],
    [200, '<html>'],
    [307, ''],
  ])('with HTTP %d and %j is an outage', (status, body) => {
    expect(read(status, body)).toMatchObject({ kind: 'transport', code: 'MCP_AUTH_UNREACHABLE' });
  });

  test.each(['a b', 'a\n', 'ä', ''])('with the token %j is invalid', (token) => {
    expect(read(200, { access_token: token })).toMatchObject({ code: 'MCP_AUTH_RESPONSE_INVALID' });
  });

  test('with another token type is invalid', () => {
    expect(read(200, { access_token: 'a', token_type: 'mac' })).toMatchObject({ code: 'MCP_AUTH_RESPONSE_INVALID' });
  });

  test('never shows a value that was sent', () => {
    const refusal = read(400, { error: 'invalid_grant', error_description: 'unknown token hunter2' });
    expect(JSON.stringify(refusal)).not.toContain('hunter2');
  });
});

describe('client authentication', () => {
  const client: ClientIdentity = { id: 'a-b:c', secret: 'd+e %', method: 'none', dynamic: false, redirectUri: '' };
  const sent = (method: ClientIdentity['method']) => {
    const body = new URLSearchParams();
    const headers = new Headers();
    authenticationOf({ ...client, method }, { audience: '', now: 0, newId: () => '' })({}, {}, body, headers);
    return { body: Object.fromEntries(body), authorization: headers.get('authorization') };
  };

  test('with Basic encodes as forms do', () => {
    const encoded = Buffer.from('a-b%3Ac:d%2Be+%25').toString('base64');
    expect(sent('client_secret_basic')).toEqual({ body: {}, authorization: `Basic ${encoded}` });
  });

  test('uses one method only, and sends no secret with `none`', () => {
    expect(sent('client_secret_post')).toEqual({
      body: { client_id: 'a-b:c', client_secret: 'd+e %' },
      authorization: null,
    });
    expect(sent('none')).toEqual({ body: { client_id: 'a-b:c' }, authorization: null });
  });

  test('is Basic unless the server lists only others', () => {
    expect([
      methodFor('s', undefined),
      methodFor('s', ['client_secret_post']),
      methodFor('s', ['private_key_jwt']),
    ]).toEqual(['client_secret_basic', 'client_secret_post', 'client_secret_basic']);
  });
});

describe('scopes', () => {
  const sources = {
    challenged: undefined,
    ofResource: ['r1', 'r2'],
    ofServer: undefined,
    earlier: [],
    offlineAccess: true,
    choose: (asked: readonly string[]) => asked,
  };

  test('are those of the challenge, else all of the resource, and all earlier ones', () => {
    expect(scopesToRequest(sources)).toEqual(['r1', 'r2']);
    expect(scopesToRequest({ ...sources, challenged: ['c'], earlier: ['e'] })).toEqual(['e', 'c']);
    expect(scopesToRequest({ ...sources, ofResource: undefined })).toEqual([]);
  });

  test('include offline_access only where the server lists it', () => {
    expect(scopesToRequest({ ...sources, ofServer: ['offline_access'] })).toEqual(['r1', 'r2', 'offline_access']);
    expect(scopesToRequest({ ...sources, ofServer: ['offline_access'], offlineAccess: false })).toEqual(['r1', 'r2']);
  });

  test('are limited, and malformed ones are left out', () => {
    expect(readScopes('a  b "c" d\\ ä')).toEqual(['a', 'b']);
    expect(union(Array.from({ length: 100 }, (_, index) => `s${index}`))).toHaveLength(64);
    expect(union(['x'.repeat(5_000), 'y'])).toEqual([]);
  });
});

describe('locks', () => {
  test('are held by one at a time, in order, and given up by an abort', async () => {
    const locks = new LocalLocks();
    const order: string[] = [];
    const release = await locks.take('a', signal);
    const given = new AbortController();
    const aborted = locks.take('a', given.signal).catch(() => order.push('aborted'));
    const next = locks.take('a', signal).then((done) => {
      order.push('next');
      done();
    });
    const releaseOther = await locks.take('b', signal);
    releaseOther();
    given.abort(new Error('given up'));
    await aborted;
    expect(order).toEqual(['aborted']);
    release();
    await next;
    expect(order).toEqual(['aborted', 'next']);
    const releaseLast = await locks.take('a', signal);
    releaseLast();
  });
});
