import type { OAuth, SignInPrompt, TokenStore } from '../../../src/auth/index.js';
import { memoryStore } from '../../../src/auth/index.js';
import { HttpTransport, MCPClient, MCPConnection, StdioTransport } from '../../../src/index.js';
import type { AuthorizationStatus, MCPClientOptions } from '../../../src/index.js';
import { ClientRecorder } from '../../support/client-recorder.js';
import { errorFrom, errorThrownBy, rejection } from '../../support/outcomes.js';
import { AuthorizationServer, browse, protectedServer, signedIn } from '../../support/servers/authorization-server.js';
import { textOf } from '../../support/servers/fixture-servers.js';
import type { ScriptedHttpServer } from '../../support/servers/http-server.js';
import { until } from '../../support/waiting.js';

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
      `Waiting for a person to sign in at ${server.origin}/as for ${server.url}, account "default": 60.0 s are left.`,
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
    const client = clientOf(signedIn(prompts, {}, absent), { authTimeout: 50 });
    expect(await errorFrom(client.connect())).toMatchObject({ code: 'MCP_SIGN_IN_TIMEOUT', details: { timeout: 50 } });
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
