import type { ClientFlags } from '../with-client.js';

/** Time limits of the checks, in ms. */
export interface Limits {
  /** To connect: the start of the process, and the negotiation. */
  readonly connect: number;
  /** For each list, and for all pings together. */
  readonly request: number;
  /** For each step of the network: name, TCP, TLS, metadata. */
  readonly network: number;
  /** For a program that is run to learn something, such as `node --version`. */
  readonly program: number;
}

/** A server that does not respond is reported within 8 s, with the time to close it. `--timeout` gives slow servers more time. */
const CONNECT = 5_500;
const REQUEST = 3_000;

/** The limits that the flags choose. */
export function limitsOf({ timeout, connectTimeout }: Pick<ClientFlags, 'timeout' | 'connectTimeout'>): Limits {
  return {
    connect: connectTimeout ?? timeout ?? CONNECT,
    request: timeout ?? REQUEST,
    network: Math.min(timeout ?? Infinity, 2_000),
    program: 1_500,
  };
}

/** A promise, but `undefined` after a time. The timer keeps no process alive. */
export async function within<Result>(time: number, work: Promise<Result>): Promise<Result | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), time);
  });
  try {
    return await Promise.race([work, expired]);
  } finally {
    clearTimeout(timer);
  }
}
