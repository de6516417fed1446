import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '../../src/testing/random.js';

/** Something that is tried with input that a seed decides. */
export interface Fuzzer {
  readonly name: string;
  /** One run. Resolves with what went wrong, as sentences; a rejection is something that went wrong, too. */
  readonly one: (seed: number) => Promise<string[]>;
}

/** Choices that a seed decides. */
export class Dice {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  /** An integer from 0 to `below` - 1. */
  number(below: number): number {
    return Math.floor(this.#random() * below);
  }

  /** True in so many of a hundred cases. */
  chance(percent: number): boolean {
    return this.#random() * 100 < percent;
  }

  pick<Value>(values: readonly Value[]): Value {
    return values[this.number(values.length)] as Value;
  }
}

/** Milliseconds after which a run is taken to hang. */
const PATIENCE = 20_000;

/** Runs seeds one after the other, `atOnce` at a time, and says for each finding how to see it again. */
export async function fuzz(fuzzer: Fuzzer, seeds: readonly number[], atOnce = 8): Promise<string[]> {
  const findings: string[] = [];
  const escaped: string[] = [];
  const onRejection = (reason: unknown): void => void escaped.push(`unhandled rejection: ${describe(reason)}`);
  const onException = (thrown: unknown): void => void escaped.push(`uncaught exception: ${describe(thrown)}`);
  process.on('unhandledRejection', onRejection);
  process.on('uncaughtException', onException);
  const waiting = [...seeds];
  const work = async (): Promise<void> => {
    for (let seed = waiting.shift(); seed !== undefined; seed = waiting.shift()) {
      const found = [...(await foundBy(fuzzer, seed)), ...escaped.splice(0)];
      findings.push(...found.map((finding) => `${fuzzer.name}, seed ${seed} or a neighbour: ${finding}`));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  await sleep(50);
  process.off('unhandledRejection', onRejection);
  process.off('uncaughtException', onException);
  return [...findings, ...escaped.map((finding) => `${fuzzer.name}, one of the last seeds: ${finding}`)];
}

async function foundBy({ one }: Fuzzer, seed: number): Promise<string[]> {
  const stop = new AbortController();
  const late = sleep(PATIENCE, [`did not end within ${PATIENCE} ms`], { signal: stop.signal }).catch(() => []);
  try {
    return await Promise.race([one(seed), late]);
  } catch (thrown) {
    return [`rejected with ${describe(thrown)}`];
  } finally {
    stop.abort();
  }
}

function describe(thrown: unknown): string {
  return thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
}
