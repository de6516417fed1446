import type { Environment } from '../util/environment.js';
import { toTransportFailure } from '../util/failure.js';
import type { JSONRPCMessage, RequestId } from '../protocol/messages/json-rpc.js';
import { rejectedWith } from '../transports/link.js';
import type {
  EstablishedSession,
  Link,
  LinkEvents,
  LinkMemory,
  SendOptions,
  ServerStreamEvents,
} from '../transports/link.js';
import type { Framing, SilentServer } from '../transports/transport.js';
import { WrappedLink } from '../transports/wrapped-link.js';
import { sendOver } from '../machines/connection/link-actor.js';
import type { ConnectionTransport } from '../machines/connection/link-actor.js';
import type { Recorder } from './recorder.js';

/**
 * The transport of a recorded connection. The link tap records the messages; this class records which events happen during a call of the
 * transport, and when a link is released. The inner transport uses the real clock, because its timers are not inputs of the connection.
 */
export class RecordedTransport implements ConnectionTransport {
  readonly #inner: ConnectionTransport;
  readonly #recorder: Recorder;
  readonly #environment: Environment;
  #openings = 0;
  #releases = 0;
  /** Whether the last attempt to open a link failed. */
  failed = false;

  constructor(inner: ConnectionTransport, recorder: Recorder, environment: Environment) {
    this.#inner = inner;
    this.#recorder = recorder;
    this.#environment = environment;
  }

  get framing(): Framing {
    return this.#inner.framing;
  }

  claim(owner: object): void {
    try {
      this.#inner.claim(owner);
    } catch (busy) {
      this.#recorder.input({ type: 'refused' });
      throw busy;
    }
  }

  unclaim(owner: object): void {
    this.#inner.unclaim(owner);
  }

  /** Only for error messages: nothing to record. */
  describeSilence(): SilentServer | undefined {
    return this.#inner.describeSilence?.();
  }

  openLink(events: LinkEvents, signal: AbortSignal): Promise<Link> {
    const own = { ...events, environment: this.#environment };
    const opening = (this.#openings += 1);
    this.failed = false;
    return this.#recorder
      .outside(() => this.#inner.openLink(own, signal))
      .then(
        (link) => {
          const framing = link.framing ?? this.framing;
          this.#recorder.input({ type: 'link.ready', opening, framing });
          return new RecordedLink(link, framing, this.#recorder);
        },
        (thrown: unknown) => {
          const reason = toTransportFailure(thrown, 'not-sent');
          this.failed = true;
          this.#recorder.input({ type: 'link.failed', opening, failure: reason });
          return rejectedWith(reason);
        },
      );
  }

  closeLink(): Promise<void> {
    const release = (this.#releases += 1);
    const closing = this.#recorder.outside(() => this.#inner.closeLink());
    return closing.then(() => {
      this.#recorder.input({ type: 'link.released', release });
    });
  }
}

/** Marks the events that the link emits while one of its methods runs. */
class RecordedLink extends WrappedLink {
  protected readonly inner: Link;
  readonly #recorder: Recorder;
  readonly framing: Framing;
  #sent = 0;

  constructor(inner: Link, framing: Framing, recorder: Recorder) {
    super();
    this.inner = inner;
    this.framing = framing;
    this.#recorder = recorder;
  }

  override send(message: JSONRPCMessage, options?: SendOptions): Promise<void> | undefined {
    const number = (this.#sent += 1);
    const pending = this.#recorder.outside(() => sendOver(this.inner, message, options));
    if (pending !== undefined) this.#recorder.output({ type: 'message.pending', number });
    return pending;
  }

  override established(session: EstablishedSession): void {
    this.#recorder.outside(() => {
      super.established(session);
    });
  }

  override cancelUnsent(requestId: RequestId): boolean {
    const unsent = this.#recorder.outside(() => super.cancelUnsent(requestId));
    if (unsent) this.#recorder.output({ type: 'unsent', requestId });
    return unsent;
  }

  override abandon(requestId: RequestId): void {
    this.#recorder.outside(() => {
      super.abandon(requestId);
    });
  }

  override serverStream(events: ServerStreamEvents): () => void {
    const close = this.#recorder.outside(() => super.serverStream(events));
    return () => {
      this.#recorder.outside(close);
    };
  }

  override suspend(): LinkMemory | undefined {
    return this.#recorder.outside(() => super.suspend());
  }

  override resume(session: EstablishedSession, memory: LinkMemory): boolean {
    const taken = this.#recorder.outside(() => super.resume(session, memory));
    this.#recorder.output({ type: 'resumed', taken });
    return taken;
  }

  override close(): Promise<void> {
    return this.#recorder.outside(() => super.close());
  }
}
