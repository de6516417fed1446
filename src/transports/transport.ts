import type { TimerHandle } from '../util/environment.js';
import { toError } from '../errors.js';
import { failure, toTransportFailure } from '../util/failure.js';
import type { Failure } from '../util/failure.js';
import type { JSONRPCMessage } from '../protocol/messages/json-rpc.js';
import type { Era } from '../protocol/revisions.js';
import type { OAuthSettings } from '../auth/oauth-settings.js';
import type { Link, LinkEvents } from './link.js';
import { ManualDriver } from './manual-driver.js';
import { Secrets } from './secrets.js';
import { BufferedLinkEvents } from './buffered-link-events.js';

/**
 * How requests use a link. `shared`: one link carries all requests, and losing it loses all of them. `per-request`: each request has its
 * own exchange.
 */
export type Framing = 'shared' | 'per-request';

/** A started server that does not respond, for the error of a timeout. Plain data. */
export interface SilentServer {
  /** The program. */
  readonly command: string;
  /** The launcher that may have to download it first, such as `npx` or `docker run`. */
  readonly launcher?: string | undefined;
  /** The end of its stderr, without the values of `env`. */
  readonly stderr: string;
}

/** How long a new attempt waits for an aborted `open` to settle, in ms. */
const STOP_TIMEOUT = 5_000;

/** What an authorization is about. */
export interface AuthorizationNeeds {
  readonly settings: OAuthSettings;
  /** The URL of the MCP server. */
  readonly server: URL;
}

/**
 * The recipe for reaching a server. A transport opens links, one at a time.
 *
 * A custom transport extends this class and implements {@link MCPTransport.open}. Pass it to a client, or use it without a client with
 * `connect`, `sendMessage`, `receiveMessage` and `disconnect`.
 *
 * @example
 * class MyTransport extends MCPTransport {
 *   protected async open(events: LinkEvents, signal: AbortSignal): Promise<Link> {
 *     const socket = await openSocket({ signal, onMessage: (message) => events.message(message) });
 *     return { send: (message) => socket.write(message), close: () => socket.end() };
 *   }
 * }
 */
export abstract class MCPTransport implements AsyncIterable<JSONRPCMessage> {
  /** How requests use a link. Default `'shared'`. */
  readonly framing: Framing = 'shared';

  /** Timeout of opening a link, in ms. It does not limit requests. Default 30 000. */
  readonly timeout: number;

  /** The era of the server, if it is known from an earlier connection. The option `priorEra` of a client overrides it. Default: unknown. */
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

  /** Opens a link. Rejects if this fails or `signal` is aborted; no resource may be held then. */
  protected abstract open(events: LinkEvents, signal: AbortSignal): Promise<Link>;

  /**
   * The default of `connectTimeout` of a client over this transport, in ms; undefined for the general default. Options of the client
   * override it.
   */
  get connectTimeout(): number | undefined {
    return undefined;
  }

  /**
   * Describes a started server that has not responded; undefined if there is none.
   * @internal
   */
  describeSilence(): SilentServer | undefined {
    return undefined;
  }

  /**
   * What the owner needs for an authorization, if the transport has an `OAuth`.
   * @internal
   */
  get authorization(): AuthorizationNeeds | undefined {
    return undefined;
  }

  /**
   * The secrets that were sent to the server. They are removed from everything that is reported.
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
   * Reserves this transport for `owner` until {@link MCPTransport.unclaim}.
   * @throws MCPConnectionError with code `MCP_TRANSPORT_BUSY` if another owner uses it.
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
        `This ${this.constructor.name} is already in use. Create one for each client`,
        {
          delivery: 'not-sent',
        },
      );
    }
    this.#owner = owner;
    return undefined;
  }

  /**
   * Ends the claim of `owner`, if it has one.
   * @internal
   */
  unclaim(owner: object): void {
    if (this.#owner === owner) this.#owner = undefined;
  }

  /**
   * Opens a link after the last one is released. No callback of `events` is called before this resolves, or after the link is closed.
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
      // A link that ended by itself may still hold resources: a running process, a half-open socket.
      await Promise.race([this.closeLink(), rejectOnAbort(expiry.signal)]);
      expiry.signal.throwIfAborted();
      timer = environment.setTimeout(() => {
        expiry.abort(this.#openTimedOut());
      }, this.timeout);
      const link = await this.#open(events, expiry.signal);
      // Two turns of the microtask queue: after the first one, the caller has the link.
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
    // The next attempt waits until this one settles, also if it is abandoned.
    this.#released = endOf(opening, signal, events.environment);
    try {
      return await Promise.race([opening, rejectOnAbort(signal)]);
    } catch (thrown) {
      throw signal.aborted ? signal.reason : this.secrets.failure(toTransportFailure(thrown, 'not-sent'));
    }
  }

  /** Opens a link and makes it the current one, unless the attempt is aborted meanwhile. */
  async #adopt(linkEvents: BufferedLinkEvents, signal: AbortSignal): Promise<Link> {
    const link = await this.open(linkEvents.events, signal);
    // A custom transport may be written without types.
    if (typeof (link as Link | undefined)?.send !== 'function') throw new TypeError('open() did not return a link');
    if (signal.aborted) {
      await close(link);
      throw signal.reason;
    }
    linkEvents.link = link;
    this.#linkEvents = linkEvents;
    return link;
  }

  /**
   * Closes the open link, if there is one, and resolves when it is released.
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
   * Opens a link without a client. While a link is open it resolves at once; concurrent calls share one attempt.
   * @throws MCPConnectionError with code `MCP_TRANSPORT_BUSY` while a client uses this transport, and with code `MCP_CONNECTION_CLOSED` if
   * `disconnect` is called meanwhile.
   * @throws MCPTransportError if the server cannot be reached.
   */
  connect(): Promise<void> {
    return this.#byHand.connect();
  }

  /**
   * Closes the link of {@link MCPTransport.connect}, and resolves when it is released. May be called twice.
   * @throws MCPConnectionError with code `MCP_TRANSPORT_BUSY` while a client uses this transport.
   */
  disconnect(): Promise<void> {
    return this.#byHand.disconnect();
  }

  /**
   * Sends a message over the link of {@link MCPTransport.connect}.
   * @throws MCPConnectionError without a link, and while a client uses this transport.
   * @throws MCPTransportError if the message could not be sent.
   */
  sendMessage(message: JSONRPCMessage): Promise<void> {
    return this.#byHand.send(message);
  }

  /**
   * Resolves with the next message of the link of {@link MCPTransport.connect}. Invalid messages are skipped.
   * @throws MCPConnectionError without a link, if the link ends before a message arrives, and while a client uses this transport.
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

/** Resolves when an attempt to open a link settles, or {@link STOP_TIMEOUT} after it was aborted. Never rejects. */
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

/** Closes a link. Ignores a rejection, which a custom transport may cause although `close` must not reject. */
async function close(link: Link): Promise<void> {
  try {
    await link.close();
  } catch {
    // The link is not used any more.
  }
}

function nothing(): void {
  // Only the time matters, not the result.
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
