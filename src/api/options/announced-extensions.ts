import { isUnattended } from '../../auth/grants/unattended.js';
import type { ClientCapabilities } from '../../protocol/schema/index.js';
import type { MCPTransport } from '../../transports/transport.js';

/** The extensions that a client announces: those of its options, and the one of the grant of its transport, unless the user set that one. */
export function announcedExtensions(
  given: ClientCapabilities['extensions'],
  // The transport may come from another, perhaps older, copy of this package.
  { authorization }: Partial<MCPTransport>,
): ClientCapabilities['extensions'] {
  const grant = authorization?.settings.grant;
  const name = isUnattended(grant) ? grant.extension : undefined;
  return name === undefined || (given !== undefined && Object.hasOwn(given, name)) ? given : { ...given, [name]: {} };
}
