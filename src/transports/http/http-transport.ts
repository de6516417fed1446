import { OAuth } from '../../auth/oauth-object.js';
import type { TokenSource } from '../../auth/token-source.js';
import { endpointOptions } from '../endpoint-options.js';
import type { HttpLink } from './http-link.js';
import { checkHttpOptions, checkTokenUrl, HTTP_OPTIONS, tokensOf } from './http-options.js';
import type { HttpTransportOptions } from './http-options.js';
import type { Link, LinkEvents } from '../link.js';
import { NetworkTransport } from '../network-transport.js';
import type { AuthorizationNeeds } from '../transport.js';
import { copyOptions } from '../../option-checks.js';

export type { HttpTransportOptions } from './http-options.js';

/**
 * A transport over Streamable HTTP, in every revision that has it (2026-07-28 basic/transports/streamable-http, 2025-11-25 basic/transports):
 * each request has its own exchange, with a response as JSON or as an event stream. Opening a link sends nothing; the first request shows
 * whether the server is reachable.
 */
export class HttpTransport extends NetworkTransport<HttpTransportOptions> {
  override readonly framing = 'per-request';

  // Private, so that printing the transport does not show it: the URL may contain secrets.
  readonly #url: URL;
  #latest: HttpLink | undefined;

  /**
   * @param url the URL of the MCP endpoint
   * @throws MCPError with code `MCP_INVALID_PARAMS` when an argument or option is of the wrong type; `details.field` names it.
   */
  constructor(url: string | URL, options: HttpTransportOptions = {}) {
    const checked = checkHttpOptions('HttpTransport', url, options);
    checkTokenUrl('HttpTransport', 'url', checked.url, options.auth);
    super(copyOptions(options, HTTP_OPTIONS), checked.headers);
    this.#url = checked.url;
    this.keepSecret([this.#url]);
  }

  /** The URL of the MCP endpoint. */
  get url(): string {
    return this.#url.href;
  }

  /** The session id of a legacy server while connected. It is a secret: it gives access to the session. */
  get sessionId(): string | undefined {
    return this.connected ? this.#latest?.sessionId : undefined;
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
    return settings && { settings, server: this.#url };
  }

  protected async open(events: LinkEvents): Promise<Link> {
    // Loaded with the first link, because many programs use only stdio.
    const { HttpLink } = await import('./http-link.js');
    const { headers, timeout, maxMessageBytes, secrets, options } = this;
    const parts = { headers, timeout, maxMessageBytes, secrets };
    const link = await HttpLink.open(endpointOptions(this.#url, parts, options, events), events);
    this.#latest = link;
    return link;
  }
}
