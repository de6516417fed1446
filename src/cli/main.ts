import { CommanderError } from 'commander';

import type { CommandContext } from './command-context.js';
import { CommandError, EXIT, exitCodeOf } from './exit-codes.js';
import { Interrupt } from './interrupt.js';
import { printError } from './output/print-error.js';
import { programFor } from './program.js';
import { Terminal } from './terminal.js';

/** Runs the command line of this process, and ends the process with the exit code. */
export async function main(): Promise<void> {
  const { env } = process;
  const terminal = new Terminal(process, env);
  const interrupt = new Interrupt((code) => process.exit(code));
  const words = process.argv.slice(2);
  // Everything after "--" is the command line of a server, so commander does not see it.
  const isCompletion = words[0] === 'complete';
  const at = isCompletion ? -1 : words.indexOf('--');
  const own = at === -1 ? words : words.slice(0, at);
  const context: CommandContext = {
    terminal,
    env,
    cwd: process.cwd(),
    interrupt,
    serverCommand: at === -1 ? undefined : words.slice(at + 1),
    call: undefined,
  };
  const exitCode = isCompletion ? await completed(words.slice(1), context) : await run(own, context);
  await terminal.drained();
  // An error in a server's process, or a socket that a server keeps open, must not keep the command alive.
  process.exit(exitCode);
}

async function run(words: readonly string[], context: CommandContext): Promise<number> {
  const json = words.includes('--json');
  try {
    let exitCode: number = EXIT.done;
    const program = programFor(context, (code) => {
      exitCode = code;
    });
    if (words.length === 0) {
      // On stderr, because it is not what a script asked for.
      program.configureOutput({ writeErr: (text) => context.terminal.problem(text.trimEnd()) });
      program.outputHelp({ error: true });
      return EXIT.usage;
    }
    await program.parseAsync(words, { from: 'user' });
    await context.terminal.written();
    return exitCode;
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return EXIT.done;
    const error = thrown instanceof CommanderError ? usageError(thrown, words) : thrown;
    printError(context, error, json);
    return exitCodeOf(error, context.call);
  }
}

/** The words of another command are not flags of this one, so commander does not see them. */
async function completed(words: readonly string[], context: CommandContext): Promise<number> {
  const { complete } = await import('./completion/complete.js');
  return complete(context, words);
}

/** What users of other programs type, and the command for it. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  add: 'config add <name> <url>',
  import: 'config import <program>',
  ls: 'list',
  remove: 'config remove <name>',
  rm: 'config remove <name>',
  run: 'call <target> <tool>',
  servers: 'list',
  show: 'config show <name>',
  tools: 'list <target>',
  resources: 'list <target> --resources',
  prompts: 'list <target> --prompts',
  trust: 'config trust <name>',
};

function usageError({ message, code }: CommanderError, words: readonly string[]): CommandError {
  // The value of an unknown flag may be a secret: `--heade=Authorization: …`.
  const shown = message.replace(/^error: /, '').replace(/^(unknown option '[^=]*)=[\s\S]*'/, "$1'");
  const [first = '', guess = ''] = shown.split('\n');
  const text = first.charAt(0).toUpperCase() + first.slice(1);
  const [, unknown = ''] = /^unknown (?:command|option) '([^']*)'/.exec(text.toLowerCase()) ?? [];
  const other = Object.hasOwn(OTHER_NAMES, unknown) ? OTHER_NAMES[unknown] : undefined;
  if (other !== undefined)
    return new CommandError(`${first}.`.replace(/^u/, 'U'), EXIT.usage, `Use: mcp-actors ${other}`);
  const isArgument = words[0] === 'call' && code === 'commander.unknownOption' && guess === '';
  const hint = isArgument
    ? 'Arguments of the tool have no dashes: key=value. mcp-actors call --help lists the flags.'
    : 'mcp-actors --help lists the commands, mcp-actors <command> --help the flags.';
  return new CommandError(
    `${/[.?!]$/.test(text) ? text : `${text}.`}${guess && ` ${guess.replace(/^\(|\)$/g, '')}`}`,
    EXIT.usage,
    hint,
  );
}
