import { withDelivery } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import { ErrorCode } from '../../protocol/messages/json-rpc.js';
import type { HttpCall, HttpReceiver } from './http-call.js';
import type { ExchangeOwner } from './http-exchange-owner.js';
import {
  authenticationFailure,
  isAboutAuthentication,
  linkClosed,
  postUnanswered,
  sessionLost,
} from './http-failures.js';
import type { ResponseHead } from './http-head.js';
import { HttpRefusal } from './http-refusal.js';
import type { HttpSession } from './http-session.js';
import type { LanePost, PostLane } from './post-lane.js';

/** The link that a post belongs to. */
export type PostOwner = Pick<ExchangeOwner, 'endpoint' | 'events' | 'loseSession' | 'drain' | 'refusals' | 'verify'>;

/** What is posted. */
export interface PostedMessage {
  readonly session: HttpSession;
  readonly headers: readonly string[];
  readonly body: string;
  readonly isReply: boolean;
}

/** A notification or reply. Any status below 400 means that the server has accepted it; the body does not matter. */
export class HttpPost implements HttpReceiver, LanePost {
  /** Resolves when the server has accepted the message; rejects with a failure. */
  readonly done: Promise<void>;
  readonly isReply: boolean;
  readonly #owner: PostOwner;
  readonly #lane: PostLane<HttpPost>;
  readonly #session: HttpSession;
  readonly #call: HttpCall;
  #resolve!: () => void;
  #reject!: (reason: Error) => void;
  /** The refusal of the message, whose body is being read. */
  #refusal: HttpRefusal | undefined;

  constructor(owner: PostOwner, lane: PostLane<HttpPost>, { session, headers, body, isReply }: PostedMessage) {
    this.#owner = owner;
    this.#lane = lane;
    this.isReply = isReply;
    this.#session = session;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#call = owner.endpoint.call({ method: 'POST', headers, body }, this);
  }

  start(): void {
    this.#call.start();
  }

  parked(): void {
    this.#lane.park(this);
  }

  unparked(): void {
    this.#lane.unpark(this);
  }

  head(head: ResponseHead): void {
    const { status } = head;
    const { url } = this.#call;
    if (status < 400) this.#resolve();
    else if (isAboutAuthentication(head)) this.failed(authenticationFailure(url, head, this.#call.authorized));
    else {
      this.#refusal = new HttpRefusal(this.#call, head, (why) => {
        const lost = status === 404 && this.#meansLostSession(why);
        this.#refuse(lost ? sessionLost(url, status) : why);
        if (!this.#call.over) this.#owner.drain(this.#call);
      });
      return;
    }
    this.#owner.drain(this.#call);
  }

  /** Whether a refusal means that the server does not know the session any more. If that is unclear, the link verifies the session. */
  #meansLostSession({ details }: Failure): boolean {
    const code = details?.rpcCode as number | undefined;
    const refusal = { code, message: details?.reason as string | undefined };
    const refused = { session: this.#session, modern: this.#session.modern, doubtful: false };
    if (code === ErrorCode.MethodNotFound) return false;
    const verdict = this.#owner.refusals.judge(404, refusal, refused);
    if (verdict === 'lost') this.#owner.loseSession(this.#session);
    else if (verdict === 'unclear') void this.#owner.verify(this.#session);
    return verdict === 'lost';
  }

  /** Only the body of a refusal is read. */
  chunk(bytes: Buffer): void {
    this.#refusal?.push(bytes);
  }

  end(): void {
    this.#refusal?.end();
  }

  failed(reason: Failure): void {
    this.#refusal?.end();
    this.#refuse(reason);
  }

  #refuse(reason: Failure): void {
    this.#reject(this.#owner.endpoint.secrets.failure(reason) as unknown as Error);
  }

  /** Aborts the post. The failure gets the delivery of the message. */
  abort(reason: Failure = linkClosed('unknown')): void {
    const { sent } = this.#call;
    this.#call.abort();
    this.failed(withDelivery(reason, sent ? 'unknown' : 'not-sent'));
  }

  /** See {@link LanePost}. */
  giveUp(): boolean {
    this.abort(postUnanswered(this.#call.url));
    return true;
  }
}
