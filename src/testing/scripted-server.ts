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
import { ReceivedMessages } from './received-messages.js';
import type { ReceivedMessage, ReceivedNotification, ReceivedRequest } from './received-messages.js';

/** A request as a {@link ScriptedHandler} sees it. */
export interface ScriptedRequest {
  readonly id: RequestId;
  readonly method: string;
  readonly params: Params;
  /** The number of the link over which it came, from 1. */
  readonly link: number;
  /** Aborted when the client cancels the request, and when the link ends. */
  readonly signal: AbortSignal;
  /** Resolves after so many milliseconds of the server's environment; never, if the link ends before. */
  readonly wait: (milliseconds: number) => Promise<void>;
  /** Sends a progress notification, if the request has a progress token. */
  readonly progress: (progress: number, total?: number) => void;
}

/**
 * Handles the requests of one method. Its return value is the result; `undefined` sends no response. A thrown
 * `{ code: number, message: string }` is the error of the response; any other thrown value is an internal error.
 */
export type ScriptedHandler = (params: Params, request: ScriptedRequest) => unknown;

/** Options of {@link createScriptedServer}. */
export interface ScriptedServerOptions {
  /** The protocol revision of the server. Default `'2026-07-28'`. */
  readonly revision?: MCPProtocolVersion;
  /** Default: `{ tools: {} }`. */
  readonly capabilities?: ServerCapabilities;
  readonly serverInfo?: Implementation;
  /**
   * Handlers by method. They replace the default handlers for negotiation, `ping` and subscriptions. `'*'` handles every request that has
   * no handler here, so it replaces all default handlers. Requests without any handler are refused as unknown.
   */
  readonly handlers?: Readonly<Record<string, ScriptedHandler>>;
  /** The clock of `wait` and `hangUp`. Default: the system clock. */
  readonly environment?: Environment;
  /** How many received messages are kept at least; at most twice as many. Default 10 000. */
  readonly remember?: number;
}

/** One connected client. */
interface Visit {
  readonly number: number;
  link: Link | undefined;
  /** The controllers of the requests in progress. */
  readonly open: Map<RequestId, AbortController>;
  /** All request ids. A request that repeats an id is ignored. */
  readonly seen: Set<RequestId>;
  /** The open `subscriptions/listen` requests. */
  readonly listening: Map<RequestId, Params>;
  readonly timers: Set<TimerHandle>;
}

/** Default timeout of `receive`, in ms: shorter than the timeouts of test runners, so that the error can list what was received. */
const RECEIVE_TIMEOUT = 4_000;

const OPTIONS = optionNames<ScriptedServerOptions>({
  revision: true,
  capabilities: true,
  serverInfo: true,
  handlers: true,
  environment: true,
  remember: true,
});

/** Starts a server in this process that runs your handlers. Connect a client to its `transport`. */
export function createScriptedServer(options: ScriptedServerOptions = {}): ScriptedServer {
  return new ScriptedServer(options);
}

/** A server of either era in this process. It serves one client at a time. */
export class ScriptedServer implements AsyncDisposable {
  /** The transport for the client. */
  readonly transport: MemoryTransport;
  /** The last received messages, of all links, in order; see {@link ScriptedServerOptions.remember}. */
  readonly received: readonly ReceivedMessage[];
  readonly #messages: ReceivedMessages;
  readonly #far: MemoryTransport;
  readonly #environment: Environment;
  readonly #handlers: Readonly<Record<string, ScriptedHandler>>;
  readonly #defaults: Readonly<Record<string, ScriptedHandler>>;
  readonly #modern: boolean;
  readonly #stop = new AbortController();
  #visit: Visit | undefined;
  #visits = 0;
  #pause: TimerHandle;

  constructor(options: ScriptedServerOptions = {}) {
    refuseUnknownOptions('createScriptedServer', options, OPTIONS);
    const { revision = '2026-07-28', environment = systemEnvironment, remember = 10_000 } = options;
    this.#messages = new ReceivedMessages(remember);
    [this.transport, this.#far] = MemoryTransport.pair();
    this.received = this.#messages.all;
    this.#environment = environment;
    this.#modern = eraOf(revision) === 'modern';
    this.#handlers = options.handlers ?? {};
    this.#defaults = this.#negotiation(revision, options);
    this.#listen();
  }

  /** How many links were opened. */
  get links(): number {
    return this.#visits;
  }

  /** The methods of the last received messages, in order; a response is `(result)` or `(error)`. */
  get methods(): string[] {
    return this.#messages.methods;
  }

  /**
   * Resolves with the next request or notification of this method; each message is returned once. To respond from a test, give the method
   * a handler that returns nothing, await the request, and call {@link ScriptedServer.respond}.
   * @param timeout in real milliseconds. Rejects then with an error that lists the received messages. Default 4 000
   */
  receive(method: `notifications/${string}`, timeout?: number): Promise<ReceivedNotification>;
  receive(method: string, timeout?: number): Promise<ReceivedRequest>;
  receive(method: string, timeout = RECEIVE_TIMEOUT): Promise<ReceivedMessage> {
    return this.#messages.next(method, timeout);
  }

  /**
   * Resolves with the next response of the client to a server request; each response is returned once.
   * @throws what {@link ScriptedServer.receive} throws.
   */
  receiveResponse(timeout = RECEIVE_TIMEOUT): Promise<ReceivedMessage> {
    return this.#messages.next(undefined, timeout);
  }

  /** Sends the result of a request. */
  respond({ id }: ReceivedRequest, result: object): void {
    this.send({ jsonrpc: '2.0', id, result });
  }

  /** Sends an error response to a request. */
  respondWithError({ id }: ReceivedRequest, code: number, message = 'No', data?: unknown): void {
    this.send({ jsonrpc: '2.0', id, error: { code, message, ...(data !== undefined && { data }) } });
  }

  /** Sends a message or any other value. Without a connected client it is lost. */
  send(message: unknown): void {
    if (this.#visit !== undefined) this.#send(this.#visit, message);
  }

  /** Sends a notification; in the modern era once for each open subscription, with its id. */
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
   * Ends the link like a server that crashes: requests in progress are aborted. The next client is served after `pause` milliseconds; a
   * client that connects earlier receives nothing until then. Default: at once.
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

  /** Ends the server. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#leave();
    this.#environment.clearTimeout(this.#pause);
    await this.#far.closeLink();
    this.#messages.end();
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
        this.#receive(visit, message as JSONRPCMessage);
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
      signIn: nothing,
    };
    this.#visit = visit;
    this.#far.openLink(events, signal).then(
      (link) => {
        visit.link = link;
      },
      // The server ended before a client connected.
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

  #receive(visit: Visit, message: JSONRPCMessage): void {
    this.#messages.add(message);
    if (!('method' in message)) return;
    if ('id' in message) void this.#handle(visit, message);
    else if (message.method === 'notifications/cancelled') {
      const id = message.params?.requestId as RequestId;
      visit.open.get(id)?.abort();
      visit.listening.delete(id);
    }
  }

  async #handle(visit: Visit, { id, method, params = {} }: JSONRPCRequest): Promise<void> {
    if (visit.seen.has(id)) return;
    visit.seen.add(id);
    const work = new AbortController();
    visit.open.set(id, work);
    const handler = this.#handlerFor(method);
    let response: object | undefined;
    try {
      if (handler === undefined) response = methodNotFound(id, method);
      else {
        const result = await handler(params, this.#request(visit, id, method, params, work.signal));
        if (result !== undefined) response = { jsonrpc: '2.0', id, result };
      }
    } catch (thrown) {
      response = { jsonrpc: '2.0', id, error: errorOf(thrown) };
    }
    visit.open.delete(id);
    // A cancelled request gets no response. 2026-07-28 basic/patterns/cancellation.
    if (response !== undefined && !work.signal.aborted) this.#send(visit, response);
  }

  #handlerFor(method: string): ScriptedHandler | undefined {
    if (Object.hasOwn(this.#handlers, method)) return this.#handlers[method];
    if (this.#handlers['*'] !== undefined) return this.#handlers['*'];
    return Object.hasOwn(this.#defaults, method) ? this.#defaults[method] : undefined;
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
        const params = { progressToken, progress, ...(total !== undefined && { total }) };
        this.#send(visit, { jsonrpc: '2.0', method: 'notifications/progress', params });
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
