import type { Authorizer } from '../auth/authorizer.js';
import type { OAuth } from '../auth/oauth-object.js';
import type { TokenSource } from '../auth/token-source.js';
import type { Budget } from '../util/budget.js';
import type { Environment } from '../util/environment.js';
import { connectionShares } from './http/connection-shares.js';
import type { ConnectionShares } from './http/connection-shares.js';
import { authorizerOf, fixedHeaders } from './http/http-options.js';
import type { HttpDispatcher } from './http/http-options.js';
import type { LinkEvents } from './link.js';
import type { Secrets } from './secrets.js';
import type { HttpLimits } from './transport-limits.js';

/** Options of an `HttpEndpoint`. */
export interface EndpointOptions {
  readonly url: URL;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  /** The limit for opening a connection, in ms. */
  readonly timeout: number;
  readonly maxMessageBytes: number;
  /** The limits of connections, by purpose. */
  readonly shares: ConnectionShares;
  /** The budget for bodies and messages; undefined for no limit. */
  readonly budget?: Budget | undefined;
  readonly environment: Environment;
  readonly authorizer?: Authorizer | undefined;
  /** Collects the tokens, and removes secrets from failures before they are reported. */
  readonly secrets: Secrets;
  /** Used in place of the pools of the endpoint. It is never closed. */
  readonly dispatcher?: HttpDispatcher | undefined;
}

/** What an endpoint needs of its transport. */
interface TransportParts {
  readonly headers: Readonly<Record<string, string>>;
  readonly timeout: number;
  readonly maxMessageBytes: number;
  readonly secrets: Secrets;
}

/** The checked options of a transport that sends HTTP requests. */
interface TransportOptions {
  readonly auth?: TokenSource | OAuth | undefined;
  readonly dispatcher?: HttpDispatcher | undefined;
  readonly limits?: HttpLimits | undefined;
}

/** The options of the endpoint of a link over Streamable HTTP, or of the stream of a link over HTTP+SSE. */
export function endpointOptions(
  url: URL,
  { headers, timeout, maxMessageBytes, secrets }: TransportParts,
  { auth, dispatcher, limits }: TransportOptions,
  { budget, environment, authorizer }: LinkEvents,
): EndpointOptions {
  return {
    url,
    headers: fixedHeaders(url, headers, auth),
    timeout,
    maxMessageBytes,
    shares: connectionShares(limits?.maxConnections),
    budget,
    environment,
    authorizer: authorizerOf(auth, authorizer, (token) => {
      secrets.add(token);
    }),
    secrets,
    dispatcher,
  };
}
