import { isLoopback } from '../addresses.js';
import { invalidOption, OptionReader, optionNames } from '../../option-checks.js';

/** Why a person is asked to sign in: there is no grant, it has expired, or it lacks scopes. */
export type SignInReason = 'sign-in' | 'expired' | 'scopes';

/** A request to a person to sign in. It is passed to `onPrompt`. */
export interface SignInPrompt {
  /** The person opens {@link SignInPrompt.url} in a browser, which ends at the redirect URI. */
  readonly kind: 'redirect';
  readonly reason: SignInReason;
  /** The URL of the MCP server, as the program has configured it. */
  readonly server: string;
  /** The identifier of the authorization server. */
  readonly issuer: string;
  readonly scopes: readonly string[];
  /** The page to open. It is a secret while the sign-in lasts. */
  readonly url: string;
  /** When the sign-in ends without a result, in ms since the Unix epoch. */
  readonly expiresAt: number;
  /** Aborted when the sign-in is over, or no longer needed: close the dialog. */
  readonly signal: AbortSignal;
  /**
   * Passes the URL that the browser was redirected to, or its query.
   * @throws MCPError with code `MCP_INVALID_PARAMS` if it does not belong to this sign-in, which then continues to wait.
   */
  complete(callbackUrl: string): void;
  /** Ends the sign-in. The calls that wait for it fail with `MCP_SIGN_IN_CANCELLED`. */
  cancel(): void;
}

/** Options of {@link interactive}. */
export interface InteractiveOptions {
  /** The URL to which the authorization server sends the browser. It is registered exactly as it is written here. */
  readonly redirectUri: string;
  /** The program receives the redirect itself, and passes it to `prompt.complete`. */
  readonly listen: false;
  /** Called when a person has to sign in. If it throws or rejects, the sign-in is cancelled. */
  readonly onPrompt: (prompt: SignInPrompt) => void | Promise<void>;
}

/** A grant that a person gives in a browser: authorization code with PKCE. Made by {@link interactive}. */
export interface InteractiveGrant extends InteractiveOptions {
  readonly kind: 'interactive';
}

const NAMES = optionNames<InteractiveOptions>({ redirectUri: true, listen: true, onPrompt: true });

/**
 * Obtains tokens by the sign-in of a person in a browser. OAuth 2.1, 4.1.
 * @throws MCPError with code `MCP_INVALID_PARAMS` when an option is invalid; `details.field` names it.
 */
export function interactive(options: InteractiveOptions): InteractiveGrant {
  const owner = 'interactive()';
  const read = OptionReader.of(owner, options, NAMES);
  const { redirectUri, listen, onPrompt } = options;
  if (!isRedirectUri(redirectUri))
    throw invalidOption(
      'redirectUri',
      'a URL with https:, a scheme of the program, or http: to this machine',
      redirectUri,
      owner,
    );
  if ((listen as unknown) !== false) throw invalidOption('listen', 'false', listen, owner);
  read.optional('onPrompt', (value) => typeof value === 'function', 'a function');
  if ((onPrompt as unknown) === undefined) throw invalidOption('onPrompt', 'a function', onPrompt, owner);
  return Object.freeze({ kind: 'interactive', redirectUri, listen, onPrompt });
}

/** A fragment is not allowed, because servers add parameters to the query. RFC 6749, 3.1.2. */
function isRedirectUri(given: unknown): given is string {
  if (typeof given !== 'string' || !URL.canParse(given)) return false;
  const url = new URL(given);
  if (url.hash !== '' || url.username !== '' || url.password !== '') return false;
  if (/^(?:javascript|data|file|vbscript|blob|about|ws|wss|ftp):$/.test(url.protocol)) return false;
  return url.protocol !== 'http:' || isLoopback(url);
}
