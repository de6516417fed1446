/**
 * What a server may cost, on transports over a network. Whether a message comes as a body of its own, as an event of a stream or over a
 * WebSocket is for the server to choose, so one limit holds for each of them.
 */
export interface TransportLimits {
  /**
   * The longest message that is read, in bytes. A longer one is thrown away; the error names the limit and what came. Default 32 MiB
   * (33 554 432).
   */
  readonly maxMessageBytes?: number | undefined;
}

/** The same, on transports over HTTP. */
export interface HttpLimits extends TransportLimits {
  /**
   * The most connections to the server at the same time, at least 4. Calls beyond it wait for their turn, `not-sent`, within their time-outs.
   * An eighth of them is kept for replies, cancellations and other notifications, and up to five for pings, handshakes and the stream of the
   * server, so that calls that hang keep nothing else waiting. With a `dispatcher` it is the number of exchanges. Default 200.
   */
  readonly maxConnections?: number | undefined;
}
