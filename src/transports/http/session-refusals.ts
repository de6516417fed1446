import type { Environment } from '../../util/environment.js';
import { ErrorCode } from '../../protocol/messages/json-rpc.js';
import type { HttpSession } from './http-session.js';

/** What a server of the other era says to a request before it looks at its method. */
const WANTS_HANDSHAKE = /not initialized|session[ -]id/i;

/** A handshake is missing: "Server not initialized", "expect initialize request", "initialize first". */
const NOT_INITIALIZED =
  /(?:\b(?:not|never|before|without|must|please|expect(?:ed|s)?|requires?|no|missing|call|send)[- ]|\bun)(?:\w+ ){0,4}initiali[sz]|initiali[sz]\w*(?: \w+){0,2} (?:first|required|missing)/i;

/** The session is unknown: "Session not found", "No valid session ID provided", "Mcp-Session-Id header is required". */
const NO_SUCH_SESSION =
  /session(?:[ _-]?id)?\b.{0,80}?(?:\b(?:not|unknown|invalid|expired|missing|required|stale|unrecogni[sz]ed|no longer|does ?n.t)\b|not[ _-]?found)|\b(?:no|not|unknown|unrecogni[sz]ed|invalid|expired|missing|stale|without|(?:could|can) ?n.?t find)\b.{0,40}?session|session[ _-]?not[ _-]?found/i;

/** Statuses with which servers refuse a request because of its session: any mention of a session is enough there. */
const ABOUT_SESSION: ReadonlySet<number> = new Set([400, 404, 410]);

/** Errors about the method or its parameters: the server has looked the request up. */
const ABOUT_REQUEST: ReadonlySet<number | undefined> = new Set<number>([
  ErrorCode.MethodNotFound,
  ErrorCode.InvalidParams,
  ErrorCode.ParseError,
]);

/** Stands for a 404 or 410 that does not speak of a session. */
const NO_WORDS = 'no words';

/** Methods whose refusal cannot be about their parameters. */
const WITHOUT_SUBJECT: ReadonlySet<string> = new Set(['ping', 'tools/list']);

/** Milliseconds for which doubtful refusals are not believed again, unless the session that they brought about has answered. */
const DOUBT = 60_000;
/** How many different refusals may turn out to mean something else before none is believed any more. */
const MOST_MISLEADING = 3;
/** How many 404s in a row that do not speak of a session are believed, each less than a minute after the one before. */
const MOST_WORDLESS = 3;

/** A request that was refused. */
interface Refused {
  readonly session: HttpSession;
  /** A request that describes itself, which it also does before it is known whether the server is modern. */
  readonly modern: boolean;
  /** See {@link SessionRefusals.doubtful}. */
  readonly doubtful: boolean;
  readonly message?: { readonly method: string };
}

/** The reason for a refusal: a JSON-RPC error, or text. */
interface Refusal {
  /** Of an error of JSON-RPC. */
  readonly code?: number | undefined;
  readonly message?: string | undefined;
  /** A JSON-RPC error with the id of the request: its author has read the request. */
  readonly own?: boolean | undefined;
}

/** `lost`: the server did not run the request and does not know its session. `unclear`: ask the server something else. */
type Verdict = 'lost' | 'unclear' | 'known';

/**
 * Why a refusal may mean that the server does not know the session any more, or was replaced by one that does not speak its revision;
 * undefined when it means nothing of the kind. Many servers answer 400, 410 or 200 in place of the 404 of 2025-11-25 basic/transports, "Session
 * Management"; for revisions see 2026-07-28 basic/versioning.
 */
function evidenceIn(status: number, refusal: Refusal, { session, modern }: Refused): string | undefined {
  const { code, message = '', own = false } = refusal;
  if (code === ErrorCode.UnsupportedProtocolVersion)
    return status >= 400 && session.version !== undefined ? message : undefined;
  if (session.modern) {
    const generic = code === undefined || code === -32_000 || code === ErrorCode.InvalidRequest;
    return status === 400 && generic && WANTS_HANDSHAKE.test(message) ? message : undefined;
  }
  if (session.id === undefined || modern) return undefined;
  const aboutSession = ABOUT_SESSION.has(status);
  const speaksOfSession = aboutSession ? /session/i.test(message) : NO_SUCH_SESSION.test(message);
  if (!ABOUT_REQUEST.has(code) && (speaksOfSession || NOT_INITIALIZED.test(message))) return message;
  return status === 404 || (status === 410 && !own) ? NO_WORDS : undefined;
}

/**
 * What the refusals of a server mean, over one link. Most may be about the request and not about the session. So they are believed once:
 * when the first requests of the session that they brought about are refused in the same way, that is an error like any other. Refusals that
 * came from a session that works are not believed a second time.
 */
export class SessionRefusals {
  readonly #environment: Environment;
  /** When a refusal cost a session; undefined once the one that came after it has answered something. */
  #costAt: number | undefined;
  /** What was said meanwhile and not believed. */
  #said: string | undefined;
  readonly #misleading = new Set<string>();
  /** How many 404s without words came, and when the last one did. */
  #wordless = 0;
  #wordlessAt = -Infinity;
  /** When a session was found to be known although an answer sounded as if it was not. */
  #vouchedAt = -Infinity;
  /** The words of a 404 because of which that was asked. */
  #suspected: string | undefined;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  /** Whether a request that is sent now may not lose its session through a refusal that can mean something else. */
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

  /** The server has answered something else in a session of which it was unclear whether it knows it. */
  vouched(): void {
    this.#vouchedAt = this.#environment.now();
    if (this.#suspected !== undefined) this.#misleading.add(this.#suspected);
    this.#suspected = undefined;
  }

  /** Whether a request was refused because its session is lost. */
  loses(status: number, refusal: Refusal, refused: Refused): boolean {
    return this.judge(status, refusal, refused) === 'lost';
  }

  /** What an error or a refusal means for the session of its request. */
  judge(status: number, refusal: Refusal, refused: Refused): Verdict {
    const { session, message } = refused;
    const evidence = evidenceIn(status, refusal, refused);
    if (evidence === undefined) {
      if (status < 400) this.accepted(session);
      return 'known';
    }
    // The session is known to be lost already.
    if (session.lost) return 'lost';
    const { own = false, code } = refusal;
    const subjectless = WITHOUT_SUBJECT.has(message?.method ?? '');
    if (own && !subjectless && (status < 400 || status >= 500)) return this.#unlessVouched();
    const inWords = status === 404 && evidence !== NO_WORDS;
    const misleading = this.#misleading.size >= MOST_MISLEADING || this.#misleading.has(evidence);
    // This is how the specification has it. An error about the method itself can be all that the server means.
    if (status === 404 && !session.modern && (own ? inWords && subjectless : code !== ErrorCode.MethodNotFound)) {
      // A router says it, too, of a path, a method or a tool that it does not know.
      if (inWords || message?.method === 'tools/list' || (!misleading && this.#believesWordless())) return 'lost';
      this.#suspected = evidence;
      return 'unclear';
    }
    if (inWords && (misleading || refused.doubtful)) {
      this.#suspected = evidence;
      return this.#unlessVouched();
    }
    if (misleading) return 'known';
    if (refused.doubtful) {
      if (this.#costAt === undefined || evidence === NO_WORDS) this.#misleading.add(evidence);
      else this.#said = evidence;
      return 'known';
    }
    this.#costAt = this.#environment.now();
    this.#said = undefined;
    return 'lost';
  }

  /** Whether a 404 without words is believed. Behind one address there may be several servers, each of which knows its own sessions. */
  #believesWordless(): boolean {
    const now = this.#environment.now();
    this.#wordless = now - this.#wordlessAt < DOUBT ? this.#wordless + 1 : 1;
    this.#wordlessAt = now;
    return this.#wordless <= MOST_WORDLESS;
  }

  #unlessVouched(): Verdict {
    return this.#environment.now() - this.#vouchedAt < DOUBT ? 'known' : 'unclear';
  }
}
