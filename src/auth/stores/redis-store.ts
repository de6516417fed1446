import { invalidOption, OptionReader, optionNames } from '../../option-checks.js';
import { systemEnvironment } from '../../util/environment.js';
import { every, LEASE_TIMING, looks, pause } from './lease-timing.js';
import type { LeaseTiming } from './lease-timing.js';
import type { TokenLease, TokenStore } from './token-store.js';

/**
 * A client of Redis or Valkey: `ioredis` and `iovalkey` have `call`, `redis` (node-redis, version 4 and later) has `sendCommand`. If an object has both,
 * `call` is used.
 */
export type RedisClient =
  | {
      /** Sends a command with its arguments, and resolves with the reply. Rejects if the server refuses it, or cannot be reached. */
      call(command: string, ...args: string[]): Promise<unknown>;
    }
  | {
      /** Sends a command with its arguments, and resolves with the reply. Rejects if the server refuses it, or cannot be reached. */
      sendCommand(args: string[]): Promise<unknown>;
    };

/** Options of {@link redisStore}. */
export interface RedisStoreOptions {
  /** Precedes the keys. Default `'mcp-actors:'`. */
  readonly prefix?: string | undefined;
}

const NAMES = optionNames<RedisStoreOptions>({ prefix: true });

const OWNER = 'redisStore()';

/** The times of a Redis store, in ms. */
export interface RedisStoreTiming extends LeaseTiming {
  /** The time between two looks at a value that is watched. */
  readonly watch: number;
}

const TIMING: RedisStoreTiming = { ...LEASE_TIMING, watch: 2_000 };

/** Compares and writes in one step. ARGV: whether a value is expected, that value, whether there is a new value, that value. */
const WRITE = `
if ARGV[1] == '1' and redis.call('GET', KEYS[1]) ~= ARGV[2] then return 0 end
if ARGV[3] == '1' then redis.call('SET', KEYS[1], ARGV[4]) else redis.call('DEL', KEYS[1]) end
return 1`;

/** Prolongs a lease of this owner. ARGV: the owner, the time to live in ms. */
const RENEW = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0`;

/** Ends a lease of this owner. ARGV: the owner. */
const RELEASE = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`;

/**
 * A store in Redis or Valkey, for a fleet of machines: one process at a time refreshes a token or asks a person to sign in, and the others use the
 * result. Values are not encrypted, and do not expire: every user of the server can read the tokens. A lease lives for 15 s and is prolonged every
 * 3 s while its holder lives. Commands: `GET`, `SET` and `EVAL`, with one key each. OAuth 2.1, 4.3.
 *
 * The functions of the store reject with the errors of the client.
 *
 * @param client a connected client, which the program closes
 * @throws MCPError with code `MCP_INVALID_PARAMS` when an option is invalid; `details.field` names it.
 * @example
 * const auth = oauth({ store: redisStore(new Redis('rediss://redis.example.com')), account: user });
 */
export function redisStore(client: RedisClient, options: RedisStoreOptions = {}): TokenStore {
  return redisStoreWith(client, options, TIMING);
}

/** The same with other times, for tests. */
export function redisStoreWith(client: RedisClient, options: RedisStoreOptions, timing: RedisStoreTiming): TokenStore {
  const send = senderOf(client);
  if (send === undefined)
    throw invalidOption(
      'client',
      'a client with the function `call` (ioredis) or `sendCommand` (redis)',
      client,
      OWNER,
    );
  const read = OptionReader.of(OWNER, options, NAMES);
  read.optional('prefix', (value) => typeof value === 'string', 'a string');
  return new RedisStore(send, options.prefix ?? 'mcp-actors:', timing);
}

type Sender = (command: string, ...args: string[]) => Promise<unknown>;

/** The function of a client that sends a command. `sendCommand` of ioredis takes an object, so that `call` comes first. */
function senderOf(client: RedisClient): Sender | undefined {
  if (typeof client !== 'object' && typeof client !== 'function') return undefined;
  if (client === null) return undefined;
  if ('call' in client && typeof client.call === 'function') return (...given) => client.call(...given);
  if ('sendCommand' in client && typeof client.sendCommand === 'function')
    return (...given) => client.sendCommand(given);
  return undefined;
}

class RedisStore implements TokenStore {
  readonly #send: Sender;
  readonly #prefix: string;
  readonly #timing: RedisStoreTiming;

  constructor(send: Sender, prefix: string, timing: RedisStoreTiming) {
    this.#send = send;
    this.#prefix = prefix;
    this.#timing = timing;
  }

  async read(key: string): Promise<string | undefined> {
    const reply = await this.#send('GET', this.#prefix + key);
    if (reply === null || reply === undefined) return undefined;
    if (typeof reply === 'string') return reply;
    throw new TypeError(`The Redis client must return the values of GET as text, and returned ${typeof reply}`);
  }

  write(key: string, value: string | undefined, expected?: string): Promise<boolean> {
    return this.#run(WRITE, this.#prefix + key, ...given(expected), ...given(value));
  }

  async lease(key: string, signal: AbortSignal): Promise<TokenLease> {
    const name = `${this.#prefix}lease/${key}`;
    const owner = systemEnvironment.newId();
    for (const durations = looks(this.#timing); ;) {
      signal.throwIfAborted();
      const reply = await this.#send('SET', name, owner, 'NX', 'PX', String(this.#timing.dead));
      if (reply !== null && reply !== undefined) break;
      await pause(durations.next().value, signal);
    }
    const renew = (): Promise<boolean> => this.#run(RENEW, name, owner, String(this.#timing.dead));
    const stop = every(this.#timing.touch, async () => {
      // While the server is out of reach the next one may succeed in time; else the lease ends, which `isHeld` reports.
      await renew().catch(() => false);
    });
    const release = async (): Promise<void> => {
      stop();
      await this.#run(RELEASE, name, owner);
    };
    if (!signal.aborted) return { isHeld: renew, release };
    await release();
    throw signal.reason;
  }

  watch(key: string, changed: () => void): () => void {
    let seen: string | undefined;
    return every(this.#timing.watch, async () => {
      const value = await this.read(key).catch(() => seen);
      if (value === seen) return;
      seen = value;
      changed();
    });
  }

  /** Runs a script with one key. Resolves with whether it returned 1. */
  async #run(script: string, key: string, ...args: string[]): Promise<boolean> {
    return Number(await this.#send('EVAL', script, '1', key, ...args)) === 1;
  }
}

/** Whether there is a value, and the value, as arguments of a script. */
function given(value: string | undefined): [string, string] {
  return value === undefined ? ['0', ''] : ['1', value];
}
