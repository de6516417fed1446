import type { CommandContext } from '../command-context.js';
import { SCRIPTS, SHELLS } from '../completion/shells.js';
import { CommandError, EXIT } from '../exit-codes.js';
import type { ExitCode } from '../exit-codes.js';
import { didYouMean } from '../../util/did-you-mean.js';
import { oneLine } from '../terminal.js';

/** `mcp-actors completion bash|zsh|fish|powershell`: prints the script of a shell. */
export async function completion({ terminal }: CommandContext, words: readonly string[]): Promise<ExitCode> {
  const [word = '', ...others] = words;
  const shell = SHELLS.find((one) => one === word);
  if (shell === undefined || others.length > 0)
    throw new CommandError(
      `Which shell? completion takes one of ${SHELLS.join(', ')}.${word === '' ? '' : didYouMean(oneLine(word, 60), SHELLS)}`,
    );
  terminal.raw(SCRIPTS[shell]);
  return EXIT.done;
}
