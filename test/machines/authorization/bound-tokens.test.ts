import type { OAuthOptions, SignInPrompt, TokenStore } from '../../../src/auth/index.js';
import { clientCredentials, memoryStore } from '../../../src/auth/index.js';
import { HttpTransport, MCPClient } from '../../../src/index.js';
import { AuthorizationServer, protectedServer, signedIn } from '../../support/servers/authorization-server.js';
import { textOf } from '../../support/servers/fixture-servers.js';
import type { HttpVisit, ScriptedHttpServer } from '../../support/servers/http-server.js';
import { readProof, sha256 } from '../../support/servers/proofs.js';
import type { Proof } from '../../support/servers/proofs.js';

let as: AuthorizationServer;
let server: ScriptedHttpServer;
let prompts: SignInPrompt[];
/** The proofs of requests to the token endpoint, and to the MCP server with a token. */
let ofTokens: (Proof | undefined)[];
let ofRequests: (Proof | undefined)[];
/** The nonces that the servers require; none if undefined. */
let nonces: { as?: string; mcp?: string };
/** What the token endpoint answers in place of its type. */
let tokenType: string | undefined;
/** How the MCP server announces that tokens must be bound. */
let announces: 'challenge' | 'metadata' | 'nowhere';
let algorithms: readonly string[] | undefined;
let refusesAllNonces: boolean;
const clients: MCPClient[] = [];

beforeEach(async () => {
  as = new AuthorizationServer();
  prompts = [];
  ofTokens = [];
  ofRequests = [];
  nonces = {};
  tokenType = 'DPoP';
  announces = 'challenge';
  algorithms = ['ES256'];
  refusesAllNonces = false;
  as.twist = answerAuthorization;
  server = await protectedServer(as, answerMCP);
});

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  await server.close();
});

function answerAuthorization(visit: HttpVisit): boolean {
  const origin = `http://${visit.headers.host ?? ''}`;
  if (visit.path === '/as/token') return answerToken(visit);
  if (visit.path === '/.well-known/oauth-authorization-server/as') {
    visit.json({ ...as.metadata(origin), dpop_signing_alg_values_supported: algorithms });
    return true;
  }
  if (visit.path !== '/.well-known/oauth-protected-resource/mcp' || announces !== 'metadata') return false;
  visit.json({
    ...{ resource: `${origin}/mcp`, authorization_servers: [`${origin}/as`] },
    dpop_bound_access_tokens_required: true,
  });
  return true;
}

/** The proof of a refresh must have the key of the sign-in. */
function answerToken(visit: HttpVisit): boolean {
  const proof = readProof(visit.headers.dpop);
  ofTokens.push(proof);
  if (nonces.as !== undefined && proof?.claims.nonce !== nonces.as) {
    visit.json({ error: 'use_dpop_nonce' }, 400, { 'dpop-nonce': nonces.as });
    return true;
  }
  const form = new URLSearchParams(visit.body);
  if (form.has('refresh_token') && proof?.thumbprint !== ofTokens[0]?.thumbprint) {
    visit.json({ error: 'invalid_grant' }, 400);
    return true;
  }
  as.forms.push(form);
  visit.json(
    { ...as.issue('mcp'), token_type: tokenType },
    200,
    nonces.as === undefined ? {} : { 'dpop-nonce': nonces.as },
  );
  return true;
}

function answerMCP(visit: HttpVisit): boolean {
  const [scheme, token = ''] = (visit.headers.authorization ?? '').split(' ');
  const metadata = `http://${visit.headers.host ?? ''}/.well-known/oauth-protected-resource/mcp`;
  const refuse = (error: string, headers: Record<string, string> = {}): boolean => {
    const asked = announces === 'challenge' ? 'DPoP' : 'Bearer';
    visit.status(401, { 'www-authenticate': `${asked} error="${error}", resource_metadata="${metadata}"`, ...headers });
    return true;
  };
  if (!as.valid.has(token)) return refuse('invalid_token');
  const proof = readProof(visit.headers.dpop);
  if (scheme === 'DPoP') ofRequests.push(proof);
  if (scheme !== (tokenType === 'DPoP' ? 'DPoP' : 'Bearer')) return refuse('invalid_token');
  if (nonces.mcp !== undefined && (refusesAllNonces || proof?.claims.nonce !== nonces.mcp))
    return refuse('use_dpop_nonce', { 'dpop-nonce': nonces.mcp });
  return false;
}

async function connect(options: Partial<OAuthOptions> = {}): Promise<MCPClient> {
  const client = new MCPClient(new HttpTransport(server.url, { auth: signedIn(prompts, options) }));
  clients.push(client);
  await client.connect();
  return client;
}

const call = async (client: MCPClient): Promise<string> => textOf(await client.callTool('buy'));

test('a server that begins to require bound tokens costs a sign-in, and no refresh that is of no use', async () => {
  tokenType = 'Bearer';
  announces = 'nowhere';
  const client = await connect();
  tokenType = 'DPoP';
  announces = 'challenge';
  as.expire();
  expect(await call(client)).toBe('done');
  expect(as.forms.map((form) => form.get('grant_type'))).toEqual(['authorization_code', 'authorization_code']);
  expect(prompts).toHaveLength(2);
  expect(ofRequests.length).toBeGreaterThan(0);
});

test.each(['challenge', 'metadata'] as const)(
  'a server whose %s requires it gets a proof with each request',
  async (how) => {
    announces = how;
    const client = await connect();
    expect([await call(client), await call(client)]).toEqual(['done', 'done']);
    const key = ofTokens[0]?.thumbprint;
    expect(ofTokens).toMatchObject([{ claims: { htm: 'POST', htu: `${new URL(server.url).origin}/as/token` } }]);
    expect(as.pages[0]?.get('dpop_jkt')).toBe(key);
    expect(ofRequests.length).toBeGreaterThan(2);
    const [token = ''] = as.valid;
    for (const proof of ofRequests)
      expect(proof).toMatchObject({
        thumbprint: key,
        claims: { htm: 'POST', htu: server.url.toString(), ath: sha256(token) },
      });
    expect(new Set(ofRequests.map((proof) => proof?.claims.jti)).size).toBe(ofRequests.length);
    expect(prompts).toHaveLength(1);
  },
);

test('nonces of both servers are used, and kept until there are others', async () => {
  nonces = { as: 'as 1', mcp: 'mcp 1' };
  const client = await connect();
  expect(await call(client)).toBe('done');
  expect(ofTokens.map((proof) => proof?.claims.nonce)).toEqual([undefined, 'as 1']);
  // One request found out.
  expect(ofRequests.filter((proof) => proof?.claims.nonce === undefined)).toHaveLength(1);
  nonces.mcp = 'mcp 2';
  expect(await call(client)).toBe('done');
  expect(ofRequests.slice(-2).map((proof) => proof?.claims.nonce)).toEqual(['mcp 1', 'mcp 2']);
  expect(prompts).toHaveLength(1);
});

test('a server that is content with no nonce ends the call, and no person is asked again', async () => {
  const client = await connect();
  nonces = { mcp: 'never right' };
  refusesAllNonces = true;
  const before = ofRequests.length;
  await expect(client.callTool('buy')).rejects.toMatchObject({ code: 'MCP_AUTHENTICATION_REQUIRED' });
  expect(ofRequests.length - before).toBe(3);
  expect(prompts).toHaveLength(1);
});

test('a nonce that expires in the middle of a refused token costs no attempt of the refresh', async () => {
  nonces = { mcp: 'mcp 1' };
  const client = await connect();
  as.expire();
  nonces.mcp = 'mcp 2';
  expect(await call(client)).toBe('done');
  expect(as.forms.map((form) => form.get('grant_type'))).toEqual(['authorization_code', 'refresh_token']);
});

test('refreshed tokens, also those of a later client, are bound to the key of the sign-in', async () => {
  const store = memoryStore();
  const first = await connect({ store });
  await first.close();
  as.expire();
  const second = await connect({ store });
  expect(await call(second)).toBe('done');
  expect(new Set([...ofTokens, ...ofRequests].map((proof) => proof?.thumbprint)).size).toBe(1);
  expect(prompts).toHaveLength(1);
});

test('a stored token whose key is damaged is not used', async () => {
  const values = new Map<string, string>();
  const store: TokenStore = {
    read: (key) => Promise.resolve(values.get(key)),
    write: (key, value) => {
      if (value === undefined) values.delete(key);
      else values.set(key, value.replace(/"d":"[^"]*"/, '"d":"AA"'));
      return Promise.resolve(true);
    },
  };
  await (await connect({ store })).close();
  const second = await connect({ store });
  expect(await call(second)).toBe('done');
  expect(prompts).toHaveLength(2);
});

test('tokens that no person signs in for are bound, too, and renewed with the same key', async () => {
  nonces = { as: 'as 1', mcp: 'mcp 1' };
  as.issuesRefreshTokens = false;
  const client = await connect({ grant: clientCredentials(), client: { id: 'machine', secret: 'hush' } });
  expect(await call(client)).toBe('done');
  as.expire();
  expect(await call(client)).toBe('done');
  expect(as.forms.map((form) => form.get('grant_type'))).toEqual(['client_credentials', 'client_credentials']);
  expect(new Set([...ofTokens, ...ofRequests].map((proof) => proof?.thumbprint)).size).toBe(1);
});

test('an authorization server that gives Bearer tokens all the same is believed', async () => {
  tokenType = 'Bearer';
  announces = 'metadata';
  const client = await connect();
  expect(await call(client)).toBe('done');
  expect(ofRequests).toEqual([]);
});

test.each([['Bearer'], [undefined]])('with `dpop: true` a token of type %s is refused', async (type) => {
  tokenType = type;
  await expect(connect({ dpop: true })).rejects.toMatchObject({ code: 'MCP_AUTH_RESPONSE_INVALID' });
});

test('with `dpop: true` tokens are bound although no server requires it', async () => {
  announces = 'nowhere';
  const client = await connect({ dpop: true });
  expect(await call(client)).toBe('done');
  expect(ofRequests.length).toBeGreaterThan(0);
});

test('with `dpop: false` no proof is sent, and a bound token is refused', async () => {
  await expect(connect({ dpop: false })).rejects.toMatchObject({ code: 'MCP_AUTH_RESPONSE_INVALID' });
  expect(ofTokens).toEqual([undefined]);
});

test('an authorization server without the algorithm cannot be used', async () => {
  algorithms = ['RS256'];
  await expect(connect()).rejects.toMatchObject({
    code: 'MCP_AUTH_UNSUPPORTED',
    message: expect.stringContaining('ES256') as string,
  });
});

test('one that lists no algorithms may have it', async () => {
  algorithms = undefined;
  expect(await call(await connect())).toBe('done');
});

test('a refreshed token that is not bound any more is sent without a proof', async () => {
  announces = 'metadata';
  const client = await connect();
  as.expire();
  tokenType = 'Bearer';
  expect(await call(client)).toBe('done');
  expect(as.forms.map((form) => form.get('grant_type'))).toEqual(['authorization_code', 'refresh_token']);
  expect(prompts).toHaveLength(1);
});
