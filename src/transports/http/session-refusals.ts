import type { Environment } from '../../util/environment.js';
import { ErrorCode } from '../../protocol/messages/json-rpc.js';
import type { HttpSession } from './http-session.js';

/** The refusal of a modern request by a legacy server, which has not read the method. */
const WANTS_HANDSHAKE = /not initialized|session[ -]id/i;

/** A handshake is missing: "Server not initialized", "expect initialize request", "initialize first". */
const NOT_INITIALIZED =
  /(?:\b(?:not|never|before|without|must|please|expect(?:ed|s)?|requires?|no|missing|call|send)[- ]|\bun)(?:\w+ ){0,4}initiali[sz]|initiali[sz]\w*(?: \w+){0,2} (?:first|required|missing)/i;

/** The session is unknown: "Session not found", "No valid session ID provided", "Mcp-Session-Id header is required". */
const NO_SUCH_SESSION =
  /session(?:[ _-]?id)?\b.{0,80}?(?:\b(?:not|unknown|invalid|expired|missing|required|stale|unrecogni[sz]ed|no longer|does ?n.t)\b|not[ _-]?found)|\b(?:no|not|unknown|unrecogni[sz]ed|invalid|expired|missing|stale|without|(?:could|can) ?n.?t find)\b.{0,40}?session|session[ _-]?not[ _-]?found/i;

/** Statuses with which servers refuse a request because of its session: with them any mention of a session is evidence. */
const ABOUT_SESSION: ReadonlySet<number> = new Set([400, 404, 410]);

/** Errors about the method or its parameters: the server has read the request. */
const ABOUT_REQUEST: ReadonlySet<number | undefined> = new Set<number>([
  ErrorCode.MethodNotFound,
  ErrorCode.InvalidParams,
  ErrorCode.ParseError,
]);

/** The evidence of a 404 or 410 that does not mention a session. */
const STATUS_ONLY = 'status only';

/** Methods whose refusal cannot be about their parameters. */
const WITHOUT_PARAMETERS: ReadonlySet<string> = new Set(['ping', 'tools/list']);

/** The time for which an ambiguous refusal does not cost a second session, in ms. It ends when the new session has accepted a request. */
const DOUBT_TIME = 60_000;
/** After so many different refusals that were not about the session, no ambiguous refusal costs a session. */
const MOST_MISLEADING = 3;
/** So many 404s that do not mention a session cost a session each, if each arrives less than {@link DOUBT_TIME} after the one before. */
const MOST_STATUS_ONLY = 3;

/** A request that was refused. */
interface Refused {
  readonly session: HttpSession;
  /** Whether the request has the metadata of the modern era, as `server/discover` has before the era is known. */
  readonly modern: boolean;
  /** See {@link SessionRefusals.doubtful}. */
  readonly doubtful: boolean;
  readonly message?: { readonly method: string };
}

/** The reason for a refusal: a JSON-RPC error, or text. */
interface Reason {
  /** The code of a JSON-RPC error. */
  readonly code?: number | undefined;
  readonly message?: string | undefined;
  /** Whether it is a JSON-RPC error with the id of the request: then the server has read the request. */
  readonly own?: boolean | undefined;
}

/**
 * `lost`: the server did not run the request and does not know its session. `unclear`: another request has to show whether it does. `unrelated`: the
 * refusal is not about the session.
 */
type Meaning = 'lost' | 'unclear' | 'unrelated';

/**
 * The text or status that may mean that the server no longer knows the session, or was replaced by a server without its revision; undefined if
 * the refusal is not about that. Many servers send 400, 410 or 200 instead of the 404 of 2025-11-25 basic/transports, "Session Management"; for
 * revisions see 2026-07-28 basic/versioning.
 */
function evidenceIn(status: number, refusal: Reason, { session, modern }: Refused): string | undefined {
  const { code, message = '', own = false } = refusal;
  if (code === ErrorCode.UnsupportedProtocolVersion)
    return status >= 400 && session.version !== undefined ? message : undefined;
  if (session.modern) {
    const generic = code === undefined || code === -32_000 || code === ErrorCode.InvalidRequest;
    return status === 400 && generic && WANTS_HANDSHAKE.test(message) ? message : undefined;
  }
  if (session.id === undefined || modern) return undefined;
  const aboutSession = ABOUT_SESSION.has(status);
  const mentionsSession = aboutSession ? /session/i.test(message) : NO_SUCH_SESSION.test(message);
  if (!ABOUT_REQUEST.has(code) && (mentionsSession || NOT_INITIALIZED.test(message))) return message;
  return status === 404 || (status === 410 && !own) ? STATUS_ONLY : undefined;
}

/**
 * Decides for one link whether a refusal means that the server has lost the session. Most refusals are ambiguous: they may be about the
 * request. Such a refusal costs a session once. If the new session refuses its first requests in the same way, these are ordinary errors. A
 * refusal from a session that works is remembered as misleading, and costs no further session.
 */
export class SessionRefusals {
  readonly #environment: Environment;
  /** The time at which an ambiguous refusal cost a session; undefined after the new session has accepted a request. */
  #costAt: number | undefined;
  /** The evidence of a later refusal, which cost no session. */
  #ignored: string | undefined;
  readonly #misleading = new Set<string>();
  /** The number of 404s that did not mention a session, each soon after the one before, and the time of the last. */
  #statusOnly = 0;
  #statusOnlyAt = -Infinity;
  /** The time at which another request showed that the server knows the session, although a refusal was about it. */
  #verifiedAt = -Infinity;
  /** The evidence of the 404 that led to this request. */
  #suspected: string | undefined;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  /** Whether an ambiguous refusal of a request that is sent now must not cost another session. */
  get doubtful(): boolean {
    return this.#costAt !== undefined && this.#environment.now() - this.#costAt < DOUBT_TIME;
  }

  /** A request was not refused: the server knows the session. */
  accepted(session: HttpSession): void {
    // That the server accepts a handshake does not show whether it knows the session.
    if (this.#costAt === undefined || session.version === undefined || session.lost) return;
    this.#costAt = undefined;
    if (this.#ignored !== undefined) this.#misleading.add(this.#ignored);
    this.#ignored = undefined;
  }

  /** Another request has shown that the server knows the session of an unclear refusal. */
  verified(): void {
    this.#verifiedAt = this.#environment.now();
    if (this.#suspected !== undefined) this.#misleading.add(this.#suspected);
    this.#suspected = undefined;
  }

  /** Whether a request was refused because its session is lost. */
  loses(status: number, refusal: Reason, refused: Refused): boolean {
    return this.judge(status, refusal, refused) === 'lost';
  }

  /** Decides whether an error or a refusal means that the server has lost the session of the request. */
  judge(status: number, refusal: Reason, refused: Refused): Meaning {
    const { session, message } = refused;
    const evidence = evidenceIn(status, refusal, refused);
    if (evidence === undefined) {
      if (status < 400) this.accepted(session);
      return 'unrelated';
    }
    // An earlier refusal has shown it.
    if (session.lost) return 'lost';
    const { own = false, code } = refusal;
    const withoutParameters = WITHOUT_PARAMETERS.has(message?.method ?? '');
    if (own && !withoutParameters && (status < 400 || status >= 500)) return this.#unlessVerified();
    const mentionsSession = status === 404 && evidence !== STATUS_ONLY;
    const misleading = this.#misleading.size >= MOST_MISLEADING || this.#misleading.has(evidence);
    // 404 is the response of the specification, but an error about the method may mean only that.
    if (
      status === 404 &&
      !session.modern &&
      (own ? mentionsSession && withoutParameters : code !== ErrorCode.MethodNotFound)
    ) {
      // Routers send 404 for an unknown path, method or tool as well.
      if (mentionsSession || message?.method === 'tools/list' || (!misleading && this.#acceptsStatusOnly()))
        return 'lost';
      this.#suspected = evidence;
      return 'unclear';
    }
    if (mentionsSession && (misleading || refused.doubtful)) {
      this.#suspected = evidence;
      return this.#unlessVerified();
    }
    if (misleading) return 'unrelated';
    if (refused.doubtful) {
      if (this.#costAt === undefined || evidence === STATUS_ONLY) this.#misleading.add(evidence);
      else this.#ignored = evidence;
      return 'unrelated';
    }
    this.#costAt = this.#environment.now();
    this.#ignored = undefined;
    return 'lost';
  }

  /** Whether a 404 that does not mention a session costs one. Several servers behind one address know only their own sessions. */
  #acceptsStatusOnly(): boolean {
    const now = this.#environment.now();
    this.#statusOnly = now - this.#statusOnlyAt < DOUBT_TIME ? this.#statusOnly + 1 : 1;
    this.#statusOnlyAt = now;
    return this.#statusOnly <= MOST_STATUS_ONLY;
  }

  #unlessVerified(): Meaning {
    return this.#environment.now() - this.#verifiedAt < DOUBT_TIME ? 'unrelated' : 'unclear';
  }
}
