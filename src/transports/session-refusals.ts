import { ErrorCode } from '../protocol/json-rpc.js';
import type { JSONRPCErrorObject } from '../protocol/json-rpc.js';
import type { HttpSession } from './http-session.js';

/** What servers of the other era say to a request before they look what it is. */
const WANTS_HANDSHAKE = /not initialized|session[ -]id/i;

/**
 * Whether an error says that the server does not know the session any more, or was replaced by one that does not speak its revision.
 * Either way it did not run the request. Many servers answer 400 here in place of the 404 of 2025-11-25 basic/transports, "Session
 * Management"; for revisions see 2026-07-28 basic/versioning.
 */
export function refusesSession(
  status: number,
  { code, message }: JSONRPCErrorObject,
  session: HttpSession,
  /** A request that describes itself, which it also does before it is known whether the server is modern. */
  modern: boolean,
): boolean {
  if (code === ErrorCode.UnsupportedProtocolVersion) return session.version !== undefined;
  if (status !== 400) return false;
  if (!session.modern) return session.id !== undefined && !modern && code === -32_000 && /session/i.test(message);
  return (code === -32_000 || code === ErrorCode.InvalidRequest) && WANTS_HANDSHAKE.test(message);
}
