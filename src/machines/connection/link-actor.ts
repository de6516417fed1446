import type { Environment } from '../../util/environment.js';
import type { Budget } from '../../util/budget.js';
import { failure, isFailure, toTransportFailure } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import type { JSONRPCMessage, RequestId } from '../../protocol/messages/json-rpc.js';
import { rejectedWith } from '../../transports/link.js';
import type { Link, LinkEvents, MessageOrigin, SendOptions } from '../../transports/link.js';
import type { MCPTransport } from '../../transports/transport.js';
import type { ConnectionEvent } from './connection-context.js';
import { LinkTap } from './link-tap.js';
import type { LinkListener } from './link-tap.js';

/** What a connection needs of its transport. */
export type ConnectionTransport = Pick<MCPTransport, 'framing' | 'claim' | 'unclaim' | 'openLink' | 'closeLink'> &
  // Another copy of this package, perhaps an older one, may have made it.
  Partial<Pick<MCPTransport, 'describeSilence'>>;

/** Where a link's messages go. They do not pass through the connection: it is no business of its states what is said. */
export interface LinkPorts {
  readonly transport: ConnectionTransport;
  readonly environment: Environment;
  readonly budget: Budget;
  /** Hears of everything that goes over a link. */
  readonly listener: LinkListener | undefined;
  /** The link that is open now, or that there is none. */
  useLink(link: Link | undefined): void;
  interrupted(requestId: RequestId): void;
  resumed(requestId: RequestId): void;
  received(message: unknown, about: MessageOrigin | undefined): void;
  report(problem: Failure): void;
}

/** Opens a link and tells the connection what becomes of it. Returns what closes it, after which nothing more is told. */
export function openLink(ports: LinkPorts, epoch: number, sendBack: (event: ConnectionEvent) => void): () => void {
  const { transport, environment, budget } = ports;
  const tap = ports.listener && new LinkTap(ports.listener, epoch);
  const stopping = new AbortController();
  // The signal says the same, but it is asked at every message, and reading a signal takes longer than all else here.
  let stopped = false;
  const tell = (event: ConnectionEvent): void => {
    if (!stopped) sendBack(event);
  };
  const end = (reason: Failure | undefined): void => {
    if (stopped) return;
    ports.useLink(undefined);
    tell({ type: 'link.closed', failure: reason ?? serverLeft() });
  };
  const events: LinkEvents = {
    environment,
    budget,
    message: (message, about) => {
      if (!stopped) ports.received(message, about);
    },
    problem: (problem) => {
      ports.report(problem);
    },
    closed: end,
    sessionLost: () => {
      tell({ type: 'session.lost' });
    },
    interrupted: (requestId) => {
      ports.interrupted(requestId);
    },
    resumed: (requestId) => {
      ports.resumed(requestId);
    },
  };
  const opening = (): Promise<Link> => {
    try {
      return transport.openLink(tap?.events(events) ?? events, stopping.signal);
    } catch (thrown) {
      return rejectedWith(toTransportFailure(thrown));
    }
  };
  tap?.tell({ type: 'link.opening' });
  opening()
    .then((link) => {
      if (stopped) return;
      const { framing } = transport;
      tap?.tell({ type: 'link.opened', framing: link.framing ?? framing });
      ports.useLink(tap?.link(link, framing) ?? link);
      tell({ type: 'link.opened' });
    })
    .catch((thrown: unknown) => {
      const reason = isFailure(thrown) ? thrown : toTransportFailure(thrown, 'not-sent');
      if (!stopped) tap?.tell({ type: 'link.closed', failure: reason });
      end(reason);
    });
  return () => {
    if (stopped) return;
    tap?.tell({ type: 'link.left' });
    stopped = true;
    stopping.abort();
    ports.useLink(undefined);
    void transport.closeLink();
  };
}

/**
 * Hands a message to a link. A link written by a user may not keep to the contract: what it throws becomes a rejection, since an action
 * that throws would end the actor that it belongs to.
 */
export function sendOver(
  link: Link | undefined,
  message: JSONRPCMessage,
  options?: SendOptions,
): Promise<void> | undefined {
  try {
    const sending = link?.send(message, options);
    if (sending === undefined || typeof sending.catch === 'function') return sending;
    // Of another library, or no promise at all.
    return Promise.resolve(sending);
  } catch (thrown) {
    return rejectedWith(toTransportFailure(thrown));
  }
}

function serverLeft(): Failure {
  return failure('connection', 'MCP_CONNECTION_LOST', 'The server ended the connection');
}
