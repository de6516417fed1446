import type { TokenSource } from '../auth/token-source.js';
import type { Environment } from '../util/environment.js';
import { onAbort } from '../util/on-abort.js';

/** How long a call waits for a token. */
interface WaitLimit {
  /** In milliseconds. */
  readonly timeout: number;
  readonly signal: AbortSignal | undefined;
}

/** The longest delay of a timer, in ms. Node replaces longer ones by 1 ms. */
const LONGEST = 2 ** 31 - 1;

/**
 * The token that a request would use now. Empty if there is none, or not in time: the next request fails for the same reason and reports
 * it. Never rejects.
 */
export async function currentToken(
  tokens: TokenSource,
  { timeout, signal }: WaitLimit,
  environment: Environment,
): Promise<string> {
  if (signal?.aborted === true) return '';
  let giveUp = (): void => undefined;
  const expired = new Promise<string>((resolve) => {
    giveUp = () => {
      resolve('');
    };
  });
  const forget = signal && onAbort(signal, giveUp);
  const timer = environment.setTimeout(giveUp, Math.min(timeout, LONGEST));
  try {
    return await Promise.race([tokenOf(tokens), expired]);
  } finally {
    environment.clearTimeout(timer);
    forget?.();
  }
}

async function tokenOf(tokens: TokenSource): Promise<string> {
  try {
    return await tokens.token();
  } catch {
    return '';
  }
}
