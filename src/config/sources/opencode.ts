import { STANDARD_KEYS } from '../entries/entry-format.js';
import { OPENCODE_SYNTAX } from '../entries/template.js';
import { xdgFolder } from '../place.js';
import { readOAuth } from './oauth.js';
import { entriesAt } from './source.js';
import type { Source } from './source.js';

const NAMES = ['opencode.json', 'opencode.jsonc'];

/** opencode: https://opencode.ai/docs/mcp-servers, as of November 2026. The files in `.agents` contain nothing but the servers. */
export const opencode: Source = {
  name: 'opencode',
  title: 'opencode',
  projectFiles: [...NAMES, ...NAMES.map((name) => `.opencode/${name}`), '.agents/mcp.json'],
  userFiles: (place) => [
    ...NAMES.map((name) => place.path.join(xdgFolder(place), 'opencode', name)),
    place.path.join(place.home, '.agents', 'mcp.json'),
  ],
  format: {
    ...STANDARD_KEYS,
    variables: OPENCODE_SYNTAX,
    env: ['environment', 'env'],
    cwd: ['cwd'],
    times: [{ key: 'timeout', unit: 'ms', option: 'connectTimeout' }],
    enabled: ['enabled'],
    disabled: ['disabled'],
    others: ['oauth', 'description'],
    finish(entry, reader) {
      const keys = { clientId: 'clientId', clientSecret: 'clientSecret', scopes: 'scope', redirectUri: 'redirectUri' };
      entry.auth = readOAuth(reader, 'oauth', { ...keys, callbackPort: 'callbackPort' }, OPENCODE_SYNTAX);
    },
  },
  keys: ['mcp'],
  entries(root, context) {
    if (!/[\\/]\.agents[\\/]mcp\.json$/.test(context.file)) return entriesAt(root, context, 'mcp');
    if (root.members.has('mcpServers')) return entriesAt(root, context, 'mcpServers');
    return [...root.members].filter(([name]) => !name.startsWith('$')).map(([name, node]) => ({ name, node }));
  },
};
