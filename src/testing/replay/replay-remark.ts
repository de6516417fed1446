import type { Recording } from '../recording-reader.js';
import type { RecordedEvent, RecordedEntry } from '../../recording/recorded-events.js';

/** The first difference between a replay and its recording. */
export interface Divergence {
  /** The line of the file, counted from 1. */
  readonly line: number;
  /** The recorded entry; undefined after the end of the recording. */
  readonly expected: RecordedEntry | undefined;
  /** The input or output in the replay; undefined if there was none. */
  readonly happened: RecordedEvent | undefined;
}

const CUTS: Readonly<Record<NonNullable<Recording['cut']>, string>> = {
  full: 'it reached its limit',
  slow: 'the disk failed or did not keep up',
  torn: 'its last line is incomplete',
};

/**
 * Explains why a replay is not a complete session. Undefined for a complete one.
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
    return `The replay diverged at line ${line}: the recording has ${before}, the replay has ${now}`;
  }
  if (cut !== undefined) return `The recording was cut off: ${CUTS[cut]}`;
  if (path?.startsWith('closed.') !== true) return 'The recording ends before the connection was closed';
  return undefined;
}
