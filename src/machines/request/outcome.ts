import type { Failure } from '../../util/failure.js';

/** The end of a request without a result. It is a class, so that one check distinguishes it from every result. */
export class RequestFailure {
  readonly failure: Failure | undefined;
  /** The reason with which the signal of the caller was aborted. Set only when there is no failure. */
  readonly reason: unknown;

  private constructor(failure: Failure | undefined, reason: unknown) {
    this.failure = failure;
    this.reason = reason;
  }

  static failed(failure: Failure): RequestFailure {
    return new RequestFailure(failure, undefined);
  }

  static aborted(reason: unknown): RequestFailure {
    return new RequestFailure(undefined, reason);
  }
}

/** The result of a request, or why there is none. */
export type Outcome = Readonly<Record<string, unknown>> | RequestFailure;
