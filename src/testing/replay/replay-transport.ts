import { MCPConnectionError } from '../../errors.js';
import type { ConnectionTransport } from '../../machines/connection/link-actor.js';
import type { RecordedEvent } from '../../recording/recorded-events.js';
import type { RequestId } from '../../protocol/messages/json-rpc.js';
import type { Link, LinkEvents, ServerStreamEvents } from '../../transports/link.js';
import type { Framing } from '../../transports/transport.js';
import { Settleable } from './settleable.js';

/** The recording, as a {@link ReplayTransport} reads it. */
export interface ReplayScript {
  /** The number of the link that is being opened. */
  readonly epoch: number;
  /** The next entry. */
  next(): RecordedEvent | undefined;
  /** Repeats the inputs that were recorded during the current call. */
  during(): void;
}

/** A transport that repeats the recorded events of a transport. */
export class ReplayTransport implements ConnectionTransport {
  readonly framing: Framing;
  readonly #script: ReplayScript;
  readonly #openings: Settleable<Link>[] = [];
  readonly #releases: Settleable<void>[] = [];
  readonly #links = new Map<number, ReplayedLink>();

  constructor(framing: Framing, script: ReplayScript) {
    this.framing = framing;
    this.#script = script;
  }

  claim(): void {
    if (this.#script.next()?.type !== 'refused') return;
    throw new MCPConnectionError('The transport was in use', { code: 'MCP_TRANSPORT_BUSY', delivery: 'not-sent' });
  }

  unclaim(): void {
    // Only one connection uses this transport.
  }

  openLink(events: LinkEvents): Promise<Link> {
    const opening = new Settleable<Link>();
    this.#openings.push(opening);
    this.#links.set(this.#script.epoch, new ReplayedLink(events, this.#script));
    this.#script.during();
    return opening.promise;
  }

  closeLink(): Promise<void> {
    const release = new Settleable<void>();
    this.#releases.push(release);
    this.#script.during();
    return release.promise;
  }

  /** Repeats an event of the transport or of one of its links. */
  repeat(event: RecordedEvent): void {
    switch (event.type) {
      case 'link.ready': {
        const link = [...this.#links.values()][event.opening - 1];
        if (link === undefined) break;
        link.framing = event.framing;
        this.#openings[event.opening - 1]?.resolve(link);
        break;
      }
      case 'link.failed':
        this.#openings[event.opening - 1]?.reject(event.failure);
        break;
      case 'link.released':
        this.#releases[event.release - 1]?.resolve();
        break;
      default:
        if ('epoch' in event) this.#links.get(event.epoch)?.repeat(event);
    }
  }
}

class ReplayedLink implements Link {
  readonly #events: LinkEvents;
  readonly #script: ReplayScript;
  readonly #sending = new Map<number, Settleable<void>>();
  #stream: ServerStreamEvents | undefined;
  #sent = 0;
  framing: Framing = 'shared';

  constructor(events: LinkEvents, script: ReplayScript) {
    this.#events = events;
    this.#script = script;
  }

  send(): Promise<void> | undefined {
    const number = (this.#sent += 1);
    this.#script.during();
    if (this.#script.next()?.type !== 'message.pending') return undefined;
    const sending = new Settleable<void>();
    this.#sending.set(number, sending);
    return sending.promise;
  }

  established(): void {
    this.#script.during();
  }

  cancelUnsent(requestId: RequestId): boolean {
    this.#script.during();
    const next = this.#script.next();
    return next?.type === 'unsent' && next.requestId === requestId;
  }

  abandon(): void {
    this.#script.during();
  }

  serverStream(events: ServerStreamEvents): () => void {
    this.#stream = events;
    this.#script.during();
    return () => {
      this.#script.during();
    };
  }

  suspend(): undefined {
    this.#script.during();
  }

  resume(): boolean {
    this.#script.during();
    const next = this.#script.next();
    return next?.type === 'resumed' && next.taken;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  repeat(event: RecordedEvent): void {
    const events = this.#events;
    switch (event.type) {
      case 'message.in':
        events.message(event.message, event.about);
        break;
      case 'message.settled': {
        const sending = this.#sending.get(event.number);
        this.#sending.delete(event.number);
        if (event.failure === undefined) sending?.resolve();
        else sending?.reject(event.failure);
        break;
      }
      case 'link.closed':
        events.closed(event.failure);
        break;
      case 'link.problem':
        events.problem(event.failure);
        break;
      case 'session.lost':
        events.sessionLost();
        break;
      case 'answer.interrupted':
        events.interrupted(event.requestId);
        break;
      case 'answer.resumed':
        events.resumed(event.requestId);
        break;
      case 'signIn.began':
      case 'signIn.ended':
      case 'request.parked':
      case 'request.unparked':
        events.signIn(event);
        break;
      case 'stream.opened':
        this.#stream?.opened(event.resumed);
        break;
      case 'stream.unsupported':
        this.#stream?.unsupported();
        break;
      case 'stream.ended':
        this.#stream?.ended(event.retry, event.failure);
        break;
      default:
      // The connection caused this event, not the link.
    }
  }
}
