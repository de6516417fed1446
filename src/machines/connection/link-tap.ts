import { toTransportFailure } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import type { JSONRPCMessage, RequestId } from '../../protocol/messages/json-rpc.js';
import type {
  Link,
  LinkEvents,
  MessageOrigin,
  SendOptions,
  ServerStreamEvents,
  SignInNews,
} from '../../transports/link.js';
import type { Framing } from '../../transports/transport.js';
import { WrappedLink } from '../../transports/wrapped-link.js';

/** An event of a link, as data. Messages are not copied: do not change them. */
export type LinkActivity =
  | { readonly type: 'link.opening' }
  | { readonly type: 'link.opened'; readonly framing: Framing }
  /** The link ended without the client, or could not be opened. */
  | { readonly type: 'link.closed'; readonly failure: Failure | undefined }
  /** The client closes the link. */
  | { readonly type: 'link.left' }
  | { readonly type: 'link.problem'; readonly failure: Failure }
  /** `number` counts the messages that were sent over this link, from 1. */
  | { readonly type: 'message.out'; readonly number: number; readonly message: JSONRPCMessage }
  /** The message with this number was sent, or not, with the failure. Only if sending it took time. */
  | { readonly type: 'message.settled'; readonly number: number; readonly failure: Failure | undefined }
  | { readonly type: 'message.in'; readonly message: unknown; readonly about: MessageOrigin | undefined }
  | { readonly type: 'session.lost' }
  | { readonly type: 'answer.interrupted'; readonly requestId: RequestId }
  | { readonly type: 'answer.resumed'; readonly requestId: RequestId }
  | SignInNews
  | { readonly type: 'stream.opening' }
  | { readonly type: 'stream.opened'; readonly resumed: boolean }
  | { readonly type: 'stream.unsupported' }
  | { readonly type: 'stream.ended'; readonly retry: number | undefined; readonly failure: Failure | undefined }
  | { readonly type: 'stream.left' };

/** An event of a link, with the number of the link. */
export type LinkNews = LinkActivity & {
  /** The number of the link. */
  readonly epoch: number;
};

/** An event of a link, with its number and time. */
export type TapEvent = LinkNews & {
  /** In milliseconds since the Unix epoch. */
  readonly at: number;
};

/** Receives all events of all links. */
export type Tap = (event: TapEvent) => void;

/** A tap that needs no time. Must not throw. */
export type LinkListener = (news: LinkNews) => void;

/** Emits the events of one link to a listener, each before the connection or the link gets it. */
export class LinkTap {
  readonly #listener: LinkListener;
  readonly #epoch: number;

  constructor(listener: LinkListener, epoch: number) {
    this.#listener = listener;
    this.#epoch = epoch;
  }

  emit(activity: LinkActivity): void {
    this.#listener({ ...activity, epoch: this.#epoch });
  }

  /** Emits a received message. Messages are so many that `emit`, which copies, would be too slow. */
  received(message: unknown, about: MessageOrigin | undefined): void {
    this.#listener({ type: 'message.in', message, about, epoch: this.#epoch });
  }

  /** Emits a sent message. */
  sent(number: number, message: JSONRPCMessage): void {
    this.#listener({ type: 'message.out', number, message, epoch: this.#epoch });
  }

  /** The events object for the link, in place of `events`. */
  events(events: LinkEvents): LinkEvents {
    return {
      environment: events.environment,
      budget: events.budget,
      authorizer: events.authorizer,
      message: (message, about) => {
        this.received(message, about);
        events.message(message, about);
      },
      problem: (failure) => {
        this.emit({ type: 'link.problem', failure });
        events.problem(failure);
      },
      closed: (failure) => {
        this.emit({ type: 'link.closed', failure });
        events.closed(failure);
      },
      sessionLost: () => {
        this.emit({ type: 'session.lost' });
        events.sessionLost();
      },
      interrupted: (requestId) => {
        this.emit({ type: 'answer.interrupted', requestId });
        events.interrupted(requestId);
      },
      resumed: (requestId) => {
        this.emit({ type: 'answer.resumed', requestId });
        events.resumed(requestId);
      },
      signIn: (news) => {
        this.emit(news);
        events.signIn(news);
      },
    };
  }

  /** The link for the connection, in place of `link`. */
  link(link: Link, framing: Framing): Link {
    return new TappedLink(link, this, framing);
  }
}

/** A link that emits what is sent over it to a tap. */
class TappedLink extends WrappedLink {
  protected readonly inner: Link;
  readonly #tap: LinkTap;
  readonly #framing: Framing;
  #sent = 0;

  constructor(inner: Link, tap: LinkTap, framing: Framing) {
    super();
    this.inner = inner;
    this.#tap = tap;
    this.#framing = framing;
  }

  get framing(): Framing {
    return this.inner.framing ?? this.#framing;
  }

  override send(message: JSONRPCMessage, options?: SendOptions): Promise<void> | undefined {
    const number = (this.#sent += 1);
    this.#tap.sent(number, message);
    const pending = this.inner.send(message, options);
    pending?.then(
      () => {
        this.#tap.emit({ type: 'message.settled', number, failure: undefined });
      },
      (thrown: unknown) => {
        this.#tap.emit({ type: 'message.settled', number, failure: toTransportFailure(thrown) });
      },
    );
    return pending;
  }

  /** A link without a stream emits nothing. */
  override serverStream(events: ServerStreamEvents): () => void {
    if (this.inner.serverStream === undefined) return super.serverStream(events);
    const emit = this.#tap.emit.bind(this.#tap);
    emit({ type: 'stream.opening' });
    const close = super.serverStream({
      opened: (resumed = false) => {
        emit({ type: 'stream.opened', resumed });
        events.opened(resumed);
      },
      unsupported: () => {
        emit({ type: 'stream.unsupported' });
        events.unsupported();
      },
      ended: (retry, failure) => {
        emit({ type: 'stream.ended', retry, failure });
        events.ended(retry, failure);
      },
    });
    return () => {
      emit({ type: 'stream.left' });
      close();
    };
  }
}
