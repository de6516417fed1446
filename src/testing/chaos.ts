import { optionNames, refuseUnknownOptions } from '../option-checks.js';
import { failure } from '../util/failure.js';
import type { JSONRPCMessage, RequestId } from '../protocol/messages/json-rpc.js';
import { rejectedWith } from '../transports/link.js';
import type { Link, LinkEvents } from '../transports/link.js';
import { MCPTransport } from '../transports/transport.js';
import type { AuthorizationNeeds, Framing } from '../transports/transport.js';
import { ChaosLink } from './chaos-link.js';
import { refusals } from './fault-plan.js';
import type { PlannedFault, Direction } from './fault-plan.js';
import type { DelayTimes } from './delay-queue.js';
import { MessagePlan } from './message-faults.js';
import type { FaultName, FaultRates } from './message-faults.js';

/** Options of {@link chaos}: rates of faults, and durations in milliseconds of the client's environment. */
export interface ChaosOptions extends FaultRates {
  /** The seed of all random choices. Default 1. */
  readonly seed?: number;
  /** The maximum of a `delay`, and how long a `reorder` waits for another message. Default 100. */
  readonly maxDelay?: number;
  /** The duration of a `stall`. Default 5 000. */
  readonly stallTime?: number;
  /** The delay of a response by `answerLate`. Default 60 000. */
  readonly lateBy?: number;
  /**
   * Selects the messages that may be hit; `message` is undefined for an attempt to open a link. The faults of the selected messages do not
   * depend on this selection. Default: all messages.
   */
  readonly only?: (message: unknown, direction: Direction | 'opening') => boolean;
}

/** A fault that happened. */
export interface Fault {
  readonly fault: FaultName;
  /** Undefined for `refuse`. */
  readonly direction: Direction | undefined;
  /** The index of the message in its direction, or of the attempt to open a link, counted from 0 over all links. */
  readonly index: number;
  /** The time in the client's environment. */
  readonly at: number;
  readonly method?: string;
  readonly id?: RequestId;
}

const OPTIONS = optionNames<ChaosOptions>({
  drop: true,
  delay: true,
  duplicate: true,
  reorder: true,
  stall: true,
  killBeforeWrite: true,
  killAfterWrite: true,
  answerLate: true,
  refuse: true,
  seed: true,
  maxDelay: true,
  stallTime: true,
  lateBy: true,
  only: true,
});

/**
 * Wraps a transport and adds faults, which are chosen by a seed: the n-th message of a direction gets the same fault in each run.
 *
 * @example
 * const transport = chaos(new StdioTransport(target), { drop: 0.1, killAfterWrite: 0.01, seed: 7 });
 * const client = new MCPClient(transport, { autoReconnect: true });
 * @throws MCPError with code `MCP_INVALID_PARAMS` for unknown options, invalid rates, and rates with a sum of more than 1.
 */
export function chaos(transport: MCPTransport, options: ChaosOptions = {}): ChaosTransport {
  return new ChaosTransport(transport, options);
}

/** A transport that adds faults to another one. Made by {@link chaos}. */
export class ChaosTransport extends MCPTransport {
  override readonly framing: Framing;
  /** The wrapped transport. */
  readonly inner: MCPTransport;
  /** The faults that happened, in order. */
  readonly faults: readonly Fault[];
  readonly #faults: Fault[] = [];
  readonly #options: ChaosOptions;
  readonly #times: DelayTimes;
  readonly #plans: Readonly<Record<Direction, MessagePlan>>;
  readonly #counts: Record<Direction | 'opening', number> = { 'to-server': 0, 'to-client': 0, opening: 0 };
  readonly #refuses: () => boolean;

  constructor(transport: MCPTransport, options: ChaosOptions = {}) {
    super({ timeout: transport.timeout });
    refuseUnknownOptions('chaos', options, OPTIONS);
    const { seed = 1, maxDelay = 100, stallTime = 5_000, lateBy = 60_000 } = options;
    this.inner = transport;
    this.framing = transport.framing;
    this.faults = this.#faults;
    this.#options = options;
    this.#times = { maxDelay, stallTime, lateBy };
    this.#plans = {
      'to-server': new MessagePlan(seed, 'to-server', options),
      'to-client': new MessagePlan(seed, 'to-client', options),
    };
    this.#refuses = refusals(seed, options.refuse);
  }

  /** @internal */
  override get authorization(): AuthorizationNeeds | undefined {
    return this.inner.authorization;
  }

  protected async open(events: LinkEvents, signal: AbortSignal): Promise<Link> {
    const index = this.#counts.opening++;
    if (this.#refuses() && this.#mayHit(undefined, 'opening')) {
      this.#faults.push({ fault: 'refuse', direction: undefined, index, at: events.environment.now() });
      const message = 'The connection was refused (chaos)';
      return rejectedWith(failure('transport', 'MCP_TRANSPORT_FAILED', message, { delivery: 'not-sent' }));
    }
    const { inner, framing } = this;
    inner.claim(this);
    const link = new ChaosLink(events, {
      framing,
      times: this.#times,
      plan: (direction, message) => this.#plan(direction, message, events.environment.now()),
      closeInner: async () => {
        await inner.closeLink();
        inner.unclaim(this);
      },
    });
    try {
      link.attach(await inner.openLink(link.innerEvents, signal));
    } catch (thrown) {
      // An aborted attempt may take time to end.
      await inner.closeLink();
      inner.unclaim(this);
      throw thrown;
    }
    return link;
  }

  #plan(direction: Direction, value: unknown, at: number): PlannedFault<FaultName> {
    const message = typeof value === 'object' && value !== null ? (value as JSONRPCMessage) : undefined;
    const index = this.#counts[direction]++;
    const planned = this.#plans[direction].next(message);
    const { fault } = planned;
    if (fault === undefined || !this.#mayHit(value, direction)) return { ...planned, fault: undefined };
    const { method, id } = (message ?? {}) as { method?: string; id?: RequestId };
    this.#faults.push({
      fault,
      direction,
      index,
      at,
      ...(method !== undefined && { method }),
      ...(id !== undefined && { id }),
    });
    return planned;
  }

  #mayHit(message: unknown, direction: Direction | 'opening'): boolean {
    return this.#options.only?.(message, direction) !== false;
  }
}
