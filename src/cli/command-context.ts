import type { FailedCall } from './exit-codes.js';
import type { Interrupt } from './interrupt.js';
import type { Terminal } from './terminal.js';

/** What a command works with. */
export interface CommandContext {
  readonly terminal: Terminal;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly interrupt: Interrupt;
  /** The command line of a server after `--`; undefined without it. */
  readonly serverCommand: readonly string[] | undefined;
  /** The call that runs, for the exit code if it fails. */
  call: FailedCall | undefined;
  /** The command with which a person signs in to the server in use; undefined if it has no sign-in. */
  login?: string | undefined;
  /** Where the messages of the command are recorded. One client can use it. */
  recording?: { readonly file: string; readonly redact: boolean; used: boolean } | undefined;
}
