import { readFile } from 'node:fs/promises';
import { parseLine } from '../recording/recording-lines.js';
import type { RecordedEntry, RecordingHeader } from '../recording/recorded-events.js';
import { checkEntry, checkHeader, refuse } from './recording-checks.js';

/** A recording that was read. */
export interface Recording {
  readonly header: RecordingHeader;
  /** The entries in order. The line of an entry in the file is its index plus 2. */
  readonly entries: readonly RecordedEntry[];
  /**
   * Why the recording is incomplete: `full` for its limit, `slow` for a disk that did not keep up, `torn` for an incomplete last line, for
   * instance after a crash. Undefined for a complete recording.
   */
  readonly cut: 'full' | 'slow' | 'torn' | undefined;
}

/** Maximum number of lines. A recording with the default `limit` has fewer. */
const MOST_LINES = 10_000_000;

/**
 * Reads a recording that the option `record` wrote. An incomplete last line is ignored.
 * @throws the errors of reading the file, and those of {@link parseRecording}.
 */
export async function readRecording(file: string): Promise<Recording> {
  return parseRecording(await readFile(file, 'utf8'));
}

/**
 * Parses the text of a recording. Each line is checked, because a recording may come from an untrusted source.
 * @throws MCPError with code `MCP_INVALID_PARAMS` if the text is not a recording, or has another version; for an invalid line the error
 * names the line, the field and its value.
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
 * Checks all lines of a recording.
 * @throws the errors of {@link parseRecording}.
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
