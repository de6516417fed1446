import type { TimerHandle } from '../util/environment.js';
import { toError } from '../errors.js';
import { failure, toTransportFailure } from '../util/failure.js';
import type { Failure } from '../util/failure.js';
import type { JSONRPCMessage } from '../protocol/messages/json-rpc.js';
import type { Era } from '../protocol/revisions.js';
import type { Link, LinkEvents } from './link.js';
import { ManualDriver } from './manual-driver.js';
import { Secrets } from './secrets.js';
import { BufferedLinkEvents } from './buffered-link-events.js';

/**
 * How losing a connection relates to requests in flight: with `shared` framing one link carries all of them and takes all of them
 * with it; with `per-request` framing each request has an exchange of its own.
 */
export type Framing = 'shared' | 'per-request';

/** What is known about a server that has been started and does not answer, for the error of a time-out. Plain data. */
export interface SilentServer {
  /** The program. */
  readonly command: string;
  /** What starts it, such as `npx` or `docker run`, when that may have to download it first. */
  readonly launcher?: string | undefined;
  /** The last that it wrote to standard error, without the values of `env`. */
  readonly stderr: string;
}

/** Milliseconds that `open` has to settle once it was told to stop. */
const STOP_TIMEOUT = 5_000;

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

  /** What is known about the server's era from an earlier connection, for a client that was not told. Default: nothing. */
  readonly priorEra: Era | undefined;

  // Private, so that printing the transport does not show it.
  readonly #secrets = new Secrets();
  #owner: object | undefined;
  #linkEvents: BufferedLinkEvents | undefined;
  #released: Promise<void> = Promise.resolve();
  readonly #byHand = new ManualDriver(this, {
    owner: () => this.#owner,
    link: () => this.link,
    released: () => this.#released,
  });

  constructor(options: { timeout?: number | undefined; priorEra?: Era | undefined } = {}) {
    this.timeout = options.timeout ?? 30_000;
    this.priorEra = options.priorEra;
  }

  /** Opens one link. Rejects when that fails or when `signal` is aborted; then nothing may be left of the attempt. */
  protected abstract open(events: LinkEvents, signal: AbortSignal): Promise<Link>;

  /**
   * Milliseconds that `connect()` of a client may take by default over this transport; undefined where it needs no longer than others.
   * Options of the client come first.
   */
  get connectTimeout(): number | undefined {
    return undefined;
  }

  /**
   * What the server that runs has let be known of itself without answering; undefined when there is none.
   * @internal
   */
  describeSilence(): SilentServer | undefined {
    return undefined;
  }

  /**
   * The secrets that were sent to the server. They are removed from everything the server said before it is shown.
   * @internal
   */
  get secrets(): Secrets {
    return this.#secrets;
  }

  /** Whether a link is open now. */
  get connected(): boolean {
    return this.#linkEvents?.over === false;
  }

  /** The link that is open now, for subclasses that show parts of it. */
  protected get link(): Link | undefined {
    return this.connected ? this.#linkEvents?.link : undefined;
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
    signal.throwIfAborted();
    const { environment } = events;
    const expiry = new AbortController();
    const stop = (): void => {
      expiry.abort(signal.reason);
    };
    signal.addEventListener('abort', stop, { once: true });
    let timer: TimerHandle;
    try {
      // A link that ended by itself may still have something to clear away: a process that lives on, a socket half open.
      await Promise.race([this.closeLink(), rejectOnAbort(expiry.signal)]);
      expiry.signal.throwIfAborted();
      timer = environment.setTimeout(() => {
        expiry.abort(this.#openTimedOut());
      }, this.timeout);
      const link = await this.#open(events, expiry.signal);
      // Two turns of the microtask queue: after the first, whoever awaits this call has the link.
      void Promise.resolve().then(nothing).then(this.#linkEvents?.release);
      return link;
    } finally {
      environment.clearTimeout(timer);
      signal.removeEventListener('abort', stop);
    }
  }

  async #open(events: LinkEvents, signal: AbortSignal): Promise<Link> {
    const linkEvents = new BufferedLinkEvents(events, this.#secrets);
    const opening = this.#adopt(linkEvents, signal);
    // Whatever becomes of the attempt, also when nobody waits for it any longer: the next one waits for that.
    this.#released = endOf(opening, signal, events.environment);
    try {
      return await Promise.race([opening, rejectOnAbort(signal)]);
    } catch (thrown) {
      throw signal.aborted ? signal.reason : this.secrets.failure(toTransportFailure(thrown, 'not-sent'));
    }
  }

  /** Opens a link and makes it the current one, unless nobody wants it by then. */
  async #adopt(linkEvents: BufferedLinkEvents, signal: AbortSignal): Promise<Link> {
    const link = await this.open(linkEvents.events, signal);
    // A custom transport may be written without types.
    if (typeof (link as Link | undefined)?.send !== 'function') throw new TypeError('open() did not give a link');
    if (signal.aborted) {
      await close(link);
      throw signal.reason;
    }
    linkEvents.link = link;
    this.#linkEvents = linkEvents;
    return link;
  }

  /**
   * Closes the link that is open, if any, and resolves when nothing of it is left.
   * @internal
   */
  closeLink(): Promise<void> {
    const linkEvents = this.#linkEvents;
    if (linkEvents?.link !== undefined) {
      this.#linkEvents = undefined;
      linkEvents.end();
      this.#released = close(linkEvents.link);
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
   * Opens a link to drive by hand. While one is open this returns at once; calls at the same time share one attempt.
   * @throws MCPConnectionError with code `MCP_TRANSPORT_BUSY` while a client uses this transport, and with code
   * `MCP_CONNECTION_CLOSED` when `disconnect` is called meanwhile.
   * @throws MCPTransportError when the server cannot be reached.
   */
  connect(): Promise<void> {
    return this.#byHand.connect();
  }

  /**
   * Closes the link that was opened by hand and resolves when nothing of it is left. May be called twice.
   * @throws MCPConnectionError with code `MCP_TRANSPORT_BUSY` while a client uses this transport.
   */
  disconnect(): Promise<void> {
    return this.#byHand.disconnect();
  }

  /**
   * Sends one message over the link that was opened by hand.
   * @throws MCPConnectionError when there is none, or when a client uses this transport.
   * @throws MCPTransportError when the message could not be sent.
   */
  sendMessage(message: JSONRPCMessage): Promise<void> {
    return this.#byHand.send(message);
  }

  /**
   * The next message of the link that was opened by hand. Messages that are not valid JSON-RPC are left out.
   * @throws MCPConnectionError when there is no link, when it ends before a message comes, or when a client uses this transport.
   */
  receiveMessage(): Promise<JSONRPCMessage> {
    return this.#byHand.receive();
  }

  /** The messages that arrive, until the link ends. */
  [Symbol.asyncIterator](): AsyncGenerator<JSONRPCMessage, void, undefined> {
    return this.#byHand.messages();
  }

  /** Same as {@link MCPTransport.disconnect}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.disconnect();
  }
}

/** Settles when an attempt to open a link does, or when it was told to stop and took too long over it. Never rejects. */
function endOf(opening: Promise<Link>, signal: AbortSignal, environment: LinkEvents['environment']): Promise<void> {
  return new Promise((resolve) => {
    let timer: TimerHandle;
    const giveUpLater = (): void => {
      timer = environment.setTimeout(resolve, STOP_TIMEOUT);
    };
    const settled = (): void => {
      environment.clearTimeout(timer);
      signal.removeEventListener('abort', giveUpLater);
      resolve();
    };
    signal.addEventListener('abort', giveUpLater, { once: true });
    opening.then(settled, settled);
  });
}

/** Closes a link. One of a custom transport may break its promise not to reject; all that can be done is to let go of it. */
async function close(link: Link): Promise<void> {
  try {
    await link.close();
  } catch {
    // Nobody waits for the reason, and the link is not used any more.
  }
}

function nothing(): void {
  // For a promise whose end matters and whose outcome does not.
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
