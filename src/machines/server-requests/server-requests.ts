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
import { stillAtWork } from './handler-slots.js';
import type { HandlerService } from './handler-slots.js';
import { serverRequestMachine } from './server-request-machine.js';
import type { ReceivedServerRequest, ServerRequestEvent, ServerRequestPorts } from './server-request-machine.js';

/** What the questions of a legacy server need from their surroundings. */
export interface ServerRequestsPorts {
  readonly service: HandlerService;
  readonly requests: RequestRegistry;
  /** Under which actor those of the questions live. */
  readonly parent: () => AnyActorRef;
  /** The session that stands or is being put in order. */
  readonly session: () => Session | undefined;
  readonly now: () => number;
  readonly send: (message: JSONRPCMessage) => void;
  readonly report: (problem: Failure) => void;
}

/** A question that is being answered. */
export interface PendingServerRequest {
  readonly method: string;
  /** When it came, in milliseconds since the Unix epoch. */
  readonly since: number;
}

interface Open extends PendingServerRequest {
  readonly actor: ActorRefFrom<typeof serverRequestMachine>;
}

/** What this side knows about a question and does not complain about: it is the business of whoever asked, or of the user's function. */
const EXPECTED: ReadonlySet<Failure['code']> = new Set<Failure['code']>([
  'MCP_CAPABILITY_MISSING',
  'MCP_SERVER_REQUEST_REFUSED',
  'MCP_SERVER_REQUEST_WITHDRAWN',
]);

/** The questions of a legacy server that are being answered: an actor for each, found by id when the server takes it back. */
export class ServerRequests implements ServerRequestPorts {
  readonly #surroundings: ServerRequestsPorts;
  readonly #open = new Map<RequestId, Open>();

  constructor(surroundings: ServerRequestsPorts) {
    this.#surroundings = surroundings;
  }

  /** What is being answered, the oldest first. */
  get open(): readonly PendingServerRequest[] {
    return [...this.#open.values()];
  }

  /** A question came. */
  asked(question: ReceivedServerRequest): void {
    const { service, parent, session, now, report } = this.#surroundings;
    const { id, method } = question;
    if (this.#open.has(id)) {
      // An answer would be taken for that to the first.
      report(this.#refused(method, 'its id belongs to a question that is being answered', { id }));
      return;
    }
    if (session() === undefined) {
      this.#refuse(id, { code: ErrorCode.InvalidRequest, message: 'There is no session yet' });
      return;
    }
    const { limit, abandoned = 0 } = service;
    if (this.#open.size + abandoned >= limit) {
      const why = `${limit} questions are being answered already`;
      this.#refuse(id, { code: ErrorCode.InternalError, message: why });
      const details = { field: 'limits.maxServerRequests', limit, abandoned };
      report(this.#refused(method, `${why}, which is \`limits.maxServerRequests\`${stillAtWork(abandoned)}`, details));
      return;
    }
    const actor = createActor(serverRequestMachine, { id: 'serverRequest', parent: parent(), input: question });
    this.#open.set(id, { method, since: now(), actor });
    actor.start();
  }

  /** The server took a question back. One that is not open was answered meanwhile. */
  cancelled(id: RequestId): void {
    this.#end(id, { type: 'cancel' });
  }

  /** The link, or the session, is gone: whoever is being asked need not answer any more. */
  lose(): void {
    for (const id of [...this.#open.keys()]) this.#end(id, { type: 'lose' });
  }

  /** The connection has failed from inside. Nothing is answered any more, whatever the actors of the questions would do. */
  abandon(): void {
    for (const { actor } of this.#open.values()) stopRemains(actor);
    this.#open.clear();
  }

  #end(id: RequestId, event: ServerRequestEvent): void {
    this.#open.get(id)?.actor.send(event);
  }

  #refuse(id: RequestId, error: JSONRPCErrorObject): void {
    this.#surroundings.send({ jsonrpc: '2.0', id, error });
  }

  #refused(method: string, why: string, details: Readonly<Record<string, unknown>>): Failure {
    return failure('protocol', 'MCP_INVALID_MESSAGE', `The question ${method} of the server was refused: ${why}`, {
      details: { method, ...details },
    });
  }

  ask(question: ReceivedServerRequest, tell: (event: ServerRequestEvent) => void): () => void {
    const { service, requests, session } = this.#surroundings;
    const asker = session();
    const withdrawal = new AbortController();
    // The server waits for this side: that is not the time of the calls to which the question may belong.
    const held = requests.inFlight.hold(question.about?.requestId);
    if (asker !== undefined) {
      const { method, params } = question;
      service.answer({ method, params }, asker, withdrawal.signal, (answer) => {
        if (!withdrawal.signal.aborted) tell({ type: 'answer', answer });
      });
    }
    return () => {
      this.#open.delete(question.id);
      withdrawal.abort();
      requests.inFlight.release(held);
    };
  }

  reply({ id }: ReceivedServerRequest, answer: HandlerResponse): void {
    const { send } = this.#surroundings;
    if ('result' in answer) send({ jsonrpc: '2.0', id, result: answer.result });
    else send({ jsonrpc: '2.0', id, error: answer.error });
  }

  report(problem: Failure): void {
    if (!EXPECTED.has(problem.code)) this.#surroundings.report(problem);
  }
}
