/** The fewest connections with which everything goes on when all calls hang. */
export const FEWEST_CONNECTIONS = 4;

/**
 * The default for the most connections to a server over HTTP: with what else a process has open it stays below the 256 descriptors that macOS
 * allows, and far below the 1 024 of Linux.
 */
const DEFAULT_MAX_CONNECTIONS = 200;

/**
 * How the connections to a server are shared out, so that calls that hang keep nothing else waiting. Each exchange needs one of its own for as
 * long as it lasts.
 */
export interface ConnectionShares {
  /** The most at the same time. */
  readonly all: number;
  /** For requests. Those beyond it wait, `not-sent`. */
  readonly calls: number;
  /** For requests that the connection itself depends on: handshakes, pings, the subscription. */
  readonly own: number;
  /** For replies and notifications. One more is for the stream on which the server speaks unasked. */
  readonly posts: number;
}

/** Shares out so many connections, at least {@link FEWEST_CONNECTIONS}. */
export function connectionShares(all: number = DEFAULT_MAX_CONNECTIONS): ConnectionShares {
  const posts = Math.max(1, Math.floor(Math.min(all, 512) / 8));
  const own = Math.max(1, Math.min(4, Math.floor(all / 16)));
  return { all, calls: all - posts - own - 1, own, posts };
}
