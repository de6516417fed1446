import type { JSONRPCMessage } from '../protocol/messages/json-rpc.js';
import { failure } from '../util/failure.js';
import { rejectedWith } from './link.js';
import type { Link, LinkEvents } from './link.js';
import { MCPTransport } from './transport.js';

/** Where the two ends of a pair meet. A message sent before the other end opened waits for it. */
interface Mailbox {
  events: LinkEvents | undefined;
  waiting: JSONRPCMessage[];
}

/**
 * One of two ends in the same process, for tests and for servers that live in the client's process. Messages are handed over as they
 * are, not copied, each in a microtask of its own so that neither end runs inside the other's call.
 */
export class MemoryTransport extends MCPTransport {
  readonly #own: Mailbox;
  readonly #peer: Mailbox;

  private constructor(own: Mailbox, peer: Mailbox) {
    super();
    this.#own = own;
    this.#peer = peer;
  }

  /** Two ends: what one sends the other receives. When one end closes, so does the other. */
  static pair(): [MemoryTransport, MemoryTransport] {
    const left: Mailbox = { events: undefined, waiting: [] };
    const right: Mailbox = { events: undefined, waiting: [] };
    return [new MemoryTransport(left, right), new MemoryTransport(right, left)];
  }

  protected open(events: LinkEvents): Promise<Link> {
    const own = this.#own;
    const peer = this.#peer;
    own.events = events;
    const waiting = own.waiting.splice(0);
    if (waiting.length > 0) {
      queueMicrotask(() => {
        for (const message of waiting) events.message(message);
      });
    }
    return Promise.resolve(new MemoryLink(own, peer, events));
  }
}

/** For a microtask at a third of what `queueMicrotask` takes. */
const soon = Promise.resolve();

class MemoryLink implements Link {
  readonly #own: Mailbox;
  readonly #peer: Mailbox;
  readonly #events: LinkEvents;
  /** The other end's link. When that is gone so is this one, so there is only ever one. */
  #target: LinkEvents | undefined;
  #outbox: JSONRPCMessage[] = [];
  readonly #deliver = (): void => {
    const messages = this.#outbox;
    this.#outbox = [];
    for (const message of messages) this.#target?.message(message);
  };

  constructor(own: Mailbox, peer: Mailbox, events: LinkEvents) {
    this.#own = own;
    this.#peer = peer;
    this.#events = events;
  }

  send(message: JSONRPCMessage): Promise<void> | undefined {
    if (this.#own.events !== this.#events) {
      return rejectedWith(
        failure('transport', 'MCP_CONNECTION_CLOSED', 'The other end is closed', { delivery: 'not-sent' }),
      );
    }
    this.#target ??= this.#peer.events;
    if (this.#target === undefined) this.#peer.waiting.push(message);
    else if (this.#outbox.push(message) === 1) void soon.then(this.#deliver);
    return undefined;
  }

  close(): Promise<void> {
    if (this.#own.events === this.#events) {
      this.#own.events = undefined;
      this.#own.waiting = [];
      const other = this.#peer.events;
      this.#peer.events = undefined;
      // Of no use to a link that the other end opens later.
      this.#peer.waiting = [];
      if (other !== undefined) {
        queueMicrotask(() => {
          other.closed();
        });
      }
    }
    return Promise.resolve();
  }
}
