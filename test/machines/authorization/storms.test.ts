import { device, oauth } from '../../../src/auth/index.js';
import { HttpTransport, MCPClient } from '../../../src/index.js';
import type { Environment } from '../../../src/util/environment.js';
import { systemEnvironment } from '../../../src/util/environment.js';
import { endAfterEach } from '../../support/endings.js';
import { errorFrom } from '../../support/outcomes.js';
import { AuthorizationServer, protectedServer, signedIn } from '../../support/servers/authorization-server.js';
import type { HttpVisit, ScriptedHttpServer } from '../../support/servers/http-server.js';

const endLater = endAfterEach();

let as: AuthorizationServer;
let server: ScriptedHttpServer;
let nonces: number;

beforeEach(async () => {
  as = new AuthorizationServer();
  nonces = 0;
});

async function start(script?: (visit: HttpVisit, token: string | undefined) => boolean): Promise<void> {
  server = await protectedServer(as, script);
  endLater(() => server.close());
}

function clientOf(auth: ReturnType<typeof oauth>, environment: Environment = systemEnvironment): MCPClient {
  const client = new MCPClient(new HttpTransport(server.url, { auth }), { environment });
  endLater(() => client.close());
  return client;
}

const tokenRequests = (): number => as.requests.filter((request) => request === 'POST /as/token').length;

/** A new nonce with each refusal. */
const nextNonce = (): Record<string, string> => ({ 'dpop-nonce': `nonce-${(nonces += 1)}` });

function bindTokens(token: (visit: HttpVisit) => void): void {
  as.twist = (visit) => {
    const isToken = visit.path === '/as/token';
    if (isToken) token(visit);
    return isToken;
  };
}

test('a token endpoint that requires another nonce each time gets two requests, and the error names use_dpop_nonce', async () => {
  await start();
  bindTokens((visit) => {
    visit.json({ error: 'use_dpop_nonce' }, 400, nextNonce());
  });
  const error = await errorFrom(clientOf(signedIn([], { dpop: true })).connect());
  expect(error).toMatchObject({ code: 'MCP_TOKEN_REQUEST_REFUSED', details: { error: 'use_dpop_nonce' } });
  expect(error.message).toContain('use_dpop_nonce');
  expect(tokenRequests()).toBe(2);
});

test('an MCP server that requires another nonce each time gets three requests a call, and no token is renewed', async () => {
  let storms = false;
  let refused = 0;
  await start((visit, token) => {
    if (token === undefined || !storms) return false;
    refused += 1;
    visit.status(401, { 'www-authenticate': 'DPoP error="use_dpop_nonce"', ...nextNonce() });
    return true;
  });
  bindTokens((visit) => {
    visit.json({ ...as.issue(''), token_type: 'DPoP' });
  });
  const client = clientOf(signedIn([], { dpop: true }));
  await client.connect();
  storms = true;
  const calls = await Promise.all(Array.from({ length: 5 }, () => errorFrom(client.callTool('buy'))));
  for (const error of calls) {
    expect(error).toMatchObject({ code: 'MCP_AUTHENTICATION_REQUIRED' });
    expect(error.message).toContain('use_dpop_nonce');
  }
  expect([refused, tokenRequests()]).toEqual([15, 1]);
});

test('a server that answers each poll with slow_down gets at most four until its code expires', async () => {
  await start();
  as.polls = Array<string>(100).fill('slow_down');
  const requestTimeout = 9_999;
  // Time passes 20 times as fast, but not for requests.
  const environment: Environment = {
    ...systemEnvironment,
    setTimeout: (callback, delay) =>
      systemEnvironment.setTimeout(callback, delay === requestTimeout ? delay : delay / 20),
  };
  const grant = device({ onPrompt: () => undefined });
  const client = clientOf(oauth({ grant, network: { timeout: requestTimeout } }), environment);
  const signedIn = await errorFrom(client.signIn());
  expect(signedIn).toMatchObject({ code: 'MCP_SIGN_IN_TIMEOUT', details: { timeout: 61_000 } });
  // After 7, 19, 36 and 58 s; the code is valid for 61 s.
  expect(tokenRequests()).toBeGreaterThan(0);
  expect(tokenRequests()).toBeLessThanOrEqual(4);
});
