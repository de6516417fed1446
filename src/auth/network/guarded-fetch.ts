import type { Failure } from '../../util/failure.js';

/** A request of the authorization flow. */
export interface AuthRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
}

/** The whole response to it. */
export interface AuthResponse {
  readonly status: number;
  /** Of several headers with one name the first. */
  header(name: string): string | undefined;
  /** The body; empty if it is compressed, because that was not asked for. */
  readonly text: string;
}

/**
 * The only way of the authorization flow to the network. Each request is limited in time and size, goes to no address that is not allowed,
 * and follows at most three redirects, of GET requests only.
 */
export interface GuardedFetch {
  /** Rejects with a failure: `MCP_AUTH_URL_FORBIDDEN`, or `MCP_AUTH_UNREACHABLE` if there is no response. */
  fetch(request: AuthRequest): Promise<AuthResponse>;
  /** Why a URL may not be used, as far as the URL itself shows it. */
  refusal(url: string, purpose: string): Failure | undefined;
}

/** The JSON object of a body; undefined if it is anything else. */
export function jsonObject({ text }: AuthResponse): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a status says that the server cannot answer at the moment; everything else is an answer. */
export function isOutageStatus(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}
