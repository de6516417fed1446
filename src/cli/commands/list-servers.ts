import { MCPError } from '../../errors.js';
import type { ConfiguredServer } from '../../config/types.js';
import { checkUsable, loadConfig, place } from '../config-target.js';
import type { CommandContext } from '../command-context.js';
import { describeFailure } from '../doctor/failures.js';
import { CommandError, EXIT, exitCodeOf } from '../exit-codes.js';
import type { ExitCode } from '../exit-codes.js';
import { printJson } from '../output/print-result.js';
import { progressView } from '../output/progress.js';
import { shellWord } from '../server-name.js';
import { targetOfServer } from '../target.js';
import { oneLine } from '../terminal.js';
import type { Style, Terminal } from '../terminal.js';
import { isAllowed } from '../../group/tool-filter.js';
import { withClient } from '../with-client.js';
import type { ListFlags } from './list-flags.js';

/** How long one server may take, in ms. */
const PATIENCE = 5_000;
/** How many servers are started at the same time. */
const AT_ONCE = 8;

/** The state of a server in the list. */
type State = 'ready' | 'failed' | 'sign-in' | 'slow' | 'disabled' | 'untrusted' | 'invalid' | 'hidden';

interface Row {
  readonly name: string;
  readonly state: State;
  readonly transport: string;
  readonly source: { readonly client: string; readonly file: string; readonly line: number };
  /** Time to connect and list the tools, in ms. */
  readonly took?: number;
  /** How many tools may be used. */
  readonly tools?: number;
  /** Why it does not work. */
  readonly reason?: string;
  readonly code?: string;
}

/** `mcp-actors list`: all servers of the config files, in parallel, each within 5 s. */
export async function listServers(context: CommandContext, flags: ListFlags): Promise<ExitCode> {
  const { terminal } = context;
  // Nothing is asked here: an entry that needs consent is shown as such.
  const { servers, hidden, problems } = await loadConfig(flags, context, []);
  const shown = [...servers.values()].filter(({ enabled }) => enabled || flags.all === true);
  const view = progressView(terminal, `connecting to ${shown.length} servers`, false);
  let rows: Row[];
  try {
    rows = await inParallel(shown, (server) => check(server, flags, context));
  } finally {
    view.end();
  }
  if (flags.all === true)
    rows.push(...hidden.map((server) => ({ ...rowOf(server, 'hidden'), reason: hiddenReason(server) })));
  if (flags.json === true) printJson(terminal, rows);
  else printRows(terminal, rows);
  for (const problem of problems) {
    if (problem.server === undefined) terminal.note(`${place(problem)}: ${oneLine(problem.message)}`);
  }
  if (rows.length === 0 && flags.json !== true) {
    terminal.note(
      'No servers in your config files. Add one: mcp-actors config add <name> <url>, or see mcp-actors config path.',
    );
  }
  const off = servers.size - shown.length;
  if (off > 0) terminal.note(`${off} switched off: --all shows ${off === 1 ? 'it' : 'them'}.`);
  const failed = rows.some(({ state }) => !['ready', 'disabled', 'hidden'].includes(state));
  return flags.check === true && failed ? EXIT.checkFailed : EXIT.done;
}

async function inParallel<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const entries = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of entries) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, worker));
  return results;
}

function rowOf(server: ConfiguredServer, state: State): Row {
  const { name, transport, source } = server;
  const { client, file, line } = source;
  return { name, state, transport, source: { client, file, line } };
}

function hiddenReason({ hiddenBy }: ConfiguredServer): string {
  return hiddenBy === undefined ? 'hidden' : `hidden by ${place(hiddenBy)}`;
}

async function check(server: ConfiguredServer, flags: ListFlags, context: CommandContext): Promise<Row> {
  if (!server.enabled) return rowOf(server, 'disabled');
  try {
    checkUsable(server);
  } catch (error) {
    if (!server.trusted) {
      return { ...rowOf(server, 'untrusted'), reason: 'an entry of a project file, to which you have not agreed' };
    }
    return { ...rowOf(server, 'invalid'), reason: oneLine(describe(error), 300) };
  }
  const started = performance.now();
  const took = (): number => Math.round(performance.now() - started);
  const limits = { connectTimeout: PATIENCE, timeout: PATIENCE, ...flags, output: undefined };
  try {
    const target = targetOfServer(server, flags, context);
    const tools = await withClient(target, limits, context, async (client) => {
      const hasTools = (await client.getCapabilities()).includes('tools');
      const all = hasTools
        ? await client.listTools({ maxTotalTimeout: PATIENCE, signal: context.interrupt.signal })
        : [];
      return all.filter(({ name }) => isAllowed(name, server.tools)).length;
    });
    return { ...rowOf(server, 'ready'), took: took(), tools };
  } catch (error) {
    if (context.interrupt.signal.aborted) throw error;
    const code = MCPError.isInstance(error) ? { code: error.code } : {};
    return { ...rowOf(server, stateOf(error)), took: took(), ...code, reason: oneLine(describe(error), 300) };
  }
}

function stateOf(error: unknown): State {
  const exitCode = exitCodeOf(error);
  if (exitCode === EXIT.signIn) return 'sign-in';
  return exitCode === EXIT.timeout ? 'slow' : 'failed';
}

function describe(error: unknown): string {
  if (error instanceof CommandError) return error.message.split('\n').at(-1) ?? error.message;
  return describeFailure(error);
}

const STYLES: Readonly<Record<State, Style>> = {
  ready: 'good',
  failed: 'bad',
  invalid: 'bad',
  slow: 'attention',
  'sign-in': 'attention',
  untrusted: 'attention',
  disabled: 'faint',
  hidden: 'faint',
};

const NEXT: Readonly<Partial<Record<State, (name: string) => string>>> = {
  'sign-in': (name) => `mcp-actors login ${name}`,
  untrusted: (name) => `mcp-actors config trust ${name}`,
  failed: (name) => `mcp-actors doctor ${name}`,
  slow: (name) => `mcp-actors doctor ${name}`,
};

function printRows(terminal: Terminal, rows: readonly Row[]): void {
  const names = Math.min(30, Math.max(...rows.map(({ name }) => oneLine(name).length), 4));
  for (const { name, state, transport, source, took, tools, reason } of rows) {
    const facts = [
      tools === undefined ? '' : tools === 1 ? '1 tool' : `${tools} tools`,
      took === undefined ? '' : `${took} ms`,
    ].filter(Boolean);
    const line = [
      terminal.style('name', oneLine(name, names).padEnd(names)),
      terminal.style(STYLES[state], state.padEnd(9)),
      transport.padEnd(9),
      facts.join(', ').padEnd(20),
      terminal.style('faint', source.client),
    ];
    terminal.line(line.join('  ').trimEnd());
    if (reason === undefined) continue;
    const next = NEXT[state]?.(shellWord(name));
    terminal.line(`    ${oneLine(reason, Math.max(60, terminal.columns - 5))}`);
    if (state !== 'hidden') {
      const where = terminal.style('faint', `${oneLine(source.file)}:${source.line}`);
      terminal.line(`    ${where}${next === undefined ? '' : `   → ${next}`}`);
    }
  }
}
