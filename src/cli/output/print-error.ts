import { MCPError } from '../../errors.js';
import { printable } from '../../util/printable.js';
import type { CommandContext } from '../command-context.js';
import { CommandError, EXIT, exitCodeOf } from '../exit-codes.js';
import { jsonText } from './json-text.js';
import { inFlags } from './library-hints.js';

/** Prints an error as one line of JSON, or as text with a hint. Never prints a stack, unless `--verbose` is set. */
export function printError(
  { terminal, call, login }: Pick<CommandContext, 'terminal' | 'call' | 'login'>,
  error: unknown,
  json: boolean,
): void {
  const exitCode = exitCodeOf(error, call);
  const signIn = exitCode === EXIT.signIn ? login : undefined;
  if (json) return terminal.problem(jsonText({ ...dataOf(error), exitCode, ...(signIn && { login: signIn }) }));
  const { message, hint, code, delivery } = dataOf(error);
  const [first = '', ...rest] = message.split('\n');
  terminal.problem(`${terminal.styleNote('bad', 'error:')} ${first}`);
  for (const line of rest) terminal.problem(`  ${line}`);
  if (MCPError.isInstance(error)) {
    const facts = [code, delivery && DELIVERIES[delivery]].filter(Boolean).join('; ');
    terminal.problem(terminal.styleNote('faint', `  ${facts}`));
  }
  if (hint !== undefined) terminal.problem(`  ${terminal.styleNote('attention', 'hint:')} ${hint}`);
  if (signIn !== undefined) terminal.problem(`  ${terminal.styleNote('attention', 'sign in:')} ${signIn}`);
  if (!terminal.verbose) return;
  if (MCPError.isInstance(error)) terminal.problem(`\n${printable(error.explain())}`);
  else if (error instanceof Error && !(error instanceof CommandError)) terminal.problem(printable(error.stack ?? ''));
}

const DELIVERIES: Readonly<Record<string, string>> = {
  'not-sent': 'nothing was sent',
  unknown: 'it was sent and may have run',
  answered: 'the server answered',
};

interface ErrorData {
  readonly code: string;
  readonly message: string;
  readonly delivery?: string;
  readonly hint?: string;
  readonly explain?: string;
}

function dataOf(error: unknown): ErrorData {
  if (MCPError.isInstance(error)) {
    const { code, message, delivery } = error;
    const hint = inFlags(error.hint ?? '');
    return {
      code,
      message: inFlags(printable(message)),
      ...(delivery !== undefined && { delivery }),
      ...(hint !== '' && { hint }),
      explain: printable(error.explain()),
    };
  }
  if (error instanceof CommandError) {
    const { code, message, hint } = error;
    return { code, message: printable(message), ...(hint !== undefined && { hint: printable(hint) }) };
  }
  const message = printable(error instanceof Error ? error.message : String(error));
  return {
    code: 'CLI_UNEXPECTED',
    message,
    hint: 'This is a bug of mcp-actors if it happens again: please report it with --verbose.',
  };
}
