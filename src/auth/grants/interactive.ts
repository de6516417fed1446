import { isLoopback } from '../network/addresses.js';
import { listenerAddress } from './callback-listener.js';
import type { ListenerAddress } from './callback-listener.js';
import { invalidOption, OptionReader, optionNames } from '../../option-checks.js';
import type { SignInPrompt } from './sign-in-prompt.js';

/** Options of {@link interactive}. */
export interface InteractiveOptions {
  /**
   * The URL to which the authorization server sends the browser. It is registered exactly as it is written here. Default: a port of this machine,
   * at which the client listens while a person signs in: `http://127.0.0.1:<port>/callback`.
   */
  readonly redirectUri?: string | undefined;
  /** The host in the default of `redirectUri`. Some authorization servers know only one of them. Default `'127.0.0.1'`. */
  readonly host?: '127.0.0.1' | 'localhost' | undefined;
  /** The port in the default of `redirectUri`. Default 0: the port of the registration, or any free one. */
  readonly port?: number | undefined;
  /** Whether the client listens at the redirect URI. If false, the program passes the redirect to `prompt.complete`. Default true. */
  readonly listen?: boolean | undefined;
  /** Whether the page is opened in the browser of this machine. Default: true without `onPrompt`, false with it. */
  readonly open?: boolean | undefined;
  /**
   * Called when a person has to sign in. If it throws or rejects, the sign-in is cancelled. Without it, the sign-in fails with
   * `MCP_SIGN_IN_REQUIRED` if no browser can be opened.
   */
  readonly onPrompt?: ((prompt: SignInPrompt) => void | Promise<void>) | undefined;
}

/** A grant that a person gives in a browser: authorization code with PKCE. Made by {@link interactive}. */
export interface InteractiveGrant {
  readonly kind: 'interactive';
  /** With port 0 the listener chooses the port. */
  readonly redirectUri: string;
  /** Whether the client listens there. */
  readonly listen: boolean;
  readonly open: boolean;
  readonly onPrompt: ((prompt: SignInPrompt) => void | Promise<void>) | undefined;
}

const OWNER = 'interactive()';

const NAMES = optionNames<InteractiveOptions>({
  redirectUri: true,
  host: true,
  port: true,
  listen: true,
  open: true,
  onPrompt: true,
});

/**
 * Obtains tokens by the sign-in of a person in a browser. OAuth 2.1, 4.1; RFC 8252.
 * @throws MCPError with code `MCP_INVALID_PARAMS` when an option is invalid; `details.field` names it.
 * @example
 * oauth({ grant: interactive() }); // opens the browser of this machine
 * oauth({ grant: interactive({ onPrompt: ({ url }) => { console.error(`Please open ${url}`); } }) });
 */
export function interactive(options: InteractiveOptions = {}): InteractiveGrant {
  const read = OptionReader.of(OWNER, options, NAMES);
  const listen = read.flag('listen', true);
  read.optional('onPrompt', (value) => typeof value === 'function', 'a function');
  const { onPrompt, redirectUri } = options;
  const open = read.flag('open', onPrompt === undefined);
  // No person would see the prompt, or no program would receive the redirect.
  if ((!listen || !open) && onPrompt === undefined) throw invalidOption('onPrompt', 'a function', onPrompt, OWNER);
  const { host, port } = readHost(read, options);
  const given = redirectUri ?? (listen ? `http://${host}:${port}/callback` : undefined);
  if (!isRedirectUri(given))
    throw invalidOption(
      'redirectUri',
      'a URL with https:, a scheme of the program, or http: to this machine',
      redirectUri,
      OWNER,
    );
  if (listen && listenerAddress(given) === undefined)
    throw invalidOption(
      'redirectUri',
      'a URL with http:, host 127.0.0.1, localhost or [::1] and no query, at which the client can listen; or `listen: false`',
      redirectUri,
      OWNER,
    );
  return Object.freeze({ kind: 'interactive', redirectUri: given, listen, open, onPrompt });
}

function readHost(
  read: OptionReader<InteractiveOptions>,
  { redirectUri, host, port }: InteractiveOptions,
): Pick<ListenerAddress, 'host' | 'port'> {
  for (const [name, value] of Object.entries({ host, port }))
    if (value !== undefined && redirectUri !== undefined)
      throw invalidOption(name, 'undefined beside `redirectUri`', value, OWNER);
  const number = read.count('port', 0);
  if (!isPort(number)) throw invalidOption('port', 'an integer from 0 to 65535', port, OWNER);
  return { host: read.oneOf('host', ['127.0.0.1', 'localhost'], '127.0.0.1'), port: number };
}

function isPort(value: number): boolean {
  return Number.isInteger(value) && value <= 65_535;
}

/** A fragment is not allowed, because servers add parameters to the query. RFC 6749, 3.1.2. */
function isRedirectUri(given: unknown): given is string {
  if (typeof given !== 'string' || !URL.canParse(given)) return false;
  const url = new URL(given);
  if (url.hash !== '' || url.username !== '' || url.password !== '') return false;
  if (/^(?:javascript|data|file|vbscript|blob|about|ws|wss|ftp):$/.test(url.protocol)) return false;
  return url.protocol !== 'http:' || isLoopback(url);
}
