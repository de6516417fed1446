import type { Environment } from '../environment.js';
import { ErrorCode } from '../protocol/json-rpc.js';
import type { JSONRPCErrorObject } from '../protocol/json-rpc.js';
import type { HttpSession } from './http-session.js';

/** What servers of the other era say to a request before they look what it is. */
const WANTS_HANDSHAKE = /not initialized|session[ -]id/i;

/** How long, in milliseconds, words are not believed again while nothing shows that the session that they brought about works. */
const DOUBT = 60_000;
/** How many refusals may sound like a lost session and mean something else, before none is believed any more. */
const MOST_MISLEADING = 3;

/** A request that was refused. */
interface Refused {
  readonly session: HttpSession;
  /** A request that describes itself, which it also does before it is known whether the server is modern. */
  readonly modern: boolean;
  /** See {@link SessionRefusals.doubtful}. */
  readonly doubtful: boolean;
}

/**
 * Whether an error sounds as if the server did not know the session any more, or was replaced by one that does not speak its revision.
 * Either way it did not run the request. Many servers answer 400 here in place of the 404 of 2025-11-25 basic/transports, "Session
 * Management"; for revisions see 2026-07-28 basic/versioning.
 */
function soundsLost(status: number, { code, message }: JSONRPCErrorObject, { session, modern }: Refused): boolean {
  if (code === ErrorCode.UnsupportedProtocolVersion) return session.version !== undefined;
  if (status !== 400) return false;
  if (!session.modern) return session.id !== undefined && !modern && code === -32_000 && /session/i.test(message);
  return (code === -32_000 || code === ErrorCode.InvalidRequest) && WANTS_HANDSHAKE.test(message);
}

/**
 * What the refusals of a server mean, over one link. Words may be about the request and not about the session. So they are believed once:
 * when the first requests of the session that they brought about are refused in words as well, that is an error of JSON-RPC like any
 * other. Words that came from a session that works are not believed a second time.
 */
export class SessionRefusals {
  readonly #environment: Environment;
  /** When words cost a session; undefined once the one that came after it has answered something. */
  #costAt: number | undefined;
  /** What was said meanwhile and not believed. */
  #said: string | undefined;
  readonly #misleading = new Set<string>();

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  /** Whether a request that is sent now may not lose its session through words. */
  get doubtful(): boolean {
    return this.#costAt !== undefined && this.#environment.now() - this.#costAt < DOUBT;
  }

  /** A request was not refused: the server knows the session. */
  accepted(session: HttpSession): void {
    // A handshake says nothing about what comes after it.
    if (this.#costAt === undefined || session.version === undefined || session.lost) return;
    this.#costAt = undefined;
    if (this.#said !== undefined) this.#misleading.add(this.#said);
    this.#said = undefined;
  }

  /** Whether a request was refused because its session is lost. */
  loses(status: number, error: JSONRPCErrorObject, refused: Refused): boolean {
    const { message } = error;
    if (!soundsLost(status, error, refused)) return false;
    if (this.#misleading.size >= MOST_MISLEADING || this.#misleading.has(message)) return false;
    // One of those that find out late what is known.
    if (refused.session.lost) return true;
    if (refused.doubtful) {
      if (this.#costAt === undefined) this.#misleading.add(message);
      else this.#said = message;
      return false;
    }
    this.#costAt = this.#environment.now();
    this.#said = undefined;
    return true;
  }
}
