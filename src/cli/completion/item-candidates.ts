import { asSchema, choicesOf, itemsOf, propertiesOf, typesOf } from '../arguments/property-types.js';
import { parametersOf } from '../arguments/signature.js';
import type { CommandContext } from '../command-context.js';
import { promptSchema } from '../commands/prompt.js';
import { loadConfig } from '../config-target.js';
import { ListCache } from '../list-cache.js';
import type { CachedLists } from '../../group/lists/list-cache.js';
import { findTarget, isUrl } from '../target.js';
import type { TargetFlags } from '../target.js';
import { isAllowed } from '../../group/tool-filter.js';
import { SHELLS } from './shells.js';

/** A word that may stand at the cursor. One that ends with `=` or `.` is continued. */
export interface Candidate {
  readonly value: string;
  readonly description?: string | undefined;
}

type Flags = ReadonlyMap<string, readonly string[]>;

/** Commands whose first word is a server. */
const WITH_TARGET: ReadonlySet<string> = new Set([
  ...['list', 'call', 'read', 'prompt', 'watch', 'shell', 'bench'],
  ...['doctor', 'login', 'logout', 'inspect'],
]);

/** The candidates for a word that is no flag. */
export async function itemCandidates(
  command: string,
  positionals: readonly string[],
  current: string,
  flags: Flags,
  context: CommandContext,
): Promise<readonly Candidate[]> {
  if (command === 'auth') return positionals.length === 0 ? [{ value: 'list' }] : [];
  if (command === 'completion') return positionals.length === 0 ? SHELLS.map((value) => ({ value })) : [];
  const given = targetFlags(flags);
  if (command === 'config') return configCandidates(positionals, given, context);
  if (!WITH_TARGET.has(command)) return [];
  const [server, item, ...more] = positionals;
  if (server === undefined) {
    const names = await serverNames(given, context);
    const dot = current.lastIndexOf('.');
    const isTool = command === 'call' && dot > 0 && names.some(({ value }) => value === current.slice(0, dot));
    if (!isTool) return names;
    const owner = current.slice(0, dot);
    const lists = await listsOf(owner, given, context);
    return tools(lists).map((tool) => ({ ...tool, value: `${owner}.${tool.value}` }));
  }
  if (command === 'watch') return resources(await listsOf(server, given, context));
  const isOneWord = command === 'call' && /.\../.test(server) && !isUrl(server);
  const lists =
    (await listsOf(server, given, context)) ?? (isOneWord ? await listsOf(ownerOf(server), given, context) : undefined);
  if (lists === undefined) return [];
  if (command === 'read') return item === undefined ? resources(lists) : [];
  if (command !== 'call' && command !== 'prompt') return [];
  const toolOfWord = isOneWord && !isKnown(lists, item) ? server.slice(ownerOf(server).length + 1) : undefined;
  if (item === undefined && toolOfWord === undefined) return command === 'call' ? tools(lists) : prompts(lists);
  const name = toolOfWord ?? item;
  const schema =
    command === 'call'
      ? lists.tools?.find((tool) => tool.name === name)?.inputSchema
      : lists.prompts?.filter((one) => one.name === name).map(promptSchema)[0];
  const used = (toolOfWord === undefined ? more : positionals.slice(1)).map(
    (word) => /^[^:=]+/.exec(word)?.[0] ?? word,
  );
  return schema === undefined ? [] : argumentsOf(schema, current, new Set(used));
}

/** The commands of `config`, by what may follow: the name of a server, a program, or nothing that is known. */
const CONFIG_COMMANDS: Readonly<Record<string, 'server' | 'program' | undefined>> = {
  list: undefined,
  show: 'server',
  add: undefined,
  remove: 'server',
  import: 'program',
  trust: 'server',
  untrust: 'server',
  path: undefined,
};

async function configCandidates(
  [command, first]: readonly string[],
  flags: TargetFlags,
  context: CommandContext,
): Promise<readonly Candidate[]> {
  if (command === undefined) return Object.keys(CONFIG_COMMANDS).map((value) => ({ value }));
  const follows = Object.hasOwn(CONFIG_COMMANDS, command) && first === undefined ? CONFIG_COMMANDS[command] : undefined;
  if (follows === 'server') return serverNames(flags, context);
  if (follows === undefined) return [];
  const { SOURCE_NAMES } = await import('../../config/types.js');
  return SOURCE_NAMES.map((value) => ({ value }));
}

function ownerOf(word: string): string {
  return word.slice(0, word.lastIndexOf('.'));
}

function isKnown({ tools: known = [] }: CachedLists, item: string | undefined): boolean {
  return known.some(({ name }) => name === item);
}

function targetFlags(flags: Flags): TargetFlags {
  const last = (name: string): string | undefined => flags.get(name)?.at(-1);
  const kind = last('--transport');
  return {
    config: last('--config'),
    account: last('--account'),
    ...((kind === 'http' || kind === 'sse' || kind === 'ws') && { transport: kind }),
  };
}

async function serverNames(flags: TargetFlags, context: CommandContext): Promise<readonly Candidate[]> {
  const { servers } = await loadConfig(flags, context, []);
  return [...servers.values()]
    .filter(({ enabled }) => enabled)
    .map(({ name, source }) => ({ value: name, description: `from ${source.client}` }));
}

/** The lists of a server that an earlier command has kept. Finding the server connects to nothing. */
async function listsOf(word: string, flags: TargetFlags, context: CommandContext): Promise<CachedLists | undefined> {
  try {
    const target = await findTarget(word, flags, context);
    const lists = await ListCache.of(context).read(target, flags);
    return lists && { ...lists, tools: lists.tools?.filter(({ name }) => isAllowed(name, target.tools)) };
  } catch {
    return undefined;
  }
}

function tools(lists: CachedLists | undefined): readonly Candidate[] {
  return (lists?.tools ?? []).map(({ name, title, description }) => ({
    value: name,
    description: title ?? description,
  }));
}

function prompts({ prompts: list = [] }: CachedLists): readonly Candidate[] {
  return list.map(({ name, title, description }) => ({ value: name, description: title ?? description }));
}

function resources(lists: CachedLists | undefined): readonly Candidate[] {
  return (lists?.resources ?? []).map(({ uri, name, title }) => ({ value: uri, description: title ?? name }));
}

/** The names of arguments as `name=`, required ones first; after the `=` the values that are allowed. */
function argumentsOf(inputSchema: unknown, current: string, used: ReadonlySet<string>): readonly Candidate[] {
  const root = asSchema(inputSchema);
  const [, key] = /^([^:=]+)=/.exec(current) ?? [];
  if (key === undefined) {
    return parametersOf(inputSchema)
      .filter(({ name, type }) => !used.has(name) || type.endsWith('[]'))
      .map(({ name, type, description, required }) => ({
        value: `${name}=`,
        description: [required ? type : `${type}, optional`, description].filter(Boolean).join(': '),
      }));
  }
  const property = propertiesOf(root, root).get(key);
  if (property === undefined) return [];
  const types = typesOf(property, root);
  const choices =
    choicesOf(property, root) ??
    choicesOf(itemsOf(property, root), root) ??
    (types.has('boolean') ? [true, false] : []);
  return choices.map((choice) => ({ value: `${key}=${typeof choice === 'string' ? choice : JSON.stringify(choice)}` }));
}
