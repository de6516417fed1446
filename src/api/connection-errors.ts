import { toError } from '../errors.js';
import type { MCPError } from '../errors.js';
import type { ConnectionFacts } from '../machines/connection/connection-context.js';
import type { RequestFailure } from '../machines/request/outcome.js';
import { failureOfCall } from '../protocol/call-failure.js';
import type { NamedList } from '../protocol/call-failure.js';
import type { Params } from '../protocol/messages/json-rpc.js';
import type { Secrets } from '../transports/secrets.js';
import type { Environment } from '../util/environment.js';
import type { Failure, FailureKind } from '../util/failure.js';
import type { History } from './history.js';

/** Failures whose errors have the story of the connection. Others are about the request alone. */
const ABOUT_CONNECTION: ReadonlySet<FailureKind> = new Set(['connection', 'timeout', 'transport', 'authentication']);

/** What the errors of a connection are made from. */
export interface ErrorSources {
  readonly options: { readonly environment: Environment };
  readonly secrets: Pick<Secrets, 'failure'>;
  readonly history: Pick<History, 'upToHere'>;
  readonly connection: { readonly path: string; readonly facts: Pick<ConnectionFacts, 'failure'> };
  readonly listCache: { known(list: NamedList): string[] | undefined };
}

/** Makes the errors of one connection: without secrets, and with the story of the connection where the failure is about it. */
export class ConnectionErrors {
  readonly #sources: ErrorSources;
  #last: { readonly why: Failure; readonly error: MCPError } | undefined;

  /** @param sources its fields are read when an error is made, so that they may be filled later */
  constructor(sources: ErrorSources) {
    this.#sources = sources;
  }

  /** The error for a failure. Call it where the stack is still that of the caller. */
  of(why: Failure): MCPError {
    const { secrets, history, options, connection } = this.#sources;
    const failed = secrets.failure(why);
    if (!ABOUT_CONNECTION.has(failed.kind)) return toError(failed);
    return toError(
      failed,
      history.upToHere(options.environment.now(), () => connection.path),
    );
  }

  /** What a failed request throws: its error, or the reason of the caller's signal. */
  ofRequest({ failure, reason }: RequestFailure): unknown {
    return failure === undefined ? reason : this.of(failure);
  }

  /** The same for a call of the user: the error names the tool, the prompt or the resource. */
  ofCall({ failure, reason }: RequestFailure, method: string, params: Params | undefined): unknown {
    return failure === undefined ? reason : this.of(this.failureOfCall(failure, method, params));
  }

  /** The failure of a call of the user, which names the tool, the prompt or the resource. */
  failureOfCall(failed: Failure, method: string, params: Params | undefined): Failure {
    return failureOfCall(failed, { method, params, known: (list) => this.#sources.listCache.known(list) });
  }

  /** Why the connection was lost, or could not be made, since the last session. Its story ends when it happened. */
  get last(): MCPError | undefined {
    const { failure: why } = this.#sources.connection.facts;
    if (why === undefined) return undefined;
    // A failure that did not change the state gets the story of the first look at it.
    if (this.#last?.why !== why) this.#last = { why, error: this.of(why) };
    return this.#last.error;
  }
}
