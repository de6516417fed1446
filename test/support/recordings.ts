import { parseRecording, replay } from '../../src/testing/index.js';
import type { Recording, ReplayReport } from '../../src/testing/index.js';

/** Takes the lines of a recording: `record: { write: lines.write }`. */
export class RecordedLines {
  readonly lines: string[] = [];
  readonly write = (line: string): void => {
    this.lines.push(line);
  };

  get text(): string {
    return `${this.lines.join('\n')}\n`;
  }

  read(): Recording {
    return parseRecording(this.text);
  }
}

const ONLOOKER = { inspect: () => undefined, tap: () => undefined, redact: false };

/** Replays a recording that must go as it went, also while somebody looks on. */
export async function replayed(recording: Recording | string): Promise<ReplayReport> {
  const report = await replay(recording);
  expect(report.divergence).toBeUndefined();
  expect(await replay(recording, { inspect: ONLOOKER })).toEqual(report);
  return report;
}
