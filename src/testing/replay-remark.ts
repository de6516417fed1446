import type { Recording } from './recording-reader.js';
import type { RecordedEvent, RecordedEntry } from '../recording/recorded-events.js';

/** Where a replay went another way than the recording. */
export interface Divergence {
  /** The line of the file, from 1. */
  readonly line: number;
  /** What the recording has there; undefined when it is over. */
  readonly expected: RecordedEntry | undefined;
  /** What happened instead; undefined when nothing did. */
  readonly happened: RecordedEvent | undefined;
}

const CUTS: Readonly<Record<NonNullable<Recording['cut']>, string>> = {
  full: 'it had reached its limit',
  slow: 'the disk failed or did not keep up',
  torn: 'its last line is not whole',
};

/**
 * Says in words why what was replayed is not the whole of a session, if it is not.
 * @param path where the chart of the connection was at last
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
