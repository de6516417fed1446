import { STANDARD_KEYS } from '../entries/entry-format.js';
import { readOAuth } from './oauth.js';
import { entriesAt } from './source.js';
import type { Source } from './source.js';

/** MCP Inspector: https://github.com/modelcontextprotocol/inspector, read in October 2026. It expands no variables. */
export const inspector: Source = {
  name: 'inspector',
  title: 'MCP Inspector',
  projectFiles: [],
  userFiles: ({ home, path }) => [path.join(home, '.mcp-inspector', 'mcp.json')],
  format: {
    ...STANDARD_KEYS,
    cwd: ['cwd'],
    times: [
      { key: 'connectionTimeout', unit: 'ms', option: 'connectTimeout' },
      { key: 'requestTimeout', unit: 'ms', option: 'timeout' },
    ],
    others: ['protocolEra', 'roots', 'note', 'oauth', 'metadata'],
    finish(entry, reader) {
      const era = reader.text('protocolEra');
      if (era !== undefined) entry.settings = { era, ...entry.settings };
      entry.auth = readOAuth(reader, 'oauth', { clientId: 'clientId', clientSecret: 'clientSecret', scopes: 'scope' });
    },
  },
  keys: [],
  entries: (root, context) => entriesAt(root, context, 'mcpServers'),
};
