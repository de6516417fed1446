import type { CallToolResult } from '../../protocol/schema/index.js';
import { printable } from '../../util/printable.js';
import { CommandError } from '../exit-codes.js';
import type { Terminal } from '../terminal.js';
import { repeatsStructured } from '../../protocol/tool-result.js';
import { checkFolder, dataOf, save, shownBlock } from './content.js';
import type { ShownBlock } from './content.js';
import { jsonText } from './json-text.js';
import { checkPath, select } from './select.js';

/** Forms of output. */
export const OUTPUTS = ['text', 'json', 'ndjson', 'markdown', 'raw'] as const;
export type Output = (typeof OUTPUTS)[number];

/** Flags of the commands that print results. */
export interface OutputFlags {
  readonly json?: boolean | undefined;
  readonly output?: Output | undefined;
  readonly select?: string | undefined;
  readonly save?: string | undefined;
}

/** The form of output that the flags choose. */
export function outputOf({ json, output }: OutputFlags): Output {
  return json === true ? 'json' : (output ?? 'text');
}

/**
 * Checks the flags before anything is sent.
 * @throws CommandError for a malformed path of `--select`, or a folder of `--save` that cannot be used
 */
export async function checkOutput({ select: wanted, save: folder }: OutputFlags): Promise<void> {
  checkPath(wanted);
  await checkFolder(folder);
}

/** Prints a value as JSON in one line to a pipe, and indented in a terminal. */
export function printJson(terminal: Terminal, value: unknown): void {
  terminal.line(jsonText(value, terminal.shown ? 2 : undefined));
}

/** Prints the result of a tool. `ndjson` prints its own event. */
export async function printResult(
  terminal: Terminal,
  result: CallToolResult,
  flags: OutputFlags,
  name: string,
): Promise<void> {
  if (flags.select !== undefined) return printSelected(terminal, dataOf(result), flags);
  const blocks = result.content.map(shownBlock);
  switch (outputOf(flags)) {
    case 'json':
      return printJson(terminal, result);
    case 'ndjson':
      return;
    case 'raw':
      return printRaw(terminal, blocks);
    default: {
      const structured = repeatsStructured(result) ? undefined : result.structuredContent;
      await printBlocks(terminal, blocks, flags, name);
      if (structured !== undefined) terminal.line(inMarkdown(flags, 'json', jsonText(structured, 2)));
    }
  }
}

function printSelected(terminal: Terminal, data: unknown, { select: path, json }: OutputFlags): void {
  if (data === undefined) {
    const hint = '--output text prints the text, --json the whole result.';
    throw new CommandError('--select needs structured content, and the result has none.', undefined, hint);
  }
  const value = select(data, path ?? '');
  if (typeof value === 'string' && json !== true) return terminal.line(printable(value));
  printJson(terminal, value);
}

/** Prints blocks as text. Bytes are saved with `--save`, and named otherwise. */
export async function printBlocks(
  terminal: Terminal,
  blocks: readonly ShownBlock[],
  flags: OutputFlags,
  name: string,
): Promise<void> {
  const markdown = outputOf(flags) === 'markdown';
  for (const block of blocks) {
    if (block.text !== undefined) {
      // A program that reads the text gets it as it is, with one newline at its end.
      terminal.line(block.text.replace(/\n$/, ''));
      continue;
    }
    const file = flags.save === undefined ? undefined : await save(block, flags.save, name);
    const note = block.note ?? '';
    if (markdown) terminal.line(file === undefined ? `*${note}*` : `![${note}](${file})`);
    else if (file !== undefined) terminal.note(`${note}: saved as ${file}`);
    else if (terminal.shown) terminal.line(terminal.style('faint', `${note} (--save DIR)`));
    else {
      const raw = blocks.length === 1 ? ', --output raw to stdout' : '';
      terminal.note(`${note}: not printed. --save DIR writes it to a file in this folder${raw}.`);
    }
  }
}

function inMarkdown(flags: OutputFlags, language: string, text: string): string {
  return outputOf(flags) === 'markdown' ? `\`\`\`${language}\n${text}\n\`\`\`` : text;
}

/** Prints the bytes of the only block. */
export function printRaw(terminal: Terminal, blocks: readonly ShownBlock[]): void {
  const [block, ...others] = blocks;
  if (block === undefined || others.length > 0) {
    throw new CommandError(
      `--output raw prints one block, and the result has ${blocks.length}.`,
      undefined,
      '--save DIR writes its images and files, --json prints all of it.',
    );
  }
  terminal.raw(block.bytes ?? block.text ?? '');
}
