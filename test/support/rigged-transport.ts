import { MCPTransport } from '../../src/index.js';
import type { JSONRPCMessage } from '../../src/index.js';
import { failure } from '../../src/util/failure.js';
import { rejectedWith } from '../../src/transports/link.js';
import type { Link, LinkEvents, ServerStreamEvents } from '../../src/transports/link.js';

const forgotten = failure('transport', 'MCP_SESSION_LOST', 'The server has forgotten the session', {
  delivery: 'not-sent',
});

/**
 * Reaches a server in this process as if each request had an exchange of its own, with everything that only HTTP has: sessions that can be
 * resumed or forgotten, and a stream on which the server speaks unasked. The test says what happens.
 */
export class RiggedTransport extends MCPTransport {
  override readonly framing = 'per-request';
  readonly #inner: MCPTransport;
  /** What the link that was opened last tells; undefined before. */
  events: LinkEvents | undefined;
  /** What the stream of the server that was opened last tells; undefined while there is none. */
  stream: ServerStreamEvents | undefined;
  /** How many requests, from the next one on, are refused because the server has forgotten the session. */
  refusals = 0;

  constructor(inner: MCPTransport) {
    super();
    this.#inner = inner;
  }

  protected async open(events: LinkEvents, signal: AbortSignal): Promise<Link> {
    const inner = await this.#inner.openLink(events, signal);
    this.events = events;
    return {
      send: (message) => this.#send(inner, message),
      resume: () => true,
      suspend: () => ({ sessionId: 'session', streamed: true }),
      serverStream: (stream) => {
        this.stream = stream;
        return () => {
          this.stream = undefined;
        };
      },
      close: () => this.#inner.closeLink(),
    };
  }

  #send(inner: Link, message: JSONRPCMessage): Promise<void> | undefined {
    if (this.refusals === 0 || !('method' in message) || message.method !== 'tools/call') return inner.send(message);
    this.refusals -= 1;
    this.events?.sessionLost();
    return rejectedWith(forgotten);
  }
}
