import type { Command } from 'commander';

import type { CommandContext } from '../command-context.js';
import { EXIT } from '../exit-codes.js';
import type { ExitCode } from '../exit-codes.js';
import { programFor } from '../program.js';
import { oneLine } from '../terminal.js';
import { itemCandidates } from './item-candidates.js';
import type { Candidate } from './item-candidates.js';
import { typedWords, wordsOf } from './words.js';
import type { KnownFlag } from './words.js';

/** The most candidates that are printed. */
const MOST_CANDIDATES = 500;
/** How many characters of a description are printed. */
const LONGEST_DESCRIPTION = 80;

/**
 * The hidden command `complete line <text>` or `complete words <word>…`: prints the candidates for the last word, a line each, with a tab before
 * the description. It reads config files and the list cache; it starts no server and connects to nothing. What goes wrong gives no candidates.
 */
export async function complete(context: CommandContext, [form, ...given]: readonly string[]): Promise<ExitCode> {
  const { terminal } = context;
  terminal.configure({ input: false, quiet: true });
  const words = form === 'line' ? wordsOf(given[0] ?? '').slice(1) : given;
  const current = words.at(-1) ?? '';
  const all = await candidates(words.slice(0, -1), current, context).catch(() => []);
  const safe = all.filter(({ value }) => value.startsWith(current) && value === oneLine(value));
  for (const { value, description = '' } of safe.slice(0, MOST_CANDIDATES)) {
    const about = oneLine(description, LONGEST_DESCRIPTION);
    terminal.line(about === '' ? value : `${value}\t${about}`);
  }
  return EXIT.done;
}

async function candidates(
  before: readonly string[],
  current: string,
  context: CommandContext,
): Promise<readonly Candidate[]> {
  // After it there is the command line of a server.
  if (before.includes('--')) return [];
  const program = programFor(context, () => undefined);
  const [name, ...rest] = before;
  if (name === undefined) return [...commandsOf(program), ...flagsOf(program, new Map(), current)];
  const command = program.commands.find((one) => one.name() === name);
  if (command === undefined) return [];
  if (name === 'record') {
    // The file ends the flags of `record`; the rest is another command.
    const file = rest.findIndex((word) => !word.startsWith('-'));
    if (file !== -1) return candidates(rest.slice(file + 1), current, context);
    return flagsOf(command, new Map(), current);
  }
  return ofCommand(command, rest, current, context);
}

async function ofCommand(
  command: Command,
  before: readonly string[],
  current: string,
  context: CommandContext,
): Promise<readonly Candidate[]> {
  const [first, ...rest] = before;
  if (command.commands.length > 0) {
    const inner = command.commands.find((one) => one.name() === first);
    if (inner !== undefined) return ofCommand(inner, rest, current, context);
    if (first === undefined) return [...commandsOf(command), ...flagsOf(command, new Map(), current)];
  }
  const known = command.options.map(({ short, long, required, optional }): KnownFlag => {
    return { names: [short, long].filter((one) => one != null), takesValue: required || optional };
  });
  const { positionals, flags, pending } = typedWords(before, known);
  if (pending !== undefined) return choicesOf(command, pending);
  const [, flag, prefix] = /^(--[\w-]+)(=)/.exec(current) ?? [];
  if (flag !== undefined)
    return choicesOf(command, flag).map(({ value }) => ({ value: `${flag}${prefix ?? ''}${value}` }));
  if (current.startsWith('-')) return flagsOf(command, flags, current);
  return itemCandidates(command.name(), positionals, current, flags, context);
}

function commandsOf(command: Command): readonly Candidate[] {
  return command.commands.map((one) => ({ value: one.name(), description: one.description() }));
}

function flagsOf(command: Command, used: ReadonlyMap<string, unknown>, current: string): readonly Candidate[] {
  if (!current.startsWith('-')) return [];
  const own = command.options.filter(
    ({ hidden, long, description }) => !hidden && (!used.has(long ?? '') || description.includes('repeatable')),
  );
  const flags = own.map(({ long, short, description }) => ({ value: long ?? short ?? '', description }));
  return [...flags, { value: '--help', description: 'display help for command' }];
}

function choicesOf(command: Command, flag: string): readonly Candidate[] {
  const option = command.options.find(({ long }) => long === flag);
  return (option?.argChoices ?? []).map((value) => ({ value }));
}
