import type {
  ConfigInput,
  ConfiguredServer,
  LoadedServers,
  LoadServersOptions,
  UntrustedEntry,
} from '../config/types.js';
import type { CommandContext } from './command-context.js';
import { CommandError } from './exit-codes.js';
import { askPerson } from './prompts.js';
import { readServerName, shellWord, shownWord } from './server-name.js';
import type { ServerName } from './server-name.js';
import { oneLine } from './terminal.js';
import { didYouMean } from '../util/did-you-mean.js';

/** Flags of commands that read config files. */
export interface ConfigFlags {
  readonly config?: string | undefined;
  readonly trust?: boolean | undefined;
}

/** Reads the config files. In a terminal the user is asked about project files and inputs for the servers in `only`. */
export async function loadConfig(
  flags: ConfigFlags & Pick<ServerName, 'source' | 'file'>,
  context: CommandContext,
  only: readonly string[],
): Promise<LoadedServers> {
  const { loadServers } = await import('../config/load-servers.js');
  const { memoryTrustStore } = await import('../config/trust/trust-store.js');
  const config = flags.file ?? flags.config;
  if (config === '') throw new CommandError('--config needs the path of a file.');
  const loaded = await loadServers({
    cwd: context.cwd,
    env: context.env,
    only,
    ...(config !== undefined && { config }),
    ...(flags.source !== undefined && { sources: [flags.source] }),
    ...(flags.trust === true
      ? { trust: () => true, trustStore: memoryTrustStore(), only: undefined }
      : trustPrompts(context)),
  });
  const [unreadable] = loaded.problems.filter(({ code, server }) => code === 'file-unreadable' && server === undefined);
  // Other files may be missing or broken; the one that the user named is needed.
  if (config !== undefined && unreadable !== undefined)
    throw new CommandError(`${place(unreadable)}: ${oneLine(unreadable.message)}.`);
  return loaded;
}

function trustPrompts(context: CommandContext): Pick<LoadServersOptions, 'trust' | 'input'> {
  if (!context.terminal.interactive) return {};
  return { trust: (entries) => askForTrust(entries, context), input: (input) => askForInput(input, context) };
}

/**
 * Finds a server in the config files.
 * @throws CommandError if there is none with this name, or it cannot be used; it names file and line
 */
export async function configuredServer(
  word: string,
  flags: ConfigFlags,
  context: CommandContext,
): Promise<ConfiguredServer> {
  const { SOURCE_NAMES } = await import('../config/types.js');
  const wanted = readServerName(word, SOURCE_NAMES);
  const { servers, problems } = await loadConfig({ ...flags, ...wanted }, context, [wanted.name]);
  const server = servers.get(wanted.name);
  if (server !== undefined) return server;
  const names = [...servers.keys()];
  const where = wanted.file ?? wanted.source ?? flags.config ?? 'your config files';
  const there =
    names.length > 0
      ? `There are: ${oneLine(names.join(', '), 500)}`
      : 'mcp-actors config path shows which files are read. A URL or a command line after "--" needs no file.';
  const hint = formOf(word, servers, SOURCE_NAMES) ?? there;
  const broken = problems.find(({ level, server: about }) => level === 'error' && about === undefined);
  const more = broken === undefined ? '' : ` ${place(broken)}: ${oneLine(broken.message)}.`;
  throw new CommandError(
    `There is no server "${shownWord(wanted.name)}" in ${oneLine(where, 200)}.${didYouMean(wanted.name, names)}${more}`,
    undefined,
    hint,
  );
}

/** How to write a word that is a program, a file or `server/tool`, and not the name of a server. */
function formOf(word: string, servers: LoadedServers['servers'], sources: readonly string[]): string | undefined {
  const shown = oneLine(word, 60);
  if (sources.includes(word)) {
    const names = [...servers.values()].filter(({ source }) => source.client === word).map(({ name }) => name);
    const [name = '<name>'] = names;
    return `"${word}" is a program. Name one of its servers, such as ${word}:${oneLine(name, 60)}. mcp-actors config list shows all.`;
  }
  if (/\.(?:jsonc?|toml|ya?ml)$/i.test(word)) {
    return `For a server of this file write ${shown}:<name>. All of them: mcp-actors list --config ${shown}`;
  }
  const [, server = '', tool = ''] = /^([^/:]+)\/([^/:]+)$/.exec(word) ?? [];
  if (servers.has(server)) return `Write ${oneLine(server, 60)}.${oneLine(tool, 60)} for a tool of this server.`;
  const dot = word.lastIndexOf('.');
  if (servers.has(word.slice(0, Math.max(dot, 0))))
    return `${shown} is a server and a tool: after it come arguments as key=value, or --args '{"key": "value"}'.`;
  return undefined;
}

/** `file:line`, which editors and terminals open. */
export function place({ file, line }: { readonly file: string; readonly line: number }): string {
  return `${oneLine(file)}:${line}`;
}

/**
 * Refuses a server that cannot or must not be started.
 * @throws CommandError with file and line of the entry, and what to do
 */
export function checkUsable(server: ConfiguredServer): void {
  const { name, source, enabled, trusted, target, problems } = server;
  const where = place(source);
  const shown = oneLine(name, 60);
  if (!enabled) throw new CommandError(`"${shown}" is switched off in ${where}.`, undefined, 'Switch it on there.');
  if (!trusted) {
    throw new CommandError(
      `"${shown}" is an entry of a project file, and you have not agreed to it (${where}).`,
      undefined,
      `Look at it with: mcp-actors config show ${shellWord(name)}. Agree with: mcp-actors config trust ${shellWord(name)}, or --trust for this command.`,
      'CLI_UNTRUSTED',
    );
  }
  if (target !== undefined) return;
  const errors = problems.filter(({ level }) => level === 'error');
  const lines = errors.map((problem) => `${place(problem)}: ${oneLine(problem.message)}`);
  throw new CommandError([`"${shown}" cannot be started.`, ...lines].join('\n'));
}

/** Shows the entries of a project file and asks once for all of them. */
async function askForTrust(entries: readonly UntrustedEntry[], { terminal }: CommandContext): Promise<boolean> {
  const [first] = entries;
  if (first === undefined) return false;
  return askPerson(terminal, async (prompts, common) => {
    prompts.intro(`${oneLine(first.source.file)} is a file of this project. It starts:`, common);
    for (const entry of entries) prompts.log.message(describeEntry(entry), common);
    const message = entries.length === 1 ? 'Do you trust this entry?' : `Do you trust these ${entries.length} entries?`;
    return (await prompts.confirm({ ...common, message, initialValue: false })) === true;
  });
}

/** An entry for a person: what is started or reached, and the names of what it gets. */
export function describeEntry(entry: UntrustedEntry | ConfiguredServer['description']): string {
  const { name, command, args = [], url, env = [], headers = [], headersHelper, cwd } = entry;
  const changed = 'changed' in entry && entry.changed ? ' (changed since you agreed to it)' : '';
  const lines = [
    `${name}${changed}`,
    command === undefined ? undefined : `  command: ${[command, ...args].map(quoted).join(' ')}`,
    cwd === undefined ? undefined : `  folder: ${cwd}`,
    url === undefined ? undefined : `  URL: ${url}`,
    headersHelper === undefined ? undefined : `  command for headers: ${headersHelper}`,
    env.length === 0 ? undefined : `  variables: ${env.join(', ')}`,
    headers.length === 0 ? undefined : `  headers: ${headers.join(', ')}`,
  ];
  return lines
    .filter((line) => line !== undefined)
    .map((line) => oneLineKeepingIndent(line))
    .join('\n');
}

function oneLineKeepingIndent(line: string): string {
  return /^ */.exec(line)?.[0] + oneLine(line);
}

function quoted(word: string): string {
  return /^[\w@%+=:,./\\-]+$/.test(word) ? word : JSON.stringify(word);
}

async function askForInput(input: ConfigInput, { terminal }: CommandContext): Promise<string | undefined> {
  const { id, description, password, options, default: initialValue } = input;
  return askPerson(terminal, async (prompts, shared) => {
    const common = { ...shared, message: oneLine(description ?? id, 200) };
    const value =
      options !== undefined
        ? await prompts.select({ ...common, options: options.map((one) => ({ value: one, label: oneLine(one) })) })
        : password
          ? await prompts.password(common)
          : await prompts.text({ ...common, ...(initialValue !== undefined && { initialValue }) });
    return typeof value === 'string' ? value : undefined;
  });
}
