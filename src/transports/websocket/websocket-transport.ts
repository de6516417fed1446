import type { Agent } from 'node:http';
import { fixedHeaders } from '../http/http-options.js';
import type { TransportLimits } from '../transport-limits.js';
import type { Link, LinkEvents } from '../link.js';
import { checkNetworkOptions, checkUrl, checker, hasFunction, readHeaders } from '../network-options.js';
import type { HeadersOption } from '../network-options.js';
import { NetworkTransport } from '../network-transport.js';
import { copyOptions, optionNames } from '../option-names.js';
import type { WebSocketLink } from './websocket-link.js';

/** What a {@link WebSocketTransport} may be told besides the URL. */
export interface WebSocketTransportOptions {
  /** Headers for the handshake. Their values never show in errors. */
  readonly headers?: HeadersOption | undefined;
  /** Milliseconds that opening the connection may take. Never a limit on requests. Default 30 000. */
  readonly timeout?: number | undefined;
  /**
   * Opens the connections instead of Node itself: an `Agent` of `node:https`, with certificates as you like, or one that goes through a
   * proxy. It is not ended with the transport.
   */
  readonly agent?: WebSocketAgent | undefined;
  /** A message that is longer than the limit ends the connection: nothing tells how long it would have become. */
  readonly limits?: TransportLimits | undefined;
}

const NAMES = optionNames<WebSocketTransportOptions>({ headers: true, timeout: true, agent: true, limits: true });

/**
 * What opens connections: any agent of `node:http` or `node:https`, or one that is made like them. Its type says no more than what tells it
 * from other things, so that it does not depend on the types of Node.
 */
export interface WebSocketAgent {
  destroy(): unknown;
}

/** What can be seen of an open connection. */
export interface WebSocketView {
  readonly url: string;
  /** The subprotocol that the server chose; empty when it chose none. */
  readonly protocol: string;
  /** 1 while it is open, 2 while it closes, 3 when it is closed. */
  readonly readyState: number;
  /** Bytes that wait for the network. */
  readonly bufferedAmount: number;
}

/**
 * Speaks with a server over a WebSocket (RFC 6455) with the subprotocol `mcp`: each text message is a message of MCP. It is no transport of the
 * specification, which allows for others (2026-07-28 basic/transports, "Custom Transports").
 */
export class WebSocketTransport extends NetworkTransport<WebSocketTransportOptions> {
  // Not visible to whoever prints the transport: the URL may hold secrets.
  readonly #url: URL;
  #latest: WebSocketLink | undefined;

  /**
   * @param url `ws:` or `wss:`; credentials in it go into the handshake
   * @throws MCPError with code `MCP_INVALID_PARAMS` when an argument or option is of the wrong type; `details.name` names it.
   */
  constructor(url: string | URL, options: WebSocketTransportOptions = {}) {
    const check = checker('WebSocketTransport');
    const parsed = checkUrl(check, 'url', url, ['ws:', 'wss:']);
    const { agent } = checkNetworkOptions(check, 'WebSocketTransport', options, NAMES);
    check(
      'agent',
      agent === undefined || hasFunction(agent, 'addRequest'),
      'an agent of node:http or node:https',
      agent,
    );
    super(copyOptions(options, NAMES), readHeaders(check, options));
    this.#url = parsed;
    this.keepSecret([parsed]);
  }

  /** Where the server is, as it was given. */
  get url(): string {
    return this.#url.href;
  }

  /** The connection, while there is one. */
  get websocket(): WebSocketView | undefined {
    return this.connected ? this.#latest?.websocket : undefined;
  }

  protected async open(events: LinkEvents, signal: AbortSignal): Promise<Link> {
    // Loaded with the first link: whoever never speaks over WebSockets does not pay for it.
    const { WebSocketLink } = await import('./websocket-link.js');
    const recipe = {
      url: this.#url,
      headers: fixedHeaders(this.#url, this.headers),
      maxMessageBytes: this.maxMessageBytes,
      agent: this.options.agent as Agent | undefined,
      secrets: this.secrets,
    };
    const link = await WebSocketLink.open(recipe, events, signal);
    this.#latest = link;
    return link;
  }
}
