import { optionNames, refuseUnknownOptions } from '../option-checks.js';
import { systemEnvironment } from '../util/environment.js';
import type { Environment, TimerHandle } from '../util/environment.js';
import { ErrorCode, methodNotFound } from '../protocol/messages/json-rpc.js';
import type { JSONRPCMessage, JSONRPCRequest, Params, RequestId } from '../protocol/messages/json-rpc.js';
import { META } from '../protocol/request-meta.js';
import { eraOf } from '../protocol/revisions.js';
import type { MCPProtocolVersion } from '../protocol/revisions.js';
import type { Implementation, ServerCapabilities } from '../protocol/schema/index.js';
import type { Link, LinkEvents } from '../transports/link.js';
import { MemoryTransport } from '../transports/memory-transport.js';
import { Hearing } from './hearing.js';
import type { HeardMessage, HeardNotification, HeardRequest } from './hearing.js';

/** A request as a {@link ScriptedHandler} sees it. */
export interface ScriptedRequest {
  readonly id: RequestId;
  readonly method: string;
  readonly params: Params;
  /** The number of the link over which it came, from 1. */
  readonly link: number;
  /** Aborted when the client cancels the request, and when the link ends. */
  readonly signal: AbortSignal;
  /** Lets time pass, in milliseconds of the server's environment. When the link ends meanwhile the handler goes no further. */
  readonly wait: (milliseconds: number) => Promise<void>;
  /** Reports progress, if the client wants to hear of it. */
  readonly progress: (progress: number, total?: number) => void;
}

/**
 * What a scripted server does on a method: what it returns is the result, and undefined is no answer. A thrown
 * `{ code: number, message: string }` is the error of the answer, and anything else is an internal error.
 */
export type ScriptedHandler = (params: Params, request: ScriptedRequest) => unknown;

/** What a {@link ScriptedServer} is made of. */
export interface ScriptedServerOptions {
  /** The revision that it speaks. Default `'2026-07-28'`. */
  readonly revision?: MCPProtocolVersion;
  /** Default: `{ tools: {} }`. */
  readonly capabilities?: ServerCapabilities;
  readonly serverInfo?: Implementation;
  /**
   * What it does on each method, also instead of what it does by itself: negotiation, `ping` and subscriptions. `'*'` is for every request
   * that has no handler of its own here; without it they are refused as unknown.
   */
  readonly handlers?: Readonly<Record<string, ScriptedHandler>>;
  /** The clock of its handlers. Default: that of this process. */
  readonly environment?: Environment;
  /** How many of the messages that came it keeps at least; it may be twice as many. Default 10 000. */
  readonly remember?: number;
}

/** One client that is connected. */
interface Visit {
  readonly number: number;
  link: Link | undefined;
  /** The requests that are worked on, and what ends them. A request that repeats an id is ignored. */
  readonly open: Map<RequestId, AbortController>;
  readonly seen: Set<RequestId>;
  /** The modern requests for notifications, by id. */
  readonly listening: Map<RequestId, Params>;
  readonly timers: Set<TimerHandle>;
}

/** Milliseconds that a test waits for something to be heard: less than what test runners give a test, so that it can be told what came. */
const PATIENCE = 4_000;

const OPTIONS = optionNames<ScriptedServerOptions>({
  revision: true,
  capabilities: true,
  serverInfo: true,
  handlers: true,
  environment: true,
  remember: true,
});

/** Starts a server in this process that does what its handlers say. Hand its `transport` to a client. */
export function createScriptedServer(options: ScriptedServerOptions = {}): ScriptedServer {
  return new ScriptedServer(options);
}

/** A server of either era in this process. It serves one link after the other. */
export class ScriptedServer implements AsyncDisposable {
  /** The client's end. */
  readonly transport: MemoryTransport;
  /** The messages that came last, over all links, in order; see {@link ScriptedServerOptions.remember}. */
  readonly heard: readonly HeardMessage[];
  readonly #hearing: Hearing;
  readonly #far: MemoryTransport;
  readonly #environment: Environment;
  readonly #handlers: Readonly<Record<string, ScriptedHandler>>;
  readonly #habits: Readonly<Record<string, ScriptedHandler>>;
  readonly #modern: boolean;
  readonly #stop = new AbortController();
  #visit: Visit | undefined;
  #visits = 0;
  #pause: TimerHandle;

  constructor(options: ScriptedServerOptions = {}) {
    refuseUnknownOptions('createScriptedServer', options, OPTIONS);
    const { revision = '2026-07-28', environment = systemEnvironment, remember = 10_000 } = options;
    this.#hearing = new Hearing(remember);
    [this.transport, this.#far] = MemoryTransport.pair();
    this.heard = this.#hearing.all;
    this.#environment = environment;
    this.#modern = eraOf(revision) === 'modern';
    this.#handlers = options.handlers ?? {};
    this.#habits = this.#negotiation(revision, options);
    this.#listen();
  }

  /** How many links there have been. */
  get links(): number {
    return this.#visits;
  }

  /** The methods of what came last, in order; answers are `(result)` or `(error)`. */
  get methods(): string[] {
    return this.#hearing.methods;
  }

  /**
   * The next request or notification of this method that was not waited for yet. It is for tests that answer by hand: give the method a
   * handler that returns nothing, wait for the question, and {@link ScriptedServer.answer} it.
   * @param patience real milliseconds after which it rejects, and says what was heard instead. Default 4 000
   */
  hear(method: `notifications/${string}`, patience?: number): Promise<HeardNotification>;
  hear(method: string, patience?: number): Promise<HeardRequest>;
  hear(method: string, patience = PATIENCE): Promise<HeardMessage> {
    return this.#hearing.next(method, patience);
  }

  /**
   * The next answer of the client to a request of the server that was not waited for yet.
   * @throws what {@link ScriptedServer.hear} throws.
   */
  hearAnswer(patience = PATIENCE): Promise<HeardMessage> {
    return this.#hearing.next(undefined, patience);
  }

  /** Answers a request with a result. */
  answer({ id }: HeardRequest, result: object): void {
    this.send({ jsonrpc: '2.0', id, result });
  }

  /** Answers a request with an error. */
  refuse({ id }: HeardRequest, code: number, message = 'No', data?: unknown): void {
    this.send({ jsonrpc: '2.0', id, error: { code, message, ...(data !== undefined && { data }) } });
  }

  /** Sends a message, or anything else. Without a client it is lost. */
  send(message: unknown): void {
    if (this.#visit !== undefined) this.#send(this.#visit, message);
  }

  /** Sends a notification; in the modern era to those who asked for notifications, as part of their subscription. */
  notify(method: string, params?: Params): void {
    const visit = this.#visit;
    if (visit === undefined) return;
    if (!this.#modern) this.#send(visit, { jsonrpc: '2.0', method, ...(params !== undefined && { params }) });
    for (const id of visit.listening.keys()) {
      const meta = { ...(params?._meta as object | undefined), [META.subscriptionId]: id };
      this.#send(visit, { jsonrpc: '2.0', method, params: { ...params, _meta: meta } });
    }
  }

  /**
   * Ends the link as a server does that dies: what it was working on goes no further. The next client is served after `pause`
   * milliseconds; one that connects earlier hears nothing until then. Default: at once.
   */
  hangUp(pause = 0): void {
    this.#leave();
    void this.#far.closeLink();
    this.#environment.clearTimeout(this.#pause);
    if (pause === 0) this.#listen();
    else {
      this.#pause = this.#environment.setTimeout(() => {
        this.#listen();
      }, pause);
    }
  }

  /** Ends it for good. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#leave();
    this.#environment.clearTimeout(this.#pause);
    await this.#far.closeLink();
    this.#hearing.end();
  }

  #negotiation(revision: MCPProtocolVersion, options: ScriptedServerOptions): Record<string, ScriptedHandler> {
    const { capabilities = { tools: {} }, serverInfo = { name: 'scripted', version: '1.0.0' } } = options;
    if (!this.#modern) {
      return {
        initialize: () => ({ protocolVersion: revision, capabilities, serverInfo }),
        ping: () => ({}),
      };
    }
    return {
      'server/discover': () => ({
        resultType: 'complete',
        supportedVersions: [revision],
        capabilities,
        ttlMs: 0,
        cacheScope: 'private',
        _meta: { 'io.modelcontextprotocol/serverInfo': serverInfo },
      }),
      'subscriptions/listen': ({ notifications }, { id }) => {
        const visit = this.#visit;
        visit?.listening.set(id, { notifications });
        const params = { notifications, _meta: { [META.subscriptionId]: id } };
        this.send({ jsonrpc: '2.0', method: 'notifications/subscriptions/acknowledged', params });
      },
    };
  }

  #listen(): void {
    const { signal } = this.#stop;
    if (signal.aborted) return;
    const visit: Visit = {
      number: (this.#visits += 1),
      link: undefined,
      open: new Map(),
      seen: new Set(),
      listening: new Map(),
      timers: new Set(),
    };
    const nothing = (): void => undefined;
    const events: LinkEvents = {
      environment: this.#environment,
      message: (message) => {
        this.#hear(visit, message as JSONRPCMessage);
      },
      closed: () => {
        if (this.#visit !== visit) return;
        this.#leave();
        this.#listen();
      },
      problem: nothing,
      sessionLost: nothing,
      interrupted: nothing,
      resumed: nothing,
    };
    this.#visit = visit;
    this.#far.openLink(events, signal).then(
      (link) => {
        visit.link = link;
      },
      // It was stopped before anybody came.
      nothing,
    );
  }

  #leave(): void {
    const visit = this.#visit;
    this.#visit = undefined;
    if (visit === undefined) return;
    visit.link = undefined;
    for (const timer of visit.timers) this.#environment.clearTimeout(timer);
    for (const work of visit.open.values()) work.abort();
  }

  #hear(visit: Visit, message: JSONRPCMessage): void {
    this.#hearing.take(message);
    if (!('method' in message)) return;
    if ('id' in message) void this.#answer(visit, message);
    else if (message.method === 'notifications/cancelled') {
      const id = message.params?.requestId as RequestId;
      visit.open.get(id)?.abort();
      visit.listening.delete(id);
    }
  }

  async #answer(visit: Visit, { id, method, params = {} }: JSONRPCRequest): Promise<void> {
    if (visit.seen.has(id)) return;
    visit.seen.add(id);
    const work = new AbortController();
    visit.open.set(id, work);
    const handler = this.#handlerFor(method);
    let answer: object | undefined;
    try {
      if (handler === undefined) answer = methodNotFound(id, method);
      else {
        const result = await handler(params, this.#request(visit, id, method, params, work.signal));
        if (result !== undefined) answer = { jsonrpc: '2.0', id, result };
      }
    } catch (thrown) {
      answer = { jsonrpc: '2.0', id, error: errorOf(thrown) };
    }
    visit.open.delete(id);
    // Who has cancelled wants no answer. 2026-07-28 basic/patterns/cancellation.
    if (answer !== undefined && !work.signal.aborted) this.#send(visit, answer);
  }

  #handlerFor(method: string): ScriptedHandler | undefined {
    if (Object.hasOwn(this.#handlers, method)) return this.#handlers[method];
    if (this.#handlers['*'] !== undefined) return this.#handlers['*'];
    return Object.hasOwn(this.#habits, method) ? this.#habits[method] : undefined;
  }

  #request(visit: Visit, id: RequestId, method: string, params: Params, signal: AbortSignal): ScriptedRequest {
    const progressToken = (params._meta as Params | undefined)?.progressToken;
    return {
      id,
      method,
      params,
      link: visit.number,
      signal,
      wait: (milliseconds) => this.#wait(visit, milliseconds),
      progress: (progress, total) => {
        if (progressToken === undefined) return;
        const told = { progressToken, progress, ...(total !== undefined && { total }) };
        this.#send(visit, { jsonrpc: '2.0', method: 'notifications/progress', params: told });
      },
    };
  }

  /** Never resolves once the link has ended. */
  #wait(visit: Visit, milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.#visit !== visit) return;
      const timer = this.#environment.setTimeout(() => {
        visit.timers.delete(timer);
        resolve();
      }, milliseconds);
      visit.timers.add(timer);
    });
  }

  #send(visit: Visit, message: unknown): void {
    visit.link?.send(message as JSONRPCMessage)?.catch(() => undefined);
  }
}

function errorOf(thrown: unknown): { code: number; message: string; data?: unknown } {
  const { code, message, data } = (thrown ?? {}) as { code?: unknown; message?: unknown; data?: unknown };
  const text = typeof message === 'string' ? message : 'Internal error';
  if (typeof code !== 'number') return { code: ErrorCode.InternalError, message: text };
  return { code, message: text, ...(data !== undefined && { data }) };
}
