import { access } from 'node:fs/promises';
import path from 'node:path';

import type { CommandContext } from '../command-context.js';
import { CommandError, EXIT } from '../exit-codes.js';
import type { ExitCode } from '../exit-codes.js';

/** Commands that can be recorded: those with one client. */
const RECORDED = ['list', 'call', 'read', 'prompt', 'watch'];

/** Flags of `record`, which stand before the file. */
export interface RecordFlags {
  /** False with `--no-redact`. */
  readonly redact?: boolean | undefined;
}

/**
 * `mcp-actors record <file> <command> …`: runs another command while all messages are recorded. The file comes first, so that everything after it
 * is the other command exactly as it is written without `record`.
 * @param run runs the words of a command
 */
export async function record(
  context: CommandContext,
  [file, ...words]: readonly string[],
  { redact }: RecordFlags,
  run: (words: readonly string[]) => Promise<ExitCode>,
): Promise<ExitCode> {
  const [name] = words;
  const hint = 'For example: mcp-actors record session.ndjson call <target> <tool> key=value';
  if (file === undefined) throw new CommandError('Record into which file?', undefined, hint);
  if (name === undefined || !RECORDED.includes(name))
    throw new CommandError(
      `After the file there must be a command with one server: ${RECORDED.join(', ')}.`,
      undefined,
      hint,
    );
  const target = path.resolve(context.cwd, file);
  try {
    await access(path.dirname(target));
  } catch {
    throw new CommandError(`The folder of ${file} does not exist, or cannot be used.`);
  }
  if (redact === false)
    context.terminal.note('warning: the recording contains secrets: arguments, results and texts. Do not share it.');
  const recording = { file: target, redact: redact !== false, used: false };
  context.recording = recording;
  try {
    return await run(words);
  } finally {
    if (recording.used) context.terminal.note(`Recorded in ${file}. Show it with: mcp-actors replay ${file}`);
  }
}

/** The option `record` of the client of a command; undefined if the command is not recorded. */
export function recordOption({
  recording,
}: CommandContext): { readonly file: string; readonly redact: boolean } | undefined {
  if (recording === undefined) return undefined;
  if (recording.used)
    throw new CommandError(
      'A recording has one server, and this command uses several.',
      EXIT.usage,
      'Name one of them.',
    );
  recording.used = true;
  const { file, redact } = recording;
  return { file, redact };
}
