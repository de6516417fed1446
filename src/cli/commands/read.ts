import type { CommandContext } from '../command-context.js';
import { CommandError, EXIT } from '../exit-codes.js';
import type { ExitCode } from '../exit-codes.js';
import { shownContents } from '../output/content.js';
import { printNdjson } from '../output/print-events.js';
import { checkOutput, outputOf, printBlocks, printJson, printRaw } from '../output/print-result.js';
import type { OutputFlags } from '../output/print-result.js';
import { findTarget, splitWords } from '../target.js';
import { requestOptions, withClient } from '../with-client.js';
import type { ClientFlags } from '../with-client.js';

/** `mcp-actors read <target> <uri>`. */
export async function read(
  context: CommandContext,
  words: readonly string[],
  flags: ClientFlags & OutputFlags,
): Promise<ExitCode> {
  const [first, second, ...others] = words;
  // A URI contains dots, so "server.item" in one word is not taken apart here.
  const {
    target: word,
    item: uri,
    rest,
  } = context.serverCommand === undefined ? { target: first, item: second, rest: others } : splitWords(words, context);
  const target = await findTarget(word, flags, context);
  await checkOutput(flags);
  if (uri === undefined)
    throw new CommandError(`Which resource? List them with: mcp-actors list ${word ?? '-- …'} --resources`);
  if (rest.length > 0) throw new CommandError('read takes one URI.');
  return withClient(target, flags, context, async (client) => {
    const result = await client.readResource(uri, requestOptions(flags, context));
    const { terminal } = context;
    context.call = { repeatable: true, answered: true };
    const blocks = result.contents.map(shownContents);
    switch (outputOf(flags)) {
      case 'json':
        printJson(terminal, result);
        break;
      case 'ndjson':
        printNdjson(terminal, 'result', { result });
        break;
      case 'raw':
        printRaw(terminal, blocks);
        break;
      default:
        await printBlocks(terminal, blocks, flags, uri.split('/').at(-1) ?? uri);
    }
    return EXIT.done;
  });
}
