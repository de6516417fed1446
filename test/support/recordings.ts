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

/** Replays a recording that must go as it went. */
export async function replayed(recording: Recording | string): Promise<ReplayReport> {
  const report = await replay(recording);
  expect(report.divergence).toBeUndefined();
  return report;
}
