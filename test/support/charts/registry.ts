import { createActor } from 'xstate';

import type { InputSource } from '../../../src/machines/request/input-rounds.js';
import { RequestFailure } from '../../../src/machines/request/outcome.js';
import type { Outcome } from '../../../src/machines/request/outcome.js';
import type { RequestSpec } from '../../../src/machines/request/request-spec.js';
import { RequestRegistry } from '../../../src/machines/request/request-registry.js';
import { requestsLogic, requestsPorts } from '../../../src/machines/request/request-gate.js';
import type { RequestRegistryPorts } from '../../../src/machines/request/request-registry.js';
import { failure } from '../../../src/util/failure.js';
import type { Failure } from '../../../src/util/failure.js';
import type {
  JSONRPCMessage,
  JSONRPCNotification,
  JSONRPCRequest,
  RequestId,
} from '../../../src/protocol/messages/json-rpc.js';
import type { Session } from '../../../src/protocol/session.js';
import type { Link } from '../../../src/transports/link.js';
import { requestSpec } from '../../../src/machines/request/request-spec.js';
import { SimulatedEnvironment } from '../simulated-environment.js';

/** A session in which everything may be asked. */
export const LEGACY_SESSION: Session = {
  era: 'legacy',
  protocolVersion: '2025-11-25',
  capabilities: { tools: {}, prompts: {}, resources: { subscribe: true }, logging: {}, completions: {} },
};

export const LOST = failure('connection', 'MCP_CONNECTION_LOST', 'The link is gone');
export const CLOSED = failure('connection', 'MCP_CONNECTION_CLOSED', 'The connection was closed');

/** A link that writes down what is sent over it. */
export class FakeLink implements Link {
  readonly sent: JSONRPCMessage[] = [];
  /** What `send` returns; by default the kernel has the message at once. */
  answerToSend: (message: JSONRPCMessage) => Promise<void> | undefined = () => undefined;

  send(message: JSONRPCMessage): Promise<void> | undefined {
    this.sent.push(message);
    return this.answerToSend(message);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** The requests of which no byte has left, by their ids. */
  readonly unsent = new Set<unknown>();

  cancelUnsent(requestId: RequestId): boolean {
    return this.unsent.delete(requestId);
  }

  /** The requests among what was sent. */
  get requests(): JSONRPCRequest[] {
    return this.sent.filter((message): message is JSONRPCRequest => 'method' in message && 'id' in message);
  }

  /** The cancellations among what was sent, by the id of their requests. */
  get cancelled(): unknown[] {
    return this.sent
      .filter((message): message is JSONRPCNotification => 'method' in message && !('id' in message))
      .filter(({ method }) => method === 'notifications/cancelled')
      .map(({ params }) => params?.requestId);
  }
}

/** Somebody whom no server may ask anything. */
const NOBODY: InputSource = {
  service: undefined,
  offered: {},
  maxInputRounds: 10,
};

/** A request that was made, and its outcome once there is one. */
export interface Made {
  outcome: Outcome | undefined;
  readonly promise: Promise<Outcome>;
}

/** The registry of requests over a link that does as it is told. */
export class Registry {
  readonly environment = new SimulatedEnvironment();
  readonly reports: unknown[] = [];
  readonly unreachable: Failure[] = [];
  readonly requests: RequestRegistry;
  link = new FakeLink();
  readonly #actor;

  constructor(ports: Partial<RequestRegistryPorts> = {}) {
    this.requests = new RequestRegistry({
      environment: this.environment,
      maxQueued: 1_000,
      pooled: true,
      framing: () => 'shared',
      reconnect: { delay: 500, maxDelay: 10_000 },
      tolerate: (fault) => this.reports.push(fault),
      unreachable: (why) => this.unreachable.push(why),
      callUser: (_purpose, fn) => {
        try {
          fn();
        } catch (thrown) {
          this.reports.push(thrown);
        }
      },
      input: NOBODY,
      ...ports,
    });
    this.#actor = createActor(requestsLogic);
    requestsPorts.provide(this.#actor.system, this.requests);
    this.#actor.start();
  }

  /** A registry whose link is open and whose session stands. */
  static flowing(ports: Partial<RequestRegistryPorts> = {}): Registry {
    const registry = new Registry(ports);
    registry.flow();
    return registry;
  }

  /** Opens the way, over a new link unless `link` is given. */
  flow(session: Session = LEGACY_SESSION, link = new FakeLink()): void {
    this.link = link;
    this.requests.useLink(link);
    this.#actor.send({ type: 'open', session });
  }

  hold(): void {
    this.#actor.send({ type: 'pause' });
  }

  refuse(why = CLOSED): void {
    this.#actor.send({ type: 'close', failure: why });
  }

  /** The link goes, and takes with it what was in flight. */
  lose(why = LOST): void {
    this.requests.useLink(undefined);
    this.#actor.send({ type: 'lose', failure: why });
    this.hold();
  }

  /** Makes a request. Its method says which one it is, unless the test needs a real one. */
  ask(method: string, more: Partial<RequestSpec> = {}): Made {
    const promise = this.requests.submit(requestSpec(method, undefined, more));
    const made: Made = { outcome: undefined, promise };
    void promise.then((outcome) => {
      made.outcome = outcome;
    });
    return made;
  }

  /** Answers the newest request of this method. */
  answer(method: string, result: Readonly<Record<string, unknown>> = {}): boolean {
    const request = this.link.requests.findLast((one) => one.method === method);
    if (request === undefined) throw new Error(`${method} was not sent`);
    return this.requests.inFlight.answered({ jsonrpc: '2.0', id: request.id, result });
  }

  settle(): Promise<void> {
    return this.environment.settle();
  }

  /** The methods of the requests that went over the link, in order. */
  get sentMethods(): string[] {
    return this.link.requests.map(({ method }) => method);
  }
}

/** The failure of a request that ended with one. */
export function failureOf({ outcome }: Made): Failure | undefined {
  return outcome instanceof RequestFailure ? outcome.failure : undefined;
}

/** What the caller's signal was aborted with, of a request that ended so. */
export function reasonOf({ outcome }: Made): unknown {
  return outcome instanceof RequestFailure && outcome.failure === undefined ? outcome.reason : undefined;
}
