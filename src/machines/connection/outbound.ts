import type { Budget } from '../../util/budget.js';
import { failure, toTransportFailure } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import type { JSONRPCMessage } from '../../protocol/messages/json-rpc.js';
import type { Link } from '../../transports/link.js';
import type { RequestRegistry } from '../request/request-registry.js';
import { PendingReplies } from '../server-requests/pending-replies.js';
import { notConnected } from './connection-failures.js';
import { sendOver } from './link-actor.js';

const INITIALIZED = { jsonrpc: '2.0', method: 'notifications/initialized' } as const;

/** What {@link Outbound} needs from its connection. */
export interface OutboundPorts {
  readonly requests: RequestRegistry;
  readonly budget: Budget;
  readonly now: () => number;
  readonly report: (problem: Failure) => void;
}

/** Sends notifications, and replies to server requests. */
export class Outbound {
  readonly #ports: OutboundPorts;
  readonly #replies: PendingReplies;
  /** The link that is open now. */
  link: Link | undefined;

  constructor(ports: OutboundPorts) {
    this.#ports = ports;
    this.#replies = new PendingReplies(ports.budget, ports.report);
  }

  /** Whether there is room for the reply to one more request of the server. */
  mayReply(): boolean {
    return this.#replies.mayReply();
  }

  /** Sends a message of the user; resolves with the failure, if it could not be sent. */
  async sendMessage(message: JSONRPCMessage): Promise<Failure | undefined> {
    const { link } = this;
    if (link === undefined) return notConnected();
    this.#note(message);
    try {
      await link.send(message);
    } catch (thrown) {
      return toTransportFailure(thrown);
    }
    return undefined;
  }

  /**
   * Sends a message of the connection.
   * @param described the failure that is reported when it could not be sent
   */
  send(message: JSONRPCMessage, described = (reason: Failure): Failure => reason): void {
    this.#note(message);
    const pending = sendOver(this.link, message);
    if (pending !== undefined) this.#replies.watch(pending, described);
  }

  /** Ends the handshake. */
  sendInitialized(): void {
    this.send(INITIALIZED, initializedRefused);
  }

  #note(message: JSONRPCMessage): void {
    const { requests, now } = this.#ports;
    if ('method' in message) requests.frames.add('notification', message.method, now());
    else
      requests.frames.add(
        'answer',
        'the server',
        now(),
        undefined,
        'error' in message ? message.error.code : undefined,
      );
  }
}

/** The server has agreed to the session already, so an HTTP status that refuses the notification is only a warning. */
function initializedRefused(cause: Failure): Failure {
  if (cause.code !== 'MCP_HTTP_STATUS') return cause;
  const { method } = INITIALIZED;
  const message = `The server refused ${method}, which is ignored: ${cause.message}`;
  const details = { method, ...cause.details };
  return failure('protocol', 'MCP_INVALID_MESSAGE', message, { delivery: 'answered', details, cause });
}
