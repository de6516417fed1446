import type { CommandContext } from '../command-context.js';
import { examine } from '../doctor/examine.js';
import { jsonOf, printFinding, printServer, printSkipped, summary } from '../doctor/print-report.js';
import type { ServerReport } from '../doctor/report.js';
import { CommandError, EXIT } from '../exit-codes.js';
import type { ExitCode } from '../exit-codes.js';
import { printJson } from '../output/print-result.js';
import { findTarget } from '../target.js';
import type { ClientFlags } from '../with-client.js';

/** Flags of `doctor`. */
export interface DoctorFlags extends ClientFlags {
  readonly json?: boolean | undefined;
}

/** `mcp-actors doctor [target]`. */
export async function doctor(context: CommandContext, words: readonly string[], flags: DoctorFlags): Promise<ExitCode> {
  const [word, ...others] = words;
  if (others.length > 0) throw new CommandError(`doctor takes one target, not ${words.length}.`);
  const { terminal } = context;
  const target = await findTarget(word, flags, context);
  if (flags.json !== true) printServer(terminal, target.label, undefined);
  const show = flags.json === true ? undefined : printFinding.bind(undefined, terminal);
  const reports = [await examine(target, flags, context, show)];
  if (flags.json === true) printJson(terminal, { servers: reports.map(jsonOf), summary: summary(reports) });
  else {
    for (const report of reports) printSkipped(terminal, report);
    terminal.line(`\n${summary(reports)}`);
  }
  return exitCodeFor(reports);
}

/** 6 if a check failed; 3 if only sign-ins are missing. */
export function exitCodeFor(reports: readonly ServerReport[]): ExitCode {
  const failed = reports.flatMap(({ findings }) => findings.filter(({ status }) => status === 'failed'));
  if (failed.length === 0) return EXIT.done;
  return failed.every(({ signIn }) => signIn === true) ? EXIT.signIn : EXIT.checkFailed;
}
