import type { CommandContext } from '../command-context.js';
import { examine } from '../doctor/examine.js';
import { jsonOf, printFinding, printServer, printSkipped, summary } from '../doctor/print-report.js';
import type { ServerReport } from '../doctor/report.js';
import { CommandError, EXIT } from '../exit-codes.js';
import type { ExitCode } from '../exit-codes.js';
import { printJson } from '../output/print-result.js';
import { checkFlagsOfAll, findTarget, isUrl, targetOfOne, targetOfServer } from '../target.js';
import type { Target } from '../target.js';
import type { Terminal } from '../terminal.js';
import type { ClientFlags } from '../with-client.js';

/** Flags of `doctor`. */
export interface DoctorFlags extends ClientFlags {
  readonly json?: boolean | undefined;
}

/** How many servers are checked at the same time. */
const AT_ONCE = 8;

/** `mcp-actors doctor [target]`: checks one server, or all servers of the config files. */
export async function doctor(context: CommandContext, words: readonly string[], flags: DoctorFlags): Promise<ExitCode> {
  const [word, ...others] = words;
  if (others.length > 0) throw new CommandError(`doctor takes one target, not ${words.length}.`);
  const { terminal } = context;
  const json = flags.json === true;
  const targets = await targetsOf(word, flags, context);
  const [only] = targets;
  let reports: readonly ServerReport[];
  if (only !== undefined && targets.length === 1) {
    // The checks of one server are shown one by one: some take seconds.
    if (!json) printServer(terminal, only.label, only.entry?.source);
    const report = await examine(only, flags, context, json ? undefined : printFinding.bind(undefined, terminal));
    if (!json) printSkipped(terminal, report);
    reports = [report];
  } else {
    reports = await examineAll(targets, flags, context, json ? undefined : printReport.bind(undefined, terminal));
  }
  if (json) printJson(terminal, { servers: reports.map(jsonOf), summary: summary(reports) });
  else terminal.line(`\n${summary(reports)}`);
  return exitCodeFor(reports);
}

/** The servers to check. An entry that cannot be used is one of them, so that its problems are shown. */
async function targetsOf(
  word: string | undefined,
  flags: DoctorFlags,
  context: CommandContext,
): Promise<readonly Target[]> {
  if (context.serverCommand !== undefined || (word !== undefined && isUrl(word)))
    return [await findTarget(word, flags, context)];
  const { configuredServer, loadConfig, place } = await import('../config-target.js');
  if (word !== undefined) return [targetOfOne(await configuredServer(word, flags, context), flags, context)];
  checkFlagsOfAll(flags);
  const { servers, problems } = await loadConfig(flags, context, []);
  for (const problem of problems)
    if (problem.server === undefined) context.terminal.note(`${place(problem)}: ${problem.message}`);
  const targets = [...servers.values()].filter(({ enabled }) => enabled);
  if (targets.length > 0) return targets.map((server) => targetOfServer(server, flags, context));
  throw new CommandError(
    'There are no servers in your config files.',
    undefined,
    'Name a URL, or a command line after "--". mcp-actors config path shows which files are read.',
  );
}

/** Checks servers at the same time, and shows each when it is done. */
async function examineAll(
  targets: readonly Target[],
  flags: DoctorFlags,
  context: CommandContext,
  show: ((report: ServerReport) => void) | undefined,
): Promise<readonly ServerReport[]> {
  const reports: ServerReport[] = [];
  const entries = targets.entries();
  const worker = async (): Promise<void> => {
    for (const [index, target] of entries) {
      const report = await examine(target, flags, context);
      reports[index] = report;
      show?.(report);
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, targets.length) }, worker));
  return reports;
}

function printReport(terminal: Terminal, report: ServerReport): void {
  printServer(terminal, report.server, report.source);
  for (const finding of report.findings) printFinding(terminal, finding);
  printSkipped(terminal, report);
}

/** 6 if a check failed; 3 if only sign-ins are missing. */
export function exitCodeFor(reports: readonly ServerReport[]): ExitCode {
  const failed = reports.flatMap(({ findings }) => findings.filter(({ status }) => status === 'failed'));
  if (failed.length === 0) return EXIT.done;
  return failed.every(({ signIn }) => signIn === true) ? EXIT.signIn : EXIT.checkFailed;
}
