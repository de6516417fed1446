import { withDelivery } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import type { JSONRPCMessage, RequestId } from '../../protocol/messages/json-rpc.js';
import type { HttpCall, HttpReceiver } from '../http/http-call.js';
import type { HttpEndpoint } from '../http/http-endpoint.js';
import { authenticationFailure, isAboutAuthentication, postUnanswered } from '../http/http-failures.js';
import type { ResponseHead } from '../http/http-head.js';
import { HttpRefusal } from '../http/http-refusal.js';
import type { LanePost } from '../http/post-lane.js';
import type { Secrets } from '../secrets.js';

/** The link of a post. */
export interface PostOwner {
  /** The server accepted the message, or refused it for a reason. */
  answered(trouble: Failure | undefined): void;
  /** The response has ended, so the connection is free again. */
  over(): void;
  /** The post waits for a person to sign in. */
  parked(): void;
  unparked(): void;
}

const POSTED = ['accept', 'application/json', 'accept-encoding', 'identity', 'content-type', 'application/json'];

/** A response body is ignored; after this many bytes it is aborted. */
const LONGEST_ANSWER = 64 * 1024;

/** The POST of a message. Every status 2xx means that the server accepted it: the response to a request arrives on the stream. 2024-11-05 basic/transports. */
export class SsePost implements HttpReceiver, LanePost {
  readonly id: RequestId | undefined;
  readonly method: string | undefined;
  /** Resolves when the server has accepted the message; rejects with a failure. */
  readonly done: Promise<void>;
  readonly #body: string;
  #resolve!: () => void;
  #reject!: (reason: Error) => void;
  #owner: PostOwner | undefined;
  #call: HttpCall | undefined;
  #secrets: Secrets | undefined;
  #settled = false;
  /** The refusal of the message, whose body is being read. */
  #refusal: HttpRefusal | undefined;
  #ignored = 0;

  constructor(message: JSONRPCMessage, body: string) {
    this.id = 'id' in message ? message.id : undefined;
    this.method = 'method' in message ? message.method : undefined;
    this.#body = body;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Whether a byte of the message may have reached the server. */
  get sent(): boolean {
    return this.#call?.sent === true;
  }

  get isRequest(): boolean {
    return this.id !== undefined && this.method !== undefined;
  }

  get isReply(): boolean {
    return this.method === undefined;
  }

  start(endpoint: HttpEndpoint, headers: readonly string[], owner: PostOwner): void {
    this.#owner = owner;
    this.#secrets = endpoint.secrets;
    this.#call = endpoint.call({ method: 'POST', headers: [...POSTED, ...headers], body: this.#body }, this);
    this.#call.start();
  }

  head(head: ResponseHead): void {
    const { status } = head;
    const call = this.#call as HttpCall;
    if (status >= 200 && status <= 299) this.#settle(undefined);
    else if (isAboutAuthentication(head)) this.#settle(authenticationFailure(call.url, head, call.authorized));
    else {
      this.#refusal = new HttpRefusal(call, head, (why) => {
        this.#settle(why);
      });
    }
  }

  chunk(bytes: Buffer): void {
    this.#refusal?.push(bytes);
    this.#ignored += bytes.length;
    if (this.#ignored <= LONGEST_ANSWER) return;
    this.#call?.abort();
    this.end();
  }

  end(): void {
    this.#refusal?.end();
    this.#owner?.over();
  }

  failed(reason: Failure): void {
    this.#refusal?.end();
    this.#settle(reason);
    this.#owner?.over();
  }

  parked(): void {
    this.#owner?.parked();
  }

  unparked(): void {
    this.#owner?.unparked();
  }

  /** Treats the message as accepted before the server has responded. A later response is ignored. */
  waive(): void {
    this.#settle(undefined);
  }

  /** See {@link LanePost}. Some servers respond to the POST of a request only when they have handled it. After the head of a response nothing is needed. */
  giveUp(): boolean {
    if (this.isRequest && !this.#settled) return false;
    const owner = this.#owner;
    this.abort(postUnanswered((this.#call as HttpCall).url));
    owner?.over();
    return true;
  }

  /** Aborts the post and rejects its promise with `reason` and the actual delivery. The owner is not notified. */
  abort(reason: Failure): void {
    const { sent } = this;
    this.#owner = undefined;
    this.#call?.abort();
    this.#refusal?.end();
    this.#settle(withDelivery(reason, sent ? 'unknown' : 'not-sent'));
  }

  #settle(given: Failure | undefined): void {
    if (this.#settled) return;
    const trouble = given && (this.#secrets?.failure(given) ?? given);
    this.#settled = true;
    if (trouble === undefined) this.#resolve();
    else this.#reject(trouble as unknown as Error);
    this.#owner?.answered(trouble);
  }
}
