import { OAuth } from '../../auth/oauth-object.js';
import type { TokenSource } from '../../auth/token-source.js';
import { endpointOptions } from '../endpoint-options.js';
import type { HttpDispatcher } from '../http/http-options.js';
import { HTTP, checkHttpCalls, checkTokenUrl, fixedHeaders, tokensOf } from '../http/http-options.js';
import type { HttpLimits } from '../transport-limits.js';
import type { Link, LinkEvents } from '../link.js';
import { checkUrl, readHeaders } from '../network-options.js';
import type { HeadersOption } from '../network-options.js';
import { copyOptions, invalidOption, optionNames } from '../../option-checks.js';
import type { SseLink } from './sse-link.js';
import { NetworkTransport } from '../network-transport.js';
import type { AuthorizationNeeds } from '../transport.js';

/** Options of an {@link SseTransport}. */
export interface SseTransportOptions {
  /** Headers for every request. Headers of the protocol cannot be changed. Errors never contain their values. */
  readonly headers?: HeadersOption | undefined;
  /** Time until the server has sent its `endpoint` event, in ms. It does not limit requests. Default 30 000. */
  readonly timeout?: number | undefined;
  /** The source of tokens for `Authorization: Bearer`, called before each request, or the result of `oauth()` of `mcp-actors/auth`. */
  readonly auth?: TokenSource | OAuth | undefined;
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
 * A transport over HTTP+SSE (2024-11-05 basic/transports): the server sends its messages on one event stream, and the client posts its messages.
 * The session ends with the stream. Newer servers use Streamable HTTP instead.
 */
export class SseTransport extends NetworkTransport<SseTransportOptions> {
  // Private, so that printing the transport does not show them: the URLs may contain secrets.
  readonly #sseUrl: URL;
  readonly #postUrl: URL | undefined;
  #latest: SseLink | undefined;

  /**
   * @param sseUrl the URL of the event stream
   * @param postUrl the URL for posts. Default: the URL of the `endpoint` event, which must have the origin of the stream
   * @throws MCPError with code `MCP_INVALID_PARAMS` when an argument or option is of the wrong type; `details.field` names it.
   */
  constructor(sseUrl: string | URL, postUrl?: string | URL, options: SseTransportOptions = {}) {
    const owner = 'SseTransport';
    const stream = checkUrl(owner, 'sseUrl', sseUrl, HTTP);
    const post = postUrl === undefined ? undefined : checkUrl(owner, 'postUrl', postUrl, HTTP);
    checkHttpCalls(owner, options, NAMES);
    checkTokenUrl(owner, 'sseUrl', stream, options.auth);
    if (post !== undefined && post.origin !== stream.origin && OAuth.settingsOf(options.auth) !== undefined)
      throw invalidOption(
        'postUrl',
        'a URL with the origin of sseUrl, since its tokens are for no other',
        postUrl,
        owner,
      );
    super(copyOptions(options, NAMES), readHeaders(owner, options));
    this.#sseUrl = stream;
    this.#postUrl = post;
    this.keepSecret(post === undefined ? [stream] : [stream, post]);
  }

  /** The URL of the event stream. */
  get sseUrl(): string {
    return this.#sseUrl.href;
  }

  /** The URL for posts: the given one, or the URL from the server while connected. */
  get postUrl(): string | undefined {
    if (this.#postUrl !== undefined) return this.#postUrl.href;
    return this.connected ? this.#latest?.postUrl : undefined;
  }

  /**
   * The source of tokens, by which transports are compared: data of one server must not be used with another identity.
   * @internal
   */
  get tokens(): TokenSource | undefined {
    return tokensOf(this.options.auth);
  }

  /** @internal */
  override get authorization(): AuthorizationNeeds | undefined {
    const settings = OAuth.settingsOf(this.options.auth);
    return settings && { settings, server: this.#sseUrl };
  }

  protected async open(events: LinkEvents, signal: AbortSignal): Promise<Link> {
    // Loaded with the first link, because many programs use only stdio.
    const { SseLink } = await import('./sse-link.js');
    const { headers, timeout, maxMessageBytes, secrets, options } = this;
    const parts = { headers, timeout, maxMessageBytes, secrets };
    const stream = endpointOptions(this.#sseUrl, parts, options, events);
    const post = this.#postUrl && { url: this.#postUrl, headers: this.#postHeaders(this.#postUrl) };
    const link = await SseLink.open({ stream, post }, events, signal);
    this.#latest = link;
    return link;
  }

  /** The credentials in a URL are for its origin and no other. */
  #postHeaders(postUrl: URL): string[] {
    const own = postUrl.username !== '' || postUrl.password !== '' || postUrl.origin !== this.#sseUrl.origin;
    return fixedHeaders(own ? postUrl : this.#sseUrl, this.headers, this.options.auth);
  }
}
