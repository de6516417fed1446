import type { Failure } from '../../util/failure.js';

/**
 * A promise that is settled from outside and runs its handlers synchronously, instead of in a microtask. A replay uses it to repeat events
 * at exactly the recorded point.
 */
export class Settleable<Value> {
  readonly #handlers: (() => void)[] = [];
  #settled: { readonly value: Value } | { readonly reason: Failure } | undefined;

  /** The same object, with the type of a promise. */
  get promise(): Promise<Value> {
    return this as unknown as Promise<Value>;
  }

  resolve(value: Value): void {
    this.#settle({ value });
  }

  reject(reason: Failure): void {
    this.#settle({ reason });
  }

  then<Next, Other>(
    kept?: ((value: Value) => Next) | null,
    broken?: ((reason: unknown) => Other) | null,
  ): Promise<Next | Other | Value> {
    return new Promise((resolve, reject) => {
      const handle = (): void => {
        try {
          if (this.#settled === undefined) return;
          if ('value' in this.#settled) resolve(kept ? kept(this.#settled.value) : this.#settled.value);
          else if (broken) resolve(broken(this.#settled.reason));
          else reject(this.#settled.reason);
        } catch (thrown) {
          const error: Error = thrown as Error;
          reject(error);
        }
      };
      if (this.#settled === undefined) this.#handlers.push(handle);
      else queueMicrotask(handle);
    });
  }

  catch<Other>(broken?: ((reason: unknown) => Other) | null): Promise<Value | Other> {
    return this.then(undefined, broken);
  }

  #settle(settled: { readonly value: Value } | { readonly reason: Failure }): void {
    if (this.#settled !== undefined) return;
    this.#settled = settled;
    for (const handle of this.#handlers.splice(0)) handle();
  }
}
