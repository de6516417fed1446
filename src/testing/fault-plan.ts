import type { MCPError } from '../errors.js';
import { invalidOption } from '../option-checks.js';
import { seededRandom } from './random.js';

/** The direction of a message or of bytes. */
export type Direction = 'to-server' | 'to-client';

/** The probability of a fault for each message, in [0, 1]: one for both directions, or one for each. Default 0. */
export type FaultRate = number | { readonly [D in Direction]?: number };

/** The fault of one message, request or piece of bytes, and its strength as a share of the maximum, in [0, 1). */
export interface PlannedFault<Name extends string> {
  readonly fault: Name | undefined;
  readonly share: number;
}

/** Makes the random numbers of the plans independent of each other. */
const SALT = { requests: 0, 'to-server': 1, 'to-client': 2, opening: 3 } as const;

/**
 * Chooses faults by a seed. The n-th choice depends only on the seed, the kind, the rates and n, and not on the timing. Each choice is one
 * fault or none.
 */
export class FaultPlan<Name extends string> {
  readonly #rates: readonly (readonly [Name, number])[];
  readonly #random: () => number;

  /** @throws MCPError with code `MCP_INVALID_PARAMS` for an invalid rate, or if the sum of the rates is more than 1. */
  constructor(seed: number, kind: keyof typeof SALT, rates: readonly (readonly [Name, number])[]) {
    const sum = rates.reduce((total, [name, rate]) => total + checkedRate(name, rate), 0);
    if (sum > 1 + 1e-9) throw invalidRate(`rates ${kind}`, 'a sum of at most 1', sum);
    this.#rates = rates;
    this.#random = seededRandom(Math.imul(seed, 4) + SALT[kind]);
  }

  /** Chooses the next fault. */
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

/** Chooses by a seed which attempts to connect are refused. */
export function refusals(seed: number, rate = 0): () => boolean {
  checkedRate('refuse', rate);
  const random = seededRandom(Math.imul(seed, 4) + SALT.opening);
  return () => random() < rate;
}

/** The rate for one direction. */
export function rateOf(rate: FaultRate | undefined, direction: Direction): number {
  return typeof rate === 'object' ? (rate[direction] ?? 0) : (rate ?? 0);
}

function checkedRate(name: string, rate: number): number {
  if (rate >= 0 && rate <= 1) return rate;
  throw invalidRate(name, 'a probability in [0, 1]', rate);
}

function invalidRate(name: string, expected: string, received: number): MCPError {
  return invalidOption(name, expected, received);
}
