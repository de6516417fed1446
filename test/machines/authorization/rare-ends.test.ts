import { device, memoryStore, oauth } from '../../../src/auth/index.js';
import type { OAuth, OAuthOptions, SignInPrompt, TokenStore } from '../../../src/auth/index.js';
import { HttpTransport, MCPClient } from '../../../src/index.js';
import type { MCPClientOptions } from '../../../src/index.js';
import type { Environment } from '../../../src/util/environment.js';
import { systemEnvironment } from '../../../src/util/environment.js';
import { endAfterEach } from '../../support/endings.js';
import { errorFrom } from '../../support/outcomes.js';
import { AuthorizationServer, protectedServer, signedIn } from '../../support/servers/authorization-server.js';
import { textOf } from '../../support/servers/fixture-servers.js';
import type { HttpVisit, ScriptedHttpServer } from '../../support/servers/http-server.js';

const endLater = endAfterEach();

/** Long enough for the steps before a prompt, in ms. */
const AUTH_TIMEOUT = 1_500;

let as: AuthorizationServer;
let server: ScriptedHttpServer;
let prompts: SignInPrompt[];

beforeEach(async () => {
  as = new AuthorizationServer();
  prompts = [];
  // The tool `restricted` needs a scope.
  server = await protectedServer(as, (visit, token) => {
    const lacks = token !== undefined && visit.body.includes('restricted') && as.scopes.get(token) !== 'more';
    if (lacks) visit.status(403, { 'www-authenticate': 'Bearer error="insufficient_scope", scope="more"' });
    return lacks;
  });
  endLater(() => server.close());
});

function clientOf(auth: OAuth, options: MCPClientOptions = {}): MCPClient {
  const client = new MCPClient(new HttpTransport(server.url, { auth }), options);
  endLater(() => client.close());
  return client;
}

/** Answers the requests for a path of the authorization server. */
function answer(path: string, respond: (visit: HttpVisit) => void): void {
  as.twist = (visit) => {
    const isMeant = visit.path.endsWith(path);
    if (isMeant) respond(visit);
    return isMeant;
  };
}

const call = async (client: MCPClient): Promise<string> => textOf(await client.callTool('buy'));
/** In this environment a client polls at once. */
const impatient: Environment = {
  ...systemEnvironment,
  setTimeout: (callback, delay) => systemEnvironment.setTimeout(callback, delay === 7_000 ? 1 : delay),
};

const absent = (): void => undefined;

/** Agrees to the first prompt only. */
function agreeOnce(options: Partial<OAuthOptions> = {}): OAuth {
  return signedIn(prompts, options, async (prompt) => {
    if (prompts.length > 1) return;
    const { headers } = await fetch(prompt.url, { redirect: 'manual' });
    prompt.complete(headers.get('location') ?? '');
  });
}

describe('an authorization server', () => {
  test('that is out of order when it is looked for fails the call, and a later one succeeds', async () => {
    answer('/oauth-authorization-server/as', (visit) => {
      visit.status(503);
    });
    const client = clientOf(signedIn(prompts));
    expect(await errorFrom(client.connect())).toMatchObject({ code: 'MCP_AUTH_UNREACHABLE' });
    as.twist = () => false;
    await client.signIn();
    await client.connect();
    expect(await call(client)).toBe('done');
  });

  test('that is not found when a stored token lacks scopes fails that call alone', async () => {
    const store = memoryStore();
    await clientOf(signedIn(prompts, { store })).connect();
    answer('/oauth-authorization-server/as', (visit) => {
      visit.json({ ...as.metadata(server.origin), issuer: 'https://other.example' });
    });
    const client = clientOf(signedIn(prompts, { store }));
    await client.connect();
    expect(await errorFrom(client.callTool('restricted'))).toMatchObject({ code: 'MCP_ISSUER_MISMATCH' });
    expect(await call(client)).toBe('done');
  });

  test('that refuses the refresh of a token that has not expired changes nothing', async () => {
    let ahead = 0;
    as.expiresIn = 100;
    const environment = { ...systemEnvironment, now: () => systemEnvironment.now() + ahead };
    const client = clientOf(signedIn(prompts), { environment });
    await client.connect();
    const refused = new Promise<void>((resolve) => {
      answer('/token', (visit) => {
        visit.json({ error: 'unsupported_grant_type' }, 400);
        resolve();
      });
    });
    ahead = 95_000;
    expect(await call(client)).toBe('done');
    await refused;
    expect(await call(client)).toBe('done');
    expect(prompts).toHaveLength(1);
  });

  test('that has not answered a refresh in the background when the token expires serves the call that waits', async () => {
    let ahead = 0;
    as.expiresIn = 100;
    const environment = { ...systemEnvironment, now: () => systemEnvironment.now() + ahead };
    const client = clientOf(signedIn(prompts), { environment });
    await client.connect();
    const refresh = new Promise<HttpVisit>((resolve) => {
      answer('/token', resolve);
    });
    ahead = 95_000;
    expect(await call(client)).toBe('done');
    const visit = await refresh;
    ahead = 101_000;
    const waiting = call(client);
    as.twist = () => false;
    as.answer(visit);
    expect(await waiting).toBe('done');
    expect(prompts).toHaveLength(1);
  });

  test('that is looked for when signIn() is aborted is looked for again by the next one', async () => {
    const client = clientOf(signedIn(prompts));
    const enough = new Error('enough');
    const abort = new AbortController();
    answer('/oauth-authorization-server/as', () => {
      abort.abort(enough);
    });
    await expect(client.signIn({ signal: abort.signal })).rejects.toBe(enough);
    as.twist = () => false;
    await client.signIn();
    await client.connect();
    expect(await call(client)).toBe('done');
    expect(prompts).toHaveLength(1);
  });

  test('that refuses a refresh token fails the call where no person may be asked', async () => {
    const store = memoryStore();
    await clientOf(signedIn(prompts, { store })).connect();
    const client = clientOf(signedIn(prompts, { store, prompt: 'never' }));
    await client.connect();
    answer('/token', (visit) => {
      visit.json({ error: 'invalid_grant' }, 400);
    });
    as.expire();
    const error = await errorFrom(client.callTool('buy'));
    expect(error).toMatchObject({ code: 'MCP_SIGN_IN_REQUIRED', delivery: 'not-sent' });
    expect(prompts).toHaveLength(1);
  });

  test('that does not know a client that was registered twice fails the sign-in', async () => {
    answer('/token', (visit) => {
      visit.json({ error: 'invalid_client' }, 400);
    });
    const error = await errorFrom(clientOf(signedIn(prompts)).connect());
    expect(error).toMatchObject({ code: 'MCP_TOKEN_REQUEST_REFUSED', details: { error: 'invalid_client' } });
    expect([as.count('/register'), prompts.length]).toEqual([2, 2]);
  });

  test('that does not know a client when scopes are lacking fails that call alone', async () => {
    const client = clientOf(signedIn(prompts));
    await client.connect();
    answer('/token', (visit) => {
      visit.json({ error: 'invalid_client' }, 400);
    });
    expect(await errorFrom(client.callTool('restricted'))).toMatchObject({ code: 'MCP_TOKEN_REQUEST_REFUSED' });
    expect(await call(client)).toBe('done');
  });
});

describe('a sign-in that is not wanted any more', () => {
  test('ends while another process has the lease', async () => {
    const values = memoryStore();
    let asked: () => void;
    const waiting = new Promise<void>((resolve) => (asked = resolve));
    const store: TokenStore = {
      read: (key) => values.read(key),
      write: (...given) => values.write(...given),
      lease: (_key, signal) => {
        asked();
        return new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            reject(signal.reason as Error);
          });
        });
      },
    };
    const client = clientOf(signedIn(prompts, { store }));
    const stop = new AbortController();
    const ended = client.signIn({ signal: stop.signal }).catch((thrown: unknown) => thrown);
    await waiting;
    stop.abort('enough');
    expect(await ended).toBe('enough');
    expect(client.authorization?.state).toBe('none');
  });

  test('ends while the client is registered', async () => {
    const client = clientOf(signedIn(prompts));
    const stop = new AbortController();
    const registering = new Promise<HttpVisit>((resolve) => {
      answer('/register', resolve);
    });
    const ended = client.signIn({ signal: stop.signal }).catch((thrown: unknown) => thrown);
    const visit = await registering;
    stop.abort('enough');
    expect(await ended).toBe('enough');
    await visit.closed();
    expect(prompts).toEqual([]);
  });
});

describe('a person who is absent when scopes are lacking', () => {
  test('fails that call alone, after `authTimeout`', async () => {
    const client = clientOf(agreeOnce(), { authTimeout: AUTH_TIMEOUT });
    await client.connect();
    expect(await errorFrom(client.callTool('restricted'))).toMatchObject({ code: 'MCP_SIGN_IN_TIMEOUT' });
    expect(await call(client)).toBe('done');
    expect(client.authorization?.state).toBe('authorized');
  });

  test.each([
    ['the lifetime of a device code', { expires_in: 1 }, 300_000],
    ['`authTimeout`, while a device code is requested', undefined, AUTH_TIMEOUT],
  ])('fails that call alone, after %s', async (_what, code, authTimeout) => {
    const store = memoryStore();
    const auth = oauth({ grant: device({ onPrompt: absent }), store });
    await clientOf(auth, { environment: impatient }).connect();
    const client = clientOf(auth, { authTimeout });
    await client.connect();
    answer('/device', (visit) => {
      // Without a code the server does not respond.
      const page = { user_code: 'ABCD', device_code: 'unused', verification_uri: `${server.origin}/as/activate` };
      if (code !== undefined) visit.json({ ...page, interval: 7, ...code });
    });
    expect(await errorFrom(client.callTool('restricted'))).toMatchObject({ code: 'MCP_SIGN_IN_TIMEOUT' });
    expect(await call(client)).toBe('done');
  });
});
