import { toTransportFailure } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import type { JSONRPCMessage, RequestId } from '../../protocol/messages/json-rpc.js';
import type { Link, LinkEvents, MessageOrigin, SendOptions, ServerStreamEvents } from '../../transports/link.js';
import type { Framing } from '../../transports/transport.js';
import { WrappedLink } from '../../transports/wrapped-link.js';

/** What happens on a link, as data. Messages are those that go by, not copies: look, and leave them as they are. */
export type LinkActivity =
  | { readonly type: 'link.opening' }
  | { readonly type: 'link.opened'; readonly framing: Framing }
  /** The server, or trouble, ended it; also when it could not be opened. */
  | { readonly type: 'link.closed'; readonly failure: Failure | undefined }
  /** The client lets go of it. */
  | { readonly type: 'link.left' }
  | { readonly type: 'link.problem'; readonly failure: Failure }
  /** `number` counts what was sent over this link, from 1. */
  | { readonly type: 'message.out'; readonly number: number; readonly message: JSONRPCMessage }
  /** What became of sending the message of that number, where it took time: it left, or why it did not. */
  | { readonly type: 'message.settled'; readonly number: number; readonly failure: Failure | undefined }
  | { readonly type: 'message.in'; readonly message: unknown; readonly about: MessageOrigin | undefined }
  | { readonly type: 'session.lost' }
  | { readonly type: 'answer.interrupted'; readonly requestId: RequestId }
  | { readonly type: 'answer.resumed'; readonly requestId: RequestId }
  | { readonly type: 'stream.opening' }
  | { readonly type: 'stream.opened'; readonly resumed: boolean }
  | { readonly type: 'stream.unsupported' }
  | { readonly type: 'stream.ended'; readonly retry: number | undefined; readonly failure: Failure | undefined }
  | { readonly type: 'stream.left' };

/** Something that happened at the border between a connection and the world. */
export type LinkNews = LinkActivity & {
  /** The number of the link. */
  readonly epoch: number;
};

/** The same, and when. */
export type TapEvent = LinkNews & {
  /** When, in milliseconds since the Unix epoch. */
  readonly at: number;
};

/** Hears of everything that crosses the border. */
export type Tap = (event: TapEvent) => void;

/** The same, for those who keep the time themselves. Must not throw. */
export type LinkListener = (news: LinkNews) => void;

/** The tap of one link: everything that goes by is told first and then passed on. */
export class LinkTap {
  readonly #listener: LinkListener;
  readonly #epoch: number;

  constructor(listener: LinkListener, epoch: number) {
    this.#listener = listener;
    this.#epoch = epoch;
  }

  tell(happening: LinkActivity): void {
    this.#listener({ ...happening, epoch: this.#epoch });
  }

  /** Copying what happened would cost more than all the rest, and messages are the many. */
  received(message: unknown, about: MessageOrigin | undefined): void {
    this.#listener({ type: 'message.in', message, about, epoch: this.#epoch });
  }

  /** The same for what is sent. */
  sent(number: number, message: JSONRPCMessage): void {
    this.#listener({ type: 'message.out', number, message, epoch: this.#epoch });
  }

  /** What the link speaks to instead of `events`. */
  events(events: LinkEvents): LinkEvents {
    return {
      environment: events.environment,
      budget: events.budget,
      message: (message, about) => {
        this.received(message, about);
        events.message(message, about);
      },
      problem: (failure) => {
        this.tell({ type: 'link.problem', failure });
        events.problem(failure);
      },
      closed: (failure) => {
        this.tell({ type: 'link.closed', failure });
        events.closed(failure);
      },
      sessionLost: () => {
        this.tell({ type: 'session.lost' });
        events.sessionLost();
      },
      interrupted: (requestId) => {
        this.tell({ type: 'answer.interrupted', requestId });
        events.interrupted(requestId);
      },
      resumed: (requestId) => {
        this.tell({ type: 'answer.resumed', requestId });
        events.resumed(requestId);
      },
    };
  }

  /** What is used instead of `link`. */
  link(link: Link, framing: Framing): Link {
    return new TappedLink(link, this, framing);
  }
}

/** A link whose tap hears what is sent over it. */
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
        this.#tap.tell({ type: 'message.settled', number, failure: undefined });
      },
      (thrown: unknown) => {
        this.#tap.tell({ type: 'message.settled', number, failure: toTransportFailure(thrown) });
      },
    );
    return pending;
  }

  /** Of a stream that there is not nothing is told. */
  override serverStream(events: ServerStreamEvents): () => void {
    if (this.inner.serverStream === undefined) return super.serverStream(events);
    const tell = this.#tap.tell.bind(this.#tap);
    tell({ type: 'stream.opening' });
    const close = super.serverStream({
      opened: (resumed = false) => {
        tell({ type: 'stream.opened', resumed });
        events.opened(resumed);
      },
      unsupported: () => {
        tell({ type: 'stream.unsupported' });
        events.unsupported();
      },
      ended: (retry, failure) => {
        tell({ type: 'stream.ended', retry, failure });
        events.ended(retry, failure);
      },
    });
    return () => {
      tell({ type: 'stream.left' });
      close();
    };
  }
}
