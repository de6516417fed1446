import type { JSONRPCMessage } from '../protocol/messages/json-rpc.js';
import { FaultPlan, rateOf } from './fault-plan.js';
import type { FaultRate, PlannedFault, Direction } from './fault-plan.js';

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

/** The name of a fault. `refuse` hits an attempt to open a link, all others hit a message. */
export type FaultName = keyof FaultRates;

type MessageFault = (typeof FAULTS)[number];

/** Faults with their rates. At most one fault hits a message, so the sum of the rates of a direction is at most 1. */
export interface FaultRates {
  /** The message is lost without an error. */
  readonly drop?: FaultRate;
  /** The message and all that follow it are delayed by up to `maxDelay`. */
  readonly delay?: FaultRate;
  /** The message is delivered twice. */
  readonly duplicate?: FaultRate;
  /** The message is delivered after the next one, or after `maxDelay` if there is none. */
  readonly reorder?: FaultRate;
  /** The message and all that follow it are delayed by `stallTime`. */
  readonly stall?: FaultRate;
  /** The link fails before the message is written: it never arrives, and `send` rejects with `not-sent`. Only to the server. */
  readonly killBeforeWrite?: number;
  /** The link fails after the message was written: it arrives, but its response does not. Only to the server. */
  readonly killAfterWrite?: number;
  /** The response is delayed by `lateBy`; other messages are not. Only to the client. */
  readonly answerLate?: number;
  /** An attempt to open a link fails, as without a server. */
  readonly refuse?: number;
}

const ONLY: { readonly [Name in FaultName]?: Direction } = {
  killBeforeWrite: 'to-server',
  killAfterWrite: 'to-server',
  answerLate: 'to-client',
};

/** Chooses the faults of the messages of one direction by a seed. */
export class MessagePlan {
  readonly #plan: FaultPlan<MessageFault>;

  /** @throws the errors of {@link FaultPlan}. */
  constructor(seed: number, direction: Direction, rates: FaultRates) {
    const rate = (fault: MessageFault): number =>
      (ONLY[fault] ?? direction) === direction ? rateOf(rates[fault], direction) : 0;
    this.#plan = new FaultPlan(
      seed,
      direction,
      FAULTS.map((fault) => [fault, rate(fault)] as const),
    );
  }

  /** Chooses the fault of the next message. */
  next(message: JSONRPCMessage | undefined): PlannedFault<MessageFault> {
    const planned = this.#plan.next();
    const fits = planned.fault !== 'answerLate' || isResponse(message);
    return fits ? planned : { ...planned, fault: undefined };
  }
}

function isResponse(message: JSONRPCMessage | undefined): boolean {
  return message !== undefined && ('result' in message || 'error' in message);
}
