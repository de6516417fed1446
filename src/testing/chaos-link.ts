import { failure } from '../util/failure.js';
import type { Failure } from '../util/failure.js';
import type { JSONRPCMessage } from '../protocol/messages/json-rpc.js';
import { rejectedWith } from '../transports/link.js';
import type { Link, LinkEvents, SendOptions } from '../transports/link.js';
import type { Framing } from '../transports/transport.js';
import { WrappedLink } from '../transports/wrapped-link.js';
import type { PlannedFault, Direction } from './fault-plan.js';
import { DelayQueue } from './delay-queue.js';
import type { DelayTimes } from './delay-queue.js';
import type { FaultName } from './message-faults.js';

/** The effects of a {@link ChaosLink} on its transport. */
export interface ChaosLinkPorts {
  readonly times: DelayTimes;
  readonly framing: Framing;
  /** Chooses the fault of a message, and records it. */
  plan(direction: Direction, message: unknown): PlannedFault<FaultName>;
  /** Closes the inner link and resolves when it is released. */
  closeInner(): Promise<void>;
}

/** The promise of a message that is not written yet. */
interface Waiting {
  resolve(sent: Promise<void> | undefined): void;
  reject(reason: Failure): void;
}

/** A link that adds faults. It reports the true `delivery` of each message. */
export class ChaosLink extends WrappedLink {
  protected inner!: Link;
  readonly #events: LinkEvents;
  readonly #ports: ChaosLinkPorts;
  readonly #out: DelayQueue;
  readonly #in: DelayQueue;
  #over = false;

  constructor(events: LinkEvents, ports: ChaosLinkPorts) {
    super();
    this.#events = events;
    this.#ports = ports;
    this.#out = new DelayQueue(events.environment, ports.times);
    this.#in = new DelayQueue(events.environment, ports.times);
  }

  /** The callbacks of the inner link. */
  get innerEvents(): LinkEvents {
    const events = this.#events;
    return {
      ...events,
      message: (message, about) => {
        if (this.#over) return;
        const { fault, share } = this.#ports.plan('to-client', message);
        const deliver = (): void => {
          events.message(message, about);
        };
        this.#in.add({ deliver }, fault, share);
      },
      // Messages before the end are delivered before the end.
      closed: (reason) => {
        this.#in.add({
          deliver: () => {
            this.#end(reason);
          },
        });
      },
    };
  }

  /** Sets the inner link, once it is open. */
  attach(inner: Link): void {
    this.inner = inner;
  }

  get framing(): Framing {
    return this.inner.framing ?? this.#ports.framing;
  }

  override send(message: JSONRPCMessage, options?: SendOptions): Promise<void> | undefined {
    if (this.#over) return rejectedWith(closed());
    const { fault, share } = this.#ports.plan('to-server', message);
    if (fault === 'killBeforeWrite') {
      const reason = cut('before', message);
      this.#kill(reason);
      return rejectedWith({ ...reason, delivery: 'not-sent' });
    }
    let waiting: Waiting | undefined;
    let passed = false;
    let sent: Promise<void> | undefined;
    const deliver = (): void => {
      const result = this.#write(message, options, fault === 'killAfterWrite');
      // The outcome of a duplicated message is that of its first copy.
      if (passed) result?.catch(() => undefined);
      else if (waiting !== undefined) waiting.resolve(result);
      else sent = result;
      passed = true;
    };
    const lost = (): void => {
      waiting?.reject(closed());
    };
    this.#out.add({ deliver, lost }, fault, share);
    if (passed || fault === 'drop') return sent;
    return new Promise<void>((resolve, reject) => {
      waiting = { resolve, reject };
    });
  }

  #write(message: JSONRPCMessage, options: SendOptions | undefined, thenDie: boolean): Promise<void> | undefined {
    const sent = this.inner.send(message, options);
    if (!thenDie) return sent;
    const reason = cut('after', message);
    this.#kill(reason);
    if (this.framing === 'shared') return sent;
    sent?.catch(() => undefined);
    if ('id' in message && message.id !== undefined) this.inner.abandon?.(message.id);
    return rejectedWith({ ...reason, delivery: 'unknown' });
  }

  /** Ends a shared link. With per-request framing only the exchange of the message ends, and its `send` rejects. */
  #kill(reason: Failure): void {
    if (this.framing === 'per-request') return;
    this.#over = true;
    void this.#ports.closeInner();
    this.#clear();
    // After the rejections of the messages that waited.
    queueMicrotask(() => {
      this.#events.closed(reason);
    });
  }

  #end(reason: Failure | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#clear();
    queueMicrotask(() => {
      this.#events.closed(reason);
    });
  }

  #clear(): void {
    this.#out.empty();
    this.#in.empty();
  }

  override close(): Promise<void> {
    this.#over = true;
    this.#clear();
    return this.#ports.closeInner();
  }
}

function closed(): Failure {
  return failure('transport', 'MCP_CONNECTION_CLOSED', 'The connection is closed', { delivery: 'not-sent' });
}

function cut(when: 'before' | 'after', message: JSONRPCMessage): Failure {
  const what = 'method' in message ? message.method : 'a response';
  return failure('transport', 'MCP_TRANSPORT_FAILED', `The connection was cut ${when} ${what} was written (chaos)`);
}
