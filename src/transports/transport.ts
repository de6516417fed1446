import { systemEnvironment } from '../environment.js';
import { MCPConnectionError, toError } from '../errors.js';
import { failure, toTransportFailure } from '../protocol/failure.js';
import type { Failure } from '../protocol/failure.js';
import { classifyMessage } from '../protocol/json-rpc.js';
import type { JSONRPCMessage } from '../protocol/json-rpc.js';
import type { Link, LinkEvents } from './link.js';
import { MessageQueue } from './message-queue.js';

/**
 * How losing a connection relates to requests in flight: with `shared` framing one link carries all of them and takes all of them
 * with it; with `per-request` framing each request has an exchange of its own.
 */
export type Framing = 'shared' | 'per-request';

/** A link while it is the transport's current one. */
interface Tenancy {
  readonly link: Link;
  over: boolean;
}

/**
 * The recipe for reaching a server. A transport opens links, one at a time; it may open another when the last one is gone.
 *
 * A custom transport extends this class and implements {@link MCPTransport.open}; everything else is here. A client takes care of a
 * transport that it is given. To drive one by hand, use `connect`, `sendMessage`, `receiveMessage` and `disconnect`.
 */
export abstract class MCPTransport implements AsyncIterable<JSONRPCMessage> {
  /** How messages share the connection. Default `'shared'`. */
  readonly framing: Framing = 'shared';

  /** Milliseconds that opening a link may take. Never a limit on requests. Default 30 000. */
  readonly timeout: number;

  #owner: object | undefined;
  #tenancy: Tenancy | undefined;
  #released: Promise<void> = Promise.resolve();
  #manual: MessageQueue | undefined;

  constructor(options: { timeout?: number | undefined } = {}) {
    this.timeout = options.timeout ?? 30_000;
  }

  /** Opens one link. Rejects when that fails or when `signal` is aborted; then nothing may be left of the attempt. */
  protected abstract open(events: LinkEvents, signal: AbortSignal): Promise<Link>;

  /** Whether a link is open now. */
  get connected(): boolean {
    return this.#tenancy !== undefined && !this.#tenancy.over;
  }

  /** The link that is open now, for subclasses that show parts of it. */
  protected get link(): Link | undefined {
    return this.connected ? this.#tenancy?.link : undefined;
  }

  /**
   * Makes `owner` the only one that may use this transport until it lets go.
   * @throws MCPConnectionError with code `MCP_TRANSPORT_BUSY` when somebody else uses it.
   * @internal
   */
  claim(owner: object): void {
    const busy = this.#claim(owner);
    if (busy !== undefined) throw toError(busy);
  }

  #claim(owner: object): Failure | undefined {
    if (this.#owner !== undefined && this.#owner !== owner) {
      return failure(
        'connection',
        'MCP_TRANSPORT_BUSY',
        `This ${this.constructor.name} is in use already; give each client its own`,
        {
          delivery: 'not-sent',
        },
      );
    }
    this.#owner = owner;
    return undefined;
  }

  /**
   * Ends the claim of `owner`. Somebody else's claim is left alone.
   * @internal
   */
  unclaim(owner: object): void {
    if (this.#owner === owner) this.#owner = undefined;
  }

  /**
   * Opens a link once the last one is gone. `events` hears nothing before this resolves and nothing after the link is closed.
   * Rejects with a `Failure`, or with the reason of `signal`.
   * @internal
   */
  async openLink(events: LinkEvents, signal: AbortSignal): Promise<Link> {
    await this.#released;
    signal.throwIfAborted();
    const { environment } = events;
    const expiry = new AbortController();
    const timer = environment.setTimeout(() => {
      expiry.abort(this.#openTimedOut());
    }, this.timeout);
    const stop = (): void => {
      expiry.abort(signal.reason);
    };
    signal.addEventListener('abort', stop, { once: true });
    try {
      return await this.#open(events, expiry.signal);
    } finally {
      environment.clearTimeout(timer);
      signal.removeEventListener('abort', stop);
    }
  }

  async #open(events: LinkEvents, signal: AbortSignal): Promise<Link> {
    const tenancy: { -readonly [K in keyof Tenancy]?: Tenancy[K] } & { over: boolean } = { over: false };
    const early: (() => void)[] = [];
    const whenOpen = (tell: () => void): void => {
      if (tenancy.over) return;
      if (tenancy.link === undefined) early.push(tell);
      else tell();
    };
    // An async function, so that an `open` which throws before its first await rejects like any other.
    const opening = (async () => this.open(
      {
        environment: events.environment,
        message: (message, about) => {
          if (tenancy.link !== undefined && !tenancy.over) events.message(message, about);
          else
            whenOpen(() => {
              events.message(message, about);
            });
        },
        problem: (problem) => {
          whenOpen(() => {
            events.problem(problem);
          });
        },
        closed: (reason) => {
          whenOpen(() => {
            tenancy.over = true;
            events.closed(reason);
          });
        },
      },
      signal,
    ))();
    const link = await Promise.race([opening, rejectOnAbort(signal)]).catch((thrown: unknown) => {
      // Whatever still becomes of the attempt belongs to nobody: close it, and let the next one wait for that.
      this.#released = opening.then(
        (late) => late.close(),
        () => undefined,
      );
      throw signal.aborted ? signal.reason : toTransportFailure(thrown, 'not-sent');
    });
    const current: Tenancy = Object.assign(tenancy, { link });
    this.#tenancy = current;
    for (const tell of early.splice(0)) {
      if (!current.over) tell();
    }
    return link;
  }

  /**
   * Closes the link that is open, if any, and resolves when nothing of it is left.
   * @internal
   */
  closeLink(): Promise<void> {
    const tenancy = this.#tenancy;
    if (tenancy !== undefined) {
      this.#tenancy = undefined;
      tenancy.over = true;
      this.#released = tenancy.link.close();
    }
    return this.#released;
  }

  #openTimedOut(): Failure {
    return failure('timeout', 'MCP_TIMEOUT', `Opening the connection took longer than ${this.timeout} ms`, {
      delivery: 'not-sent',
      details: { operation: 'connect', timeout: this.timeout, phase: 'connecting' },
    });
  }

  /**
   * Opens a link to drive by hand. While one is open this returns at once.
   * @throws MCPConnectionError with code `MCP_TRANSPORT_BUSY` while a client uses this transport.
   * @throws MCPTransportError when the server cannot be reached.
   */
  async connect(): Promise<void> {
    this.claim(this);
    if (this.connected) return;
    const queue = new MessageQueue();
    this.#manual = queue;
    const events: LinkEvents = {
      environment: systemEnvironment,
      message: (message) => {
        receive(queue, message);
      },
      problem: () => undefined,
      closed: (reason) => {
        queue.end(reason ?? linkEnded());
      },
    };
    try {
      await this.openLink(events, new AbortController().signal);
    } catch (thrown) {
      this.#manual = undefined;
      this.unclaim(this);
      throw toError(toTransportFailure(thrown, 'not-sent'));
    }
  }

  /** Closes the link that was opened by hand and resolves when nothing of it is left. May be called twice. */
  async disconnect(): Promise<void> {
    if (this.#owner !== undefined) this.claim(this);
    this.#manual?.end(linkEnded());
    await this.closeLink();
    this.unclaim(this);
  }

  /**
   * Sends one message over the link that was opened by hand.
   * @throws MCPConnectionError when there is none, or when a client uses this transport.
   * @throws MCPTransportError when the message could not be sent.
   */
  async sendMessage(message: JSONRPCMessage): Promise<void> {
    this.#manualQueue();
    const { link } = this;
    if (link === undefined) throw toError(linkEnded());
    try {
      await link.send(message);
    } catch (thrown) {
      throw toError(toTransportFailure(thrown));
    }
  }

  /**
   * The next message of the link that was opened by hand. Messages that are not valid JSON-RPC are left out.
   * @throws MCPConnectionError when there is no link, when it ends before a message comes, or when a client uses this transport.
   */
  async receiveMessage(): Promise<JSONRPCMessage> {
    return this.#manualQueue().receive();
  }

  #manualQueue(): MessageQueue {
    this.claim(this);
    const queue = this.#manual;
    if (queue !== undefined) return queue;
    this.unclaim(this);
    throw new MCPConnectionError('The transport is not connected; call connect() first', {
      code: 'MCP_NOT_CONNECTED',
      delivery: 'not-sent',
    });
  }

  /** The messages that arrive, until the link ends. */
  async *[Symbol.asyncIterator](): AsyncGenerator<JSONRPCMessage, void, undefined> {
    const queue = this.#manualQueue();
    while (!queue.over) {
      let message: JSONRPCMessage;
      try {
        message = await queue.receive();
      } catch {
        return;
      }
      yield message;
    }
  }

  /** Same as {@link MCPTransport.disconnect}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.disconnect();
  }
}

function receive(queue: MessageQueue, message: unknown): void {
  for (const one of Array.isArray(message) ? message : [message]) {
    if (typeof classifyMessage(one) !== 'string') continue;
    const full = queue.push(one as JSONRPCMessage);
    if (full !== undefined) queue.end(full);
  }
}

function linkEnded(): Failure {
  return failure('connection', 'MCP_CONNECTION_CLOSED', 'The connection is closed', { delivery: 'not-sent' });
}

function rejectOnAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener(
      'abort',
      () => {
        reject(signal.reason as Error);
      },
      { once: true },
    );
  });
}
