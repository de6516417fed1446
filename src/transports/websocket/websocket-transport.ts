import type { Agent } from 'node:http';
import { fixedHeaders } from '../http/http-options.js';
import type { TransportLimits } from '../transport-limits.js';
import type { Link, LinkEvents } from '../link.js';
import { checkNetworkOptions, checkUrl, hasFunction, readHeaders } from '../network-options.js';
import type { HeadersOption } from '../network-options.js';
import { NetworkTransport } from '../network-transport.js';
import { copyOptions, optionNames } from '../../option-checks.js';
import type { WebSocketLink } from './websocket-link.js';

/** Options of a {@link WebSocketTransport}. */
export interface WebSocketTransportOptions {
  /** Headers of the handshake. Errors never contain their values. */
  readonly headers?: HeadersOption | undefined;
  /** Time to open the connection, in ms. It does not limit requests. Default 30 000. */
  readonly timeout?: number | undefined;
  /**
   * The agent that opens the connections: an `Agent` of `node:https` with your certificates, or one that uses a proxy. The transport does not
   * destroy it. Default: Node opens them.
   */
  readonly agent?: WebSocketAgent | undefined;
  /** Limits. A message above `maxMessageBytes` ends the connection. */
  readonly limits?: TransportLimits | undefined;
}

const NAMES = optionNames<WebSocketTransportOptions>({ headers: true, timeout: true, agent: true, limits: true });

/**
 * An agent of `node:http` or `node:https`, or an object with the same methods. The type is minimal, so that it does not depend on the types of Node.
 */
export interface WebSocketAgent {
  destroy(): unknown;
}

/** A read-only view of an open WebSocket. */
export interface WebSocketView {
  readonly url: string;
  /** The subprotocol that the server chose; empty when it chose none. */
  readonly protocol: string;
  /** 1 while it is open, 2 while it closes, 3 when it is closed. */
  readonly readyState: number;
  /** Bytes in the socket buffer. */
  readonly bufferedAmount: number;
}

/**
 * A transport over WebSocket (RFC 6455) with the subprotocol `mcp`: each text message is one MCP message. The specification does not define it,
 * but allows custom transports (2026-07-28 basic/transports, "Custom Transports").
 */
export class WebSocketTransport extends NetworkTransport<WebSocketTransportOptions> {
  // Private, so that printing the transport does not show it: the URL may contain secrets.
  readonly #url: URL;
  #latest: WebSocketLink | undefined;

  /**
   * @param url `ws:` or `wss:`; credentials in it go into the handshake
   * @throws MCPError with code `MCP_INVALID_PARAMS` when an argument or option is of the wrong type; `details.field` names it.
   */
  constructor(url: string | URL, options: WebSocketTransportOptions = {}) {
    const owner = 'WebSocketTransport';
    const parsed = checkUrl(owner, 'url', url, ['ws:', 'wss:']);
    const { read } = checkNetworkOptions(owner, options, NAMES);
    read.optional('agent', (agent) => hasFunction(agent, 'addRequest'), 'an agent of node:http or node:https');
    super(copyOptions(options, NAMES), readHeaders(owner, options));
    this.#url = parsed;
    this.keepSecret([parsed]);
  }

  /** The URL of the server. */
  get url(): string {
    return this.#url.href;
  }

  /** The open WebSocket, or undefined. */
  get websocket(): WebSocketView | undefined {
    return this.connected ? this.#latest?.websocket : undefined;
  }

  protected async open(events: LinkEvents, signal: AbortSignal): Promise<Link> {
    // Loaded with the first link, because most programs do not use WebSockets.
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
