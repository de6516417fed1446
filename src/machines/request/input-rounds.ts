import { backoffDelay, REQUEST_BACKOFF } from '../../util/retry-policy.js';
import { isFailure } from '../../util/failure.js';
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
import { stillAtWork } from '../server-requests/handler-slots.js';
import type { HandlerService } from '../server-requests/handler-slots.js';

/** Who answers what a server has to know before it goes on with a request. */
export interface InputSource {
  /** Undefined when nobody does. */
  readonly service: HandlerService | undefined;
  /** What the server was told that it may ask. */
  readonly offered: ClientCapabilities;
  /** How often it may ask before it answers a request. */
  readonly maxInputRounds: number;
}

/** What the rounds of the requests of one connection need. */
export interface InputRoundsPorts {
  readonly source: InputSource;
  readonly session: () => Session | undefined;
  /** In [0, 1). */
  readonly random: () => number;
  /** A request goes on: it is queued. */
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

  /** The requests for which somebody is being asked. */
  get records(): readonly RequestRecord[] {
    return [...this.#asking.values()];
  }

  /** How many these are. */
  get size(): number {
    return this.#asking.size;
  }

  /** What it means for a request that the server needs something first, or should have said better what. */
  judge(record: RequestRecord, needs: NeededInput | Failure): RequestEvent {
    if (isFailure(needs)) return { type: 'error', failure: needs };
    const refusal = this.#refusal(record, needs);
    // What the server said itself is as good a reason.
    if (refusal !== undefined) return { type: 'error', failure: needs.refusal ?? refusal };
    if (needs.requests !== undefined && needs.requests.length > 0) return { type: 'ask', needs };
    const delay = backoffDelay(REQUEST_BACKOFF, record.rounds + 1, this.#ports.random());
    return { type: 'defer', input: inputOf(needs, []), delay };
  }

  /** Why nobody is asked, or undefined. A person is not bothered with one question when another one cannot be answered. */
  #refusal({ spec: { method }, rounds }: RequestRecord, needs: NeededInput): Failure | undefined {
    const { service, offered, maxInputRounds } = this.#ports.source;
    const missing = missingCapabilities(needs, service === undefined ? {} : offered);
    if (missing.length > 0) return notOffered(method, missing);
    if (rounds >= maxInputRounds) return tooManyRounds(method, maxInputRounds);
    const asked = needs.requests?.length ?? 0;
    const { limit = 0, abandoned = 0 } = service ?? {};
    return asked + abandoned > limit ? tooManyServerRequests(method, asked, limit, stillAtWork(abandoned)) : undefined;
  }

  /** Asks. What becomes of it the request is told. */
  ask(record: RequestRecord, needs: NeededInput): void {
    const asking = new PendingInput(needs);
    const { signal } = asking.controller;
    const { source, session } = this.#ports;
    const { service } = source;
    const asker = session();
    record.asking = asking;
    this.#asking.set(asking, record);
    // Neither is missing where something may be asked.
    if (service === undefined || asker === undefined) return;
    for (const [index, [, question]] of (needs.requests ?? []).entries()) {
      service.answer(question, asker, signal, (answer) => {
        // Over, or somebody else's: a record is reused.
        if (this.#asking.get(asking) === record) this.#answered(asking, record, index, answer);
      });
    }
  }

  #answered(asking: PendingInput, record: RequestRecord, index: number, answer: HandlerResponse): void {
    const { requests, refusal } = asking.needs;
    const [, question] = requests?.[index] as readonly [string, ServerRequest];
    if ('error' in answer) {
      const failure = notAnswered(record.spec.method, question, answer.failure);
      record.actor.send({ type: 'error', failure });
      return;
    }
    if (refusal !== undefined && answer.result.action !== 'accept') {
      record.actor.send({ type: 'error', failure: refusal });
      return;
    }
    asking.responses[index] = answer.result;
    asking.left -= 1;
    if (asking.left > 0) return;
    if (refusal !== undefined) record.actor.send({ type: 'agree' });
    this.#complete(asking, record);
  }

  /** The server says that the user has done what a page was for. Unknown pages are none of our business. 2025-11-25 client/elicitation. */
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

  /** Aborts all handlers at work and forgets them. */
  clear(): void {
    const all = [...this.#asking.keys()];
    this.#asking.clear();
    for (const { controller } of all) controller.abort(new Error('Nobody wants the answer any more'));
  }

  /** Nobody is asked any more: all is answered, or the answers are of no use. */
  dismiss(record: RequestRecord): void {
    const { asking } = record;
    if (asking === undefined) return;
    record.asking = undefined;
    this.#asking.delete(asking);
    if (asking.left > 0) asking.controller.abort(new Error('Nobody wants the answer any more'));
  }
}
