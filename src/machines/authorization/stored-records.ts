import { authFailure, lockUnavailable } from '../../auth/auth-failures.js';
import type { ClientIdentity } from '../../auth/client-identity.js';
import { redirectUriOf } from '../../auth/grants/grant.js';
import type { OAuthSettings } from '../../auth/oauth-settings.js';
import {
  clientKey,
  grantKey,
  readGrant,
  readRegistration,
  writeGrant,
  writeRegistration,
} from '../../auth/stores/records.js';
import type { Grant } from '../../auth/stores/records.js';
import { isUsable } from '../../auth/stores/usable-grant.js';
import type { Environment, TimerHandle } from '../../util/environment.js';
import { describeThrown, lookable } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import { callUserFunction } from '../../util/user-function.js';
import { LateWrites } from './late-writes.js';
import { StoreLocks } from './store-locks.js';
import type { LockPurpose } from './store-locks.js';

/** The time that a store has for one operation, in ms. A lease is waited for longer: see the chart. */
const LONGEST_OPERATION = 10_000;

/** The grant in a store. */
export interface StoredGrant {
  /** Undefined if there is none, or none that the options could have obtained. */
  readonly grant: Grant | undefined;
  /** Whether there is one that the options could not have obtained. */
  readonly isForeign: boolean;
  /** Whether another connection has changed it since this one last read or wrote it. */
  readonly isNew: boolean;
  /** Whether this connection could not write a newer one. */
  readonly isBehind: boolean;
}

/** What the records of an authorization report. */
export interface RecordsReceiver {
  /** A problem of the store, which ends nothing. */
  report(problem: Failure): void;
  /** A lease is being released. The promise never rejects. */
  releasing(done: Promise<void>): void;
  /** Tokens that could not be stored are written again, until a promise settles. It never rejects. */
  storing(done: Promise<void>): void;
}

/** What a store does, as messages name it. */
const OPERATIONS = {
  read: 'read the tokens',
  write: 'write the tokens',
  delete: 'delete the tokens',
  lease: 'give a lease',
  check: 'confirm a lease',
  watch: 'watch the tokens',
} as const;

type Operation = keyof typeof OPERATIONS;

/** Whether the lease of a lock is held; `unknown`: the store did not respond. */
export type LeaseState = 'held' | 'lost' | 'unknown';

/**
 * The records of one authorization in the store of the user: its grant, and the clients that were registered. If the store fails, the failure is
 * reported, and the flow goes on with the tokens in memory.
 */
export class StoredRecords {
  readonly #settings: OAuthSettings;
  readonly #server: string;
  readonly #key: string;
  readonly #environment: Environment;
  readonly #receiver: RecordsReceiver;
  readonly #locks: StoreLocks;
  readonly #lateWrites: LateWrites;
  /** The operations that have failed the last time: a failure is reported once until the operation works again. */
  readonly #broken = new Set<Operation>();
  /** The text of the grant that this connection read or wrote last. */
  #seen: string | undefined;
  /** Whether the store failed to write the newest grant. */
  #unsaved = false;
  /** Ids of clients that may be unknown to their server, although a slow store may still have them. */
  readonly #doubted = new Set<string>();
  /** The timers of operations of the store. */
  readonly #limits = new Set<TimerHandle>();

  constructor(settings: OAuthSettings, server: string, environment: Environment, receiver: RecordsReceiver) {
    this.#settings = settings;
    this.#environment = environment;
    this.#server = server;
    this.#key = grantKey(server, settings.account);
    this.#receiver = receiver;
    this.#lateWrites = new LateWrites(environment);
    this.#locks = new StoreLocks(settings, this.#key, {
      releasing: (done) => {
        receiver.releasing(done);
      },
    });
  }

  /**
   * Holds a lock until the signal is aborted: among the connections of this process, and among processes if the store has leases.
   * @param loss what is not done without the lock, for the failure
   */
  async lock(purpose: LockPurpose, signal: AbortSignal, loss: string): Promise<void> {
    // The lock is perhaps held for these writes.
    this.#lateWrites.hurry();
    await this.#locks.take(purpose, signal, (thrown) => {
      if (thrown === undefined) this.#succeeded('lease');
      else this.#leaseFailed(purpose, thrown.thrown, loss);
    });
  }

  /** Whether a lock that was taken is still held: a process that was stopped for too long has lost it. */
  async holds(purpose: LockPurpose): Promise<LeaseState> {
    try {
      const isHeld = await this.#limited(() => this.#locks.holds(purpose));
      this.#succeeded('check');
      return isHeld ? 'held' : 'lost';
    } catch (thrown) {
      this.#failed('check', thrown);
      return 'unknown';
    }
  }

  /** A person who is asked twice does no harm, and a token that was never stored is known to this process alone. */
  #leaseFailed(purpose: LockPurpose, thrown: unknown, loss: string): void {
    this.#failed('lease', thrown);
    const isShared = this.#seen !== undefined && !this.#unsaved;
    if (purpose === 'refresh' && isShared)
      throw lockUnavailable(`${loss}, because the token store gave no lease`, lookable(thrown));
  }

  #succeeded(operation: Operation): void {
    this.#broken.delete(operation);
  }

  #failed(operation: Operation, thrown: unknown): void {
    if (this.#broken.has(operation)) return;
    this.#broken.add(operation);
    this.#receiver.report(
      authFailure(
        'MCP_TOKEN_STORE_FAILED',
        'store',
        `The token store could not ${OPERATIONS[operation]}: ${describeThrown(thrown)}`,
        { operation },
        { cause: lookable(thrown) },
      ),
    );
  }

  /** Calls a function now and when the grant may have changed, until the signal is aborted; never if the store has no `watch`. */
  watch(changed: () => void, signal: AbortSignal): void {
    try {
      const stop = this.#settings.store.watch?.(this.#key, changed);
      if (stop === undefined) return;
      const end = (): void => {
        callUserFunction('the end of `watch` of the store', stop, (problem) => {
          this.#receiver.report(problem);
        });
      };
      if (signal.aborted) end();
      else signal.addEventListener('abort', end, { once: true });
      changed();
    } catch (thrown) {
      this.#failed('watch', thrown);
    }
  }

  /** The connection ends: tokens that could not be stored are written once more, at once. */
  hurry(): void {
    this.#lateWrites.hurry();
  }

  /** Nothing waits for the store any more: operations that have not ended are ignored. */
  stopWaiting(): void {
    this.#lateWrites.end();
    for (const timer of this.#limits) this.#environment.clearTimeout(timer);
    this.#limits.clear();
  }

  /** Reads the grant; undefined if the store fails, or if the signal is aborted: what was read may be older than what was written since. */
  async grant(signal?: AbortSignal): Promise<StoredGrant | undefined> {
    const read = await this.#read(this.#key);
    if (read === undefined || signal?.aborted === true) return undefined;
    const isNew = read.text !== this.#seen;
    this.#seen = read.text;
    if (isNew) this.#unsaved = false;
    const stored = readGrant(read.text, this.#server, this.#settings.account);
    const isForeign = stored !== undefined && !isUsable(stored, this.#settings);
    return { grant: isForeign ? undefined : stored, isForeign, isNew, isBehind: this.#unsaved };
  }

  async keepGrant(grant: Grant): Promise<void> {
    await this.#keep(grant, undefined);
  }

  /** Writes a grant in place of the one that was read or written last. Returns false if there is another one now. */
  async replaceGrant(grant: Grant): Promise<boolean> {
    return this.#keep(grant, this.#seen);
  }

  /** Deletes the grant. */
  async dropGrant(): Promise<void> {
    this.#lateWrites.end();
    const written = await this.#write(this.#key, undefined);
    this.#unsaved = written === undefined;
    // What the store could not delete is not taken for a newer grant.
    if (!this.#unsaved) this.#seen = undefined;
  }

  async #keep(grant: Grant, expected: string | undefined): Promise<boolean> {
    this.#lateWrites.end();
    const text = writeGrant(grant);
    const before = expected ?? this.#seen;
    const written = await this.#write(this.#key, text, expected);
    const note = (isOurs: boolean): void => {
      if (isOurs) this.#seen = text;
      this.#unsaved = false;
    };
    if (written !== undefined) {
      note(written);
      return written;
    }
    this.#unsaved = true;
    const again = async (): Promise<boolean | undefined> => {
      const isOurs = await this.#write(this.#key, text, before);
      // Another connection has written meanwhile, or an earlier try has, and only its response was lost.
      return isOurs === false ? (await this.#read(this.#key))?.text === text : isOurs;
    };
    this.#receiver.storing(this.#lateWrites.begin(again, note));
    return true;
  }

  /** The client that was registered at an issuer for these scopes, unless it is doubted or its secret has expired. */
  async client(issuer: string, scopes: readonly string[], now: number): Promise<ClientIdentity | undefined> {
    const redirectUri = redirectUriOf(this.#settings.grant);
    const read = await this.#read(clientKey(issuer, redirectUri));
    const client = readRegistration(read?.text, issuer, redirectUri, scopes);
    const isUsable = client !== undefined && !this.#doubted.has(client.id);
    return isUsable && (client.secretExpiresAt ?? Infinity) > now ? client : undefined;
  }

  async keepClient(issuer: string, client: ClientIdentity, scopes: readonly string[]): Promise<void> {
    const redirectUri = redirectUriOf(this.#settings.grant);
    await this.#write(clientKey(issuer, redirectUri), writeRegistration(issuer, redirectUri, client, scopes));
  }

  /** The server may not know this client any more. */
  async doubtClient(issuer: string, { id }: ClientIdentity): Promise<void> {
    this.#doubted.add(id);
    await this.#write(clientKey(issuer, redirectUriOf(this.#settings.grant)), undefined);
  }

  /** The result of an operation of the store. Rejects if that takes too long; a store may never settle. */
  #limited<Result>(operation: () => Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      const timer = this.#environment.setTimeout(() => {
        this.#limits.delete(timer);
        reject(new Error(`The store has not responded within ${LONGEST_OPERATION} ms`));
      }, LONGEST_OPERATION);
      this.#limits.add(timer);
      // The promise turns a synchronous throw into a rejection.
      new Promise<Result>((settle) => {
        settle(operation());
      })
        .finally(() => {
          this.#limits.delete(timer);
          this.#environment.clearTimeout(timer);
        })
        .then(resolve, reject);
    });
  }

  async #read(key: string): Promise<{ readonly text: string | undefined } | undefined> {
    try {
      const text = await this.#limited(() => this.#settings.store.read(key));
      this.#succeeded('read');
      return { text };
    } catch (thrown) {
      this.#failed('read', thrown);
      return undefined;
    }
  }

  /** Resolves with false if the stored value is not the expected one, and with undefined if the store fails. */
  async #write(key: string, value: string | undefined, expected?: string): Promise<boolean | undefined> {
    const operation = value === undefined ? 'delete' : 'write';
    try {
      // A store in JavaScript may return nothing.
      const written: unknown = await this.#limited(() => this.#settings.store.write(key, value, expected));
      this.#succeeded(operation);
      return written !== false;
    } catch (thrown) {
      this.#failed(operation, thrown);
      return undefined;
    }
  }
}
