import type { RecordOptions, ResolvedRecordOptions } from '../../recording/record-options.js';
import { invalidOption, optionNames, OptionReader, refuseUnknownOptions } from '../../option-checks.js';

/** The default of `limit`, in bytes. */
const DEFAULT_LIMIT = 256 * 1024 * 1024;

const RECORD = optionNames<RecordOptions>({ file: true, write: true, redact: true, limit: true });

/**
 * Checks the option `record`.
 * @throws MCPError with code `MCP_INVALID_PARAMS`
 */
export function recordOptions(given: string | RecordOptions | undefined): ResolvedRecordOptions | undefined {
  if (given === undefined) return undefined;
  const options: Partial<Record<keyof RecordOptions, unknown>> = typeof given === 'string' ? { file: given } : given;
  const { file, write } = typeof options === 'object' && options !== null ? options : {};
  const to = file ?? write;
  const both = file !== undefined && write !== undefined;
  const isTarget = !both && ((typeof file === 'string' && file !== '') || typeof write === 'function');
  if (!isTarget) throw invalidOption('record', 'a file name, or an object with either `file` or `write`', given);
  refuseUnknownOptions('record', options, RECORD, { prefix: 'record.' });
  const read = new OptionReader<RecordOptions>(options as RecordOptions, { prefix: 'record.' });
  return {
    to: to as ResolvedRecordOptions['to'],
    redact: read.flag('redact', true),
    limit: read.count('limit', DEFAULT_LIMIT),
  };
}
