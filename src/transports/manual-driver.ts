import { toError } from '../errors.js';
import { classifyMessage } from '../protocol/messages/json-rpc.js';
import type { JSONRPCMessage } from '../protocol/messages/json-rpc.js';
import { readLeniently } from '../protocol/messages/lenient-reading.js';
import { systemEnvironment } from '../util/environment.js';
import { failure, isFailure, toTransportFailure } from '../util/failure.js';
import type { Failure } from '../util/failure.js';
import type { Link, LinkEvents } from './link.js';
import { MessageQueue } from './message-queue.js';
import type { Secrets } from './secrets.js';

/** A transport that is used without a client. Meanwhile it owns its own claim. */
export interface DrivenTransport {
  readonly secrets: Secrets;
  /** @throws MCPConnectionError with code `MCP_TRANSPORT_BUSY` if a client uses the transport. */
  claim(owner: object): void;
  unclaim(owner: object): void;
  openLink(events: LinkEvents, signal: AbortSignal): Promise<Link>;
  closeLink(): Promise<void>;
}

/** The state of the transport. */
interface TransportState {
  owner(): object | undefined;
  /** The link that is open now. */
  link(): Link | undefined;
  /** Resolves when the last link is released. */
  released(): Promise<void>;
}

/** A link that was opened without a client. It is kept after its end, for messages that were not read yet. */
interface ManualLink {
  readonly queue: MessageQueue;
  readonly stop: AbortController;
  /** Rejects with the error of `open`. */
  readonly opening: Promise<unknown>;
}

/**
 * Drives a transport without a client: `connect`, `sendMessage`, `receiveMessage`, `disconnect` and the iterator of {@link MCPTransport}.
 */
export class ManualDriver {
  readonly #transport: DrivenTransport;
  readonly #state: TransportState;
  #current: ManualLink | undefined;

  constructor(transport: DrivenTransport, state: TransportState) {
    this.#transport = transport;
    this.#state = state;
  }

  async connect(): Promise<void> {
    const transport = this.#transport;
    transport.claim(transport);
    let current = this.#current;
    if (current === undefined || current.queue.ended) this.#current = current = this.#open();
    try {
      await current.opening;
    } catch (thrown) {
      const reason = toTransportFailure(thrown, 'not-sent');
      current.queue.end(reason);
      if (this.#current === current) transport.unclaim(transport);
      throw toError(reason);
    }
  }

  #open(): ManualLink {
    const queue = new MessageQueue();
    const stop = new AbortController();
    const events: LinkEvents = {
      environment: systemEnvironment,
      message: (message) => {
        receive(queue, message);
      },
      problem: () => undefined,
      closed: (reason) => {
        queue.end(reason ?? linkEnded());
      },
      // `sendMessage` rejects with the refusals of the server.
      sessionLost: () => undefined,
      interrupted: () => undefined,
      resumed: () => undefined,
      // No connection, so no authorization.
      signIn: () => undefined,
    };
    return { queue, stop, opening: this.#transport.openLink(events, stop.signal) };
  }

  async disconnect(): Promise<void> {
    const transport = this.#transport;
    const state = this.#state;
    if (state.owner() === undefined) return state.released();
    transport.claim(transport);
    const current = this.#current;
    current?.queue.end(linkEnded());
    current?.stop.abort(linkEnded());
    await current?.opening.catch(() => undefined);
    // Another user may have the transport by now: a connect() during the wait, or a client after the attempt failed.
    if (state.owner() !== transport || this.#current !== current) return state.released();
    await transport.closeLink();
    if (this.#current === current) transport.unclaim(transport);
  }

  async send(message: JSONRPCMessage): Promise<void> {
    this.#queue();
    const link = this.#state.link();
    if (link === undefined) throw toError(linkEnded());
    try {
      await link.send(message);
    } catch (thrown) {
      throw toError(this.#transport.secrets.failure(toTransportFailure(thrown)));
    }
  }

  async receive(): Promise<JSONRPCMessage> {
    return this.#queue().receive();
  }

  /** The messages that arrive, until the link ends. */
  async *messages(): AsyncGenerator<JSONRPCMessage, void, undefined> {
    const queue = this.#queue();
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

  #queue(): MessageQueue {
    // Reading what is left claims nothing: after disconnect() a client may claim the transport.
    if (this.#state.owner() !== undefined) this.#transport.claim(this.#transport);
    if (this.#current !== undefined) return this.#current.queue;
    const message = 'The transport is not connected; call connect() first';
    throw toError(failure('connection', 'MCP_NOT_CONNECTED', message, { delivery: 'not-sent' }));
  }
}

function receive(queue: MessageQueue, message: unknown): void {
  for (const one of Array.isArray(message) ? message : [message]) {
    const read = isFailure(classifyMessage(one))
      ? readLeniently(one, () => undefined)
      : { message: one as JSONRPCMessage };
    if (isFailure(read)) continue;
    const full = queue.push(read.message);
    if (full !== undefined) queue.end(full);
  }
}

function linkEnded(): Failure {
  return failure('connection', 'MCP_CONNECTION_CLOSED', 'The connection is closed', { delivery: 'not-sent' });
}
