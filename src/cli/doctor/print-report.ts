import { oneLine } from '../terminal.js';
import type { Style, Terminal } from '../terminal.js';
import type { Finding, ServerReport, Status } from './report.js';

const MARKS: Readonly<Record<Exclude<Status, 'skipped'>, readonly [mark: string, style: Style]>> = {
  ok: ['✓', 'good'],
  warning: ['!', 'attention'],
  failed: ['✗', 'bad'],
};

/** The longest text of a server in one line, in characters. */
const LONGEST = 400;
/** The width of the longest name of a check. */
const WIDTH = 8;

/** The heading of a server. */
export function printServer(terminal: Terminal, server: string, source: ServerReport['source']): void {
  const place = source === undefined ? '' : ` ${terminal.style('faint', `(${source.file}:${source.line})`)}`;
  terminal.line(`${terminal.style('heading', oneLine(server, 100))}${place}`);
}

/** A check, in a line; with details and the fix below it if something is wrong. */
export function printFinding(terminal: Terminal, { check, status, message, fix, details = [] }: Finding): void {
  // The others are named together, at the end.
  if (status === 'skipped') return;
  const [mark, style] = MARKS[status];
  const text = oneLine(message, LONGEST);
  terminal.line(`  ${terminal.style(style, mark)} ${check.padEnd(WIDTH)}  ${text}`);
  const wrong = status === 'failed' || status === 'warning';
  if (wrong || terminal.verbose)
    for (const line of details) terminal.line(`    ${terminal.style('faint', `| ${oneLine(line, LONGEST)}`)}`);
  if (wrong && fix !== undefined) terminal.line(`    ${terminal.style('attention', 'fix:')} ${oneLine(fix, LONGEST)}`);
}

/** The checks that were not made, in one line. */
export function printSkipped(terminal: Terminal, { findings }: ServerReport): void {
  const names = findings.filter(({ status }) => status === 'skipped').map(({ check }) => check);
  if (names.length > 0) terminal.line(terminal.style('faint', `  – not checked: ${names.join(', ')}`));
}

/** The last line: the most important problem of all servers, or that there is none. */
export function summary(reports: readonly ServerReport[]): string {
  const failed = reports.filter(({ problem }) => problem?.status === 'failed');
  // A sign-in is missing, but everything else is broken.
  const first = failed.find(({ problem }) => problem?.signIn !== true) ?? failed[0];
  const several = reports.length > 1;
  if (first !== undefined) {
    const count = several ? `${failed.length} of ${reports.length} servers have a problem. ` : '';
    return `${count}${shownName(first)}: ${describeProblem(first)}`;
  }
  const doubtful = reports.find(({ problem }) => problem !== undefined);
  const [only] = reports;
  const name = several || only === undefined ? `All ${reports.length} servers` : shownName(only);
  if (doubtful === undefined) return `${name}: all checks passed.`;
  if (several)
    return `All ${reports.length} servers work, with a warning. ${shownName(doubtful)}: ${describeProblem(doubtful)}`;
  return `${name}: works, with a warning: ${describeProblem(doubtful)}`;
}

function shownName({ server }: ServerReport): string {
  return oneLine(server, 100);
}

/** The problem of a server and its fix. */
function describeProblem({ problem }: ServerReport): string {
  if (problem === undefined) return 'all checks passed.';
  const { check, message, fix } = problem;
  const text = oneLine(message, LONGEST);
  const sentence = /[.?!]$/.test(text) ? text : `${text}.`;
  return `${check}: ${sentence}${fix === undefined ? '' : ` Fix: ${oneLine(fix, LONGEST)}`}`;
}

/** The report of a server as JSON, with safe texts. */
export function jsonOf({ server, source, findings, problem, took }: ServerReport): object {
  return {
    server,
    ...(source !== undefined && { source }),
    ok: problem?.status !== 'failed',
    took,
    problem: problem?.check ?? null,
    checks: findings.map(({ check, status, message, fix, details, signIn, data }) => ({
      check,
      status,
      message: oneLine(message),
      ...(fix !== undefined && { fix: oneLine(fix) }),
      ...(details !== undefined && { details: details.map((line) => oneLine(line)) }),
      ...(signIn === true && { signIn }),
      ...(data !== undefined && { data: safe(data) }),
    })),
  };
}

function safe(value: unknown): unknown {
  if (typeof value === 'string') return oneLine(value);
  if (Array.isArray(value)) return value.map(safe);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [oneLine(name), safe(inner)]));
}
