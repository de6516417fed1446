import { readFile } from 'node:fs/promises';
import { parseLine } from '../machines/recording-lines.js';
import type { RecordedEntry, RecordingHeader } from '../machines/recording.js';

/** A recording that was read. */
export interface Recording {
  readonly header: RecordingHeader;
  /** What happened, in order. The line of an entry in the file is its index plus 2. */
  readonly entries: readonly RecordedEntry[];
  /** Why nothing more was recorded, if it did not end in good order: its limit, the disk, or the end of the program in mid-sentence. */
  readonly cut: 'full' | 'slow' | 'torn' | undefined;
}

/**
 * Reads a recording that the option `record` wrote. A last line that was not finished is left out.
 * @throws Error when the file cannot be read, is no recording, has a line that is no entry, or is one of a later version.
 */
export async function readRecording(file: string): Promise<Recording> {
  return parseRecording(await readFile(file, 'utf8'));
}

/** The same from text. */
export function parseRecording(text: string): Recording {
  const lines = text.split('\n');
  const torn = lines.pop() !== '';
  const [first, ...rest] = lines.map(readLine);
  const { format, version, transport, policy } = (first ?? {}) as Partial<RecordingHeader>;
  if (format !== 'mcp-actors-recording') throw new Error('This is not a recording: the first line must say so');
  if (version !== 1) throw new Error(`A recording of version ${String(version)}; this package reads version 1`);
  if (typeof transport?.framing !== 'string' || typeof policy !== 'object') {
    throw new Error('The first line of the recording does not say of what the connection was made');
  }
  const wrong = rest.findIndex((entry) => !isEntry(entry));
  if (wrong !== -1) throw new Error(`Line ${wrong + 2} of the recording is no entry: it needs "type" and "at"`);
  const last = rest.at(-1) as { type?: unknown; why?: 'full' | 'slow' } | undefined;
  const ended = last?.type === 'end';
  return {
    header: first as RecordingHeader,
    entries: (ended ? rest.slice(0, -1) : rest) as RecordedEntry[],
    cut: ended ? last.why : torn ? 'torn' : undefined,
  };
}

function isEntry(entry: unknown): boolean {
  const { type, at } = (entry ?? {}) as { type?: unknown; at?: unknown };
  return type === 'end' || (typeof type === 'string' && typeof at === 'number');
}

function readLine(line: string, index: number): unknown {
  try {
    return parseLine(line);
  } catch {
    throw new Error(`Line ${index + 1} of the recording is not JSON`);
  }
}
