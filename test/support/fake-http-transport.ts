import { MCPTransport } from '../../src/index.js';
import type { JSONRPCMessage } from '../../src/index.js';
import { failure } from '../../src/util/failure.js';
import { rejectedWith } from '../../src/transports/link.js';
import type { Link, LinkEvents, ServerStreamEvents } from '../../src/transports/link.js';

const forgotten = failure('transport', 'MCP_SESSION_LOST', 'The server has forgotten the session', {
  delivery: 'not-sent',
});

/**
 * Wraps the transport of a scripted server and adds what only HTTP has: an exchange for each request, sessions that can be resumed or lost, and
 * a stream of the server. The test decides what happens to them.
 */
export class FakeHttpTransport extends MCPTransport {
  override readonly framing = 'per-request';
  readonly #inner: MCPTransport;
  /** The receiver of the events of the newest link; undefined before the first. */
  events: LinkEvents | undefined;
  /** The receiver of the events of the newest stream of the server; undefined without a stream. */
  stream: ServerStreamEvents | undefined;
  /** How many of the next requests are refused because the server does not know the session. */
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
