import { configFolder } from '../place.js';
import { entriesAt } from './source.js';
import type { Source } from './source.js';

/** Claude Desktop: https://modelcontextprotocol.io/docs/develop/connect-local-servers, as of November 2026. It expands no variables. */
export const claudeDesktop: Source = {
  name: 'claude-desktop',
  title: 'Claude Desktop',
  projectFiles: [],
  userFiles: (place) => [place.path.join(configFolder(place), 'Claude', 'claude_desktop_config.json')],
  format: { command: ['command'], args: ['args'], env: ['env'], type: ['type'], others: ['url', 'headers'] },
  keys: [],
  entries: (root, context) => entriesAt(root, context, 'mcpServers'),
};
