import { onAbort } from '../util/on-abort.js';

interface Watched {
  readonly forget: () => void;
  /** How many running calls use the signal. */
  calls: number;
}

/** The recorded fields of the signal of a call. */
export interface SignalMark {
  /** The number of the signal, from 1. */
  readonly signal?: number;
  /** The signal was aborted before the call. */
  readonly aborted?: true;
}

/** Numbers the signals of calls, and reports when the signal of a running call is aborted. */
export class SignalWatch {
  readonly #numbers = new WeakMap<AbortSignal, number>();
  readonly #watched = new Map<AbortSignal, Watched>();
  readonly #aborted: (signal: number) => void;
  #last = 0;

  constructor(aborted: (signal: number) => void) {
    this.#aborted = aborted;
  }

  /** Watches the signal of a call until `forget` is called. Its listener must be the first, so call it before the call begins. */
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
