import type { FailureCode } from '../util/failure.js';

/** The fields of a failure, or of an error, that select a hint. */
export interface Hintable {
  readonly code: string;
  readonly message: string;
  readonly errorCode?: number | undefined;
  readonly details?: Readonly<Record<string, unknown>> | undefined;
}

/** The circumstances of a failure, if known. */
export interface Circumstances {
  /** The state in which the connection failed. */
  readonly state?: string | undefined;
  /** Whether the server process wrote a line to stdout that is not JSON. */
  readonly noise?: boolean | undefined;
}

/** Selects a hint for a failure. */
export type Finder = (failure: Hintable, about: Circumstances) => string | undefined;

/** A hint, or a function that selects one, for codes of failures. Codes without an entry have messages that suffice. */
export type HintTable = Readonly<Partial<Record<FailureCode, string | Finder>>>;
