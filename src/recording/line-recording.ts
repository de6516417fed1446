import { entryLine, headerLine } from './recording-lines.js';
import type { RecordedEntry, RecordingHeader, RecordingSink } from './recorded-events.js';
import { failure } from '../util/failure.js';
import type { Failure } from '../util/failure.js';
import { Redaction } from '../diagnostics/redaction.js';
import { notifyUserFunction } from '../util/user-function.js';
import { LineFile } from './line-file.js';
import type { LineFileEnd } from './line-file.js';
import type { ResolvedRecordOptions } from './record-options.js';

const MESSAGES: Readonly<Record<LineFileEnd, string>> = {
  full: 'The recording ended because it has reached its limit',
  slow: 'The recording ended because the disk does not keep up',
  failed: 'The recording ended because it could not be written',
};

/** Where lines go. */
interface Lines {
  add(line: string): void;
  flush(): Promise<void> | undefined;
}

/** A recording with a line of JSON for each entry. */
export class LineRecording implements RecordingSink {
  readonly #lines: Lines;
  readonly #redaction: Redaction | undefined;

  /**
   * @param isSecret whether a text has something in it that was sent to the server and may not be shown
   * @param report hears once when nothing more is recorded, and whenever a function of the user throws
   */
  constructor(
    { to, redact, limit }: ResolvedRecordOptions,
    isSecret: (text: string) => boolean,
    report: (problem: Failure) => void,
  ) {
    this.#redaction = redact ? new Redaction({ isSecret }) : undefined;
    this.#lines = typeof to === 'string' ? fileOf(to, limit, report) : functionOf(to, report);
  }

  begin(header: RecordingHeader): void {
    this.#lines.add(headerLine(header, this.#redaction));
  }

  write(entry: RecordedEntry): void {
    this.#lines.add(entryLine(entry, this.#redaction));
  }

  flush(): Promise<void> | undefined {
    return this.#lines.flush();
  }
}

function fileOf(file: string, limit: number, report: (problem: Failure) => void): Lines {
  return new LineFile(file, limit, (why, cause) => {
    report(failure('connection', 'MCP_RECORDING_ENDED', MESSAGES[why], { details: { why, file, limit }, cause }));
  });
}

function functionOf(write: (line: string) => void, report: (problem: Failure) => void): Lines {
  return {
    add: (line) => {
      notifyUserFunction('record', write, line, report);
    },
    flush: () => undefined,
  };
}
