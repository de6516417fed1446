import type { OAuthSettings } from '../../auth/oauth-settings.js';
import type { TokenLease } from '../../auth/stores/token-store.js';
import { askUserFunction } from '../../util/user-function.js';

/** What has a lock: a refresh lasts for a request, a sign-in for as long as a person needs. A refresh does not wait for a sign-in. */
export type LockPurpose = 'refresh' | 'sign-in';

/** What the locks of a grant report. */
export interface LockReceiver {
  /** A lease is being released. The promise resolves when that is done, and never rejects. */
  releasing(done: Promise<void>): void;
}

/** The store has given a lease, or has thrown something. Throws a failure if the lock may not be held without the lease. */
export type LeaseReceiver = (failed: { readonly thrown: unknown } | undefined) => void;

/**
 * The locks of one grant. Each is first taken among the connections of this process, and then, as a lease of the store, among processes: so one
 * connection of a process waits for a lease, and not all of them.
 */
export class StoreLocks {
  readonly #settings: OAuthSettings;
  readonly #key: string;
  readonly #receiver: LockReceiver;
  /** The leases that are held. */
  readonly #leases = new Map<LockPurpose, TokenLease>();

  constructor(settings: OAuthSettings, key: string, receiver: LockReceiver) {
    this.#settings = settings;
    this.#key = key;
    this.#receiver = receiver;
  }

  /** Takes a lock, and holds it until the signal is aborted. Rejects with the reason of the signal, and then holds nothing. */
  async take(purpose: LockPurpose, signal: AbortSignal, leased: LeaseReceiver): Promise<void> {
    const releaseLocal = await this.#settings.locks.take(`${purpose} ${this.#key}`, signal);
    try {
      signal.throwIfAborted();
      const lease = await this.#lease(purpose, signal, leased);
      const release = (): void => {
        releaseLocal();
        if (lease !== undefined) this.#release(purpose, lease);
      };
      if (!signal.aborted) signal.addEventListener('abort', release, { once: true });
      else release();
      signal.throwIfAborted();
    } catch (thrown) {
      releaseLocal();
      throw thrown;
    }
  }

  /** Whether the lease of a lock is still held. Without leases there is nothing to lose. */
  async holds(purpose: LockPurpose): Promise<boolean> {
    const lease = this.#leases.get(purpose);
    return lease === undefined || (await lease.isHeld());
  }

  async #lease(purpose: LockPurpose, signal: AbortSignal, leased: LeaseReceiver): Promise<TokenLease | undefined> {
    const { store } = this.#settings;
    if (store.lease === undefined) return undefined;
    const pending = this.#request(purpose, signal);
    try {
      const lease = await askUserFunction(() => pending, signal);
      this.#leases.set(purpose, lease);
      leased(undefined);
      return lease;
    } catch (thrown) {
      if (!signal.aborted) leased({ thrown });
      // The store may give the lease all the same.
      void pending.then(
        (late) => {
          this.#release(purpose, late);
        },
        () => undefined,
      );
      signal.throwIfAborted();
      return undefined;
    }
  }

  async #request(purpose: LockPurpose, signal: AbortSignal): Promise<TokenLease> {
    const lease: unknown = await this.#settings.store.lease?.(`${purpose}/${this.#key}`, signal);
    const { isHeld, release } = (lease ?? {}) as Partial<TokenLease>;
    if (typeof isHeld !== 'function' || typeof release !== 'function')
      throw new TypeError('The function `lease` of the store must return an object with `isHeld` and `release`');
    return lease as TokenLease;
  }

  #release(purpose: LockPurpose, lease: TokenLease): void {
    if (this.#leases.get(purpose) === lease) this.#leases.delete(purpose);
    const released = Promise.resolve()
      .then(() => lease.release())
      .catch(() => undefined);
    this.#receiver.releasing(released);
  }
}
