import type { ConfiguredServer, SourceName } from '../../config/types.js';
import type { EditOptions, OwnEntry } from '../../config/edits/edit-file.js';
import { describeEntry, loadConfig, place } from '../config-target.js';
import type { CommandContext } from '../command-context.js';
import { CommandError, EXIT } from '../exit-codes.js';
import type { ExitCode } from '../exit-codes.js';
import { printJson } from '../output/print-result.js';
import { readServerName, shownWord } from '../server-name.js';
import { isUrl } from '../target.js';
import { oneLine } from '../terminal.js';
import { argumentSecrets } from '../../transports/secret-values.js';
import { didYouMean } from '../../util/did-you-mean.js';

/** Flags of `config`. */
export interface ConfigCommandFlags {
  readonly json?: boolean | undefined;
  readonly config?: string | undefined;
  /** Change the file of the project in place of that of the user. */
  readonly project?: boolean | undefined;
  readonly replace?: boolean | undefined;
  readonly all?: boolean | undefined;
  readonly trust?: boolean | undefined;
  readonly header?: readonly string[] | undefined;
  readonly env?: readonly string[] | undefined;
  readonly cwd?: string | undefined;
  readonly transport?: string | undefined;
}

type Run = (context: CommandContext, words: readonly string[], flags: ConfigCommandFlags) => Promise<ExitCode>;

const COMMANDS: Readonly<Record<string, Run>> = {
  list: listEntries,
  show: showEntry,
  add: addEntry,
  remove: removeEntry,
  import: importEntries,
  trust: trustEntries,
  untrust: untrustEntries,
  path: listPaths,
};

/** `mcp-actors config <command>`. Nothing is started or reached. */
export async function config(
  context: CommandContext,
  words: readonly string[],
  flags: ConfigCommandFlags,
): Promise<ExitCode> {
  const [name = '', ...rest] = words;
  const run = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (run !== undefined) return run(context, rest, flags);
  const names = Object.keys(COMMANDS);
  const message =
    name === ''
      ? 'Which command of config?'
      : `There is no command "config ${oneLine(name, 40)}".${didYouMean(name, names)}`;
  throw new CommandError(message, undefined, `The commands are: ${names.join(', ')}.`);
}

/** The only word of a command. */
function oneName(words: readonly string[], command: string): string {
  const [name, ...others] = words;
  if (name === undefined || others.length > 0) throw new CommandError(`config ${command} takes one name.`);
  return name;
}

async function listEntries(
  context: CommandContext,
  _words: readonly string[],
  flags: ConfigCommandFlags,
): Promise<ExitCode> {
  const { terminal } = context;
  const { servers, hidden, problems } = await loadConfig({ config: flags.config }, context, []);
  const shown = [...servers.values(), ...(flags.all === true ? hidden : [])];
  if (flags.json === true) {
    printJson(terminal, { servers: shown, problems });
    return EXIT.done;
  }
  for (const server of shown) {
    const { name, transport, source, enabled, trusted, hiddenBy, target } = server;
    const marks = [
      enabled ? undefined : 'switched off',
      trusted ? undefined : 'not trusted',
      hiddenBy === undefined ? undefined : `hidden by ${place(hiddenBy)}`,
      trusted && target === undefined ? 'cannot be started' : undefined,
    ].filter((mark) => mark !== undefined);
    const mark = marks.length === 0 ? '' : terminal.style('attention', ` (${marks.join(', ')})`);
    terminal.line(
      `${terminal.style('name', oneLine(name))}  ${transport}  ${source.client}  ${terminal.style('faint', place(source))}${mark}`,
    );
  }
  for (const problem of problems.filter(({ code }) => code !== 'untrusted')) {
    terminal.note(`${problem.level}: ${place(problem)}: ${oneLine(problem.message)}`);
  }
  if (shown.length === 0) terminal.note('No servers. mcp-actors config path shows which files are read.');
  return EXIT.done;
}

async function find(word: string, flags: ConfigCommandFlags, context: CommandContext): Promise<ConfiguredServer> {
  const { SOURCE_NAMES } = await import('../../config/types.js');
  const wanted = readServerName(word, SOURCE_NAMES);
  const { servers } = await loadConfig({ config: flags.config, ...wanted }, context, []);
  const server = servers.get(wanted.name);
  if (server !== undefined) return server;
  throw new CommandError(`There is no server "${shownWord(wanted.name)}".${didYouMean(wanted.name, servers.keys())}`);
}

async function showEntry(
  context: CommandContext,
  words: readonly string[],
  flags: ConfigCommandFlags,
): Promise<ExitCode> {
  const { terminal } = context;
  const server = await find(oneName(words, 'show'), flags, context);
  if (flags.json === true) {
    printJson(terminal, server);
    return EXIT.done;
  }
  const { source, transport, enabled, trusted, options, tools, problems } = server;
  terminal.line(describeEntry(server.description));
  terminal.line(`  transport: ${transport}`);
  terminal.line(`  file: ${place(source)} (${source.client}, ${source.scope})`);
  if (!enabled) terminal.line('  switched off');
  if (!trusted) terminal.line(`  not trusted: mcp-actors config trust ${oneLine(server.name, 60)}`);
  for (const [name, value] of Object.entries({ ...options, ...tools })) {
    if (value !== undefined) terminal.line(`  ${name}: ${oneLine(JSON.stringify(value))}`);
  }
  for (const problem of problems.filter(({ code }) => code !== 'untrusted'))
    terminal.line(`  ${problem.level}: line ${problem.line}: ${oneLine(problem.message)}`);
  return EXIT.done;
}

/** Which file an edit changes. */
function editOptions({ env, cwd }: CommandContext, flags: ConfigCommandFlags): EditOptions {
  return {
    env,
    cwd,
    scope: flags.project === true ? 'project' : 'user',
    ...(flags.config !== undefined && { file: flags.config }),
  };
}

/** Passes on errors of the file system and of options as errors of the command. */
async function edited<Result>(edit: () => Promise<Result>): Promise<Result> {
  try {
    return await edit();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const hint = message.includes('a name that is not used') ? '--replace replaces the entry.' : undefined;
    throw new CommandError(message, undefined, hint);
  }
}

/** Prints the outcome of an edit: as JSON for a program, else as a sentence. */
function reportEdit(
  { terminal }: CommandContext,
  { json }: ConfigCommandFlags,
  outcome: object,
  note: string,
): ExitCode {
  if (json === true) printJson(terminal, outcome);
  else terminal.note(note);
  return EXIT.done;
}

async function addEntry(
  context: CommandContext,
  words: readonly string[],
  flags: ConfigCommandFlags,
): Promise<ExitCode> {
  const [name, url, ...others] = words;
  const { serverCommand, terminal } = context;
  const usage = 'mcp-actors config add <name> <url>, or mcp-actors config add <name> -- <command line>';
  if (name === undefined || others.length > 0)
    throw new CommandError('config add takes a name and a server.', undefined, usage);
  if ((url === undefined) === (serverCommand === undefined)) {
    throw new CommandError('config add takes a URL or a command line after "--".', undefined, usage);
  }
  if (url !== undefined && !isUrl(url)) throw new CommandError(`"${shownWord(url)}" is not a URL.`, undefined, usage);
  const entry = url === undefined ? commandEntry(serverCommand ?? [], flags, usage) : urlEntry(url, flags);
  for (const [key, value] of literalSecrets(entry)) {
    if (value)
      terminal.note(
        `warning: ${key} is written into the file as it is. Write \${NAME} for a variable of the environment.`,
      );
  }
  const { addServer } = await import('../../config/edits/edit-file.js');
  const { file, existed } = await edited(() =>
    addServer(name, entry, { ...editOptions(context, flags), replace: flags.replace }),
  );
  const note = `${existed ? 'Replaced' : 'Added'} "${oneLine(name, 60)}" in ${file}.`;
  return reportEdit(context, flags, { name, file, replaced: existed }, note);
}

function urlEntry(url: string, { header = [], transport }: ConfigCommandFlags): OwnEntry {
  const headers = header.map((line) => {
    const [, name, value] = /^([^:]+):\s*([\s\S]*)$/.exec(line) ?? [];
    if (name === undefined || value === undefined) throw new CommandError('--header must be "Name: value".');
    return [name.trim(), asOwnVariables(value)];
  });
  return {
    ...(transport !== undefined && { type: transport }),
    url,
    ...(headers.length > 0 && { headers: Object.fromEntries(headers) as Record<string, string> }),
  };
}

/** Our files have `${NAME}`, flags `${env:NAME}`: both are accepted here. */
function asOwnVariables(text: string): string {
  return text.replaceAll('${env:', '${');
}

function commandEntry(
  [command, ...args]: readonly string[],
  { env = [], cwd }: ConfigCommandFlags,
  usage: string,
): OwnEntry {
  if (command === undefined)
    throw new CommandError('"--" must be followed by the command line of a server.', undefined, usage);
  const variables = env.map((line) => {
    const [, name, value] = /^([^=]+)(?:=([\s\S]*))?$/.exec(line) ?? [];
    if (name === undefined)
      throw new CommandError('--env must be NAME=value, or NAME for a variable of the environment.');
    return [name, value === undefined ? `\${${name}}` : asOwnVariables(value)];
  });
  return {
    command,
    args,
    ...(variables.length > 0 && { env: Object.fromEntries(variables) as Record<string, string> }),
    ...(cwd !== undefined && { cwd }),
  };
}

const SECRET = /authorization|token|secret|api-?_?key|cookie|password/i;

/** The names of headers and variables that seem to be secrets, and whether their values are in plain text. */
function literalSecrets(entry: OwnEntry): (readonly [string, boolean])[] {
  const values = {
    ...(entry.headers as Record<string, string> | undefined),
    ...(entry.env as Record<string, string> | undefined),
  };
  const named = Object.entries(values).filter(([name]) => SECRET.test(name));
  const args: readonly unknown[] = Array.isArray(entry.args) ? entry.args : [];
  const words = [entry.command, ...args, entry.url].filter((word) => typeof word === 'string');
  const secrets = [...argumentSecrets(words)].filter((secret) => secret.length > 3 && !secret.includes('${'));
  const where = entry.url === undefined ? 'command line' : 'URL';
  const inWords = [`a value in the ${where} that may be a secret`, secrets.length > 0] as const;
  return [...named.map(([name, value]) => [name, !value.includes('${')] as const), inWords];
}

async function removeEntry(
  context: CommandContext,
  words: readonly string[],
  flags: ConfigCommandFlags,
): Promise<ExitCode> {
  const name = oneName(words, 'remove');
  const { removeServer } = await import('../../config/edits/edit-file.js');
  const { file, existed } = await edited(() => removeServer(name, editOptions(context, flags)));
  if (existed) return reportEdit(context, flags, { name, file }, `Removed "${oneLine(name, 60)}" from ${file}.`);
  // The name may be that of an entry of another program, which `call` and `list` use.
  const { servers } = await loadConfig({ config: flags.config }, context, []);
  const source = servers.get(name)?.source;
  if (source?.file === file) {
    const shape = `"${oneLine(name, 60)}" is in ${place(source)}, but not under "mcpServers".`;
    throw new CommandError(shape, undefined, 'mcp-actors edits nothing else: remove it in an editor.');
  }
  throw new CommandError(
    `There is no server "${oneLine(name, 60)}" in ${file}.`,
    undefined,
    source === undefined
      ? '--project changes the .mcp.json of the project, --config FILE another file.'
      : `"${oneLine(name, 60)}" is an entry of ${place(source)} (${source.client}): remove it there. mcp-actors changes only its own files, and a file that --config names.`,
  );
}

async function importEntries(
  context: CommandContext,
  words: readonly string[],
  flags: ConfigCommandFlags,
): Promise<ExitCode> {
  const { terminal, env, cwd } = context;
  const { SOURCE_NAMES } = await import('../../config/types.js');
  const [source, ...names] = words;
  const known = SOURCE_NAMES.filter((name) => name !== 'mcp-actors');
  if (source === undefined || !(known as readonly string[]).includes(source)) {
    const wrong = source === undefined ? '' : ` "${oneLine(source, 40)}" is none.${didYouMean(source, known)}`;
    throw new CommandError(
      `config import takes a program and names of servers.${wrong}`,
      undefined,
      `The programs are: ${known.join(', ')}.`,
    );
  }
  const { importServers } = await import('../../config/edits/import-servers.js');
  const options = { ...editOptions(context, flags), env, cwd, sources: [source as SourceName], replace: flags.replace };
  const { file, servers } = await edited(() =>
    importServers({
      ...options,
      ...(names.length > 0 && { names }),
      ...(flags.trust === true && { trust: () => true }),
    }),
  );
  const missing = names.filter((name) => !servers.some((server) => server.name === name));
  if (missing.length > 0)
    throw new CommandError(`${source} has no server "${missing.map((name) => oneLine(name, 60)).join('", "')}".`);
  const results = servers.map(({ name, added, notes, server }) => ({ name, added, notes, source: server.source }));
  if (flags.json === true) printJson(terminal, { file, servers: results });
  for (const { name, added, notes } of flags.json === true ? [] : results) {
    terminal.line(
      `${added ? 'added  ' : 'skipped'}  ${terminal.style('name', oneLine(name))}${notes.map((note) => `\n    ${oneLine(note)}`).join('')}`,
    );
  }
  if (results.length === 0) terminal.note(`${source} has no servers.`);
  else terminal.note(`File: ${file}`);
  return EXIT.done;
}

async function trustEntries(
  context: CommandContext,
  words: readonly string[],
  flags: ConfigCommandFlags,
): Promise<ExitCode> {
  const { terminal, env, cwd } = context;
  const name = flags.all === true ? undefined : oneName(words, 'trust');
  const { trustServer } = await import('../../config/edits/trust-servers.js');
  const options = { env, cwd, ...(flags.config !== undefined && { config: flags.config }) };
  if (name !== undefined) await find(name, flags, context);
  const entries = await edited(() => trustServer(name, options));
  if (flags.json !== true) for (const entry of entries) terminal.line(describeEntry(entry));
  const note =
    entries.length === 0
      ? 'It is trusted already.'
      : 'You agreed to what stands above. A change of it needs your consent again.';
  return reportEdit(context, flags, { trusted: entries }, note);
}

async function untrustEntries(
  context: CommandContext,
  words: readonly string[],
  flags: ConfigCommandFlags,
): Promise<ExitCode> {
  const { env, cwd } = context;
  const name = flags.all === true ? undefined : oneName(words, 'untrust');
  const { untrustServer } = await import('../../config/edits/trust-servers.js');
  await edited(() => untrustServer(name, { env, cwd, ...(flags.config !== undefined && { config: flags.config }) }));
  const note = 'The agreement ended: the entry is not used until you agree again.';
  return reportEdit(context, flags, { untrusted: name ?? 'all' }, note);
}

async function listPaths(
  context: CommandContext,
  _words: readonly string[],
  flags: ConfigCommandFlags,
): Promise<ExitCode> {
  const { terminal, env, cwd } = context;
  const { configPaths } = await import('../../config/config-paths.js');
  const paths = await configPaths({ env, cwd });
  if (flags.json === true) {
    printJson(terminal, paths);
    return EXIT.done;
  }
  for (const { client, file, scope, exists } of paths) {
    if (!exists && flags.all !== true) continue;
    terminal.line(
      `${exists ? terminal.style('good', '✓') : '–'} ${client.padEnd(15)} ${scope.padEnd(8)} ${oneLine(file)}`,
    );
  }
  if (flags.all !== true) terminal.note('--all also shows the places where a file may be.');
  return EXIT.done;
}
