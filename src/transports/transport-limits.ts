/**
 * Limits of transports over a network. The server chooses whether it sends a message as a body, as an event of a stream or over a
 * WebSocket, so one limit applies to all of them.
 */
export interface TransportLimits {
  /**
   * Maximum size of a message, in bytes. A larger message is discarded; the error contains the limit and the size. Default 32 MiB
   * (33 554 432).
   */
  readonly maxMessageBytes?: number | undefined;
}

/** Limits of transports over HTTP. */
export interface HttpLimits extends TransportLimits {
  /**
   * Maximum number of connections to the server at once, at least 4. Further calls are queued (`not-sent`), within their timeouts. An
   * eighth of the connections is reserved for replies, cancellations and other notifications, and up to five for pings, handshakes and the
   * server stream, so that hanging calls do not delay them. With a `dispatcher` it is the number of exchanges. Default 200.
   */
  readonly maxConnections?: number | undefined;
}
