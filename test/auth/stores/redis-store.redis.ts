import { inspect } from 'node:util';

import { createClient } from '@redis/client';
import { Redis } from 'ioredis';

import { redisStore } from '../../../src/auth/index.js';
import type { RedisClient, TokenStore } from '../../../src/auth/index.js';
import { redisStoreWith } from '../../../src/auth/stores/redis-store.js';
import { RedisProcess } from '../../support/servers/redis-process.js';
import { storeContract } from './store-contract.js';

const TIMING = { touch: 50, dead: 400, look: 20 };

const never = new AbortController().signal;

let server: RedisProcess;
let ends: (() => Promise<unknown>)[];

beforeAll(async () => {
  server = await RedisProcess.start();
});

beforeEach(() => {
  ends = [];
});

afterEach(async () => {
  await (await nodeRedis()).sendCommand(['FLUSHALL']);
  for (const end of ends) await end();
});

afterAll(() => server.stop());

async function ioredis(): Promise<Redis> {
  const client = new Redis(server.socket);
  ends.push(() => client.quit());
  return client;
}

async function nodeRedis() {
  const client = createClient({ socket: { path: server.socket, tls: false } });
  await client.connect();
  ends.push(() => client.close());
  return client;
}

const CLIENTS: readonly (readonly [name: string, make: () => Promise<RedisClient>])[] = [
  ['ioredis', ioredis],
  ['node-redis', nodeRedis],
];

for (const [name, make] of CLIENTS)
  storeContract(`a Redis server, through ${name}`, async () =>
    redisStoreWith(await make(), {}, { ...TIMING, watch: 50 }),
  );

describe.each(CLIENTS)('a lease in a Redis server, through %s', (_name, make) => {
  let store: TokenStore;
  let other: TokenStore;

  beforeEach(async () => {
    const timing = { ...TIMING, watch: 50 };
    [store, other] = [redisStoreWith(await make(), {}, timing), redisStoreWith(await make(), {}, timing)];
  });

  test('is kept by a living holder for longer than a dead one has', async () => {
    const lease = await store.lease?.('refresh/a', never);
    const controller = new AbortController();
    const waiting = other.lease?.('refresh/a', controller.signal);
    setTimeout(() => {
      controller.abort(new Error('enough'));
    }, 1_200);
    await expect(waiting).rejects.toThrow('enough');
    expect(await lease?.isHeld()).toBe(true);
    await lease?.release();
  });

  test('ends when its holder shows no life, and is lost then', async () => {
    const silent = redisStoreWith(await make(), {}, { ...TIMING, watch: 50, touch: 60_000 });
    const lost = await silent.lease?.('refresh/a', never);
    const lease = await other.lease?.('refresh/a', never);
    expect(await lost?.isHeld()).toBe(false);
    await lost?.release();
    expect(await lease?.isHeld()).toBe(true);
    await lease?.release();
  });
});

describe('redisStore()', () => {
  test('puts its prefix before each key, and other keys stay as they are', async () => {
    const client = await ioredis();
    const store = redisStore(client, { prefix: 'app:' });
    await store.write('grant/a', 'secret');
    const lease = await store.lease?.('refresh/grant/a', never);
    expect((await client.keys('*')).sort()).toEqual(['app:grant/a', 'app:lease/refresh/grant/a']);
    await lease?.release();
    await redisStore(client).write('grant/a', 'other');
    expect((await client.keys('*')).sort()).toEqual(['app:grant/a', 'mcp-actors:grant/a']);
    expect(await store.read('grant/a')).toBe('secret');
  });

  test('gives its lease a life of 15 s, so that a process that is killed does not keep it', async () => {
    const client = await ioredis();
    const lease = await redisStore(client).lease?.('refresh/a', never);
    const left = await client.pttl('mcp-actors:lease/refresh/a');
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(15_000);
    await lease?.release();
  });

  test('rejects with the error of the client when the server is gone', async () => {
    const client = new Redis(server.socket, { maxRetriesPerRequest: 0, retryStrategy: () => null });
    client.on('error', () => undefined);
    const store = redisStore(client);
    await store.read('grant/a');
    client.disconnect();
    await expect(store.read('grant/a')).rejects.toThrow('Connection is closed');
    await expect(store.write('grant/a', 'secret')).rejects.toThrow('Connection is closed');
    await expect(store.lease?.('refresh/a', never)).rejects.toThrow('Connection is closed');
  });

  test('rejects a client that returns bytes in place of text', async () => {
    const store = redisStore({ call: async () => Buffer.from('secret') });
    await expect(store.read('grant/a')).rejects.toThrow('must return the values of GET as text');
  });

  test('shows no client and no value when it is printed', async () => {
    const client = await ioredis();
    const store = redisStore(client);
    await store.write('grant/a', 'secret');
    expect(inspect(store)).toBe('RedisStore {}');
  });

  test.each([
    ['client', undefined, {}],
    ['client', null, {}],
    ['client', {}, {}],
    ['client', { call: 'GET' }, {}],
    ['prefix', { call: async () => null }, { prefix: 3 }],
    ['prefixx', { call: async () => null }, { prefixx: 'a' }],
  ])('refuses an invalid %s', (field, client, options) => {
    const refused = (): unknown => redisStore(client as RedisClient, options as { prefix?: string });
    expect(refused).toThrow(field);
    expect(refused).toThrow('redisStore()');
  });
});
