import type { Authorizer } from '../../auth/authorizer.js';
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

/** What a connection uses of its transport. */
export type ConnectionTransport = Pick<MCPTransport, 'framing' | 'claim' | 'unclaim' | 'openLink' | 'closeLink'> &
  // Another copy of this package, perhaps an older one, may have made it.
  Partial<Pick<MCPTransport, 'describeSilence'>>;

/** What a link needs from its connection. Messages do not pass through the chart, because they do not change its state. */
export interface LinkPorts {
  readonly transport: ConnectionTransport;
  readonly environment: Environment;
  readonly budget: Budget;
  readonly authorizer?: Authorizer | undefined;
  /** Receives everything that happens on the link, for recordings and taps. */
  readonly listener: LinkListener | undefined;
  /** Sets the link that is open now; undefined when there is none any more. */
  useLink(link: Link | undefined): void;
  readonly interrupted: LinkEvents['interrupted'];
  readonly resumed: LinkEvents['resumed'];
  readonly parked: (requestId: RequestId) => void;
  readonly unparked: (requestId: RequestId) => void;
  received(message: unknown, about: MessageOrigin | undefined): void;
  readonly report: (problem: Failure) => void;
}

/** Opens a link and sends its events to the connection. Returns the function that closes it; after that no event is sent. */
export function openLink(ports: LinkPorts, epoch: number, sendBack: (event: ConnectionEvent) => void): () => void {
  const { transport, environment, budget, authorizer } = ports;
  const tap = ports.listener && new LinkTap(ports.listener, epoch);
  const stopping = new AbortController();
  // The same as `signal.aborted`, which takes too long to read for every message.
  let stopped = false;
  const send = (event: ConnectionEvent): void => {
    if (!stopped) sendBack(event);
  };
  const end = (reason: Failure | undefined): void => {
    if (stopped) return;
    ports.useLink(undefined);
    send({ type: 'link.closed', failure: reason ?? serverClosed() });
  };
  const events: LinkEvents = {
    environment,
    budget,
    authorizer,
    message: (message, about) => {
      if (!stopped) ports.received(message, about);
    },
    problem: ports.report,
    closed: end,
    sessionLost: () => {
      send({ type: 'session.lost' });
    },
    interrupted: ports.interrupted,
    resumed: ports.resumed,
    signIn: (news) => {
      if (stopped) return;
      if (news.type === 'request.parked') ports.parked(news.requestId);
      else if (news.type === 'request.unparked') ports.unparked(news.requestId);
      else send(news);
    },
  };
  const linkEvents = tap?.events(events) ?? events;
  const opening = (): Promise<Link> => {
    try {
      return transport.openLink(linkEvents, stopping.signal);
    } catch (thrown) {
      return rejectedWith(toTransportFailure(thrown));
    }
  };
  tap?.emit({ type: 'link.opening' });
  let unwatch: (() => void) | undefined;
  // A person may be asked already. The chart gets to know after it has entered its state, as a replay repeats it.
  if (authorizer?.watch !== undefined)
    queueMicrotask(() => {
      if (stopped) return;
      unwatch = authorizer.watch?.((asked) => {
        if (!stopped) linkEvents.signIn({ type: asked ? 'signIn.began' : 'signIn.ended' });
      });
    });
  opening()
    .then((link) => {
      if (stopped) return;
      const { framing } = transport;
      tap?.emit({ type: 'link.opened', framing: link.framing ?? framing });
      ports.useLink(tap?.link(link, framing) ?? link);
      send({ type: 'link.opened' });
    })
    .catch((thrown: unknown) => {
      const reason = isFailure(thrown) ? thrown : toTransportFailure(thrown, 'not-sent');
      if (!stopped) tap?.emit({ type: 'link.closed', failure: reason });
      end(reason);
    });
  return () => {
    if (stopped) return;
    tap?.emit({ type: 'link.left' });
    stopped = true;
    unwatch?.();
    stopping.abort();
    ports.useLink(undefined);
    void transport.closeLink();
  };
}

/**
 * Sends a message over a link. A custom link may break its contract and throw: that becomes a rejection, because an exception in an action
 * would stop the actor.
 */
export function sendOver(
  link: Link | undefined,
  message: JSONRPCMessage,
  options?: SendOptions,
): Promise<void> | undefined {
  try {
    const sending = link?.send(message, options);
    if (sending === undefined || typeof sending.catch === 'function') return sending;
    // A promise of another library, or not a promise.
    return Promise.resolve(sending);
  } catch (thrown) {
    return rejectedWith(toTransportFailure(thrown));
  }
}

function serverClosed(): Failure {
  return failure('connection', 'MCP_CONNECTION_LOST', 'The server ended the connection');
}
