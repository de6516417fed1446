import type { Applicant, Credentials } from '../../auth/authorizer.js';
import type { Failure } from '../../util/failure.js';

/** A wait for a token. */
export interface Wait {
  readonly applicant: Applicant;
  /** A token of a later generation is needed. */
  readonly after: number;
  /** Whether there must be a token. Requests can be sent without one, as long as the server has not refused that. */
  readonly needsToken?: true;
  /** The result when no work is in progress, and there is no such token. May throw a failure. */
  readonly otherwise: (why: Failure | undefined) => Credentials | undefined;
}

interface Waiter {
  readonly wait: Wait;
  readonly resolve: (credentials: Credentials | undefined) => void;
  readonly reject: (reason: Error) => void;
}

/** How a wait ends: with credentials, or without a token for a reason, if there is one. */
export type WaitEnd = { readonly credentials: Credentials } | { readonly why: Failure | undefined };

/** The requests, and calls of the program, that wait until there are credentials. */
export class CredentialWaiters {
  #waiters: Waiter[] = [];

  /** Waits. @param added called when the wait has begun */
  add(wait: Wait, added: () => void): Promise<Credentials | undefined> {
    return new Promise((resolve, reject) => {
      this.#waiters.push({ wait, resolve, reject });
      added();
    });
  }

  get isEmpty(): boolean {
    return this.#waiters.length === 0;
  }

  /** Ends the waits that are over. Waits that begin meanwhile are not looked at. */
  settle(endOf: (wait: Wait) => WaitEnd | undefined): void {
    const waiters = this.#waiters;
    if (waiters.length === 0) return;
    this.#waiters = [];
    for (const waiter of waiters) {
      const end = endOf(waiter.wait);
      if (end === undefined) this.#waiters.push(waiter);
      else if ('credentials' in end) waiter.resolve(end.credentials);
      else endWithout(waiter, end.why);
    }
  }

  /** A person is asked to sign in, or not any more. */
  park(asked: boolean, applicants = this.#waiters.map(({ wait }) => wait.applicant)): void {
    for (const applicant of applicants) {
      if (asked) applicant.park();
      else applicant.unpark();
    }
  }

  /** Whether a request waits. */
  has(applicant: Applicant): boolean {
    return this.#waiters.some(({ wait }) => wait.applicant === applicant);
  }

  /** Forgets the waits of a caller that does not wait any more. */
  forget(applicant: Applicant): void {
    this.#waiters = this.#waiters.filter(({ wait }) => wait.applicant !== applicant);
  }
}

function endWithout({ wait, resolve, reject }: Waiter, why: Failure | undefined): void {
  try {
    resolve(wait.otherwise(why));
  } catch (thrown) {
    reject(thrown as Error);
  }
}
