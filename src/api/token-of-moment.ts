import type { TokenSource } from '../auth/token-source.js';
import type { Environment } from '../util/environment.js';
import { onAbort } from '../util/on-abort.js';

/** How long somebody waits for a token. */
interface Patience {
  /** In milliseconds. */
  readonly timeout: number;
  readonly signal: AbortSignal | undefined;
}

/** More milliseconds than timers can count would be none at all. */
const LONGEST = 2 ** 31 - 1;

/**
 * The token with which a request would go out just now. Empty when there is none, or none in time: the next request finds that out as well,
 * and tells why. Never rejects.
 */
export async function tokenOfMoment(
  tokens: TokenSource,
  { timeout, signal }: Patience,
  environment: Environment,
): Promise<string> {
  if (signal?.aborted === true) return '';
  let giveUp = (): void => undefined;
  const patience = new Promise<string>((resolve) => {
    giveUp = () => {
      resolve('');
    };
  });
  const forget = signal && onAbort(signal, giveUp);
  const timer = environment.setTimeout(giveUp, Math.min(timeout, LONGEST));
  try {
    return await Promise.race([ask(tokens), patience]);
  } finally {
    environment.clearTimeout(timer);
    forget?.();
  }
}

async function ask(tokens: TokenSource): Promise<string> {
  try {
    return await tokens.token();
  } catch {
    return '';
  }
}
