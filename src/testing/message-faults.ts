import type { JSONRPCMessage } from '../protocol/messages/json-rpc.js';
import { FaultPlan, rateOf } from './fault-plan.js';
import type { FaultRate, PlannedFault, Way } from './fault-plan.js';

/** What can happen to a message. */
const FAULTS = [
  'drop',
  'delay',
  'duplicate',
  'reorder',
  'stall',
  'killBeforeWrite',
  'killAfterWrite',
  'answerLate',
] as const satisfies readonly FaultName[];

/** The name of a fault; `refuse` happens to an attempt to open a link, the others to a message. */
export type FaultName = keyof FaultRates;

type MessageFault = (typeof FAULTS)[number];

/** Faults with their rates. Of all that may happen to a message, one or none does: the rates of one way add up to 1 at most. */
export interface FaultRates {
  /** The message disappears, and nobody is told. */
  readonly drop?: FaultRate;
  /** The message, and what follows it, comes up to `maxDelay` later. */
  readonly delay?: FaultRate;
  /** The message comes twice. */
  readonly duplicate?: FaultRate;
  /** The message comes after the one that follows it, or after `maxDelay` when none does. */
  readonly reorder?: FaultRate;
  /** Nothing passes for `stallTime`. */
  readonly stall?: FaultRate;
  /** The link dies before the message is written: it never arrives, and `send` says `not-sent`. Only to the server. */
  readonly killBeforeWrite?: number;
  /** The link dies after the message was written: it arrives, and its answer does not. Only to the server. */
  readonly killAfterWrite?: number;
  /** The answer comes `lateBy` later, while others pass. Only to the client. */
  readonly answerLate?: number;
  /** An attempt to open a link fails as if no server were there. */
  readonly refuse?: number;
}

const ONLY: { readonly [Name in FaultName]?: Way } = {
  killBeforeWrite: 'to-server',
  killAfterWrite: 'to-server',
  answerLate: 'to-client',
};

/** What happens to the messages of one way, decided by a seed. */
export class MessagePlan {
  readonly #plan: FaultPlan<MessageFault>;

  /** @throws MCPError with code `MCP_INVALID_PARAMS` for rates that are none, or add up to more than 1. */
  constructor(seed: number, way: Way, rates: FaultRates) {
    const rate = (fault: MessageFault): number => ((ONLY[fault] ?? way) === way ? rateOf(rates[fault], way) : 0);
    this.#plan = new FaultPlan(
      seed,
      way,
      FAULTS.map((fault) => [fault, rate(fault)] as const),
    );
  }

  /** The fate of the next message. */
  next(message: JSONRPCMessage | undefined): PlannedFault<MessageFault> {
    const planned = this.#plan.next();
    const fits = planned.fault !== 'answerLate' || isAnswer(message);
    return fits ? planned : { ...planned, fault: undefined };
  }
}

/** Only an answer can be late: what else comes late is delayed. */
function isAnswer(message: JSONRPCMessage | undefined): boolean {
  return message !== undefined && ('result' in message || 'error' in message);
}
