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
