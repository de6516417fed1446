import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { TimerHandle } from '../../util/environment.js';
import { failure, isFailure } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import type { JSONRPCMessage, RequestId } from '../../protocol/messages/json-rpc.js';
import { messageText } from '../../protocol/messages/message-text.js';
import { parseJson } from '../http/http-body.js';
import { linkClosed, shownUrl } from '../http/http-failures.js';
import { rejectedWith } from '../link.js';
import type { Link, LinkEvents } from '../link.js';
import { OutboundQueue, requestIdOf } from '../outbound-queue.js';
import { Pacer } from '../pacer.js';
import type { PacedStream } from '../pacer.js';
import type { Secrets } from '../secrets.js';
import { SUBPROTOCOL, shakeHands } from './websocket-handshake.js';
import type { Handshake, WebSocketRecipe } from './websocket-handshake.js';

/** Time between pings, in ms. If nothing was received from one ping to the next, the connection is lost. */
const PING_INTERVAL = 30_000;
/** Time for the server to close its side, in ms. */
const GRACE = 2_000;

/** Bytes in the socket buffer above which messages wait in the queue of this link, where they are still `not-sent`. */
const MOST_BUFFERED = 256 * 1024;

const NORMAL = 1_000;
const NO_CODE = 1_005;
const NO_CLOSE = 1_006;

/** The meaning of close codes. RFC 6455, 7.4.1, and the IANA registry of close codes. */
const MEANINGS: Readonly<Record<number, string>> = {
  1_001: 'going away',
  1_002: 'protocol error',
  1_003: 'unacceptable data',
  1_007: 'malformed data',
  1_008: 'policy violation',
  1_009: 'message too big',
  1_010: 'missing extension',
  1_011: 'internal error',
  1_012: 'service restart',
  1_013: 'try again later',
  1_014: 'bad gateway',
};

/** A message from `ws`, which passes Buffers by default. */
interface Frame {
  readonly bytes: Buffer;
  readonly isBinary: boolean;
}

/** A link over a WebSocket: each text message is one MCP message. */
export class WebSocketLink implements Link, PacedStream<Frame> {
  readonly websocket: WebSocket;
  readonly #socket: Socket;
  readonly #url: string;
  readonly #limit: number;
  readonly #events: LinkEvents;
  readonly #secrets: Secrets;
  readonly #gone: Promise<void>;
  readonly #queue: OutboundQueue;
  readonly #pacer = new Pacer<Frame>(this);
  #corked = false;
  /** The failure that ended the link; it rejects later sends. */
  #end: Failure | undefined;
  #closing: Promise<void> | undefined;
  #timer: TimerHandle;
  /** Bytes read and bytes buffered at the last ping. Undefined before the first ping. */
  #pinged: { readonly read: number; readonly buffered: number } | undefined;
  /** The first error of the socket. */
  #trouble: Error | undefined;

  private constructor({ websocket, socket, chosen }: Handshake, recipe: WebSocketRecipe, events: LinkEvents) {
    this.websocket = websocket;
    this.#socket = socket;
    this.#url = shownUrl(recipe.url);
    this.#limit = recipe.maxMessageBytes;
    this.#queue = new OutboundQueue(events.budget);
    this.#events = events;
    this.#secrets = recipe.secrets;
    this.#gone = new Promise((resolve) => {
      websocket.once('close', (code, reason) => {
        resolve();
        this.#pacer.afterwards(() => {
          this.#closed(code, reason.toString());
        });
      });
    });
    websocket.on('message', (data, isBinary) => {
      // An earlier message may have made the owner close the link.
      if (this.#closing === undefined) this.#pacer.push({ bytes: data as Buffer, isBinary });
    });
    websocket.on('error', (error) => {
      this.#pacer.afterwards(() => {
        this.#lose(this.#brokenRules(error));
      });
    });
    socket.on('error', (error) => {
      this.#trouble ??= error;
    });
    socket.on('drain', () => {
      this.#drain();
    });
    this.#watch();
    if (!chosen) events.problem(notChosen(this.#url));
  }

  /** Opens a WebSocket link. Rejects with a failure, or with the reason of `signal`; then no socket is left. */
  static async open(recipe: WebSocketRecipe, events: LinkEvents, signal: AbortSignal): Promise<WebSocketLink> {
    return shakeHands(recipe, events.environment, signal, (handshake) => new WebSocketLink(handshake, recipe, events));
  }

  /** Handles the next message: see {@link PacedStream}. */
  take({ bytes, isBinary }: Frame): void {
    if (isBinary) {
      this.#events.problem(binary(bytes.length));
      return;
    }
    const parsed = parseJson(bytes.toString());
    if (isFailure(parsed)) this.#events.problem(parsed);
    else this.#events.message(parsed.value);
  }

  hold(): void {
    this.websocket.pause();
  }

  release(): void {
    this.websocket.resume();
  }

  /**
   * Returns undefined when the message was written to the socket. Returns a promise while the socket buffer is full; it rejects with a failure,
   * `not-sent`, when the link ends first or the queue exceeds the memory budget.
   */
  send(message: JSONRPCMessage): Promise<void> | undefined {
    if (this.#end !== undefined) return rejectedWith(this.#end);
    const text = messageText(message);
    if (typeof text !== 'string') return rejectedWith(text);
    if (this.#queue.size > 0 || !this.#writable) return this.#queue.add(text, requestIdOf(message));
    this.#write(text);
    return undefined;
  }

  cancelUnsent(requestId: RequestId): boolean {
    return this.#queue.cancel(requestId);
  }

  /** Whether a message can be written. False once the server has started to close: its close code will explain why. */
  get #writable(): boolean {
    const { websocket } = this;
    return websocket.readyState === websocket.OPEN && websocket.bufferedAmount <= MOST_BUFFERED;
  }

  /** Writes a message; the messages of one tick leave in one chunk. */
  #write(text: string): void {
    if (!this.#corked) {
      this.#corked = true;
      this.#socket.cork();
      process.nextTick(this.#uncork);
    }
    this.websocket.send(text);
  }

  readonly #uncork = (): void => {
    this.#corked = false;
    this.#socket.uncork();
  };

  #drain(): void {
    if (!this.#writable) return;
    for (const text of this.#queue.take()) {
      this.#write(text);
      if (!this.#writable) break;
    }
  }

  #watch(): void {
    this.#timer = this.#events.environment.setTimeout(() => {
      this.#ping();
    }, PING_INTERVAL);
  }

  /**
   * Sends a ping, or ends the link if the last one had no effect. A long message in either direction delays the pong, but shows that the
   * connection works.
   */
  #ping(): void {
    const read = this.#socket.bytesRead;
    const buffered = this.websocket.bufferedAmount;
    const last = this.#pinged;
    const silent = last !== undefined && read === last.read && buffered >= last.buffered;
    if (silent && !this.#pacer.paused) {
      this.#lose(unanswered(this.#url));
      this.websocket.terminate();
      return;
    }
    this.#pinged = { read, buffered };
    this.websocket.ping();
    this.#watch();
  }

  #brokenRules(error: Error): Failure {
    const { code } = error as NodeJS.ErrnoException;
    const details = { url: this.#url, reason: code };
    if (code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') {
      const field = 'limits.maxMessageBytes';
      const message = `A message of ${this.#url} is longer than ${field}, ${this.#limit}`;
      return failure('transport', 'MCP_MESSAGE_TOO_LARGE', message, {
        details: { ...details, field, limit: this.#limit },
      });
    }
    const message = `${this.#url} violated the WebSocket protocol: ${error.message}`;
    return failure('transport', 'MCP_TRANSPORT_FAILED', message, { details, cause: error });
  }

  #closed(code: number, reason: string): void {
    if (code === NORMAL || code === NO_CODE) {
      this.#lose(undefined);
      return;
    }
    const meaning = MEANINGS[code] === undefined ? '' : ` (${MEANINGS[code]})`;
    const { code: errno } = (this.#trouble ?? {}) as NodeJS.ErrnoException;
    const how =
      code === NO_CLOSE
        ? `The connection to ${this.#url} broke off${errno === undefined ? '' : ` (${errno})`}`
        : `${this.#url} closed the connection with code ${code}${meaning}${reason === '' ? '' : `: ${reason}`}`;
    this.#lose(
      failure('transport', 'MCP_TRANSPORT_FAILED', how, {
        details: { url: this.#url, code, reason },
        ...(this.#trouble && { cause: this.#trouble }),
      }),
    );
  }

  /** Ends a link that the server or the network closed. `reason` is undefined after a normal close. */
  #lose(reason: Failure | undefined): void {
    if (this.#closing !== undefined) return;
    const ended = this.#secrets.failure(
      reason ?? failure('transport', 'MCP_CONNECTION_CLOSED', `${this.#url} closed the connection`),
    );
    void this.#finish({ ...ended, delivery: 'not-sent' });
    // The promises of unsent messages reject first.
    queueMicrotask(() => {
      this.#events.closed(reason);
    });
  }

  close(): Promise<void> {
    return this.#finish(linkClosed('not-sent'));
  }

  #finish(reason: Failure): Promise<void> {
    return (this.#closing ??= this.#close(reason));
  }

  async #close(reason: Failure): Promise<void> {
    const { environment } = this.#events;
    environment.clearTimeout(this.#timer);
    this.#end = reason;
    this.#pacer.stop();
    this.#queue.clear(reason);
    this.websocket.close(NORMAL);
    const timer = environment.setTimeout(() => {
      this.websocket.terminate();
    }, GRACE);
    await this.#gone;
    environment.clearTimeout(timer);
  }
}

function notChosen(url: string): Failure {
  const message = `${url} did not choose the subprotocol "${SUBPROTOCOL}"; the client continues without it`;
  return failure('protocol', 'MCP_INVALID_MESSAGE', message, { details: { url, field: 'sec-websocket-protocol' } });
}

function binary(bytes: number): Failure {
  return failure('protocol', 'MCP_INVALID_MESSAGE', `The server sent a binary message of ${bytes} bytes, not text`, {
    details: { field: 'a message', expected: 'text', received: 'binary data', bytes },
  });
}

function unanswered(url: string): Failure {
  return failure('transport', 'MCP_TRANSPORT_FAILED', `${url} did not answer a ping within ${PING_INTERVAL} ms`, {
    details: { url, timeout: PING_INTERVAL },
  });
}
