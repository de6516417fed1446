import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';

import type { CommandContext } from './command-context.js';
import { CommandError } from './exit-codes.js';

/** The longest text of an input, in characters: that of a message. */
const LONGEST = 32 * 1_024 * 1_024;
/** After this time without input the command says what it waits for, in ms. */
const NOTICE_AFTER = 1_000;
/** The longest wait for the first input, in ms: a program may have left its end open and never write. */
const LONGEST_WAIT = 30_000;

/**
 * Reads standard input to its end.
 * @throws CommandError if it is a terminal, is too long, or is left open without any input
 */
export async function readStandardInput({
  terminal,
  interrupt,
}: Pick<CommandContext, 'terminal' | 'interrupt'>): Promise<string> {
  const { stdin } = terminal;
  if (stdin.isTTY) throw new CommandError('Standard input is a terminal: pipe text or a file into the command.');
  const notice = setTimeout(() => {
    terminal.note("Reading JSON from standard input. To read none, give the arguments, or --args '{}'.");
  }, NOTICE_AFTER);
  let limit: NodeJS.Timeout | undefined;
  const tooSlow = new Promise<never>((_resolve, reject) => {
    limit = setTimeout(() => {
      reject(new CommandError(`Standard input is open, but nothing came within ${LONGEST_WAIT / 1_000} s.`));
    }, LONGEST_WAIT);
  });
  const whole = textOf(stdin, 'Standard input', () => {
    clearTimeout(notice);
    clearTimeout(limit);
  });
  try {
    return await interrupt.race(Promise.race([whole, tooSlow]));
  } finally {
    clearTimeout(notice);
    clearTimeout(limit);
    stdin.pause();
  }
}

/** Reads a file that the user named as text; `-` is standard input. */
export async function readInput(context: CommandContext, file: string): Promise<string> {
  if (file === '-') return readStandardInput(context);
  try {
    // A stream, because a device or a pipe may never end.
    return await context.interrupt.race(textOf(createReadStream(file), `The file ${file}`));
  } catch (error) {
    if (error instanceof CommandError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw new CommandError(`The file ${file} cannot be read (${code ?? 'unknown error'}).`);
  }
}

/** Reads a stream to its end. Calls `began` with each chunk. */
async function textOf(stream: Readable, name: string, began: () => void = () => undefined): Promise<string> {
  stream.setEncoding('utf8');
  let text = '';
  for await (const chunk of stream) {
    began();
    text += String(chunk);
    if (text.length > LONGEST) throw new CommandError(`${name} is longer than ${LONGEST} characters.`);
  }
  return text;
}
