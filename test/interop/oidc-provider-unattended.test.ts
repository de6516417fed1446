import { generateKeyPairSync, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

import { clientCredentials, enterprise, oauth } from '../../src/auth/index.js';
import type { ClientOption, OAuth } from '../../src/auth/index.js';
import { HttpTransport, MCPClient } from '../../src/index.js';
import { endAfterEach } from '../support/endings.js';
import { errorFrom } from '../support/outcomes.js';
import { HttpProcess } from '../support/servers/http-process.js';
import { callTwenty, untilTokensExpire } from '../support/servers/oidc-provider.js';

jest.setTimeout(60_000);

const endLater = endAfterEach();
const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

const ofRobot = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ofSSO = generateKeyPairSync('ec', { namedCurve: 'P-256' });

const pem = (key: KeyObject): string => String(key.export({ format: 'pem', type: 'pkcs8' }));
const jwk = (key: KeyObject): object => key.export({ format: 'jwk' });

const WITHOUT_PAGE = { redirect_uris: [], response_types: [] };

const CLIENTS = [
  {
    ...WITHOUT_PAGE,
    client_id: 'robot-with-key',
    grant_types: ['client_credentials'],
    token_endpoint_auth_method: 'private_key_jwt',
    token_endpoint_auth_signing_alg: 'ES256',
    jwks: { keys: [{ ...jwk(ofRobot.publicKey), use: 'sig' }] },
    scope: 'mcp',
  },
  {
    ...WITHOUT_PAGE,
    client_id: 'robot-with-secret',
    client_secret: 'secret of robot: +1%',
    grant_types: ['client_credentials'],
    scope: 'mcp',
  },
  {
    ...WITHOUT_PAGE,
    client_id: 'at-idp',
    grant_types: [TOKEN_EXCHANGE],
    token_endpoint_auth_method: 'none',
  },
  { ...WITHOUT_PAGE, client_id: 'at-mcp', client_secret: 'secret-at-mcp', grant_types: [JWT_BEARER] },
];

let server: HttpProcess;

beforeEach(async () => {
  server = await HttpProcess.oidcProvider({
    CLIENTS: JSON.stringify(CLIENTS),
    IDENTITY_KEY: JSON.stringify(jwk(ofSSO.publicKey)),
  });
  endLater(() => server.kill());
});

function clientOf(auth: OAuth): MCPClient {
  const client = new MCPClient(new HttpTransport(server.url, { auth }));
  endLater(() => client.close());
  return client;
}

test.each<[string, ClientOption]>([
  ['a key', { id: 'robot-with-key', key: pem(ofRobot.privateKey) }],
  ['a secret', { id: 'robot-with-secret', secret: 'secret of robot: +1%' }],
])(
  'client credentials with %s give one token for twenty calls, and another one when it has expired',
  async (_what, client) => {
    const mcp = clientOf(oauth({ grant: clientCredentials(), client }));
    await mcp.connect();
    await untilTokensExpire();
    const before = server.count('granted client_credentials');
    expect(await callTwenty(mcp)).toEqual(new Set(['done']));
    expect(server.count('granted client_credentials') - before).toBe(1);
    expect(mcp.authorization).toMatchObject({ state: 'authorized', scopes: ['mcp'] });
  },
);

test('client credentials with a key give tokens that are bound to another key, where proofs need a nonce', async () => {
  const bound = await HttpProcess.oidcProvider({
    ...{ CLIENTS: JSON.stringify(CLIENTS), DPOP: '1' },
    IDENTITY_KEY: JSON.stringify(jwk(ofSSO.publicKey)),
  });
  endLater(() => bound.kill());
  const client = { id: 'robot-with-key', key: pem(ofRobot.privateKey) };
  const auth = oauth({ grant: clientCredentials(), client, dpop: true });
  const mcp = new MCPClient(new HttpTransport(bound.url, { auth }));
  endLater(() => mcp.close());
  await mcp.connect();
  await untilTokensExpire();
  expect(await callTwenty(mcp)).toEqual(new Set(['done']));
  expect(bound.count('granted client_credentials')).toBe(2);
});

test('client credentials with the key of another client are refused', async () => {
  const client = { id: 'robot-with-key', key: pem(ofSSO.privateKey) };
  expect(await errorFrom(clientOf(oauth({ grant: clientCredentials(), client })).connect())).toMatchObject({
    code: 'MCP_TOKEN_REQUEST_REFUSED',
    details: { error: 'invalid_client', status: 401 },
  });
});

/** An identity token, as the single sign-on of an enterprise gives it. */
function identity(key: KeyObject): string {
  const now = Math.floor(Date.now() / 1_000);
  const parts = [{ alg: 'ES256' }, { sub: 'person', aud: 'at-idp', iat: now, exp: now + 60 }];
  const input = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return `${input}.${sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

describe('the single sign-on of an enterprise', () => {
  const enterpriseWith = (key: KeyObject): OAuth =>
    oauth({
      grant: enterprise({
        idp: { tokenEndpoint: `${new URL(server.url).origin}/token`, clientId: 'at-idp' },
        identity: () => ({ token: identity(key), type: 'id_token' }),
      }),
      client: { id: 'at-mcp', secret: 'secret-at-mcp' },
    });

  test('gives an assertion and then a token, and both again when the token has expired', async () => {
    const client = clientOf(enterpriseWith(ofSSO.privateKey));
    await client.connect();
    await untilTokensExpire();
    const before = [TOKEN_EXCHANGE, JWT_BEARER].map((type) => server.count(`granted ${type}`));
    expect(await callTwenty(client)).toEqual(new Set(['done']));
    const after = [TOKEN_EXCHANGE, JWT_BEARER].map((type) => server.count(`granted ${type}`));
    expect(after.map((count, index) => count - (before[index] ?? 0))).toEqual([1, 1]);
  });

  test('is refused with an identity that the provider has not signed', async () => {
    expect(await errorFrom(clientOf(enterpriseWith(ofRobot.privateKey)).connect())).toMatchObject({
      code: 'MCP_TOKEN_REQUEST_REFUSED',
      details: { error: 'invalid_grant' },
    });
  });
});
