import { oauth } from '../../../src/auth/index.js';
import type { OAuthOptions, SignInPrompt, TokenLease, TokenStore, UnattendedGrant } from '../../../src/auth/index.js';
import { HttpTransport, MCPClient, MCPConnectionError } from '../../../src/index.js';
import type { MCPError } from '../../../src/index.js';
import { systemEnvironment } from '../../../src/util/environment.js';
import type { Environment } from '../../../src/util/environment.js';
import { endAfterEach } from '../../support/endings.js';
import { errorFrom } from '../../support/outcomes.js';
import { AuthorizationServer, protectedServer, signedIn } from '../../support/servers/authorization-server.js';
import { textOf } from '../../support/servers/fixture-servers.js';
import type { ScriptedHttpServer } from '../../support/servers/http-server.js';
import { until } from '../../support/waiting.js';

const endLater = endAfterEach();

let as: AuthorizationServer;
let server: ScriptedHttpServer;
let prompts: SignInPrompt[];
let store: SharedStore;

beforeEach(async () => {
  as = new AuthorizationServer();
  prompts = [];
  store = new SharedStore();
  server = await protectedServer(as);
  endLater(() => server.close());
});

/** A store of several processes, of which the test plays the others. */
class SharedStore implements TokenStore {
  readonly values = new Map<string, string>();
  /** The leases that were taken and released. */
  readonly log: string[] = [];
  readonly watchers = new Map<string, () => void>();
  isFull = false;
  /** Gives a lease, or does not. */
  give: (key: string, signal: AbortSignal) => Promise<unknown> = async () => undefined;
  isHeld: (key: string) => Promise<boolean> = async () => true;
  release: () => Promise<void> = async () => undefined;

  async read(key: string): Promise<string | undefined> {
    return this.values.get(key);
  }

  async write(key: string, value: string | undefined, expected?: string): Promise<boolean> {
    if (this.isFull) throw new Error('The disk is full');
    if (expected !== undefined && this.values.get(key) !== expected) return false;
    if (value === undefined) this.values.delete(key);
    else this.values.set(key, value);
    return true;
  }

  async lease(key: string, signal: AbortSignal): Promise<TokenLease> {
    const purpose = key.slice(0, key.indexOf('/'));
    await this.give(purpose, signal);
    this.log.push(`${purpose} taken`);
    return {
      isHeld: () => this.isHeld(purpose),
      release: async () => {
        this.log.push(`${purpose} released`);
        await this.release();
      },
    };
  }

  watch(key: string, changed: () => void): () => void {
    this.watchers.set(key, changed);
    return () => this.watchers.delete(key);
  }

  /** The key of the only grant. */
  get grantKey(): string {
    const [key = ''] = [...this.values.keys()].filter((name) => name.startsWith('grant/'));
    return key;
  }

  /** Another process stores other tokens. */
  change(tokens: object): void {
    const before = JSON.parse(this.values.get(this.grantKey) ?? '') as object;
    this.values.set(this.grantKey, JSON.stringify({ ...before, ...tokens }));
  }
}

/** Tokens as another process gets them from the authorization server. */
function issued(): { accessToken: unknown; refreshToken: unknown } {
  const { access_token: accessToken, refresh_token: refreshToken } = as.issue('');
  return { accessToken, refreshToken };
}

const issuedToken = (): string => String(as.issue('').access_token);

/** In this environment 20 s pass at once. */
const hurried: Environment = {
  ...systemEnvironment,
  setTimeout: (callback, delay) => systemEnvironment.setTimeout(callback, delay === 20_000 ? 20 : delay),
};

function clientOf(options: Partial<OAuthOptions> = {}, environment = systemEnvironment): MCPClient {
  const auth = signedIn(prompts, { store, ...options });
  const client = new MCPClient(new HttpTransport(server.url, { auth }), { environment });
  endLater(() => client.close());
  return client;
}

async function connect(options?: Partial<OAuthOptions>, environment?: Environment): Promise<MCPClient> {
  const client = clientOf(options, environment);
  await client.connect();
  store.log.length = 0;
  return client;
}

const refreshes = (): number => as.forms.filter((form) => form.get('grant_type') === 'refresh_token').length;

/** Gets a grant and takes it out of the store, so that the test can store it as another process does. */
async function leaveGrantOut(): Promise<{ readonly key: string; readonly grant: string }> {
  await (await connect()).close();
  const key = store.grantKey;
  const grant = store.values.get(key) ?? '';
  store.values.clear();
  return { key, grant };
}

/** A client whose sign-in was cancelled by the person, and a grant that is not in the store. */
async function cancelSignIn(): Promise<{ readonly client: MCPClient; readonly key: string; readonly grant: string }> {
  const stored = await leaveGrantOut();
  const auth = signedIn(prompts, { store }, (prompt) => {
    prompt.cancel();
  });
  const client = new MCPClient(new HttpTransport(server.url, { auth }));
  endLater(() => client.close());
  expect(await errorFrom(client.signIn())).toMatchObject({ code: 'MCP_SIGN_IN_CANCELLED' });
  return { client, ...stored };
}

/** The text of a grant whose access token has expired. */
function expired(grant: string): string {
  return JSON.stringify({ ...(JSON.parse(grant) as object), expiresAt: 1, agesAt: 1 });
}

/** Ignores that the lease was not available. */
async function busy(thrown: unknown): Promise<undefined> {
  if ((thrown as MCPError).code !== 'MCP_AUTH_BUSY') throw thrown;
  await new Promise((resolve) => setTimeout(resolve, 20));
}

const never = (): Promise<never> => new Promise(() => undefined);

/** Waits for a lease as long as it is wanted. */
const untilAborted = (_key: string, signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => {
      reject(signal.reason as Error);
    });
  });

describe('a refresh', () => {
  test('has the lease from the look into the store until its tokens are stored', async () => {
    const client = await connect();
    as.expire();
    as.twist = (visit) => {
      if (visit.path.endsWith('/token')) store.log.push('sent');
      return false;
    };
    expect(textOf(await client.callTool('buy'))).toBe('done');
    await until(() => store.log.length === 3);
    expect(store.log).toEqual(['refresh taken', 'sent', 'refresh released']);
  });

  test('is not sent without the lease, and fails with MCP_AUTH_BUSY after 20 s', async () => {
    const client = await connect({}, hurried);
    store.give = untilAborted;
    as.expire();
    const error = await errorFrom(client.callTool('buy', {}, { timeout: 60_000 }));
    expect(error).toBeInstanceOf(MCPConnectionError);
    expect(error).toMatchObject({ code: 'MCP_AUTH_BUSY', delivery: 'not-sent' });
    expect(error.hint).toContain('Another program');
    expect(refreshes()).toBe(0);
    store.give = async () => undefined;
    // Until the pause after the failure is over, calls fail at once.
    let result = undefined;
    while (result === undefined) result = await client.callTool('buy').catch(busy);
    expect(textOf(result)).toBe('done');
    expect(prompts).toHaveLength(1);
  });

  test('fails with MCP_AUTH_BUSY, and is not sent, when the store gives no lease for a token that it has', async () => {
    const client = await connect();
    const problems: MCPError[] = [];
    client.on('error', (error) => problems.push(error));
    store.give = () => Promise.reject(new Error('The server of the store is gone'));
    as.expire();
    const error = await errorFrom(client.callTool('buy'));
    expect(error).toMatchObject({ code: 'MCP_AUTH_BUSY', cause: { message: 'The server of the store is gone' } });
    expect(problems).toEqual([expect.objectContaining({ code: 'MCP_TOKEN_STORE_FAILED' })]);
    expect(refreshes()).toBe(0);
  });

  test('needs no lease when the store has never taken the token', async () => {
    store.isFull = true;
    store.give = () => Promise.reject(new Error('The disk is full'));
    const client = await connect();
    client.on('error', () => undefined);
    as.expire();
    expect(textOf(await client.callTool('buy'))).toBe('done');
    expect(refreshes()).toBe(1);
    expect(prompts).toHaveLength(1);
  });

  test('is not sent when the lease was lost before, and the tokens of the other process are used', async () => {
    const client = await connect();
    as.expire();
    store.isHeld = async () => {
      store.change(issued());
      return false;
    };
    expect(textOf(await client.callTool('buy'))).toBe('done');
    expect(refreshes()).toBe(0);
    await until(() => store.log.length === 4);
    expect(store.log.filter((line) => line.endsWith('taken'))).toHaveLength(2);
    expect(prompts).toHaveLength(1);
  });

  test.each([
    ['is lost each time', async () => false],
    ['cannot be checked', () => Promise.reject(new Error('The server of the store is gone'))],
  ])('is not sent, and fails with MCP_AUTH_BUSY, when the lease %s', async (_what, isHeld) => {
    const client = await connect();
    client.on('error', () => undefined);
    store.isHeld = isHeld;
    as.expire();
    expect(await errorFrom(client.callTool('buy'))).toMatchObject({ code: 'MCP_AUTH_BUSY' });
    expect(refreshes()).toBe(0);
  });

  test('uses the refresh token of another process in place of one that was refused', async () => {
    const client = await connect();
    const other = issued();
    let isFirst = true;
    as.expire();
    as.twist = (visit) => {
      if (!visit.body.includes('refresh_token=') || !isFirst) return false;
      isFirst = false;
      // The other process had stored its tokens, and they have expired since.
      store.change({ ...other, expiresAt: 1, agesAt: 1 });
      visit.json({ error: 'invalid_grant' }, 400);
      return true;
    };
    expect(textOf(await client.callTool('buy'))).toBe('done');
    expect(as.forms.at(-1)?.get('refresh_token')).toBe(other.refreshToken);
    expect(prompts).toHaveLength(1);
  });

  test('stores its tokens although another process has stored meanwhile that the refresh token is dead', async () => {
    const client = await connect();
    as.expire();
    as.twist = (visit) => {
      if (visit.body.includes('refresh_token=')) store.change({ refreshToken: undefined, expiresAt: 1 });
      return false;
    };
    expect(textOf(await client.callTool('buy'))).toBe('done');
    const { accessToken } = JSON.parse(store.values.get(store.grantKey) ?? '') as { accessToken: string };
    expect(server.asked('tools/call').at(-1)?.headers.authorization).toBe(`Bearer ${accessToken}`);
  });

  test('does not bring back a grant that another process has deleted meanwhile', async () => {
    const client = await connect();
    const key = store.grantKey;
    as.expire();
    as.twist = (visit) => {
      if (visit.body.includes('refresh_token=')) store.values.delete(key);
      return false;
    };
    await client.callTool('buy');
    expect(store.values.has(key)).toBe(false);
  });
});

describe('a sign-in', () => {
  test('waits for another process, and uses its grant, without a prompt and without a registration', async () => {
    await (await connect()).close();
    const grant = store.values.get(store.grantKey) ?? '';
    const key = store.grantKey;
    store.values.clear();
    let giveLease = (): void => undefined;
    store.give = () =>
      new Promise<void>((resolve) => {
        giveLease = resolve;
      });
    const client = clientOf();
    const connected = client.connect();
    await until(() => store.watchers.has(key));
    store.values.set(key, grant);
    giveLease();
    await connected;
    expect(textOf(await client.callTool('buy'))).toBe('done');
    expect(prompts).toHaveLength(1);
    expect(as.count('/as/register')).toBe(1);
  });

  test('uses the grant of another process as soon as the store announces it', async () => {
    await (await connect()).close();
    const grant = store.values.get(store.grantKey) ?? '';
    const key = store.grantKey;
    store.values.clear();
    store.give = untilAborted;
    const client = clientOf();
    const connected = client.connect();
    await until(() => store.watchers.has(key));
    store.watchers.get(key)?.();
    store.values.set(key, grant);
    store.watchers.get(key)?.();
    await connected;
    expect(prompts).toHaveLength(1);
    expect(store.watchers.size).toBe(0);
  });

  test('refreshes the grant of another process that has expired meanwhile', async () => {
    const { key, grant } = await leaveGrantOut();
    store.give = async (purpose, signal) => (purpose === 'sign-in' ? untilAborted(purpose, signal) : undefined);
    const client = clientOf();
    const connected = client.connect();
    await until(() => store.watchers.has(key));
    store.values.set(key, expired(grant));
    store.watchers.get(key)?.();
    await connected;
    expect(refreshes()).toBe(1);
    expect(prompts).toHaveLength(1);
  });

  test('that has failed is over when another process has signed in', async () => {
    const { client, key, grant } = await cancelSignIn();
    expect(client.authorization?.state).toBe('failed');
    store.values.set(key, grant);
    store.watchers.get(key)?.();
    await until(() => client.authorization?.state === 'authorized');
    expect(store.watchers.size).toBe(0);
    expect(prompts).toHaveLength(2);
  });

  test('that has failed is not necessary when another process has signed in, although that token has expired', async () => {
    const { client, key, grant } = await cancelSignIn();
    store.values.set(key, expired(grant));
    store.watchers.get(key)?.();
    await until(() => store.watchers.size === 0);
    await client.signIn();
    expect(refreshes()).toBe(1);
    expect(prompts).toHaveLength(2);
  });

  test('waits no longer than a person has', async () => {
    store.give = untilAborted;
    const auth = signedIn(prompts, { store });
    const client = new MCPClient(new HttpTransport(server.url, { auth }), { authTimeout: 50 });
    endLater(() => client.close());
    expect(await errorFrom(client.signIn())).toMatchObject({ code: 'MCP_AUTH_BUSY' });
    expect(prompts).toEqual([]);
  });

  test('is possible although the store gives no lease', async () => {
    store.give = () => Promise.reject(new Error('The server of the store is gone'));
    const client = clientOf();
    client.on('error', () => undefined);
    await client.connect();
    expect(prompts).toHaveLength(1);
  });

  test('is possible although the store returns no lease, and can watch nothing', async () => {
    const broken = {
      read: async () => undefined,
      write: async () => true,
      lease: async () => undefined,
      watch: () => {
        throw new Error('not here');
      },
    };
    const problems: string[] = [];
    const client = clientOf({ store: broken as unknown as TokenStore });
    client.on('error', ({ message }) => problems.push(message));
    await client.connect();
    expect(prompts).toHaveLength(1);
    expect(problems.join()).toContain('not here');
    expect(problems.join()).toContain('must return an object with `isHeld` and `release`');
  });
});

describe('a refresh token that the server has refused', () => {
  test('has the person sign in where another process was the first to find out', async () => {
    const [one, other] = [await connect(), await connect()];
    expect(prompts).toHaveLength(1);
    as.expire();
    store.change({ expiresAt: 1, agesAt: 1 });
    // Both look into the store before either has the lease.
    as.twist = (visit) => {
      const isRefused = visit.path === '/as/token' && visit.body.includes('grant_type=refresh_token');
      if (isRefused) visit.json({ error: 'invalid_grant' }, 400);
      return isRefused;
    };
    const outcomes = await Promise.all([one.callTool('buy'), other.callTool('buy')]);
    expect(outcomes.map(textOf)).toEqual(['done', 'done']);
    expect(prompts).toHaveLength(2);
  });
});

test('signOut() deletes a token that was being written, also in a store that writes slowly', async () => {
  const slow = new SharedStore();
  const began: (() => void)[] = [];
  const write = slow.write.bind(slow);
  slow.write = async (key, value, expected) => {
    if (value !== undefined) await new Promise<void>((resolve) => began.push(resolve));
    return write(key, value, expected);
  };
  const grant: UnattendedGrant = { unattended: true, obtain: async () => ({ access_token: issuedToken() }) };
  const client = new MCPClient(new HttpTransport(server.url, { auth: oauth({ store: slow, grant }) }));
  endLater(() => client.close());
  const connected = errorFrom(client.connect());
  await until(() => began.length === 1);
  const signedOut = client.signOut();
  // The store has time to delete the value first.
  await new Promise((resolve) => setTimeout(resolve, 50));
  began[0]?.();
  await signedOut;
  await connected;
  expect([...slow.values.keys()]).toEqual([]);
});

describe('a grant without a person', () => {
  const grant: UnattendedGrant = {
    unattended: true,
    obtain: async () => ({ access_token: issuedToken() }),
  };

  /** In this environment 5 s pass at once. */
  const quick: Environment = {
    ...systemEnvironment,
    setTimeout: (callback, delay) => systemEnvironment.setTimeout(callback, delay === 5_000 ? 20 : delay),
  };

  test.each([
    ['another process keeps the lease', untilAborted],
    ['the store never gives one', never],
  ])('gives a token although %s', async (_what, give) => {
    store.give = give;
    const client = new MCPClient(new HttpTransport(server.url, { auth: oauth({ store, grant }) }), {
      environment: quick,
    });
    endLater(() => client.close());
    await client.connect();
    as.expire();
    expect(textOf(await client.callTool('buy'))).toBe('done');
  });

  test('gives a token although the store has failed', async () => {
    store.give = () => Promise.reject(new Error('The server of the store is gone'));
    store.isFull = true;
    const client = new MCPClient(new HttpTransport(server.url, { auth: oauth({ store, grant }) }));
    client.on('error', () => undefined);
    endLater(() => client.close());
    await client.connect();
    as.expire();
    expect(textOf(await client.callTool('buy'))).toBe('done');
  });
});

describe('the end of a connection', () => {
  test('comes after the release of its lease', async () => {
    let pages = 0;
    const auth = signedIn(prompts, { store }, () => {
      pages += 1;
    });
    const client = new MCPClient(new HttpTransport(server.url, { auth }));
    store.release = async () => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      store.log.push('done');
    };
    const connected = errorFrom(client.connect());
    await until(() => pages === 1);
    await client.close();
    expect(await connected).toMatchObject({ code: 'MCP_CONNECTION_CLOSED' });
    expect(store.log).toEqual(['sign-in taken', 'sign-in released', 'done']);
  });

  test.each([
    ['releases no lease', { release: never }],
    ['gives no lease', { give: never }],
    ['does not say whether a lease is held', { isHeld: never }],
  ])('comes although the store %s', async (_what, broken) => {
    const client = await connect();
    Object.assign(store, broken);
    as.expire();
    const call = errorFrom(client.callTool('buy').then(() => Promise.reject(new Error('done'))));
    await until(() => client.authorization?.state === 'refreshing' || refreshes() > 0);
    await client.close();
    expect(await call).toBeInstanceOf(Error);
  });

  test('releases a lease that the store gives too late', async () => {
    const client = await connect();
    let giveLease = (): void => undefined;
    store.give = () =>
      new Promise<void>((resolve) => {
        giveLease = resolve;
      });
    as.expire();
    const call = errorFrom(client.callTool('buy'));
    await until(() => client.authorization?.state === 'refreshing');
    await client.close();
    await call;
    giveLease();
    await until(() => store.log.length === 2);
    expect(store.log).toEqual(['refresh taken', 'refresh released']);
  });
});

test('a sign-out rejects with MCP_AUTH_BUSY, and deletes nothing, while another process has the lease', async () => {
  const client = await connect({}, hurried);
  store.give = untilAborted;
  expect(await errorFrom(client.signOut())).toMatchObject({ code: 'MCP_AUTH_BUSY' });
  expect(store.grantKey).not.toBe('');
  expect(textOf(await client.callTool('buy'))).toBe('done');
});

describe('a store that never settles', () => {
  /** In this environment a store has no time. */
  const impatient: Environment = {
    ...systemEnvironment,
    setTimeout: (callback, delay) => systemEnvironment.setTimeout(callback, delay === 10_000 ? 20 : delay),
  };
  const options = { network: { timeout: 9_000 } };

  test.each([
    ['read', { read: never }],
    ['write', { write: never }],
  ])('a %s is reported, and the tokens are kept in memory', async (operation, broken) => {
    Object.assign(store, broken);
    const client = clientOf(options, impatient);
    const problems: MCPError[] = [];
    client.on('error', (problem) => problems.push(problem));
    await client.connect();
    as.expire();
    expect(textOf(await client.callTool('buy'))).toBe('done');
    expect(prompts).toHaveLength(1);
    expect(problems[0]).toMatchObject({ code: 'MCP_TOKEN_STORE_FAILED', details: { operation } });
    expect(problems[0]?.message).toContain('has not responded within 10000 ms');
  });

  test('a check of the lease counts as its loss', async () => {
    const client = await connect(options, impatient);
    client.on('error', () => undefined);
    store.isHeld = never;
    as.expire();
    expect(await errorFrom(client.callTool('buy'))).toMatchObject({ code: 'MCP_AUTH_BUSY' });
    expect(refreshes()).toBe(0);
  });
});

test.each([{ lease: 3 }, { watch: 'on' }, { read: undefined }])('oauth() refuses a store with %j', (broken) => {
  const given = { read: async () => undefined, write: async () => true, ...broken };
  const refused = (): unknown => oauth({ store: given as unknown as TokenStore });
  expect(refused).toThrow(
    'oauth(): store must be an object with the functions `read` and `write`, and perhaps `lease`',
  );
});

test('connections of one process ask the store for one lease at a time', async () => {
  const auth = signedIn(prompts, { store });
  const clients = [1, 2, 3].map(() => new MCPClient(new HttpTransport(server.url, { auth })));
  for (const client of clients) endLater(() => client.close());
  let waiting = 0;
  let most = 0;
  store.give = async () => {
    most = Math.max(most, (waiting += 1));
    await new Promise((resolve) => setTimeout(resolve, 20));
    waiting -= 1;
  };
  await Promise.all(clients.map((client) => client.connect()));
  expect(most).toBe(1);
  expect(prompts).toHaveLength(1);
});
