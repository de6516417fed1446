import { isFailure } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import type { Params } from '../../protocol/messages/json-rpc.js';
import { readResult } from '../../protocol/messages/message-reading.js';
import { methodEntry, uncheckedEntry } from '../../protocol/methods.js';
import { answerOf, resultAnswer } from '../../protocol/negotiation.js';
import type { Answer } from '../../protocol/negotiation.js';
import { modernMeta } from '../../protocol/request-meta.js';
import type { ClientIdentity } from '../../protocol/session.js';
import type { ConnectionEvent, NegotiationStep } from './connection-context.js';
import type { RestoringRequest } from './desired-state.js';
import { RequestFailure } from '../request/outcome.js';
import type { RequestRegistry } from '../request/request-registry.js';
import { ownRequest } from '../request/request-spec.js';

/** What {@link NegotiationRequests} needs from its surroundings. */
export interface NegotiationPorts {
  readonly requests: RequestRegistry;
  readonly identity: ClientIdentity;
  readonly send: (
    event: Extract<ConnectionEvent, { type: 'discovered' | 'shook' | 'negotiation.failed' | 'restored' }>,
  ) => void;
  readonly report: (problem: Failure) => void;
  /** Reports a fault in a response that is used all the same. */
  readonly tolerate: (fault: Failure) => void;
  /** Handles an exception that is caught nowhere else: ends the connection. */
  readonly fail: (thrown: unknown) => void;
}

/** Sends the requests that establish a session, and reports the responses to the chart unless the requests were cancelled. */
export class NegotiationRequests {
  readonly #ports: NegotiationPorts;
  #pending = new AbortController();

  constructor(ports: NegotiationPorts) {
    this.#ports = ports;
  }

  cancel(): void {
    const pending = this.#pending;
    this.#pending = new AbortController();
    pending.abort();
  }

  discover({ version }: NegotiationStep): void {
    const meta = modernMeta(version, this.#ports.identity, undefined);
    this.#negotiate('server/discover', { _meta: meta }, 'discovered');
  }

  initialize({ version }: NegotiationStep): void {
    const { clientInfo, capabilities } = this.#ports.identity;
    this.#negotiate('initialize', { protocolVersion: version, capabilities, clientInfo }, 'shook');
  }

  #negotiate(method: string, params: Params, type: 'discovered' | 'shook'): void {
    const { requests, send, fail } = this.#ports;
    const { signal } = this.#pending;
    const entry = uncheckedEntry(method);
    requests
      .submit(ownRequest(method, params, { entry, signal }))
      .then((outcome) => {
        if (signal.aborted) return;
        const answer = outcome instanceof RequestFailure ? answerOf(outcome.failure) : this.#read(method, outcome);
        if (answer !== undefined) send({ type, answer });
        else if (outcome instanceof RequestFailure && outcome.failure !== undefined) {
          send({ type: 'negotiation.failed', failure: outcome.failure });
        }
      })
      .catch(fail);
  }

  /** Reads a result. An invalid one is kept as it was received, because it may come from a server of the other era. */
  #read(method: string, result: Readonly<Record<string, unknown>>): Answer {
    const era = method === 'initialize' ? 'legacy' : 'modern';
    const read = readResult(method, methodEntry(method), era, result);
    if (read === undefined || isFailure(read)) return resultAnswer(result);
    for (const fault of read.warnings) this.#ports.tolerate(fault);
    return resultAnswer(read.value);
  }

  /** Restores the settings of the user in a new session, and reports the requests that fail. */
  async restore(restoring: readonly RestoringRequest[]): Promise<void> {
    const { requests, send, report } = this.#ports;
    const { signal } = this.#pending;
    const outcomes = await Promise.all(
      restoring.map(([method, params]) => requests.submit(ownRequest(method, params, { signal, quiet: false }))),
    );
    if (signal.aborted) return;
    for (const outcome of outcomes) {
      if (outcome instanceof RequestFailure && outcome.failure !== undefined) report(outcome.failure);
    }
    send({ type: 'restored' });
  }
}
