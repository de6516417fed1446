import type { JSONRPCMessage } from '../protocol/messages/json-rpc.js';
import { FaultPlan, rateOf } from './fault-plan.js';
import type { FaultRate, PlannedFault, Way } from './fault-plan.js';

/** The faults of messages. */
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

/** Faults with their rates. At most one fault hits a message: the rates of one direction add up to 1 at most. */
export interface FaultRates {
  /** The message is lost without an error. */
  readonly drop?: FaultRate;
  /** The message and later messages arrive up to `maxDelay` later. */
  readonly delay?: FaultRate;
  /** The message arrives twice. */
  readonly duplicate?: FaultRate;
  /** The message arrives after the next one, or after `maxDelay` if there is none. */
  readonly reorder?: FaultRate;
  /** Nothing passes for `stallTime`. */
  readonly stall?: FaultRate;
  /** The link dies before the message is written: it never arrives, and `send` rejects with `not-sent`. Only to the server. */
  readonly killBeforeWrite?: number;
  /** The link dies after the message was written: it arrives, and its response does not. Only to the server. */
  readonly killAfterWrite?: number;
  /** The response arrives `lateBy` later, while others pass. Only to the client. */
  readonly answerLate?: number;
  /** An attempt to open a link fails as if there were no server. */
  readonly refuse?: number;
}

const ONLY: { readonly [Name in FaultName]?: Way } = {
  killBeforeWrite: 'to-server',
  killAfterWrite: 'to-server',
  answerLate: 'to-client',
};

/** The faults of the messages of one direction. */
export class MessagePlan {
  readonly #plan: FaultPlan<MessageFault>;

  /** @throws MCPError with code `MCP_INVALID_PARAMS` for invalid rates, and for rates that add up to more than 1. */
  constructor(seed: number, way: Way, rates: FaultRates) {
    const rate = (fault: MessageFault): number => ((ONLY[fault] ?? way) === way ? rateOf(rates[fault], way) : 0);
    this.#plan = new FaultPlan(
      seed,
      way,
      FAULTS.map((fault) => [fault, rate(fault)] as const),
    );
  }

  /** The fault of the next message. */
  next(message: JSONRPCMessage | undefined): PlannedFault<MessageFault> {
    const planned = this.#plan.next();
    const fits = planned.fault !== 'answerLate' || isAnswer(message);
    return fits ? planned : { ...planned, fault: undefined };
  }
}

/** `answerLate` applies only to responses; `delay` delays other messages. */
function isAnswer(message: JSONRPCMessage | undefined): boolean {
  return message !== undefined && ('result' in message || 'error' in message);
}
