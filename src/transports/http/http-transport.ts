import type { TokenSource } from '../../auth/token-source.js';
import { connectionShares } from './connection-shares.js';
import type { HttpLink } from './http-link.js';
import { checkHttpOptions, fixedHeaders, HTTP_OPTIONS } from './http-options.js';
import type { HttpTransportOptions } from './http-options.js';
import type { Link, LinkEvents } from '../link.js';
import { NetworkTransport } from '../network-transport.js';
import { copyOptions } from '../../option-checks.js';

export type { HttpTransportOptions } from './http-options.js';

/**
 * Speaks with a server over Streamable HTTP, in every revision that has it (2026-07-28 basic/transports/streamable-http, 2025-11-25
 * basic/transports): each request has an exchange of its own, whose answer comes as JSON or on a stream of events. Opening it speaks to
 * nobody; the first request shows whether the server is there.
 */
export class HttpTransport extends NetworkTransport<HttpTransportOptions> {
  override readonly framing = 'per-request';

  // Not visible to whoever prints the transport: the URL may hold secrets.
  readonly #url: URL;
  #latest: HttpLink | undefined;

  /**
   * @param url where the server takes its messages
   * @throws MCPError with code `MCP_INVALID_PARAMS` when an argument or option is of the wrong type; `details.field` names it.
   */
  constructor(url: string | URL, options: HttpTransportOptions = {}) {
    const checked = checkHttpOptions('HttpTransport', url, options);
    super(copyOptions(options, HTTP_OPTIONS), checked.headers);
    this.#url = checked.url;
    this.keepSecret([this.#url]);
  }

  /** Where the server takes its messages, as it was given. */
  get url(): string {
    return this.#url.href;
  }

  /** What a legacy server calls the session, while there is a connection. A secret: it lets others take part in the session. */
  get sessionId(): string | undefined {
    return this.connected ? this.#latest?.sessionId : undefined;
  }

  /**
   * Where tokens come from, for those who must not hand out to one what a server said to another.
   * @internal
   */
  get tokens(): TokenSource | undefined {
    return this.options.auth;
  }

  protected async open(events: LinkEvents): Promise<Link> {
    // Loaded with the first link: whoever never speaks HTTP does not pay for it.
    const { HttpLink } = await import('./http-link.js');
    const { auth, dispatcher, limits } = this.options;
    const link = await HttpLink.open(
      {
        url: this.#url,
        headers: fixedHeaders(this.#url, this.headers, auth),
        timeout: this.timeout,
        maxMessageBytes: this.maxMessageBytes,
        shares: connectionShares(limits?.maxConnections),
        budget: events.budget,
        environment: events.environment,
        auth,
        secrets: this.secrets,
        dispatcher,
      },
      events,
    );
    this.#latest = link;
    return link;
  }
}
