import { optionNames, refuseUnknownOptions } from '../option-checks.js';
import { failure } from '../util/failure.js';
import type { JSONRPCMessage, RequestId } from '../protocol/messages/json-rpc.js';
import { rejectedWith } from '../transports/link.js';
import type { Link, LinkEvents } from '../transports/link.js';
import { MCPTransport } from '../transports/transport.js';
import type { Framing } from '../transports/transport.js';
import { ChaosLink } from './chaos-link.js';
import { refusals } from './fault-plan.js';
import type { PlannedFault, Way } from './fault-plan.js';
import type { LaneTimes } from './lane.js';
import { MessagePlan } from './message-faults.js';
import type { FaultName, FaultRates } from './message-faults.js';

/** Options of {@link chaos}. Times are in milliseconds of the client's environment. */
export interface ChaosOptions extends FaultRates {
  /** Determines all faults. Default 1. */
  readonly seed?: number;
  /** The longest `delay`, and how long a `reorder` waits for another message. Default 100. */
  readonly maxDelay?: number;
  /** How long a `stall` lasts. Default 5 000. */
  readonly stallTime?: number;
  /** The delay of a response by `answerLate`. Default 60 000. */
  readonly lateBy?: number;
  /**
   * Whether a message, or an attempt to open a link (without a message), may be hit. Spared ones are counted, too, so that the others keep
   * their faults. Default: all.
   */
  readonly only?: (message: unknown, way: Way | 'opening') => boolean;
}

/** A fault that happened. */
export interface Fault {
  readonly fault: FaultName;
  /** Undefined for a link that was refused. */
  readonly way: Way | undefined;
  /** Which message of its way it hit, or which attempt to open a link, counted from 0 over all links. */
  readonly index: number;
  /** The time, by the client's environment. */
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
 * Puts faults between a client and a transport. The seed determines the faults: the n-th message of a direction has the same fault in each
 * run. Pass the result to the client instead of the transport.
 * @throws MCPError with code `MCP_INVALID_PARAMS` for unknown options, invalid rates, and rates that add up to more than 1.
 */
export function chaos(transport: MCPTransport, options: ChaosOptions = {}): ChaosTransport {
  return new ChaosTransport(transport, options);
}

/** A transport with faults. */
export class ChaosTransport extends MCPTransport {
  override readonly framing: Framing;
  /** The real transport. */
  readonly inner: MCPTransport;
  /** The faults that happened so far, in order. */
  readonly faults: readonly Fault[];
  readonly #faults: Fault[] = [];
  readonly #options: ChaosOptions;
  readonly #times: LaneTimes;
  readonly #plans: Readonly<Record<Way, MessagePlan>>;
  readonly #counts: Record<Way | 'opening', number> = { 'to-server': 0, 'to-client': 0, opening: 0 };
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

  protected async open(events: LinkEvents, signal: AbortSignal): Promise<Link> {
    const index = this.#counts.opening++;
    if (this.#refuses() && this.#mayHit(undefined, 'opening')) {
      this.#faults.push({ fault: 'refuse', way: undefined, index, at: events.environment.now() });
      const message = 'The connection was refused (chaos)';
      return rejectedWith(failure('transport', 'MCP_TRANSPORT_FAILED', message, { delivery: 'not-sent' }));
    }
    const { inner, framing } = this;
    inner.claim(this);
    const link = new ChaosLink(events, {
      framing,
      times: this.#times,
      plan: (way, message) => this.#plan(way, message, events.environment.now()),
      closeInner: async () => {
        await inner.closeLink();
        inner.unclaim(this);
      },
    });
    try {
      link.attach(await inner.openLink(link.innerEvents, signal));
    } catch (thrown) {
      // An aborted attempt may need some time to end.
      await inner.closeLink();
      inner.unclaim(this);
      throw thrown;
    }
    return link;
  }

  #plan(way: Way, value: unknown, at: number): PlannedFault<FaultName> {
    const message = typeof value === 'object' && value !== null ? (value as JSONRPCMessage) : undefined;
    const index = this.#counts[way]++;
    const planned = this.#plans[way].next(message);
    const { fault } = planned;
    if (fault === undefined || !this.#mayHit(value, way)) return { ...planned, fault: undefined };
    const { method, id } = (message ?? {}) as { method?: string; id?: RequestId };
    this.#faults.push({
      fault,
      way,
      index,
      at,
      ...(method !== undefined && { method }),
      ...(id !== undefined && { id }),
    });
    return planned;
  }

  #mayHit(message: unknown, way: Way | 'opening'): boolean {
    return this.#options.only?.(message, way) !== false;
  }
}
