import { member } from '../documents/node.js';
import type { ConfigNode } from '../documents/node.js';
import { DOLLAR_SYNTAX, fromEnvironment } from '../entries/template.js';
import { configFolder, folderIn } from '../place.js';
import { entriesAt } from './source.js';
import type { FoundEntry, Source } from './source.js';

/** The types of extensions that are servers. Others are parts of Goose, or gone. */
const TYPES = new Set<unknown>(['stdio', 'streamable_http']);

/** Goose: https://block.github.io/goose/docs/guides/config-files, as of November 2026. Its timeouts are in seconds. */
export const goose: Source = {
  name: 'goose',
  title: 'Goose',
  projectFiles: [],
  userFiles: (place) => {
    const { platform, home, path } = place;
    if (platform === 'win32') return [path.join(configFolder(place), 'Block', 'goose', 'config', 'config.yaml')];
    // On macOS, too.
    const folder = folderIn(place, 'XDG_CONFIG_HOME') ?? path.join(home, '.config');
    return [path.join(folder, 'goose', 'config.yaml')];
  },
  format: {
    type: ['type'],
    command: ['cmd'],
    args: ['args'],
    env: ['envs'],
    cwd: ['cwd'],
    url: { uri: 'url' },
    headers: ['headers'],
    headerVariables: DOLLAR_SYNTAX,
    times: [{ key: 'timeout', unit: 's', option: 'timeout' }],
    enabled: ['enabled'],
    include: ['available_tools'],
    others: ['name', 'description', 'display_name', 'bundled', 'env_keys', 'socket'],
    finish(entry, reader) {
      // Goose keeps these values in the keychain.
      for (const name of reader.texts('env_keys') ?? [])
        if (!entry.env.has(name)) entry.env.set(name, fromEnvironment(name));
      if (entry.include?.length === 0) entry.include = undefined;
    },
  },
  keys: ['extensions'],
  entries: (root, context) => entriesAt(root, context, 'extensions').flatMap(entryOf),
};

function entryOf({ name, node }: FoundEntry): FoundEntry[] {
  const inner = withConfig(node);
  const type = member(inner, 'type');
  if (type?.kind === 'scalar' && !TYPES.has(type.value)) return [];
  return [{ name, node: inner }];
}

/** Some files have the keys in an object `config`, beside `enabled`. */
function withConfig(node: ConfigNode): ConfigNode {
  const config = member(node, 'config');
  if (node.kind !== 'object' || config?.kind !== 'object') return node;
  const members = new Map([...node.members, ...config.members]);
  members.delete('config');
  return { ...node, members };
}
