import type { TokenSource } from '../../auth/token-source.js';
import { connectionShares } from '../http/connection-shares.js';
import type { HttpDispatcher } from '../http/http-dispatcher.js';
import { HTTP, checkHttpCalls, fixedHeaders } from '../http/http-options.js';
import type { HttpLimits } from '../transport-limits.js';
import type { Link, LinkEvents } from '../link.js';
import { checkUrl, readHeaders } from '../network-options.js';
import type { HeadersOption } from '../network-options.js';
import { copyOptions, optionNames } from '../../option-checks.js';
import type { SseLink } from './sse-link.js';
import { NetworkTransport } from '../network-transport.js';

/** What an {@link SseTransport} may be told besides the URLs. */
export interface SseTransportOptions {
  /** Headers for every request. Those that the protocol sets itself cannot be changed. Their values never show in errors. */
  readonly headers?: HeadersOption | undefined;
  /** Milliseconds until the server has said where to post to. Never a limit on requests. Default 30 000. */
  readonly timeout?: number | undefined;
  /** Where tokens for `Authorization: Bearer` come from. Asked before each request. */
  readonly auth?: TokenSource | undefined;
  /** Sends the requests instead of connections of our own: an undici `Agent`, `Pool`, `ProxyAgent` or mock. It is not closed with the transport. */
  readonly dispatcher?: HttpDispatcher | undefined;
  readonly limits?: HttpLimits | undefined;
}

const NAMES = optionNames<SseTransportOptions>({
  headers: true,
  timeout: true,
  auth: true,
  dispatcher: true,
  limits: true,
});

/**
 * Speaks with a server over HTTP+SSE, as revision 2024-11-05 had it (2024-11-05 basic/transports): messages of the server come on one stream,
 * those for it are posted. When the stream is over, so is the session. New servers have Streamable HTTP instead.
 */
export class SseTransport extends NetworkTransport<SseTransportOptions> {
  // Not visible to whoever prints the transport: the URLs may hold secrets.
  readonly #sseUrl: URL;
  readonly #postUrl: URL | undefined;
  #latest: SseLink | undefined;

  /**
   * @param sseUrl where the server opens its stream
   * @param postUrl where it takes messages. By default it says so itself, in its `endpoint` event, and must stay at its origin
   * @throws MCPError with code `MCP_INVALID_PARAMS` when an argument or option is of the wrong type; `details.field` names it.
   */
  constructor(sseUrl: string | URL, postUrl?: string | URL, options: SseTransportOptions = {}) {
    const owner = 'SseTransport';
    const stream = checkUrl(owner, 'sseUrl', sseUrl, HTTP);
    const post = postUrl === undefined ? undefined : checkUrl(owner, 'postUrl', postUrl, HTTP);
    checkHttpCalls(owner, options, NAMES);
    super(copyOptions(options, NAMES), readHeaders(owner, options));
    this.#sseUrl = stream;
    this.#postUrl = post;
    this.keepSecret(post === undefined ? [stream] : [stream, post]);
  }

  /** Where the server opens its stream, as it was given. */
  get sseUrl(): string {
    return this.#sseUrl.href;
  }

  /** Where the server takes messages: as it was given, or as the server said, while there is a connection. */
  get postUrl(): string | undefined {
    if (this.#postUrl !== undefined) return this.#postUrl.href;
    return this.connected ? this.#latest?.postUrl : undefined;
  }

  /**
   * Where tokens come from, for those who must not hand out to one what a server said to another.
   * @internal
   */
  get tokens(): TokenSource | undefined {
    return this.options.auth;
  }

  protected async open(events: LinkEvents, signal: AbortSignal): Promise<Link> {
    // Loaded with the first link: whoever never speaks HTTP does not pay for it.
    const { SseLink } = await import('./sse-link.js');
    const { auth, dispatcher } = this.options;
    const link = await SseLink.open(
      {
        stream: {
          url: this.#sseUrl,
          headers: fixedHeaders(this.#sseUrl, this.headers, auth),
          timeout: this.timeout,
          maxMessageBytes: this.maxMessageBytes,
          shares: connectionShares(this.options.limits?.maxConnections),
          budget: events.budget,
          environment: events.environment,
          auth,
          secrets: this.secrets,
          dispatcher,
        },
        ...(this.#postUrl && { post: { url: this.#postUrl, headers: this.#postHeaders(this.#postUrl) } }),
      },
      events,
      signal,
    );
    this.#latest = link;
    return link;
  }

  /** The credentials in a URL are for its origin and no other. */
  #postHeaders(postUrl: URL): string[] {
    const own = postUrl.username !== '' || postUrl.password !== '' || postUrl.origin !== this.#sseUrl.origin;
    return fixedHeaders(own ? postUrl : this.#sseUrl, this.headers, this.options.auth);
  }
}
