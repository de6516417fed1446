import path from 'node:path';

import type { ReplayReport } from 'mcp-actors/testing';
import type { CommandContext } from '../command-context.js';
import { CommandError, EXIT } from '../exit-codes.js';
import type { ExitCode } from '../exit-codes.js';
import { readInput } from '../inputs.js';
import { printJson } from '../output/print-result.js';
import { oneLine } from '../terminal.js';
import type { Style, Terminal } from '../terminal.js';

/** Flags of `replay`. */
export interface ReplayFlags {
  readonly json?: boolean | undefined;
  readonly diagram?: boolean | undefined;
}

/** `mcp-actors replay <file>`: repeats a recording offline, and prints states, calls and the first difference. */
export async function replay(
  context: CommandContext,
  [file, ...others]: readonly string[],
  { json, diagram }: ReplayFlags,
): Promise<ExitCode> {
  if (file === undefined || others.length > 0) throw new CommandError('replay takes one file.');
  const { terminal } = context;
  const testing = await import('mcp-actors/testing');
  const recording = testing.parseRecording(
    await readInput(context, file === '-' ? file : path.resolve(context.cwd, file)),
  );
  if (diagram === true) {
    terminal.raw(testing.sequenceDiagram(recording));
    return EXIT.done;
  }
  const report = await testing.replay(recording, { name: path.basename(file) });
  if (json === true) printJson(terminal, jsonOf(report));
  else print(terminal, report);
  return report.divergence === undefined ? EXIT.done : EXIT.checkFailed;
}

/** Without the contents of messages: an unredacted recording has secrets in them. */
function jsonOf({ states, paths, calls, repeated, divergence, remark }: ReplayReport): object {
  return {
    states,
    paths,
    calls: calls.map(({ call, name, outcome }) => ({ call, name, outcome: outcomeOf(outcome) })),
    repeated,
    ...(divergence !== undefined && {
      divergence: {
        line: divergence.line,
        expected: divergence.expected?.type,
        happened: divergence.happened?.type,
      },
    }),
    ...(remark !== undefined && { remark }),
  };
}

function print(terminal: Terminal, { states, calls, repeated, divergence, remark }: ReplayReport): void {
  terminal.line(`${terminal.style('heading', 'States')}  ${states.join(' → ')}`);
  terminal.line(terminal.style('heading', `Calls (${calls.length})`));
  for (const { call, name, outcome } of calls) {
    const text = outcomeOf(outcome);
    terminal.line(`  ${call}  ${oneLine(name, 200)}  ${terminal.style(styleOf(text), text)}`);
  }
  terminal.line(`${repeated} entries were repeated${divergence === undefined ? ' without a difference' : ''}.`);
  if (remark !== undefined) terminal.line(terminal.style('attention', `${oneLine(remark)}.`));
}

function styleOf(text: string): Style {
  if (text === 'ok') return 'good';
  return text === 'pending' ? 'faint' : 'bad';
}

function outcomeOf(outcome: ReplayReport['calls'][number]['outcome']): string {
  if (outcome === undefined) return 'pending';
  if ('ok' in outcome) return 'ok';
  if ('aborted' in outcome) return 'aborted';
  const { code, delivery } = outcome;
  return delivery === undefined ? code : `${code} (${delivery})`;
}
