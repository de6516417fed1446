import { onAbort } from '../util/on-abort.js';

interface Watched {
  readonly forget: () => void;
  /** The calls that have it and are not over. */
  calls: number;
}

/** What is written down about the signal of a call. */
export interface SignalMark {
  /** Each signal has a number. */
  readonly signal?: number;
  /** It was aborted before the call was made. */
  readonly aborted?: true;
}

/** Numbers the signals of calls and tells when one is aborted that belongs to a call which is not over. */
export class SignalWatch {
  readonly #numbers = new WeakMap<AbortSignal, number>();
  readonly #watched = new Map<AbortSignal, Watched>();
  readonly #aborted: (signal: number) => void;
  #last = 0;

  constructor(aborted: (signal: number) => void) {
    this.#aborted = aborted;
  }

  /** Watches the signal of a call, before anybody else does, until it is to be forgotten because the call is over. */
  watch(signal: AbortSignal | undefined): { readonly mark: SignalMark; readonly forget?: () => void } {
    if (signal === undefined) return { mark: {} };
    const number = this.#numberOf(signal);
    if (signal.aborted) return { mark: { signal: number, aborted: true } };
    const watched = this.#watched.get(signal) ?? this.#listen(signal, number);
    watched.calls += 1;
    const forget = (): void => {
      watched.calls -= 1;
      if (watched.calls > 0) return;
      this.#watched.delete(signal);
      watched.forget();
    };
    return { mark: { signal: number }, forget };
  }

  #listen(signal: AbortSignal, number: number): Watched {
    const forget = onAbort(signal, () => {
      this.#aborted(number);
    });
    const watched = { forget, calls: 0 };
    this.#watched.set(signal, watched);
    return watched;
  }

  #numberOf(signal: AbortSignal): number {
    const known = this.#numbers.get(signal);
    if (known !== undefined) return known;
    this.#last += 1;
    this.#numbers.set(signal, this.#last);
    return this.#last;
  }
}
