import { backoffDelay, REQUEST_BACKOFF } from '../../util/retry-policy.js';
import type { Failure } from '../../util/failure.js';
import {
  inputOf,
  missingCapabilities,
  notAnswered,
  notOffered,
  tooManyServerRequests,
  tooManyRounds,
} from '../../protocol/server-requests/input-required.js';
import type { NeededInput } from '../../protocol/server-requests/input-required.js';
import type { ServerRequest, HandlerResponse } from '../../protocol/server-requests/server-requests.js';
import type { ClientCapabilities } from '../../protocol/schema/index.js';
import type { Session } from '../../protocol/session.js';
import type { RequestEvent } from './request-machine.js';
import { PendingInput } from './request-record.js';
import type { RequestRecord } from './request-record.js';
import { stillRunning } from '../server-requests/handler-slots.js';
import type { HandlerService } from '../server-requests/handler-slots.js';

/** The handlers for the input that servers need, and the limits for it. */
export interface InputSource {
  /** Undefined when the user gave no handlers. */
  readonly service: HandlerService | undefined;
  /** The capabilities that the client announced to the server. */
  readonly offered: ClientCapabilities;
  /** How many times a server may ask for input before it responds to a request. */
  readonly maxInputRounds: number;
}

/** What {@link InputRounds} needs from the requests. */
export interface InputRoundsPorts {
  readonly source: InputSource;
  readonly session: () => Session | undefined;
  /** In [0, 1). */
  readonly random: () => number;
  /** A request has its input and is queued again. */
  readonly proceed: (record: RequestRecord) => void;
}

/**
 * The requests for which the server needs input: their server requests are handled concurrently, and the request is sent again with the
 * responses. The chart of a request decides when. 2026-07-28 basic/patterns/mrtr.
 */
export class InputRounds {
  readonly #ports: InputRoundsPorts;
  readonly #asking = new Map<PendingInput, RequestRecord>();

  constructor(ports: InputRoundsPorts) {
    this.#ports = ports;
  }

  /** The requests for which handlers run. */
  get records(): readonly RequestRecord[] {
    return [...this.#asking.values()];
  }

  /** The event for a request whose server needs input, or the failure that ends the request. */
  eventFor(record: RequestRecord, needs: NeededInput): RequestEvent | Failure {
    const problem = this.#problemWith(record, needs);
    // An error of the server itself explains as much.
    if (problem !== undefined) return needs.refusal ?? problem;
    if (needs.requests !== undefined && needs.requests.length > 0) return { type: 'ask', needs };
    const delay = backoffDelay(REQUEST_BACKOFF, record.rounds + 1, this.#ports.random());
    return { type: 'defer', input: inputOf(needs, []), delay };
  }

  /** Why no handler is called, or undefined. The user is not asked for one input when another one cannot be supplied. */
  #problemWith({ spec: { method }, rounds }: RequestRecord, needs: NeededInput): Failure | undefined {
    const { service, offered, maxInputRounds } = this.#ports.source;
    const missing = missingCapabilities(needs, service === undefined ? {} : offered);
    if (missing.length > 0) return notOffered(method, missing);
    if (rounds >= maxInputRounds) return tooManyRounds(method, maxInputRounds);
    const asked = needs.requests?.length ?? 0;
    const { limit = 0, abandoned = 0 } = service ?? {};
    return asked + abandoned > limit ? tooManyServerRequests(method, asked, limit, stillRunning(abandoned)) : undefined;
  }

  /** Calls the handlers. The request receives an event when they have responded, or one has failed. */
  ask(record: RequestRecord, needs: NeededInput): void {
    const asking = new PendingInput(needs);
    const { signal } = asking.controller;
    const { source, session } = this.#ports;
    const { service } = source;
    const current = session();
    record.asking = asking;
    this.#asking.set(asking, record);
    // Both are defined whenever input may be asked for.
    if (service === undefined || current === undefined) return;
    for (const [index, [, request]] of (needs.requests ?? []).entries()) {
      service.answer(request, current, signal, (response) => {
        // The request may have ended, and its record may be reused.
        if (this.#asking.get(asking) === record) this.#responded(asking, record, index, response);
      });
    }
  }

  #responded(asking: PendingInput, record: RequestRecord, index: number, response: HandlerResponse): void {
    const { requests, refusal } = asking.needs;
    const [, request] = requests?.[index] as readonly [string, ServerRequest];
    if ('error' in response) {
      const failure = notAnswered(record.spec.method, request, response.failure);
      record.actor.send({ type: 'error', failure });
      return;
    }
    if (refusal !== undefined && response.result.action !== 'accept') {
      record.actor.send({ type: 'error', failure: refusal });
      return;
    }
    asking.responses[index] = response.result;
    asking.left -= 1;
    if (asking.left > 0) return;
    if (refusal !== undefined) record.actor.send({ type: 'agree' });
    this.#complete(asking, record);
  }

  /** The server reports that the user has completed a page. Unknown pages are ignored. 2025-11-25 client/elicitation. */
  visited(page: string): void {
    for (const [asking, record] of [...this.#asking]) {
      if (asking.pages.delete(page)) this.#complete(asking, record);
    }
  }

  #complete(asking: PendingInput, record: RequestRecord): void {
    if (asking.left > 0 || asking.pages.size > 0) return;
    const { needs, responses } = asking;
    record.actor.send({ type: 'supply', input: needs.refusal === undefined ? inputOf(needs, responses) : undefined });
    this.#ports.proceed(record);
  }

  /** Aborts all running handlers and forgets them. */
  clear(): void {
    const all = [...this.#asking.keys()];
    this.#asking.clear();
    for (const { controller } of all) controller.abort(notNeeded());
  }

  /** Forgets the input of a request, and aborts the handlers that have not responded. */
  dismiss(record: RequestRecord): void {
    const { asking } = record;
    if (asking === undefined) return;
    record.asking = undefined;
    this.#asking.delete(asking);
    if (asking.left > 0) asking.controller.abort(notNeeded());
  }
}

function notNeeded(): Error {
  return new Error('The response is not needed any more');
}
