import { didYouMean } from '../../util/did-you-mean.js';
import { parseArguments } from '../arguments/parse-arguments.js';
import { parametersOf, signatureOf } from '../arguments/signature.js';
import type { CommandContext } from '../command-context.js';
import { readInput } from '../inputs.js';
import { CommandError, EXIT } from '../exit-codes.js';
import type { ExitCode } from '../exit-codes.js';
import { shownBlock } from '../output/content.js';
import { printNdjson } from '../output/print-events.js';
import { checkOutput, outputOf, printBlocks, printJson } from '../output/print-result.js';
import type { OutputFlags } from '../output/print-result.js';
import { findTarget, splitWords } from '../target.js';
import { oneLine } from '../terminal.js';
import { requestOptions, withClient } from '../with-client.js';
import type { ClientFlags } from '../with-client.js';
import type { MCPPrompt } from '../../protocol/schema/index.js';

/** Flags of `prompt`. */
export interface PromptFlags extends ClientFlags {
  readonly args?: string | undefined;
}

/** `mcp-actors prompt <target> <name> [arguments]`. */
export async function prompt(
  context: CommandContext,
  words: readonly string[],
  flags: PromptFlags & OutputFlags,
): Promise<ExitCode> {
  const { target: word, item, rest } = splitWords(words, context);
  const target = await findTarget(word, flags, context);
  await checkOutput(flags);
  if (item === undefined)
    throw new CommandError(`Which prompt? List them with: mcp-actors list ${word ?? '-- …'} --prompts`);
  return withClient(target, flags, context, async (client) => {
    const isListed = (await client.getCapabilities()).includes('prompts');
    const prompts = isListed ? await client.listPrompts(requestOptions(flags, context)) : [];
    const found = prompts.find(({ name }) => name === item);
    if (found === undefined) {
      const names = prompts.map(({ name }) => name);
      const hint =
        names.length === 0 ? 'The server has no prompts.' : `Its prompts are: ${oneLine(names.join(', '), 500)}`;
      throw new CommandError(
        `The server has no prompt "${oneLine(item, 100)}".${didYouMean(item, names)}`,
        undefined,
        hint,
      );
    }
    const schema = promptSchema(found);
    const called = { signature: signatureOf(found.name, parametersOf(schema)), schema };
    const sources = { read: (file: string) => readInput(context, file) };
    const args = await parseArguments({ words: rest, json: flags.args }, called, sources);
    const texts = Object.fromEntries(
      Object.entries(args).map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)]),
    );
    const result = await client.getPrompt(found.name, texts, requestOptions(flags, context));
    const { terminal } = context;
    context.call = { repeatable: true, answered: true };
    const output = outputOf(flags);
    if (output === 'json') printJson(terminal, result);
    else if (output === 'ndjson') printNdjson(terminal, 'result', { result });
    else {
      for (const { role, content } of result.messages) {
        terminal.line(terminal.style('heading', output === 'markdown' ? `## ${role}` : `${role}:`));
        await printBlocks(terminal, [shownBlock(content)], flags, found.name);
      }
    }
    return EXIT.done;
  });
}

/** The arguments of a prompt as a schema: all of them are texts. */
export function promptSchema({ arguments: list = [] }: MCPPrompt): object {
  return {
    type: 'object',
    properties: Object.fromEntries(list.map(({ name, description }) => [name, { type: 'string', description }])),
    required: list.filter(({ required }) => required === true).map(({ name }) => name),
    additionalProperties: false,
  };
}
