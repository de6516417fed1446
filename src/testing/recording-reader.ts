import { readFile } from 'node:fs/promises';
import { parseLine } from '../recording/recording-lines.js';
import type { RecordedEntry, RecordingHeader } from '../recording/recorded-events.js';
import { checkEntry, checkHeader, refuse } from './recording-checks.js';

/** A recording that was read. */
export interface Recording {
  readonly header: RecordingHeader;
  /** What happened, in order. The line of an entry in the file is its index plus 2. */
  readonly entries: readonly RecordedEntry[];
  /** Why nothing more was recorded, if it did not end in good order: its limit, the disk, or the end of the program in mid-sentence. */
  readonly cut: 'full' | 'slow' | 'torn' | undefined;
}

/** Lines of a recording. One that is made with the default `limit` has fewer. */
const MOST_LINES = 10_000_000;

/**
 * Reads a recording that the option `record` wrote. A last line that was not finished is left out.
 * @throws what reading the file throws, and what {@link parseRecording} throws.
 */
export async function readRecording(file: string): Promise<Recording> {
  return parseRecording(await readFile(file, 'utf8'));
}

/**
 * The same from text. Each line is checked: a recording may come from anybody.
 * @throws MCPError with code `MCP_INVALID_PARAMS` for what is no recording, or one of a later version; for a line that is no entry it names
 * the line, the field and its value.
 */
export function parseRecording(text: string): Recording {
  const lines = text.split('\n', MOST_LINES + 1);
  if (lines.length > MOST_LINES) refuse(`The recording has more than ${MOST_LINES} lines`);
  const torn = lines.pop() !== '';
  const [header, ...entries] = lines.map(readLine);
  const last = entries.at(-1) as { type?: unknown; why?: unknown } | null | undefined;
  const ended = last?.type === 'end';
  if (ended) entries.pop();
  const cut = torn ? 'torn' : undefined;
  const recording = { header, entries, cut: ended ? (last.why === 'slow' ? 'slow' : 'full') : cut };
  checkRecording(recording);
  return recording as Recording;
}

/**
 * Checks all lines of a recording that was read, or made in another way.
 * @throws what {@link parseRecording} throws.
 */
export function checkRecording(recording: { readonly header: unknown; readonly entries: readonly unknown[] }): void {
  checkHeader(recording.header);
  for (const [index, entry] of recording.entries.entries()) checkEntry(entry, index + 2);
}

function readLine(line: string, index: number): unknown {
  try {
    return parseLine(line);
  } catch (thrown) {
    const what = thrown instanceof RangeError ? 'nested too deeply' : 'not JSON';
    return refuse(`Line ${index + 1} of the recording is ${what}`, { line: index + 1 });
  }
}
