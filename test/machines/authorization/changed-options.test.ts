import { clientCredentials, memoryStore, oauth } from '../../../src/auth/index.js';
import type { OAuthOptions, SignInPrompt, TokenStore } from '../../../src/auth/index.js';
import { HttpTransport, MCPClient } from '../../../src/index.js';
import { endAfterEach } from '../../support/endings.js';
import { AuthorizationServer, protectedServer, signedIn } from '../../support/servers/authorization-server.js';
import { textOf } from '../../support/servers/fixture-servers.js';
import type { ScriptedHttpServer } from '../../support/servers/http-server.js';

const endLater = endAfterEach();

let as: AuthorizationServer;
let server: ScriptedHttpServer;
let store: TokenStore;
let prompts: SignInPrompt[];
/** The headers `Authorization` of all requests with a valid token. */
let sent: string[];

beforeEach(async () => {
  as = new AuthorizationServer();
  store = memoryStore();
  prompts = [];
  sent = [];
  // Tokens are bound if the request has a proof.
  as.twist = (visit) => {
    if (visit.path !== '/as/token' || visit.headers.dpop === undefined) return false;
    as.forms.push(new URLSearchParams(visit.body));
    visit.json({ ...as.issue(''), token_type: 'DPoP' });
    return true;
  };
  server = await protectedServer(as, (visit, token) => {
    if (token !== undefined) sent.push(visit.headers.authorization ?? '');
    return false;
  });
  endLater(() => server.close());
});

type Run = (options?: Partial<OAuthOptions>) => Promise<MCPClient>;

/** A program that uses the store, and calls a tool once. */
const withPerson: Run = (options) => use(signedIn(prompts, { store, ...options }));

const robot =
  (id: string): Run =>
  (options) =>
    use(oauth({ store, grant: clientCredentials(), client: { id, secret: `secret-of-${id}` }, ...options }));

const client = (id: string): Partial<OAuthOptions> => ({ client: { id } });

async function use(auth: ReturnType<typeof oauth>): Promise<MCPClient> {
  const client = new MCPClient(new HttpTransport(server.url, { auth }));
  endLater(() => client.close());
  await client.connect();
  expect(textOf(await client.callTool('buy'))).toBe('done');
  return client;
}

const noted = (): string[] => [...new Set(sent.splice(0))];

test.each<[string, Run, Partial<OAuthOptions>]>([
  ['a person', withPerson, {}],
  ['a person, bound to a key', withPerson, { dpop: true }],
  ['a client that was registered by hand', withPerson, client('by-hand')],
  ['no person', robot('a'), {}],
  ['no person, bound to a key', robot('a'), { dpop: true }],
])('a stored token of %s is used by a program with the same options', async (_what, run, options) => {
  await run(options);
  const before = noted();
  await run(options);
  expect(noted()).toEqual(before);
  expect(as.forms).toHaveLength(1);
});

test('a token that is bound to a key is used where `dpop` is "auto"', async () => {
  await withPerson({ dpop: true });
  await withPerson();
  expect(as.forms).toHaveLength(1);
});

test.each<[string, Run, Partial<OAuthOptions>, Run, Partial<OAuthOptions>]>([
  ['of another client without a person', robot('a'), {}, robot('b'), {}],
  ['of a person, where no person is asked', withPerson, {}, robot('a'), {}],
  ['without a person, where a person signs in', robot('a'), {}, withPerson, {}],
  ['of another client of a person', withPerson, client('a'), withPerson, client('b')],
  ['of a registered client, where another one is given', withPerson, {}, withPerson, client('b')],
  ['of a given client, where one is registered', withPerson, client('a'), withPerson, {}],
  ['without a key, where `dpop` is true', withPerson, {}, withPerson, { dpop: true }],
  ['with a key, where `dpop` is false', withPerson, { dpop: true }, withPerson, { dpop: false }],
  ['without a person and a key, where `dpop` is true', robot('a'), {}, robot('a'), { dpop: true }],
])('a stored token %s is not sent, and not refreshed', async (_what, first, before, second, after) => {
  await first(before);
  const earlier = noted();
  await second(after);
  const later = noted();
  expect(later).toHaveLength(1);
  expect(later[0]?.split(' ')[1]).not.toBe(earlier[0]?.split(' ')[1]);
  expect(later[0]?.split(' ')[0]).toBe(after.dpop === true ? 'DPoP' : 'Bearer');
  expect(as.forms.map((form) => form.get('grant_type'))).not.toContain('refresh_token');
  expect(as.forms).toHaveLength(2);
});

test('programs with different clients and one store do not end each other', async () => {
  const [a, b] = [await robot('a')(), await robot('b')()];
  as.expire();
  const outcomes = await Promise.all([a, b, a, b].map(async (one) => textOf(await one.callTool('buy'))));
  expect(outcomes).toEqual(['done', 'done', 'done', 'done']);
  const person = await withPerson();
  as.expire();
  await b.callTool('buy');
  // Its own refresh token is used, although the store has the token of another program now.
  expect(textOf(await person.callTool('buy'))).toBe('done');
  expect(prompts).toHaveLength(1);
  expect(as.forms.at(-1)?.get('grant_type')).toBe('refresh_token');
});
