import { DEFAULT_MAX_MESSAGE_BYTES } from '../protocol/lines.js';

/** What a server may cost, on transports over a network. */
export interface TransportLimits {
  /** The longest message that is read, in bytes. A longer one is thrown away and reported. Default 32 MiB (33 554 432). */
  readonly maxMessageBytes?: number | undefined;
}

/** The limits that were given, and the defaults for the others. */
export function resolveLimits(limits: TransportLimits = {}): Required<{ [Name in keyof TransportLimits]: number }> {
  return { maxMessageBytes: limits.maxMessageBytes ?? DEFAULT_MAX_MESSAGE_BYTES };
}
