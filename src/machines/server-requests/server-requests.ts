import { createActor } from 'xstate';
import type { ActorRefFrom, AnyActorRef } from 'xstate';

import { failure } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import { ErrorCode } from '../../protocol/messages/json-rpc.js';
import type { JSONRPCErrorObject, JSONRPCMessage, RequestId } from '../../protocol/messages/json-rpc.js';
import type { HandlerResponse } from '../../protocol/server-requests/server-requests.js';
import type { Session } from '../../protocol/session.js';
import { stopRemains } from '../connection/error-boundary.js';
import type { RequestRegistry } from '../request/request-registry.js';
import { stillRunning } from './handler-slots.js';
import type { HandlerService } from './handler-slots.js';
import { serverRequestMachine } from './server-request-machine.js';
import type { ReceivedServerRequest, ServerRequestEvent, ServerRequestPorts } from './server-request-machine.js';

/** What {@link ServerRequests} needs from its connection. */
export interface ServerRequestsPorts {
  readonly service: HandlerService;
  readonly requests: RequestRegistry;
  /** The parent of the actors of server requests. */
  readonly parent: () => AnyActorRef;
  /** The session that is established or being restored. */
  readonly session: () => Session | undefined;
  readonly now: () => number;
  readonly send: (message: JSONRPCMessage) => void;
  readonly report: (problem: Failure) => void;
}

/** A server request that is being handled. */
export interface PendingServerRequest {
  readonly method: string;
  /** When it was received, in milliseconds since the Unix epoch. */
  readonly since: number;
}

interface Open extends PendingServerRequest {
  readonly actor: ActorRefFrom<typeof serverRequestMachine>;
}

/** Failures that are not reported: they concern the server that sent the request, or the user whose handler returned them. */
const EXPECTED: ReadonlySet<Failure['code']> = new Set<Failure['code']>([
  'MCP_CAPABILITY_MISSING',
  'MCP_SERVER_REQUEST_REFUSED',
  'MCP_SERVER_REQUEST_WITHDRAWN',
]);

/** The requests of a legacy server that are being handled: an actor for each, found by its id when the server cancels it. */
export class ServerRequests implements ServerRequestPorts {
  readonly #ports: ServerRequestsPorts;
  readonly #open = new Map<RequestId, Open>();

  constructor(ports: ServerRequestsPorts) {
    this.#ports = ports;
  }

  /** The requests that are being handled, the oldest first. */
  get open(): readonly PendingServerRequest[] {
    return [...this.#open.values()];
  }

  /** Handles a request that was received. */
  receive(request: ReceivedServerRequest): void {
    const { service, parent, session, now, report } = this.#ports;
    const { id, method } = request;
    if (this.#open.has(id)) {
      // The server would take a reply for the reply to the first request.
      report(this.#refused(method, 'another request with its id is being handled', { id }));
      return;
    }
    if (session() === undefined) {
      this.#refuse(id, { code: ErrorCode.InvalidRequest, message: 'There is no session yet' });
      return;
    }
    const { limit, abandoned = 0 } = service;
    if (this.#open.size + abandoned >= limit) {
      const why = `${limit} server requests are being handled already`;
      this.#refuse(id, { code: ErrorCode.InternalError, message: why });
      const details = { field: 'limits.maxServerRequests', limit, abandoned };
      report(this.#refused(method, `${why}, which is \`limits.maxServerRequests\`${stillRunning(abandoned)}`, details));
      return;
    }
    const actor = createActor(serverRequestMachine, { id: 'serverRequest', parent: parent(), input: request });
    this.#open.set(id, { method, since: now(), actor });
    actor.start();
  }

  /** The server has cancelled a request. A request that is not open has its reply already. */
  cancelled(id: RequestId): void {
    this.#end(id, { type: 'cancel' });
  }

  /** Aborts all handlers and sends no replies: the link, or the session, is gone. */
  drop(): void {
    for (const id of [...this.#open.keys()]) this.#end(id, { type: 'drop' });
  }

  /** Stops all actors without their charts, after an exception inside the connection. */
  abandon(): void {
    for (const { actor } of this.#open.values()) stopRemains(actor);
    this.#open.clear();
  }

  #end(id: RequestId, event: ServerRequestEvent): void {
    this.#open.get(id)?.actor.send(event);
  }

  #refuse(id: RequestId, error: JSONRPCErrorObject): void {
    this.#ports.send({ jsonrpc: '2.0', id, error });
  }

  #refused(method: string, why: string, details: Readonly<Record<string, unknown>>): Failure {
    return failure('protocol', 'MCP_INVALID_MESSAGE', `The server request ${method} was refused: ${why}`, {
      details: { method, ...details },
    });
  }

  handle(request: ReceivedServerRequest, send: (event: ServerRequestEvent) => void): () => void {
    const { service, requests, session } = this.#ports;
    const handled = session();
    const cancellation = new AbortController();
    // The server waits for the client: that time does not count for the calls to which the request may belong.
    const held = requests.inFlight.hold(request.about?.requestId);
    if (handled !== undefined) {
      const { method, params } = request;
      service.answer({ method, params }, handled, cancellation.signal, (response) => {
        if (!cancellation.signal.aborted) send({ type: 'respond', response });
      });
    }
    return () => {
      this.#open.delete(request.id);
      cancellation.abort();
      requests.inFlight.release(held);
    };
  }

  reply({ id }: ReceivedServerRequest, response: HandlerResponse): void {
    const { send } = this.#ports;
    if ('result' in response) send({ jsonrpc: '2.0', id, result: response.result });
    else send({ jsonrpc: '2.0', id, error: response.error });
  }

  report(problem: Failure): void {
    if (!EXPECTED.has(problem.code)) this.#ports.report(problem);
  }
}
