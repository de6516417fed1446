import type { MCPError } from '../errors.js';
import { invalidOption } from '../option-checks.js';
import { seededRandom } from './random.js';

/** The direction of a message or of bytes. */
export type Way = 'to-server' | 'to-client';

/** How often a fault happens: the probability for each message, in [0, 1]; one for both ways, or one for each. Default 0. */
export type FaultRate = number | { readonly [W in Way]?: number };

/** The fault of one message or request, and its size as a share of the maximum, in [0, 1). */
export interface PlannedFault<Name extends string> {
  readonly fault: Name | undefined;
  readonly share: number;
}

/** Makes the plans of one seed independent of each other. */
const SALT = { requests: 0, 'to-server': 1, 'to-client': 2, opening: 3 } as const;

/**
 * The faults of one kind of messages or requests. The fault of the n-th one depends only on the seed, the kind and n. At most one fault
 * hits each of them.
 */
export class FaultPlan<Name extends string> {
  readonly #rates: readonly (readonly [Name, number])[];
  readonly #random: () => number;

  /** @throws MCPError with code `MCP_INVALID_PARAMS` for invalid rates, and for rates that add up to more than 1. */
  constructor(seed: number, kind: keyof typeof SALT, rates: readonly (readonly [Name, number])[]) {
    const sum = rates.reduce((total, [name, rate]) => total + checkedRate(name, rate), 0);
    if (sum > 1 + 1e-9) throw invalidRate(`rates ${kind}`, 'at most 1 together', sum);
    this.#rates = rates;
    this.#random = seededRandom(Math.imul(seed, 4) + SALT[kind]);
  }

  /** The fault of the next one. */
  next(): PlannedFault<Name> {
    let left = this.#random();
    const share = this.#random();
    for (const [fault, rate] of this.#rates) {
      if (left < rate) return { fault, share };
      left -= rate;
    }
    return { fault: undefined, share };
  }
}

/** Returns for each attempt to open a connection whether it is refused. */
export function refusals(seed: number, rate = 0): () => boolean {
  checkedRate('refuse', rate);
  const random = seededRandom(Math.imul(seed, 4) + SALT.opening);
  return () => random() < rate;
}

/** The rate of one direction. */
export function rateOf(rate: FaultRate | undefined, way: Way): number {
  return typeof rate === 'object' ? (rate[way] ?? 0) : (rate ?? 0);
}

function checkedRate(name: string, rate: number): number {
  if (rate >= 0 && rate <= 1) return rate;
  throw invalidRate(name, 'a probability in [0, 1]', rate);
}

function invalidRate(name: string, expected: string, received: number): MCPError {
  return invalidOption(name, expected, received);
}
