import { systemEnvironment } from '../../../src/util/environment.js';
import type { Environment, TimerHandle } from '../../../src/util/environment.js';
import type { Framing, MCPTransport as Transport } from '../../../src/index.js';
import { MCPTransport } from '../../../src/index.js';
import type { JSONRPCMessage, RequestId } from '../../../src/protocol/messages/json-rpc.js';
import type { Link, LinkEvents, ServerStreamEvents } from '../../../src/transports/link.js';

/**
 * A transport that knows whether anything is on its way, so that nobody has to wait for some time to be sure. What the real one has to
 * wait for it waits for in real time, whatever the clock of the client.
 */
export class WatchedTransport extends MCPTransport {
  override readonly framing: Framing;
  readonly inner: Transport;
  readonly #changed: () => void;
  readonly #environment: Environment;
  readonly #timers = new Set<TimerHandle>();
  /** Requests that were sent over the link that is open and not answered, given up or refused. */
  readonly #asked = new Set<unknown>();
  #moves = 0;

  /** `changed` is called after everything that happens. */
  constructor(inner: Transport, changed: () => void) {
    super();
    this.inner = inner;
    this.framing = inner.framing;
    this.#changed = changed;
    this.#environment = {
      ...systemEnvironment,
      setTimeout: (callback, delay) => {
        const handle = systemEnvironment.setTimeout(() => {
          this.#timers.delete(handle);
          callback();
        }, delay);
        this.#timers.add(handle);
        return handle;
      },
      clearTimeout: (handle) => {
        this.#timers.delete(handle);
        systemEnvironment.clearTimeout(handle);
      },
    };
  }

  /** Whether a link, or the stream on which a server speaks unasked, is being opened or closed. */
  get moving(): boolean {
    return this.#moves > 0;
  }

  /** The ids of requests whose answers are still to come. */
  get asked(): ReadonlySet<unknown> {
    return this.#asked;
  }

  /** Timers of links that are set. */
  get timers(): number {
    return this.#timers.size;
  }

  protected async open(events: LinkEvents, signal: AbortSignal): Promise<Link> {
    const { inner } = this;
    this.#asked.clear();
    inner.claim(this);
    try {
      const link = await this.#move(() => inner.openLink(this.#listening(events), signal));
      return this.#watched(link);
    } catch (thrown) {
      inner.unclaim(this);
      throw thrown;
    }
  }

  async #move<T>(act: () => Promise<T>): Promise<T> {
    this.#moves += 1;
    try {
      return await act();
    } finally {
      this.#moves -= 1;
      this.#changed();
    }
  }

  #listening(events: LinkEvents): LinkEvents {
    return {
      ...events,
      environment: this.#environment,
      message: (message, about) => {
        events.message(message, about);
        const { id, method } = message as { id?: unknown; method?: unknown };
        if (method === undefined) this.#over(id);
      },
      closed: (reason) => {
        this.#asked.clear();
        events.closed(reason);
        this.#changed();
      },
    };
  }

  #over(id: unknown): void {
    this.#asked.delete(id);
    this.#changed();
  }

  #watched(link: Link): Link {
    const { framing } = this;
    return {
      get framing() {
        return link.framing ?? framing;
      },
      send: (message, options) => {
        const sent = link.send(message, options);
        this.#note(message, sent);
        return sent;
      },
      established: (session) => {
        link.established?.(session);
      },
      cancelUnsent: (id: RequestId) => {
        const unsent = link.cancelUnsent?.(id) ?? false;
        if (unsent) this.#over(id);
        return unsent;
      },
      abandon: (id: RequestId) => {
        this.#over(id);
        link.abandon?.(id);
      },
      serverStream: (events) => this.#serverStream(link, events),
      close: () =>
        this.#move(async () => {
          this.#asked.clear();
          await this.inner.closeLink();
          this.inner.unclaim(this);
        }),
    };
  }

  /** It is on its way until the server has said something about it. */
  #serverStream(link: Link, events: ServerStreamEvents): () => void {
    let asking = true;
    this.#moves += 1;
    const heard = (): void => {
      if (asking) this.#moves -= 1;
      asking = false;
      this.#changed();
    };
    const told: ServerStreamEvents = {
      opened: (resumed) => {
        events.opened(resumed);
        heard();
      },
      unsupported: () => {
        events.unsupported();
        heard();
      },
      ended: (retry, failure) => {
        events.ended(retry, failure);
        heard();
      },
    };
    const close = link.serverStream?.(told);
    if (close === undefined) told.unsupported();
    return () => {
      heard();
      close?.();
    };
  }

  #note(message: JSONRPCMessage, sent: Promise<void> | undefined): void {
    if (!('method' in message)) return;
    if (!('id' in message)) {
      if (message.method === 'notifications/cancelled') this.#over(message.params?.requestId);
      return;
    }
    const { id } = message;
    this.#asked.add(id);
    sent?.catch(() => {
      this.#over(id);
    });
  }
}
