import type { JSONRPCMessage } from '../protocol/messages/json-rpc.js';
import { failure } from '../util/failure.js';
import { rejectedWith } from './link.js';
import type { Link, LinkEvents } from './link.js';
import { MCPTransport } from './transport.js';

/** The inbox of one end. Messages that are sent before the end is open wait in it. */
interface Mailbox {
  events: LinkEvents | undefined;
  waiting: JSONRPCMessage[];
}

/**
 * One of two connected ends in the same process, for tests and for servers in the process of the client. Messages are passed without a copy
 * and in a microtask, so that neither end runs inside a call of the other.
 *
 * @example
 * const [clientEnd, serverEnd] = MemoryTransport.pair();
 */
export class MemoryTransport extends MCPTransport {
  readonly #own: Mailbox;
  readonly #peer: Mailbox;

  private constructor(own: Mailbox, peer: Mailbox) {
    super();
    this.#own = own;
    this.#peer = peer;
  }

  /** Creates two connected ends. When one end closes, the other closes, too. */
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

/** A microtask by `then` of this promise takes a third of the time of `queueMicrotask`. */
const resolved = Promise.resolve();

class MemoryLink implements Link {
  readonly #own: Mailbox;
  readonly #peer: Mailbox;
  readonly #events: LinkEvents;
  /** The link of the other end. This link ends with it, so it never changes. */
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
    else if (this.#outbox.push(message) === 1) void resolved.then(this.#deliver);
    return undefined;
  }

  close(): Promise<void> {
    if (this.#own.events === this.#events) {
      this.#own.events = undefined;
      this.#own.waiting = [];
      const other = this.#peer.events;
      this.#peer.events = undefined;
      // A link that the other end opens later must not get these messages.
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
