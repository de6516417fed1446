import type { JSONRPCMessage, RequestId } from '../protocol/messages/json-rpc.js';
import type { EstablishedSession, Link, LinkMemory, SendOptions, ServerStreamEvents } from './link.js';

/**
 * A link around another one that passes everything on. Whoever listens or interferes overrides what it needs. What the inner link cannot do
 * is answered here, so that the owner sees the same with and without a wrapper.
 */
export abstract class WrappedLink implements Link {
  protected abstract readonly inner: Link;

  abstract readonly framing: NonNullable<Link['framing']>;

  send(message: JSONRPCMessage, options?: SendOptions): Promise<void> | undefined {
    return this.inner.send(message, options);
  }

  established(session: EstablishedSession): void {
    this.inner.established?.(session);
  }

  cancelUnsent(requestId: RequestId): boolean {
    return this.inner.cancelUnsent?.(requestId) ?? false;
  }

  abandon(requestId: RequestId): void {
    this.inner.abandon?.(requestId);
  }

  suspend(): LinkMemory | undefined {
    return this.inner.suspend?.();
  }

  resume(session: EstablishedSession, memory: LinkMemory): boolean {
    return this.inner.resume?.(session, memory) ?? false;
  }

  /** A link that has no such stream says that it is unsupported. */
  serverStream(events: ServerStreamEvents): () => void {
    if (this.inner.serverStream !== undefined) return this.inner.serverStream(events);
    events.unsupported();
    return () => undefined;
  }

  close(): Promise<void> {
    return this.inner.close();
  }
}
