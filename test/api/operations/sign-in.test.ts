import type { OAuth, SignInPrompt, TokenStore } from '../../../src/auth/index.js';
import { memoryStore } from '../../../src/auth/index.js';
import { HttpTransport, MCPClient, MCPConnection, StdioTransport } from '../../../src/index.js';
import type { AuthorizationStatus, CallToolResult, MCPClientOptions } from '../../../src/index.js';
import type { Environment } from '../../../src/util/environment.js';
import { systemEnvironment } from '../../../src/util/environment.js';
import { ClientRecorder } from '../../support/client-recorder.js';
import { errorFrom, errorThrownBy, rejection } from '../../support/outcomes.js';
import { AuthorizationServer, browse, protectedServer, signedIn } from '../../support/servers/authorization-server.js';
import { textOf } from '../../support/servers/fixture-servers.js';
import type { ScriptedHttpServer } from '../../support/servers/http-server.js';
import { pause, until } from '../../support/waiting.js';

let as: AuthorizationServer;
let server: ScriptedHttpServer;
let prompts: SignInPrompt[];
const clients: MCPClient[] = [];

beforeEach(async () => {
  as = new AuthorizationServer();
  prompts = [];
  server = await protectedServer(as);
});

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  await server.close();
});

function clientOf(auth: OAuth, options?: MCPClientOptions): MCPClient {
  const client = new MCPClient(new HttpTransport(server.url, { auth }), options);
  clients.push(client);
  return client;
}

/** A person who does nothing. */
const absent = (): void => undefined;
const cancel = (prompt: SignInPrompt): void => {
  prompt.cancel();
};
const states = (statuses: readonly AuthorizationStatus[]): string[] => [...new Set(statuses.map(({ state }) => state))];

describe('the status of a sign-in', () => {
  test('goes through the work to the tokens, and the event has each step', async () => {
    as.expiresIn = 3_600;
    const client = clientOf(signedIn(prompts, { scopes: ['files'] }));
    const { authorization } = new ClientRecorder(client, ['authorization']);
    expect(client.authorization).toEqual({ state: 'none', account: 'default', scopes: [] });
    await client.connect();
    expect(states(authorization)).toEqual(['none', 'working', 'awaiting-user', 'authorized']);
    const asked = authorization.find(({ prompt }) => prompt !== undefined);
    expect(asked).toMatchObject({ state: 'awaiting-user', prompt: prompts[0] });
    expect(client.authorization).toEqual({
      state: 'authorized',
      issuer: `${server.origin}/as`,
      account: 'default',
      scopes: ['files'],
      expiresAt: expect.any(Number) as number,
    });
    as.expire();
    await client.callTool('buy');
    expect(states(authorization)).toContain('refreshing');
    await client.close();
    expect(client.authorization?.state).toBe('none');
  });

  test('is `failed` with the error, until `signIn()` succeeds', async () => {
    let answer: (prompt: SignInPrompt) => void | Promise<void> = cancel;
    const client = clientOf(
      signedIn(prompts, {}, (prompt) => answer(prompt)),
      { autoReconnect: true },
    );
    const error = await errorFrom(client.signIn());
    expect(error).toMatchObject({ code: 'MCP_SIGN_IN_CANCELLED' });
    expect(client.authorization).toMatchObject({ state: 'failed', error: { code: 'MCP_SIGN_IN_CANCELLED' } });
    answer = async (prompt) => {
      prompt.complete(await browse(prompt));
    };
    await client.signIn();
    expect(client.authorization?.state).toBe('authorized');
    await client.connect();
    expect(prompts).toHaveLength(2);
  });

  test('says in `explain()` who is asked, where, for what and for how long', async () => {
    const client = clientOf(signedIn(prompts, {}, absent), { authTimeout: 60_000 });
    const connected = errorFrom(client.connect());
    await until(() => prompts.length === 1);
    expect(client.explain()).toContain(
      `Waiting for a person to sign in at ${server.origin}/as for ${server.url}, account "default", 60.0 s are left.`,
    );
    expect(client.explain()).not.toContain(new URL(prompts[0]?.url ?? '').searchParams.get('state'));
    await client.close();
    await connected;
  });

  test('is undefined for other transports, which cannot sign in', async () => {
    const client = new MCPClient(new StdioTransport('node'));
    expect(client.authorization).toBeUndefined();
    expect(await errorFrom(client.signIn())).toMatchObject({ code: 'MCP_INVALID_PARAMS', details: { field: 'auth' } });
    expect(await errorFrom(client.signOut())).toMatchObject({ code: 'MCP_INVALID_PARAMS' });
  });
});

describe('the time for a sign-in', () => {
  test('is `authTimeout`, and ends the prompt', async () => {
    // The time begins with the prompt, so a slow machine does not reach it before.
    const limit = 987_654;
    let prompted = false;
    let end = (): void => undefined;
    const environment: Environment = {
      ...systemEnvironment,
      setTimeout: (callback, delay) => {
        if (delay !== limit) return systemEnvironment.setTimeout(callback, delay);
        end = callback;
        return undefined;
      },
    };
    const auth = signedIn(prompts, {}, () => {
      prompted = true;
    });
    const client = clientOf(auth, { authTimeout: limit, environment });
    const connected = errorFrom(client.connect());
    await until(() => prompted);
    end();
    expect(await connected).toMatchObject({ code: 'MCP_SIGN_IN_TIMEOUT', details: { timeout: limit } });
    expect(prompts[0]?.signal.aborted).toBe(true);
  });

  test('must be a time', () => {
    expect(errorThrownBy(() => clientOf(signedIn(), { authTimeout: -1 }))).toMatchObject({
      code: 'MCP_INVALID_PARAMS',
      details: { field: 'authTimeout' },
    });
  });
});

describe('signIn()', () => {
  test('needs no connection, and the next one has the token', async () => {
    const client = clientOf(signedIn(prompts));
    await client.signIn();
    await client.connect();
    expect(textOf(await client.callTool('buy'))).toBe('done');
    expect(prompts).toHaveLength(1);
  });

  test('asks no person when there is a token with the scopes', async () => {
    const client = clientOf(signedIn(prompts, { scopes: ['files'] }));
    await client.connect();
    await client.signIn();
    await client.signIn({ scopes: ['files'] });
    expect(prompts).toHaveLength(1);
  });

  test('asks for further scopes, which the token has then beside the earlier ones', async () => {
    const client = clientOf(signedIn(prompts, { scopes: ['files'] }));
    await client.connect();
    await client.signIn({ scopes: ['mail'] });
    expect(client.authorization?.scopes).toEqual(['files', 'mail']);
    expect(prompts.map(({ reason }) => reason)).toEqual(['sign-in', 'scopes']);
  });

  test('fails when the server does not grant them, and the token stays', async () => {
    as.granted = 'files';
    const client = clientOf(signedIn(prompts, { scopes: ['files'] }));
    await client.connect();
    const error = await errorFrom(client.signIn({ scopes: ['mail'] }));
    expect(error).toMatchObject({ code: 'MCP_SCOPE_INSUFFICIENT', details: { scopes: ['mail'] } });
    expect(textOf(await client.callTool('buy'))).toBe('done');
  });

  test('asks one person for several callers', async () => {
    const client = clientOf(signedIn(prompts));
    await Promise.all([client.signIn(), client.signIn(), client.connect()]);
    expect(prompts).toHaveLength(1);
  });

  test('ends the prompt with its signal, unless another caller waits', async () => {
    const client = clientOf(signedIn(prompts, {}, absent));
    const [first, second] = [new AbortController(), new AbortController()];
    const one = rejection(client.signIn({ signal: first.signal }));
    const other = rejection(client.signIn({ signal: second.signal }));
    await until(() => prompts.length === 1);
    first.abort('enough');
    expect(await one).toBe('enough');
    expect(prompts[0]?.signal.aborted).toBe(false);
    second.abort('enough');
    expect(await other).toBe('enough');
    expect(prompts[0]?.signal.aborted).toBe(true);
  });

  test.each([
    ['close()', (client: MCPClient) => client.close()],
    ['disconnect()', (client: MCPClient) => client.disconnect()],
  ])('is ended by %s, also without a connection', async (_name, end) => {
    const client = clientOf(signedIn(prompts, {}, absent));
    const signedInLater = errorFrom(client.signIn());
    await until(() => prompts.length === 1);
    await end(client);
    expect(await signedInLater).toMatchObject({ code: 'MCP_CONNECTION_CLOSED' });
    expect(prompts[0]?.signal.aborted).toBe(true);
  });

  test.each([
    [{ scopes: ['two words'] }, 'scopes'],
    [{ scopes: 'files' }, 'scopes'],
    [{ signal: 1 }, 'signal'],
  ])('refuses %j', (options, field) => {
    const client = clientOf(signedIn(prompts));
    expect(errorThrownBy(() => void client.signIn(options as never))).toMatchObject({
      code: 'MCP_INVALID_PARAMS',
      details: { field },
    });
  });

  test('is there for a connection, too', async () => {
    const connection = new MCPConnection('files', new HttpTransport(server.url, { auth: signedIn(prompts) }));
    await connection.signIn();
    expect(connection.authorization?.state).toBe('authorized');
    await connection.signOut();
    expect(connection.authorization?.state).toBe('none');
    await connection.disconnect();
  });
});

describe('signOut()', () => {
  let store: TokenStore;
  let revoked: { readonly token: string | null; readonly valid: boolean }[];

  /** An authorization server that revokes tokens, or does what is given. */
  function revoking(status = 200): void {
    const metadata = as.metadata.bind(as);
    as.metadata = (origin) => ({ ...metadata(origin), revocation_endpoint: `${origin}/as/revoke` });
    as.twist = (visit) => {
      if (visit.path !== '/as/revoke') return false;
      const token = new URLSearchParams(visit.body).get('token');
      revoked.push({ token, valid: as.valid.delete(token ?? '') });
      visit.status(status);
      return true;
    };
  }

  beforeEach(() => {
    store = memoryStore();
    revoked = [];
  });

  test('revokes the refresh token and the access token, and deletes both from the store', async () => {
    revoking();
    const client = clientOf(signedIn(prompts, { store }));
    await client.connect();
    await client.signOut();
    expect(revoked).toEqual([
      { token: expect.stringContaining('refresh') as string, valid: false },
      { token: expect.stringContaining('access') as string, valid: true },
    ]);
    expect(client.authorization).toEqual({ state: 'none', account: 'default', scopes: [] });
    const other = clientOf(signedIn(prompts, { store }));
    await other.connect();
    expect(prompts).toHaveLength(2);
    expect(as.count('/as/register')).toBe(1);
  });

  test('asks no person to sign in again, until `signIn()` does', async () => {
    revoking();
    const client = clientOf(signedIn(prompts, { store }));
    await client.connect();
    await client.signOut();
    const error = await errorFrom(client.callTool('buy'));
    expect(error).toMatchObject({ code: 'MCP_SIGN_IN_REQUIRED', delivery: 'not-sent' });
    expect(error.message).toContain('the program has signed out');
    expect(prompts).toHaveLength(1);
    await client.signIn();
    expect(textOf(await client.callTool('buy'))).toBe('done');
    expect(prompts).toHaveLength(2);
  });

  test('is over for the client when the next connection begins', async () => {
    revoking();
    const client = clientOf(signedIn(prompts, { store }));
    await client.connect();
    await client.signOut();
    await client.disconnect();
    await client.connect();
    expect(prompts).toHaveLength(2);
  });

  test.each([
    ['refuses', 503],
    ['does not know how', 404],
  ])('deletes the tokens also when the server %s to revoke them, which is reported', async (_how, status) => {
    revoking(status);
    const client = clientOf(signedIn(prompts, { store }));
    const recorder = new ClientRecorder(client);
    await client.connect();
    await client.signOut();
    expect(client.authorization?.state).toBe('none');
    expect(recorder.error.length).toBeGreaterThan(0);
    expect(await errorFrom(client.callTool('buy'))).toMatchObject({ code: 'MCP_SIGN_IN_REQUIRED' });
  });

  test('revokes the tokens when the program calls it twice', async () => {
    revoking();
    const client = clientOf(signedIn(prompts));
    await client.connect();
    let second: Promise<void> | undefined;
    const { twist } = as;
    as.twist = (visit) => {
      if (visit.path === '/as/revoke') second ??= client.signOut();
      return twist(visit);
    };
    await client.signOut();
    await second;
    expect(revoked.map(({ valid }) => valid)).toEqual([false, true]);
  });

  test('sends nothing to a server that revokes no tokens', async () => {
    const client = clientOf(signedIn(prompts, { store }));
    await client.connect();
    const before = as.requests.length;
    await client.signOut();
    expect(as.requests).toHaveLength(before);
    expect(client.authorization?.state).toBe('none');
  });

  test('ends a sign-in that is under way', async () => {
    const client = clientOf(signedIn(prompts, {}, absent));
    const waiting = errorFrom(client.signIn());
    await until(() => prompts.length === 1);
    await client.signOut();
    expect(await waiting).toMatchObject({ code: 'MCP_SIGN_IN_REQUIRED' });
    expect(prompts[0]?.signal.aborted).toBe(true);
  });

  test('does nothing without tokens, can be called at any time, and does not bind the first connection', async () => {
    const client = clientOf(signedIn(prompts));
    await client.signOut();
    await Promise.all([client.signOut(), client.signOut()]);
    expect(as.requests).toEqual([]);
    await client.connect();
    expect(prompts).toHaveLength(1);
  });
});

describe('several things at once', () => {
  const agree = async (prompt: SignInPrompt): Promise<void> => {
    prompt.complete(await browse(prompt));
  };

  test('tokens that another client of the store has dropped do not come back with a refresh', async () => {
    const store = memoryStore();
    const [one, other] = [clientOf(signedIn(prompts, { store })), clientOf(signedIn(prompts, { store }))];
    await one.connect();
    await other.connect();
    await one.signOut();
    as.expire();
    await errorFrom(other.callTool('buy', {}, { timeout: 200 })).catch(() => undefined);
    expect(as.forms.map((form) => form.get('grant_type'))).not.toContain('refresh_token');
  });

  test('tokens that a store could not delete do not come back', async () => {
    const stored = memoryStore();
    let works = true;
    const store: TokenStore = {
      read: (key) => stored.read(key),
      write: (key, value, expected) => (works ? stored.write(key, value, expected) : Promise.reject(new Error('full'))),
    };
    const client = clientOf(signedIn(prompts, { store }));
    await client.connect();
    works = false;
    await client.signOut();
    expect(client.authorization?.state).toBe('none');
    await client.signIn();
    expect(prompts).toHaveLength(2);
  });

  test('a sign-out succeeds beside a sign-in', async () => {
    const client = clientOf(signedIn(prompts));
    await client.connect();
    await Promise.all([client.signOut(), client.signIn()]);
    await Promise.all([client.signIn(), client.signOut()]).catch(() => undefined);
    await client.signIn();
    expect(client.authorization?.state).toBe('authorized');
  });

  test('a sign-in that joins work of a client that is signed out asks a person', async () => {
    const client = clientOf(signedIn(prompts));
    await client.connect();
    await client.signOut();
    let release: (() => void) | undefined;
    as.twist = (visit) => {
      if (release !== undefined || !visit.path.includes('oauth-protected-resource')) return false;
      release = () => {
        visit.json({ resource: server.url, authorization_servers: [`${server.origin}/as`] });
      };
      return true;
    };
    const call = client.callTool('buy');
    await until(() => release !== undefined);
    const signing = client.signIn();
    release?.();
    await signing;
    expect(textOf(await call)).toBe('done');
    expect(prompts).toHaveLength(2);
  });

  test.each([
    [
      'a sign-out without a connection',
      async (client: MCPClient) => {
        await client.connect();
        await client.disconnect();
        await client.signOut();
      },
    ],
    ['a sign-in that was cancelled', (client: MCPClient) => errorFrom(client.signIn())],
    [
      'a sign-in that was cancelled during a call',
      async (client: MCPClient) => {
        await client.connect();
        as.issuesRefreshTokens = false;
        as.expire();
        await errorFrom(client.callTool('buy'));
      },
    ],
  ])('connect() has a person asked again after %s', async (what, happen) => {
    const cancelled = what.endsWith('was cancelled') ? 1 : what.endsWith('during a call') ? 2 : 0;
    as.issuesRefreshTokens = false;
    const client = clientOf(
      signedIn(prompts, {}, (prompt) => (prompts.length === cancelled ? cancel(prompt) : agree(prompt))),
    );
    await happen(client);
    await client.connect();
    expect(textOf(await client.callTool('buy'))).toBe('done');
  });

  test('an aborted sign-in opens no prompt afterwards', async () => {
    const client = clientOf(signedIn(prompts, {}, absent));
    let asked = false;
    as.twist = (visit) => {
      asked ||= visit.path.includes('oauth-protected-resource');
      return false;
    };
    const abort = new AbortController();
    const signing = rejection(client.signIn({ signal: abort.signal }));
    await until(() => asked);
    abort.abort('enough');
    expect(await signing).toBe('enough');
    await pause(100);
    expect(prompts).toEqual([]);
    expect(client.authorization?.state).toBe('none');
  });

  test('a client that is closed in the same turn opens no prompt', async () => {
    const client = clientOf(signedIn(prompts, {}, absent));
    await client.signOut();
    const signing = errorFrom(client.signIn());
    await Promise.resolve();
    await client.close();
    expect(await signing).toMatchObject({ code: 'MCP_CONNECTION_CLOSED' });
    await pause(50);
    expect(prompts).toEqual([]);
  });

  test('a listener may cancel the prompt, whose signal is aborted then', async () => {
    const client = clientOf(signedIn(prompts, {}, absent));
    client.on('authorization', ({ prompt }) => prompt?.cancel());
    expect(await errorFrom(client.signIn())).toMatchObject({ code: 'MCP_SIGN_IN_CANCELLED' });
    expect(prompts.map(({ signal }) => signal.aborted)).toEqual([true]);
  });

  test('a cancelled sign-in for more scopes leaves the refresh token of use', async () => {
    const client = clientOf(signedIn(prompts, {}, (prompt) => (prompts.length === 1 ? agree(prompt) : undefined)));
    await client.connect();
    const wider = errorFrom(client.signIn({ scopes: ['mail'] }));
    await until(() => prompts.length === 2);
    as.expire();
    const waiting = client.callTool('buy').catch((thrown: unknown) => thrown);
    await until(() => client.state === 'degraded');
    prompts[1]?.cancel();
    await wider;
    await waiting;
    expect(textOf(await client.callTool('buy'))).toBe('done');
    expect(prompts).toHaveLength(2);
  });

  test('a call that waits for a token during a sign-out was not sent', async () => {
    as.issuesRefreshTokens = false;
    const client = clientOf(signedIn(prompts, {}, (prompt) => (prompts.length === 1 ? agree(prompt) : undefined)));
    await client.connect();
    as.expire();
    const refused = errorFrom(client.callTool('buy'));
    await until(() => prompts.length === 2);
    // There is no token that it could be sent with.
    const unsent = errorFrom(client.callTool('buy'));
    await client.signOut();
    for (const call of [refused, unsent])
      expect(await call).toMatchObject({ code: 'MCP_SIGN_IN_REQUIRED', delivery: 'not-sent' });
  });

  test('a listener may disconnect when the sign-in is over', async () => {
    as.granted = 'files';
    const client = clientOf(signedIn(prompts, { scopes: ['files'] }));
    await client.connect();
    client.on('authorization', ({ state }) => {
      if (state === 'authorized' && prompts.length > 1) void client.disconnect();
    });
    expect(await errorFrom(client.signIn({ scopes: ['mail'] }))).toMatchObject({ code: 'MCP_CONNECTION_CLOSED' });
  });

  test('a listener may call a tool when there is a token, also one that expires at once', async () => {
    as.expiresIn = 0.001;
    const client = clientOf(signedIn(prompts));
    let call: Promise<CallToolResult> | undefined;
    client.on('authorization', ({ state }) => {
      if (state === 'authorized') call ??= client.callTool('buy');
    });
    await client.connect();
    expect(textOf((await call) as CallToolResult)).toBe('done');
  });

  test('the reason of a prompt is `sign-in` without a token, whatever the scopes', async () => {
    const client = clientOf(signedIn(prompts));
    await client.signIn({ scopes: ['files'] });
    expect(prompts.map(({ reason }) => reason)).toEqual(['sign-in']);
  });

  test('no token is sent while the tokens are revoked', async () => {
    let release: (() => void) | undefined;
    const metadata = as.metadata.bind(as);
    as.metadata = (origin) => ({ ...metadata(origin), revocation_endpoint: `${origin}/as/revoke` });
    as.twist = (visit) => {
      if (visit.path !== '/as/revoke') return false;
      release = () => visit.status(200);
      return true;
    };
    const client = clientOf(signedIn(prompts));
    await client.connect();
    const out = client.signOut();
    await until(() => release !== undefined);
    const call = errorFrom(client.callTool('buy'));
    await until(() => server.asked('tools/call').length === 1);
    release?.();
    release = undefined;
    await until(() => release !== undefined);
    (release as (() => void) | undefined)?.();
    await out;
    expect(await call).toMatchObject({ code: 'MCP_SIGN_IN_REQUIRED' });
    expect(server.asked('tools/call').map((visit) => as.tokenOf(visit))).toEqual([undefined]);
  });
});
