import { isUnattended } from '../../auth/grants/unattended.js';
import type { ClientCapabilities } from '../../protocol/schema/index.js';
import type { MCPTransport } from '../../transports/transport.js';

/** SEP-1932. With `dpop: 'auto'` it depends on the server whether tokens are bound. */
const DPOP = 'io.modelcontextprotocol/auth/dpop';

/** The extensions that a client announces: those of its options, and those of the sign-in of its transport, unless the user set them. */
export function announcedExtensions(
  given: ClientCapabilities['extensions'],
  // The transport may come from another, perhaps older, copy of this package.
  { authorization }: Partial<MCPTransport>,
): ClientCapabilities['extensions'] {
  const { grant, dpop } = authorization?.settings ?? {};
  const names = [isUnattended(grant) ? grant.extension : undefined, dpop === true ? DPOP : undefined];
  const own = Object.fromEntries(names.filter((name) => name !== undefined).map((name) => [name, {}]));
  return Object.keys(own).length === 0 ? given : { ...own, ...given };
}
