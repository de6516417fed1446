import { legacyVersionHeaders } from '../../protocol/http-headers.js';

/**
 * What one handshake brought about: the id that a legacy server gave and the revision that was agreed on. A new handshake makes a new one;
 * exchanges keep the one they were begun in.
 */
export class HttpSession {
  /** The session id; stateless servers usually have none. 2025-11-25 basic/transports. */
  id: string | undefined;
  /** Which revision was agreed on; undefined until then. */
  version: string | undefined;
  modern = false;
  /** The server has said that it does not know it. */
  lost = false;
  /** Settles when the server has accepted `notifications/initialized`; nothing is sent before. */
  ready: Promise<void> | undefined;
  /** Settles when it is known whether the server still knows it, while that is being asked. */
  verification: Promise<void> | undefined;
  /** The id of the last event on the GET stream. */
  lastEventId: string | undefined;
  /** Whether that stream was open once. */
  streamed = false;

  /** The headers by which a legacy server knows it, names and values in turn. */
  headers(): string[] {
    const headers = legacyVersionHeaders(this.version);
    if (this.id !== undefined) headers.push('mcp-session-id', this.id);
    return headers;
  }
}
