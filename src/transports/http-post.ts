import type { Failure } from '../protocol/failure.js';
import type { HttpCall, HttpReceiver } from './http-call.js';
import type { ExchangeOwner } from './http-exchange.js';
import {
  authenticationFailure,
  isAboutAuthentication,
  linkClosed,
  sessionLost,
  statusFailure,
} from './http-failures.js';
import type { ResponseHead } from './http-head.js';
import type { HttpSession } from './http-session.js';

/** What a post needs from the link that it belongs to. */
export type PostOwner = Pick<ExchangeOwner, 'endpoint' | 'events' | 'lose' | 'linger'>;

/** A message that wants no answer: any status that means success will do, whatever comes with it. */
export class HttpPost implements HttpReceiver {
  /** Settles when the server has taken it, or not; rejects with a failure. */
  readonly done: Promise<void>;
  readonly #owner: PostOwner;
  readonly #session: HttpSession;
  readonly #call: HttpCall;
  #resolve!: () => void;
  #reject!: (reason: Error) => void;

  constructor(owner: PostOwner, session: HttpSession, headers: readonly string[], body: string) {
    this.#owner = owner;
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

  head(head: ResponseHead): void {
    const { status } = head;
    const { url } = this.#call;
    if (status < 400) this.#resolve();
    else if (status === 404 && this.#session.id !== undefined && !this.#session.modern) {
      this.#owner.lose(this.#session);
      this.failed(sessionLost(url, status));
    } else if (isAboutAuthentication(head)) this.failed(authenticationFailure(url, head));
    else this.failed(statusFailure(url, head, this.#owner.events.environment.now()));
    this.#owner.linger(this.#call);
  }

  chunk(): void {
    // Nothing in the answer matters.
  }

  end(): void {
    // It was settled when it began.
  }

  failed(reason: Failure): void {
    const thrown: Error = reason as unknown as Error;
    this.#reject(thrown);
  }

  /** Gives it up. */
  abort(): void {
    const { sent } = this.#call;
    this.#call.abort();
    this.failed(linkClosed(sent ? 'unknown' : 'not-sent'));
  }
}
