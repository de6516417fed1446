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
  full: 'The recording ended because it reached its limit',
  slow: 'The recording ended because the disk does not keep up',
  failed: 'The recording ended because writing failed',
};

/** The destination of the lines. */
interface Lines {
  add(line: string): void;
  flush(): Promise<void> | undefined;
}

/** A recording with one line of JSON for each entry. */
export class LineRecording implements RecordingSink {
  readonly #lines: Lines;
  readonly #redaction: Redaction | undefined;

  /**
   * @param isSecret whether a text contains a secret that was sent to the server
   * @param report called once when the recording ends early, and each time a function of the user throws
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
