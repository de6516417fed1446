import { MCPError } from '../errors.js';
import type { JSONRPCMessage } from '../protocol/json-rpc.js';
import { seededRandom } from './random.js';

/** The way that a message goes. */
export type Way = 'to-server' | 'to-client';

/** What can happen to a message. */
export const FAULTS = [
  'drop',
  'delay',
  'duplicate',
  'reorder',
  'stall',
  'killBeforeWrite',
  'killAfterWrite',
  'answerLate',
] as const;

/** The name of a fault; `refuse` happens to an attempt to open a link, the others to a message. */
export type FaultName = (typeof FAULTS)[number] | 'refuse';

/** How often a fault happens: the probability for each message, in [0, 1]; one for both ways, or one for each. Default 0. */
export type FaultRate = number | { readonly [W in Way]?: number };

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

/** What will happen to one message, and how long it takes, as a share of the longest, in [0, 1). */
export interface PlannedFault {
  readonly fault: FaultName | undefined;
  readonly share: number;
}

const ONLY: { readonly [Name in FaultName]?: Way } = {
  killBeforeWrite: 'to-server',
  killAfterWrite: 'to-server',
  answerLate: 'to-client',
};

const SALT: Readonly<Record<Way | 'opening', number>> = { 'to-server': 1, 'to-client': 2, opening: 3 };

/**
 * What happens to the messages of one way, decided by a seed: the fate of the n-th message depends on the seed, the way and n, and on
 * nothing that takes time.
 */
export class FaultPlan {
  readonly #rates: readonly (readonly [FaultName, number])[];
  readonly #random: () => number;

  /** @throws MCPError with code `MCP_INVALID_PARAMS` for rates that are none. */
  constructor(seed: number, way: Way, rates: FaultRates) {
    this.#rates = FAULTS.map((fault) => [fault, rateOf(rates, fault, way)]);
    const sum = this.#rates.reduce((total, [, rate]) => total + rate, 0);
    if (sum > 1 + 1e-9) throw invalidRate(`rates ${way}`, 'at most 1 together', sum);
    this.#random = seededRandom(Math.imul(seed, 4) + SALT[way]);
  }

  /** The fate of the next message. */
  next(message: JSONRPCMessage | undefined): PlannedFault {
    let left = this.#random();
    const share = this.#random();
    for (const [fault, rate] of this.#rates) {
      if (left < rate) return { fault: fits(fault, message) ? fault : undefined, share };
      left -= rate;
    }
    return { fault: undefined, share };
  }
}

/** Which attempts to open a link are refused, decided by a seed. */
export function refusals(seed: number, rates: FaultRates): () => boolean {
  const rate = checked('refuse', rates.refuse ?? 0);
  const random = seededRandom(Math.imul(seed, 4) + SALT.opening);
  return () => random() < rate;
}

/** Only an answer can be late: what else comes late is delayed. */
function fits(fault: FaultName, message: JSONRPCMessage | undefined): boolean {
  return fault !== 'answerLate' || (message !== undefined && ('result' in message || 'error' in message));
}

function rateOf(rates: FaultRates, fault: Exclude<FaultName, 'refuse'>, way: Way): number {
  const only = ONLY[fault];
  if (only !== undefined && only !== way) return 0;
  const rate = rates[fault] ?? 0;
  return checked(fault, typeof rate === 'number' ? rate : (rate[way] ?? 0));
}

function checked(name: string, rate: number): number {
  if (rate >= 0 && rate <= 1) return rate;
  throw invalidRate(name, 'a probability in [0, 1]', rate);
}

function invalidRate(name: string, expected: string, received: number): MCPError {
  return new MCPError(`Invalid ${name}: expected ${expected}, got ${received}`, {
    code: 'MCP_INVALID_PARAMS',
    delivery: 'not-sent',
    details: { name, expected, received },
  });
}
