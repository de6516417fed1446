import { askedDelay, mayReopen } from '../../util/retry-policy.js';
import { isFailure } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import { EventStream, STREAM_HEADERS } from './event-stream.js';
import { parseJson } from './http-body.js';
import type { HttpCall, HttpReceiver } from './http-call.js';
import type { ExchangeOwner } from './http-exchange-owner.js';
import { statusFailure } from './http-failures.js';
import { contentKind } from './http-head.js';
import type { ResponseHead } from './http-head.js';
import { HttpRefusal } from './http-refusal.js';
import type { HttpSession } from './http-session.js';
import type { ServerStreamEvents } from '../link.js';

/** The optional GET stream of a legacy server. 2025-11-25 basic/transports, "Listening for Messages from the Server". */
export class HttpServerStream implements HttpReceiver {
  readonly #owner: Pick<ExchangeOwner, 'endpoint' | 'events' | 'refusals' | 'loseSession'>;
  readonly #session: HttpSession;
  readonly #events: ServerStreamEvents;
  readonly #call: HttpCall;
  readonly #resumed: boolean;
  readonly #doubtful: boolean;
  #stream: EventStream | undefined;
  #refusal: HttpRefusal | undefined;
  #over = false;

  constructor(
    owner: Pick<ExchangeOwner, 'endpoint' | 'events' | 'refusals' | 'loseSession'>,
    session: HttpSession,
    events: ServerStreamEvents,
  ) {
    this.#owner = owner;
    this.#session = session;
    this.#events = events;
    const headers = [...STREAM_HEADERS, ...session.headers()];
    this.#doubtful = owner.refusals.doubtful;
    this.#resumed = session.lastEventId !== undefined;
    if (session.lastEventId !== undefined) headers.push('last-event-id', session.lastEventId);
    this.#call = owner.endpoint.call({ method: 'GET', headers, purpose: 'background' }, this);
    this.#call.start();
  }

  head(head: ResponseHead): void {
    const { status } = head;
    if (status < 300 && contentKind(head) === 'events') {
      this.#session.streamed = true;
      this.#open();
      return;
    }
    if (mayReopen(status) || status === 409) {
      // 409: for the server the stream is still open. It may not have noticed yet that the last one ended.
      this.close();
      const refusal = statusFailure(this.#call.url, head, this.#owner.events.environment.now());
      this.#events.ended(askedDelay(refusal), this.#owner.endpoint.secrets.failure(refusal));
    } else if (this.#session.streamed) {
      // The server had the stream before, so it may have lost the session. A server without the stream sends 404 as well.
      this.#refusal = new HttpRefusal(this.#call, head, (why) => {
        this.#refused(status, why);
      });
    } else {
      this.close();
      this.#events.unsupported();
    }
  }

  #refused(status: number, { details }: Failure): void {
    if (this.#over) return;
    this.close();
    const refusal = { code: details?.rpcCode as number | undefined, message: details?.reason as string | undefined };
    const refused = { session: this.#session, modern: false, doubtful: this.#doubtful };
    if (this.#owner.refusals.loses(status, refusal, refused)) this.#owner.loseSession(this.#session);
    this.#events.unsupported();
  }

  #open(): void {
    const { events, endpoint } = this.#owner;
    this.#stream = new EventStream(
      {
        event: ({ type, data }) => {
          if (this.#over || type !== 'message') return;
          const parsed = parseJson(data);
          if (isFailure(parsed)) events.problem(parsed);
          else events.message(parsed.value);
        },
        tooLarge: (problem) => {
          events.problem(problem);
        },
      },
      endpoint.maxMessageBytes,
      endpoint.budget,
    );
    this.#events.opened(this.#resumed);
  }

  chunk(bytes: Buffer): void {
    if (this.#over) return;
    this.#refusal?.push(bytes);
    this.#stream?.feed(bytes);
    this.#session.lastEventId = this.#stream?.lastEventId ?? this.#session.lastEventId;
  }

  end(): void {
    this.#ended(undefined);
  }

  failed(reason: Failure): void {
    this.#ended(reason);
  }

  #ended(reason: Failure | undefined): void {
    this.#refusal?.end();
    if (this.#over) return;
    this.#over = true;
    this.#stream?.end();
    this.#events.ended(this.#stream?.retry, reason && this.#owner.endpoint.secrets.failure(reason));
  }

  /** Closes the stream without further events. */
  close(): void {
    this.#over = true;
    this.#stream?.end();
    this.#call.abort();
    this.#refusal?.end();
  }
}
