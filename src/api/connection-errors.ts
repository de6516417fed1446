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

/** The kinds of failures whose errors get the story of the connection. Other failures concern only the request. */
const ABOUT_CONNECTION: ReadonlySet<FailureKind> = new Set(['connection', 'timeout', 'transport', 'authentication']);

/** What {@link ConnectionErrors} uses of a client. */
export interface ErrorSources {
  readonly options: { readonly environment: Environment };
  readonly secrets: Pick<Secrets, 'failure'>;
  readonly history: Pick<History, 'upToHere'>;
  readonly connection: { readonly path: string; readonly facts: Pick<ConnectionFacts, 'failure'> };
  readonly listCache: { known(list: NamedList): string[] | undefined };
}

/** Makes the errors of one connection. Removes secrets, and adds the story if the failure concerns the connection. */
export class ConnectionErrors {
  readonly #sources: ErrorSources;
  #last: { readonly why: Failure; readonly error: MCPError } | undefined;

  /** @param sources its fields are read when an error is made, so they may be set later */
  constructor(sources: ErrorSources) {
    this.#sources = sources;
  }

  /** Makes the error of a failure. Call it while the stack still shows the caller. */
  of(why: Failure): MCPError {
    const { secrets, history, options, connection } = this.#sources;
    const failed = secrets.failure(why);
    if (!ABOUT_CONNECTION.has(failed.kind)) return toError(failed);
    return toError(
      failed,
      history.upToHere(options.environment.now(), () => connection.path),
    );
  }

  /** The rejection of a failed request: its error, or the reason of the caller's signal. */
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

  /** The error that closed the connection or failed the last attempt; undefined with a session. Its story ends at that moment. */
  get last(): MCPError | undefined {
    const { failure: why } = this.#sources.connection.facts;
    if (why === undefined) return undefined;
    // A failure without a state change gets its story when this is first read.
    if (this.#last?.why !== why) this.#last = { why, error: this.of(why) };
    return this.#last.error;
  }
}
