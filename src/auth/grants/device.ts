import { invalidOption, OptionReader, optionNames } from '../../option-checks.js';
import type { SignInPrompt } from './sign-in-prompt.js';

/** Options of {@link device}. */
export interface DeviceOptions {
  /** Called when a person has to sign in: show `url` and `userCode`. If it throws or rejects, the sign-in is cancelled. */
  readonly onPrompt: (prompt: SignInPrompt) => void | Promise<void>;
}

/** A grant that a person gives at another device, with a code. Made by {@link device}. */
export interface DeviceGrant {
  readonly kind: 'device';
  readonly onPrompt: (prompt: SignInPrompt) => void | Promise<void>;
}

const OWNER = 'device()';
const NAMES = optionNames<DeviceOptions>({ onPrompt: true });

/** The grant type of its token requests. RFC 8628, 3.4. */
export const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code';

/**
 * Obtains tokens by the sign-in of a person at another device, for programs that no browser can return to: over SSH, in a container, on a television.
 * The authorization server must have a `device_authorization_endpoint`. RFC 8628.
 * @throws MCPError with code `MCP_INVALID_PARAMS` when an option is invalid; `details.field` names it.
 * @example
 * const onPrompt = ({ url, userCode }: SignInPrompt) => { console.error(`Open ${url} and enter ${userCode}`); };
 * oauth({ grant: device({ onPrompt }) });
 */
export function device(options: DeviceOptions): DeviceGrant {
  OptionReader.of(OWNER, options, NAMES);
  const { onPrompt } = options;
  if (typeof onPrompt !== 'function') throw invalidOption('onPrompt', 'a function', onPrompt, OWNER);
  return Object.freeze({ kind: 'device', onPrompt });
}
