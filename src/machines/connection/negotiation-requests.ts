import { isFailure } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import type { Params } from '../../protocol/messages/json-rpc.js';
import { readResult } from '../../protocol/messages/message-reading.js';
import { hasCapability, methodEntry, uncheckedEntry } from '../../protocol/methods.js';
import { answerOf, resultAnswer } from '../../protocol/negotiation.js';
import type { Answer } from '../../protocol/negotiation.js';
import { modernMeta } from '../../protocol/request-meta.js';
import type { ClientIdentity, Session } from '../../protocol/session.js';
import type { ConnectionEvent, NegotiationStep, DesiredState } from './connection-context.js';
import { RequestFailure } from '../request/outcome.js';
import type { Outcome } from '../request/outcome.js';
import type { RequestRegistry } from '../request/request-registry.js';
import { ownRequest } from '../request/request-spec.js';

/** Where the questions of a connection go, and their answers. */
export interface NegotiationPorts {
  readonly requests: RequestRegistry;
  readonly identity: ClientIdentity;
  readonly tell: (
    event: Extract<ConnectionEvent, { type: 'discovered' | 'shook' | 'attempt.failed' | 'restored' }>,
  ) => void;
  readonly report: (problem: Failure) => void;
  /** Reports a fault in an answer that is read all the same. */
  readonly tolerate: (fault: Failure) => void;
  /** Handles an exception that is caught nowhere else: ends the connection. */
  readonly fail: (thrown: unknown) => void;
}

/** Asks what a connection has to ask before it stands. What is withdrawn is no longer waited for, and tells nobody anything. */
export class NegotiationRequests {
  readonly #ports: NegotiationPorts;
  #open = new AbortController();

  constructor(ports: NegotiationPorts) {
    this.#ports = ports;
  }

  withdraw(): void {
    const open = this.#open;
    this.#open = new AbortController();
    open.abort();
  }

  discover({ version }: NegotiationStep): void {
    const meta = modernMeta(version, this.#ports.identity, undefined);
    this.#negotiate('server/discover', { _meta: meta }, 'discovered');
  }

  handshake({ version }: NegotiationStep): void {
    const { clientInfo, capabilities } = this.#ports.identity;
    this.#negotiate('initialize', { protocolVersion: version, capabilities, clientInfo }, 'shook');
  }

  #negotiate(method: string, params: Params, type: 'discovered' | 'shook'): void {
    const { requests, tell, fail } = this.#ports;
    const { signal } = this.#open;
    const entry = uncheckedEntry(method);
    requests
      .submit(ownRequest(method, params, { entry, signal }))
      .then((outcome) => {
        if (signal.aborted) return;
        const answer = outcome instanceof RequestFailure ? answerOf(outcome.failure) : this.#read(method, outcome);
        if (answer !== undefined) tell({ type, answer });
        else if (outcome instanceof RequestFailure && outcome.failure !== undefined) {
          tell({ type: 'attempt.failed', failure: outcome.failure });
        }
      })
      .catch(fail);
  }

  /** A result that is refused is judged as it came: it may be that of a server of the other era. */
  #read(method: string, result: Readonly<Record<string, unknown>>): Answer {
    const era = method === 'initialize' ? 'legacy' : 'modern';
    const read = readResult(method, methodEntry(method), era, result);
    if (read === undefined || isFailure(read)) return resultAnswer(result);
    for (const fault of read.warnings) this.#ports.tolerate(fault);
    return resultAnswer(read.value);
  }

  /** Puts back what the user had asked of the session before. */
  async restore({ capabilities }: Session, { logLevel, resources }: DesiredState): Promise<void> {
    const { requests, tell, report } = this.#ports;
    const { signal } = this.#open;
    const asked: Promise<Outcome>[] = [];
    const also = (method: string, params: Params): void => {
      asked.push(requests.submit(ownRequest(method, params, { signal, quiet: false })));
    };
    if (logLevel !== undefined && hasCapability(capabilities, 'logging')) also('logging/setLevel', { level: logLevel });
    if (hasCapability(capabilities, 'resources.subscribe')) {
      for (const uri of resources) also('resources/subscribe', { uri });
    }
    const outcomes = await Promise.all(asked);
    if (signal.aborted) return;
    for (const outcome of outcomes) {
      if (outcome instanceof RequestFailure && outcome.failure !== undefined) report(outcome.failure);
    }
    tell({ type: 'restored' });
  }
}
