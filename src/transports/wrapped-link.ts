import type { JSONRPCMessage, RequestId } from '../protocol/messages/json-rpc.js';
import type { EstablishedSession, Link, LinkMemory, SendOptions, ServerStreamEvents } from './link.js';

/**
 * A link that passes everything on to an inner link. Subclasses override single methods. It has defaults for the optional methods that the
 * inner link does not have.
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

  /** Reports `unsupported` if the inner link has no server stream. */
  serverStream(events: ServerStreamEvents): () => void {
    if (this.inner.serverStream !== undefined) return this.inner.serverStream(events);
    events.unsupported();
    return () => undefined;
  }

  close(): Promise<void> {
    return this.inner.close();
  }
}
