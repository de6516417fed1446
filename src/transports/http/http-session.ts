import { isSessionId, legacyVersionHeaders } from '../../protocol/http-headers.js';
import { failure } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import type { Secrets } from '../secrets.js';
import { headerOf } from './http-head.js';
import type { ResponseHead } from './http-head.js';

const SESSION_ID = 'mcp-session-id';

/** The session of a handshake: its id, if the server gave it an id, and its revision. Each exchange belongs to the session in which it began. */
export class HttpSession {
  /** The session id; stateless servers usually have none. 2025-11-25 basic/transports. */
  id: string | undefined;
  /** The negotiated revision; undefined during the handshake. */
  version: string | undefined;
  modern = false;
  /** Whether the server no longer knows the session. */
  lost = false;
  /** Settles when the server has accepted `notifications/initialized`; nothing is sent before. */
  ready: Promise<void> | undefined;
  /** Settles when the request has ended that shows whether the server knows the session; undefined without such a request. */
  verification: Promise<void> | undefined;
  /** The id of the last event of the GET stream. */
  lastEventId: string | undefined;
  /** Whether the GET stream was open before. */
  streamed = false;

  /** Takes the id, which must be valid, from the head of the response to `initialize`. */
  readId(head: ResponseHead, secrets: Secrets): void {
    this.id = idIn(head);
    if (this.id !== undefined) secrets.add(this.id);
  }

  /** The headers of each message of a legacy session, names and values in turn. */
  headers(): string[] {
    const headers = legacyVersionHeaders(this.version);
    if (this.id !== undefined) headers.push(SESSION_ID, this.id);
    return headers;
  }
}

/** Whether the head of the response to `initialize` has no session id, or one that headers can contain. 2025-11-25 basic/transports. */
export function hasValidSessionId(head: ResponseHead): boolean {
  const id = idIn(head);
  return id === undefined || isSessionId(id);
}

/** An empty id counts as none. */
function idIn(head: ResponseHead): string | undefined {
  return headerOf(head, SESSION_ID) || undefined;
}

export function invalidSessionId(): Failure {
  return failure('protocol', 'MCP_INVALID_MESSAGE', 'The session id of the server is not visible ASCII', {
    delivery: 'answered',
    details: { field: SESSION_ID },
  });
}
