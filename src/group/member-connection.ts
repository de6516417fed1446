import type { MCPClient } from '../api/client.js';
import { MCPConnection } from '../api/connection.js';
import { isTransport, transportFor } from '../api/connect-target.js';
import type { ConnectTarget } from '../api/connect-target.js';
import type { MCPClientEventName, MCPClientEvents } from '../api/events.js';
import type { MCPConnectionOptions } from '../api/options/mcp-connection-options.js';
import type { SuspendedClient } from '../api/suspended-client.js';
import type { MCPTransport } from '../transports/transport.js';

type Listener<Name extends MCPClientEventName> = (...args: MCPClientEvents[Name]) => unknown;

/** How long the end of a suspended session may take, in ms. */
const LONGEST_END = 2_000;

/** Whether a transport starts a process. Perhaps it comes from another copy of this package. */
export function startsProcess(transport: MCPTransport): boolean {
  return typeof (transport as { readonly command?: unknown }).command === 'string';
}

/**
 * The connection of a member, which can be put to sleep. Over HTTP the session is suspended and resumed, by another `MCPConnection`; listeners move
 * to it. Over other transports the link is closed, which ends a process.
 */
export class MemberConnection {
  readonly #name: string;
  readonly #transport: MCPTransport;
  readonly #options: MCPConnectionOptions;
  readonly #listeners = new Set<(connection: MCPConnection) => () => void>();
  readonly #removals = new Map<(connection: MCPConnection) => () => void, () => void>();
  #suspended: SuspendedClient | undefined;
  #current: MCPConnection;
  /** Resolves when the last sleep has begun: then it is known whether a session is suspended. */
  #asleep: Promise<void> = Promise.resolve();

  /** @throws MCPError with code `MCP_INVALID_PARAMS` if the target or an option is invalid */
  constructor(name: string, target: ConnectTarget, options: MCPConnectionOptions) {
    this.#name = name;
    this.#transport = isTransport(target) ? target : transportFor(target);
    this.#options = options;
    this.#current = new MCPConnection(name, this.#transport, options);
  }

  /** The connection now: after a suspension it is another one. */
  get current(): MCPConnection {
    return this.#current;
  }

  /** The client of the current connection. Before the first connect there is none. */
  get client(): MCPClient {
    return this.#current.client ?? this.#current.getClient();
  }

  get transport(): MCPTransport {
    return this.#transport;
  }

  /** Whether the session is suspended. */
  get suspended(): boolean {
    return this.#suspended !== undefined;
  }

  /** Adds a listener, also to later connections. Returns a function that removes it. */
  on<Name extends MCPClientEventName>(event: Name, listener: Listener<Name>): () => void {
    const add = (connection: MCPConnection): (() => void) => connection.on(event, listener);
    this.#listeners.add(add);
    this.#removals.set(add, add(this.#current));
    return () => {
      this.#listeners.delete(add);
      this.#removals.get(add)?.();
      this.#removals.delete(add);
    };
  }

  /**
   * Connects, or resumes the session.
   * @throws the errors of {@link MCPConnection.connect}
   */
  async start(): Promise<void> {
    if (this.#suspended !== undefined) {
      this.#current = this.#resumed(this.#suspended);
      this.#suspended = undefined;
      for (const add of this.#listeners) this.#removals.set(add, add(this.#current));
    }
    await this.#current.connect();
  }

  #resumed(resume: SuspendedClient): MCPConnection {
    return new MCPConnection(this.#name, this.#transport, { ...this.#options, resume });
  }

  /** Suspends the session, or closes the link. Never rejects. */
  sleep(): Promise<void> {
    this.#asleep = this.#suspend();
    return this.#asleep;
  }

  async #suspend(): Promise<void> {
    if (this.#transport.framing === 'per-request') {
      try {
        this.#suspended = await this.#current.suspend();
        return;
      } catch {
        // Without a session there is nothing to suspend.
      }
    }
    await this.#current.disconnect();
  }

  /** Closes the link, and ends a suspended session. Never rejects. */
  async close(): Promise<void> {
    // A suspension that has begun would leave a session that is never ended.
    await this.#asleep;
    await this.#current.disconnect();
    if (this.#suspended === undefined) return;
    const last = this.#resumed(this.#suspended);
    this.#suspended = undefined;
    // Without this the server would keep the session until it expires.
    await last.connect(LONGEST_END).catch(() => undefined);
    await last.disconnect();
  }
}
