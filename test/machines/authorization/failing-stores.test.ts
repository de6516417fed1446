import { memoryStore } from '../../../src/auth/index.js';
import type { SignInPrompt, TokenLease, TokenStore } from '../../../src/auth/index.js';
import { HttpTransport, MCPClient } from '../../../src/index.js';
import type { MCPError } from '../../../src/index.js';
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
let store: FailingStore;
let problems: MCPError[];

/** A store of several processes whose operations can fail. */
class FailingStore implements TokenStore {
  readonly values = memoryStore();
  readonly failing = new Set<'read' | 'write' | 'lease' | 'isHeld'>();
  /** Whether the next write is carried out, and its response lost. */
  losesResponse = false;
  /** The leases that are held. */
  readonly held = new Set<string>();
  /** How often each operation was called. */
  readonly counts = { read: 0, write: 0, lease: 0, isHeld: 0 };

  #begin(operation: keyof typeof this.counts): void {
    this.counts[operation] += 1;
    if (this.failing.has(operation)) throw new Error('The network is cut');
  }

  async read(key: string): Promise<string | undefined> {
    this.#begin('read');
    return this.values.read(key);
  }

  async write(key: string, value: string | undefined, expected?: string): Promise<boolean> {
    this.#begin('write');
    const written = await this.values.write(key, value, expected);
    if (!this.losesResponse) return written;
    this.losesResponse = false;
    throw new Error('The network is cut');
  }

  async lease(key: string): Promise<TokenLease> {
    this.#begin('lease');
    this.held.add(key);
    return {
      isHeld: async () => {
        this.#begin('isHeld');
        return true;
      },
      release: async () => {
        this.held.delete(key);
      },
    };
  }
}

beforeEach(async () => {
  as = new AuthorizationServer();
  prompts = [];
  problems = [];
  store = new FailingStore();
  server = await protectedServer(as);
  endLater(() => server.close());
});

async function connect(): Promise<MCPClient> {
  const client = new MCPClient(new HttpTransport(server.url, { auth: signedIn(prompts, { store }) }));
  endLater(() => client.close());
  client.on('error', (problem) => problems.push(problem));
  await client.connect();
  return client;
}

const refreshes = (): number => as.forms.filter((form) => form.get('grant_type') === 'refresh_token').length;
const messages = (): string[] => problems.map(({ message }) => message);

async function call(client: MCPClient): Promise<string> {
  return textOf(await client.callTool('buy'));
}

describe('tokens that could not be stored', () => {
  test('are used at once, and stored when the store works again, under the same lease', async () => {
    const client = await connect();
    await until(() => store.held.size === 0);
    store.failing.add('write');
    as.expire();
    expect(await call(client)).toBe('done');
    await until(() => store.counts.write >= 4);
    expect([...store.held]).toEqual([expect.stringContaining('refresh/')]);
    store.failing.clear();
    await until(() => store.held.size === 0);
    // Another process finds the new tokens, not the spent ones.
    const other = await connect();
    expect(await call(other)).toBe('done');
    expect([refreshes(), prompts.length]).toEqual([1, 1]);
    expect(messages()).toEqual(['The token store could not write the tokens: The network is cut']);
  });

  test('are not taken for those of another process when only the response of the store was lost', async () => {
    const client = await connect();
    store.losesResponse = true;
    as.expire();
    expect(await call(client)).toBe('done');
    await until(() => store.held.size === 0);
    as.expire();
    expect(await call(client)).toBe('done');
    expect([refreshes(), prompts.length]).toEqual([2, 1]);
  });

  test('do not replace newer tokens of this connection', async () => {
    const client = await connect();
    store.failing.add('write');
    as.expire();
    expect(await call(client)).toBe('done');
    store.failing.clear();
    as.expire();
    expect(await call(client)).toBe('done');
    await until(() => store.held.size === 0);
    const other = await connect();
    expect(await call(other)).toBe('done');
    expect([refreshes(), prompts.length]).toEqual([2, 1]);
  });

  test('are written once more when the connection is closed, which waits for no further pause', async () => {
    const client = await connect();
    store.failing.add('write');
    as.expire();
    expect(await call(client)).toBe('done');
    const before = store.counts.write;
    await client.close();
    expect(store.counts.write).toBe(before + 1);
    expect(store.held.size).toBe(0);
  });

  test('are not stored after a sign-out', async () => {
    const client = await connect();
    store.failing.add('write');
    as.expire();
    expect(await call(client)).toBe('done');
    store.failing.clear();
    await client.signOut();
    await client.close();
    const other = await connect();
    expect(await call(other)).toBe('done');
    expect(prompts).toHaveLength(2);
  });
});

describe('the failure of a store', () => {
  test('is reported once until the operation works again', async () => {
    const client = await connect();
    store.failing.add('read');
    for (let expired = 0; expired < 3; expired += 1) {
      as.expire();
      expect(await call(client)).toBe('done');
    }
    expect(messages()).toEqual(['The token store could not read the tokens: The network is cut']);
    store.failing.clear();
    as.expire();
    expect(await call(client)).toBe('done');
    store.failing.add('read');
    as.expire();
    expect(await call(client)).toBe('done');
    expect(messages()).toHaveLength(2);
  });

  test('to give a lease fails a call with a message about the refresh', async () => {
    const client = await connect();
    store.failing.add('lease');
    as.expire();
    const error = await errorFrom(client.callTool('buy'));
    expect(error).toMatchObject({ code: 'MCP_AUTH_BUSY', delivery: 'not-sent' });
    expect(error.message).toContain('The token was not refreshed, because the token store gave no lease');
    expect(messages()).toEqual(['The token store could not give a lease: The network is cut']);
  });

  test('to confirm a lease fails a call with a message that says so', async () => {
    const client = await connect();
    store.failing.add('isHeld');
    as.expire();
    const error = await errorFrom(client.callTool('buy'));
    expect(error).toMatchObject({ code: 'MCP_AUTH_BUSY', delivery: 'not-sent' });
    expect(error.message).toContain('the token store did not confirm that this process has the lease');
    expect(messages()).toEqual(['The token store could not confirm a lease: The network is cut']);
    expect(refreshes()).toBe(0);
  });

  test('to give a lease fails signOut() with a message about the sign-out', async () => {
    const client = await connect();
    store.failing.add('lease');
    const error = await errorFrom(client.signOut());
    expect(error).toMatchObject({ code: 'MCP_AUTH_BUSY' });
    expect(error.message).toBe('The tokens were not deleted, because the token store gave no lease');
    store.failing.clear();
    expect(await call(client)).toBe('done');
    expect(prompts).toHaveLength(1);
  });

  test('to delete the tokens is reported as such', async () => {
    const client = await connect();
    store.failing.add('write');
    await client.signOut();
    expect(messages()).toEqual(['The token store could not delete the tokens: The network is cut']);
  });
});
