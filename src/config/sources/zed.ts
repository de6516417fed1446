import { member } from '../documents/node.js';
import { STANDARD_KEYS } from '../entries/entry-format.js';
import type { EntryFormat } from '../entries/entry-format.js';
import { folderIn, xdgFolder } from '../place.js';
import { entriesAt } from './source.js';
import type { FoundEntry, Source } from './source.js';

const FORMAT: EntryFormat = {
  ...STANDARD_KEYS,
  times: [{ key: 'timeout', unit: 's', option: 'timeout' }],
  enabled: ['enabled'],
  others: ['source', 'settings', 'remote', 'oauth'],
};

/** The keys of the object `command` in older files. */
const OLD_FORMAT: EntryFormat = { ...FORMAT, command: ['path'], others: [] };

/** Zed: https://zed.dev/docs/ai/mcp, as of November 2026. Its timeouts are in seconds, and it expands no variables. */
export const zed: Source = {
  name: 'zed',
  title: 'Zed',
  projectFiles: ['.zed/settings.json'],
  userFiles: (place) => {
    const { platform, path, home } = place;
    if (platform === 'win32')
      return [path.join(folderIn(place, 'APPDATA') ?? path.join(home, 'AppData', 'Roaming'), 'Zed', 'settings.json')];
    // On macOS, too.
    return [path.join(platform === 'darwin' ? path.join(home, '.config') : xdgFolder(place), 'zed', 'settings.json')];
  },
  format: FORMAT,
  keys: ['context_servers'],
  entries: (root, context) => entriesAt(root, context, 'context_servers').flatMap(entryOf),
};

function entryOf(found: FoundEntry): FoundEntry[] {
  const source = member(found.node, 'source');
  const isExtension = source?.kind === 'scalar' && source.value === 'extension';
  // An extension starts its server itself: the entry has only settings for it.
  if (isExtension) return [];
  const { node } = found;
  const old = member(node, 'command');
  if (node.kind !== 'object' || old?.kind !== 'object') return [found];
  const { command: _command, ...others } = Object.fromEntries(node.members);
  const members = new Map([...Object.entries(others), ...old.members]);
  return [{ name: found.name, node: { ...node, members }, format: { ...OLD_FORMAT, others: FORMAT.others } }];
}
