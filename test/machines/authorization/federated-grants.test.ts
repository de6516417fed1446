import { generateKeyPairSync } from 'node:crypto';
import { inspect } from 'node:util';

import { enterprise, memoryStore, oauth, workloadIdentity } from '../../../src/auth/index.js';
import type { EnterpriseIdentity, EnterpriseIdp, OAuthOptions, TokenStore } from '../../../src/auth/index.js';
import { HttpTransport, MCPClient } from '../../../src/index.js';
import { systemEnvironment } from '../../../src/util/environment.js';
import { errorFrom, errorThrownBy } from '../../support/outcomes.js';
import { AuthorizationServer, protectedServer } from '../../support/servers/authorization-server.js';
import { textOf } from '../../support/servers/fixture-servers.js';
import { ScriptedHttpServer } from '../../support/servers/http-server.js';
import type { HttpVisit } from '../../support/servers/http-server.js';

const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const ID_JAG = 'urn:ietf:params:oauth:token-type:id-jag';
const CLIENT = { id: 'at-mcp', secret: 'secret-at-mcp' };

let as: AuthorizationServer;
let server: ScriptedHttpServer;
/** The identity provider, the forms that it received, and how it answers the next ones. */
let idp: ScriptedHttpServer;
let exchanges: { form: URLSearchParams; authorization: string | undefined }[];
let answers: ((visit: HttpVisit) => void)[];
const clients: MCPClient[] = [];

beforeEach(async () => {
  as = new AuthorizationServer();
  exchanges = [];
  answers = [];
  server = await protectedServer(as);
  idp = await ScriptedHttpServer.start((visit) => {
    exchanges.push({ form: new URLSearchParams(visit.body), authorization: visit.headers.authorization });
    const answer = answers.shift();
    if (answer !== undefined) answer(visit);
    else visit.json({ access_token: `id-jag-${exchanges.length}`, issued_token_type: ID_JAG, token_type: 'N_A' });
  });
});

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  await Promise.all([server.close(), idp.close()]);
});

function clientOf(options: OAuthOptions): MCPClient {
  const client = new MCPClient(new HttpTransport(server.url, { auth: oauth(options) }));
  clients.push(client);
  return client;
}

describe('workloadIdentity()', () => {
  test('presents a new assertion for each token, without a secret', async () => {
    let number = 0;
    const grant = workloadIdentity({ assertion: () => Promise.resolve(`assertion-${(number += 1)}\n`) });
    const client = clientOf({ grant, client: { id: 'workload' }, scopes: ['a'] });
    await client.connect();
    as.expire();
    expect(textOf(await client.callTool('buy'))).toBe('done');
    expect(as.forms.map((form) => Object.fromEntries(form))).toEqual(
      ['assertion-1', 'assertion-2'].map((assertion) => ({
        ...{ grant_type: JWT_BEARER, assertion, client_id: 'workload', resource: server.url, scope: 'a' },
      })),
    );
    expect(client.authorization?.state).toBe('authorized');
  });

  test('names the server for which the assertion is, and presents none to the server of another one', async () => {
    const assertion = jest.fn(() => 'assertion');
    const auth = oauth({ grant: workloadIdentity({ assertion }), client: { id: 'workload' } });
    const connect = async (url: string): Promise<void> => {
      const client = new MCPClient(new HttpTransport(url, { auth }));
      clients.push(client);
      await client.connect();
    };
    await connect(server.url);
    expect(assertion.mock.calls).toEqual([[{ issuer: `${server.origin}/as`, resource: server.url }]]);
    const other = new AuthorizationServer();
    const foreign = await protectedServer(other);
    const { origin } = foreign;
    const problem = await errorFrom(connect(foreign.url));
    await foreign.close();
    expect(problem).toMatchObject({ code: 'MCP_CLIENT_UNKNOWN', details: { issuer: `${origin}/as` } });
    expect(other.forms).toEqual([]);
  });

  test('sends a refused assertion once, tries no other grant, and does not show it', async () => {
    let requests = 0;
    as.twist = (visit) => {
      if (visit.path !== '/as/token') return false;
      requests += 1;
      const { assertion } = Object.fromEntries(new URLSearchParams(visit.body));
      visit.json({ error: 'invalid_grant', error_description: `bad ${assertion}` }, 400);
      return true;
    };
    const grant = workloadIdentity({ assertion: () => 'assertion-of-platform' });
    const problem = await errorFrom(clientOf({ grant, client: { id: 'workload' } }).connect());
    expect(problem).toMatchObject({ code: 'MCP_TOKEN_REQUEST_REFUSED', details: { error: 'invalid_grant' } });
    expect(requests).toBe(1);
    expect(as.requests.filter((one) => !one.startsWith('GET'))).toEqual(['POST /as/token']);
    expect(`${inspect(problem, { depth: 8 })}${problem.explain()}`).not.toContain('assertion-of-platform');
  });

  test.each<[string, () => unknown, string]>([
    ['throws', () => Promise.reject(new Error('no such file')), 'assertion() failed: no such file'],
    ['returns nothing', () => undefined, 'assertion() must resolve with a string that is not empty'],
    ['returns blanks', () => ' \n', 'assertion() must resolve with a string that is not empty'],
  ])('fails the calls when `assertion` %s', async (_what, assertion, message) => {
    const grant = workloadIdentity({ assertion: assertion as () => string });
    const problem = await errorFrom(clientOf({ grant, client: { id: 'workload' } }).connect());
    expect(problem).toMatchObject({ name: 'MCPAuthenticationError', code: 'MCP_GRANT_FAILED' });
    expect(problem.message).toContain(message);
    expect(as.forms).toEqual([]);
  });
});

describe('enterprise()', () => {
  const identityOf = (...tokens: string[]) => {
    let number = 0;
    return (): EnterpriseIdentity => ({ token: tokens[number++] ?? 'no more', type: 'id_token' });
  };
  const grantOf = (
    identity: () => EnterpriseIdentity | Promise<EnterpriseIdentity>,
    more: Partial<EnterpriseIdp> = {},
  ) => enterprise({ idp: { tokenEndpoint: `${idp.origin}/token`, clientId: 'at-idp', ...more }, identity });

  test('exchanges the identity at the provider, and the assertion at the authorization server', async () => {
    const values = new Map<string, string>();
    const memory = memoryStore();
    const store: TokenStore = {
      read: (key) => memory.read(key),
      write: (key, value = '', expected) => {
        values.set(key, value);
        return memory.write(key, value, expected);
      },
    };
    const client = clientOf({ grant: grantOf(identityOf('identity-1')), client: CLIENT, scopes: ['a', 'b'], store });
    await client.connect();
    expect(textOf(await client.callTool('buy'))).toBe('done');
    expect(exchanges.map(({ form }) => Object.fromEntries(form))).toEqual([
      {
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        requested_token_type: ID_JAG,
        audience: `${server.origin}/as`,
        resource: server.url,
        scope: 'a b',
        subject_token: 'identity-1',
        subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
        client_id: 'at-idp',
      },
    ]);
    expect(as.forms.map((form) => Object.fromEntries(form))).toEqual([
      { grant_type: JWT_BEARER, assertion: 'id-jag-1', resource: server.url, scope: 'a b' },
    ]);
    const basic = `Basic ${Buffer.from(`${CLIENT.id}:${CLIENT.secret}`).toString('base64')}`;
    expect(server.visits.find(({ path }) => path === '/as/token')?.headers.authorization).toBe(basic);
    const stored = [...values.values()].join();
    expect(stored).toContain('access');
    for (const secret of ['id-jag-1', 'identity-1', CLIENT.secret, 'refresh'])
      expect(stored).not.toContain(`${secret}"`);
  });

  test('repeats all steps when the token has expired', async () => {
    const client = clientOf({ grant: grantOf(identityOf('identity-1', 'identity-2')), client: CLIENT });
    await client.connect();
    as.expire();
    expect(textOf(await client.callTool('buy'))).toBe('done');
    expect(exchanges.map(({ form }) => form.get('subject_token'))).toEqual(['identity-1', 'identity-2']);
    expect(as.forms.map((form) => form.get('assertion'))).toEqual(['id-jag-1', 'id-jag-2']);
  });

  test('requests the narrower scope that the provider allows', async () => {
    answers = [
      (visit) => {
        visit.json({ access_token: 'jag', issued_token_type: ID_JAG, token_type: 'N_A', scope: 'a' });
      },
    ];
    const client = clientOf({ grant: grantOf(identityOf('identity-1')), client: CLIENT, scopes: ['a', 'b'] });
    await client.connect();
    expect(as.forms[0]?.get('scope')).toBe('a');
  });

  const refuse = (visit: HttpVisit): void => {
    visit.json(
      { error: 'invalid_grant', error_description: new URLSearchParams(visit.body).get('subject_token') },
      400,
    );
  };

  test('calls `identity` once more when the provider refuses the identity', async () => {
    answers = [refuse];
    await clientOf({ grant: grantOf(identityOf('identity-old', 'identity-new')), client: CLIENT }).connect();
    expect(exchanges.map(({ form }) => form.get('subject_token'))).toEqual(['identity-old', 'identity-new']);
  });

  test('reports the provider when it refuses the second identity, too, and shows neither', async () => {
    answers = [refuse, refuse, refuse];
    const grant = grantOf(identityOf('identity-old', 'identity-new'), { issuer: 'https://idp.example' });
    const problem = await errorFrom(clientOf({ grant, client: CLIENT }).connect());
    expect(problem).toMatchObject({
      code: 'MCP_TOKEN_REQUEST_REFUSED',
      details: { issuer: 'https://idp.example', error: 'invalid_grant' },
    });
    expect(exchanges).toHaveLength(2);
    expect(`${inspect(problem, { depth: 8 })}${problem.explain()}`).not.toContain('identity-');
    expect(as.forms).toEqual([]);
  });

  test.each<[string, object]>([
    ['an access token', { issued_token_type: 'urn:ietf:params:oauth:token-type:access_token' }],
    ['a token without a type', {}],
  ])('does not present %s as an assertion', async (_what, more) => {
    answers = [
      (visit) => {
        visit.json({ access_token: 'token', ...more });
      },
    ];
    const problem = await errorFrom(clientOf({ grant: grantOf(identityOf('identity')), client: CLIENT }).connect());
    expect(problem).toMatchObject({ code: 'MCP_AUTH_RESPONSE_INVALID' });
    expect(as.forms).toEqual([]);
  });

  test('takes an outage of the provider for one', async () => {
    answers = [
      (visit) => {
        visit.status(503);
      },
    ];
    const problem = await errorFrom(clientOf({ grant: grantOf(identityOf('identity')), client: CLIENT }).connect());
    expect(problem).toMatchObject({ name: 'MCPTransportError', code: 'MCP_AUTH_UNREACHABLE' });
    expect(exchanges).toHaveLength(1);
  });

  test('sends nothing to a provider at an address that the network rules forbid', async () => {
    const grant = enterprise({
      idp: { tokenEndpoint: 'http://idp.example/token', clientId: 'a' },
      identity: identityOf('identity'),
    });
    const problem = await errorFrom(clientOf({ grant, client: CLIENT }).connect());
    expect(problem).toMatchObject({ code: 'MCP_AUTH_URL_FORBIDDEN', details: { url: 'http://idp.example/token' } });
  });

  test('authenticates at the provider with a secret or a key', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const key = String(privateKey.export({ format: 'pem', type: 'pkcs8' }));
    await clientOf({ grant: grantOf(identityOf('one'), { secret: 'secret-at-idp' }), client: CLIENT }).connect();
    await clientOf({ grant: grantOf(identityOf('two'), { key }), client: CLIENT }).connect();
    const [withSecret, withKey] = exchanges;
    expect(withSecret?.authorization).toBe(`Basic ${Buffer.from('at-idp:secret-at-idp').toString('base64')}`);
    const [, claims = ''] = (withKey?.form.get('client_assertion') ?? '').split('.');
    expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({
      iss: 'at-idp',
      aud: `${idp.origin}/token`,
    });
  });

  test('authenticates with an assertion that is still valid when `identity` takes two minutes', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    let passed = 0;
    const environment = { ...systemEnvironment, now: () => systemEnvironment.now() + passed };
    const identity = async (): Promise<EnterpriseIdentity> => {
      passed += 120_000;
      return { token: 'identity', type: 'id_token' };
    };
    const grant = grantOf(identity, { key: String(privateKey.export({ format: 'pem', type: 'pkcs8' })) });
    const transport = new HttpTransport(server.url, { auth: oauth({ grant, client: CLIENT }) });
    const client = new MCPClient(transport, { environment });
    clients.push(client);
    await client.connect();
    const [, claims = ''] = (exchanges[0]?.form.get('client_assertion') ?? '').split('.');
    const { exp } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as { readonly exp: number };
    expect(exp * 1_000).toBeGreaterThan(environment.now());
  });

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['no token', { type: 'id_token' }],
    ['another type', { token: 'a-token', type: 'jwt' }],
  ])('fails the calls when `identity` resolves with %s', async (_what, value) => {
    const grant = grantOf(() => Promise.resolve(value as EnterpriseIdentity));
    const problem = await errorFrom(clientOf({ grant, client: CLIENT }).connect());
    expect(problem).toMatchObject({ code: 'MCP_GRANT_FAILED' });
    expect(problem.message).toContain('identity() must resolve with { token, type }');
    expect(exchanges).toEqual([]);
  });
});

describe('the options of these grants', () => {
  const identity = (): EnterpriseIdentity => ({ token: 'a', type: 'id_token' });
  const idpOf = (more: object): EnterpriseIdp => ({ tokenEndpoint: 'https://idp.example', clientId: 'a', ...more });

  test.each<[string, () => unknown]>([
    ['assertion', () => workloadIdentity({} as never)],
    ['options', () => workloadIdentity(undefined as never)],
    ['asertion', () => workloadIdentity({ asertion: () => 'a' } as never)],
    ['identity', () => enterprise({ idp: idpOf({}) } as never)],
    ['idp.tokenEndpoint', () => enterprise({ idp: idpOf({ tokenEndpoint: 'login' }), identity })],
    ['idp.clientId', () => enterprise({ idp: idpOf({ clientId: '' }), identity })],
    ['idp.secret', () => enterprise({ idp: idpOf({ secret: 12 }), identity })],
    ['idp.key', () => enterprise({ idp: idpOf({ key: 'no key' }), identity })],
    ['idp.clientID', () => enterprise({ idp: idpOf({ clientID: 'a' }), identity })],
    ['client', () => oauth({ grant: workloadIdentity({ assertion: () => 'a' }) })],
    ['grant', () => oauth({ grant: { unattended: true } as never })],
    ['grant', () => oauth({ grant: { unattended: true, extension: '', obtain: () => undefined } as never })],
  ])('name the field %s of an invalid value', (field, make) => {
    expect(errorThrownBy(make)).toMatchObject({ code: 'MCP_INVALID_PARAMS', details: { field } });
  });
});
