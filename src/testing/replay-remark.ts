import type { Recording } from './recording-reader.js';
import type { RecordedEvent, RecordedEntry } from '../recording/recorded-events.js';

/** The first difference between a replay and its recording. */
export interface Divergence {
  /** The line of the file, from 1. */
  readonly line: number;
  /** The entry of the recording; undefined at its end. */
  readonly expected: RecordedEntry | undefined;
  /** The event of the replay; undefined if nothing happened. */
  readonly happened: RecordedEvent | undefined;
}

const CUTS: Readonly<Record<NonNullable<Recording['cut']>, string>> = {
  full: 'it had reached its limit',
  slow: 'the disk failed or did not keep up',
  torn: 'its last line is not whole',
};

/**
 * Describes why the replay is not a complete session; undefined if it is.
 * @param path the last state of the connection's chart
 */
export function describeEnd(
  { cut }: Recording,
  divergence: Divergence | undefined,
  path: string | undefined,
): string | undefined {
  if (divergence !== undefined) {
    const { line, expected, happened } = divergence;
    const [before, now] = [expected, happened].map((one) => (one === undefined ? 'nothing' : `"${one.type}"`));
    return `The replay went another way at line ${line}: there was ${before}, and now there is ${now}`;
  }
  if (cut !== undefined) return `The recording was cut off: ${CUTS[cut]}`;
  if (path?.startsWith('closed.') !== true) return 'The recording ends before the session does';
  return undefined;
}
