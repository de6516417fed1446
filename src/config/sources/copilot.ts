import { STANDARD_KEYS } from '../entries/entry-format.js';
import { SHELL_SYNTAX } from '../entries/template.js';
import { folderIn } from '../place.js';
import { entriesAt } from './source.js';
import type { Source } from './source.js';

/** GitHub Copilot CLI: https://docs.github.com/en/copilot/how-tos/copilot-cli, "Add MCP servers", as of November 2026. */
export const copilot: Source = {
  name: 'copilot',
  title: 'Copilot CLI',
  projectFiles: ['.mcp.json', '.github/mcp.json'],
  userFiles: (place) => {
    const folder = folderIn(place, 'COPILOT_HOME') ?? place.path.join(place.home, '.copilot');
    return [place.path.join(folder, 'mcp-config.json')];
  },
  format: {
    ...STANDARD_KEYS,
    variables: SHELL_SYNTAX,
    cwd: ['cwd'],
    times: [{ key: 'timeout', unit: 'ms', option: 'timeout' }],
    disabled: ['disabled'],
    others: ['tools', 'description', 'oauthClientId', 'oauthPublicClient'],
    finish(entry, reader) {
      const tools = reader.texts('tools');
      if (tools?.includes('*') === false) entry.include = tools;
      const clientId = reader.text('oauthClientId');
      if (clientId !== undefined) entry.auth = { enabled: true, clientId };
    },
  },
  keys: [],
  entries: (root, context) => entriesAt(root, context, 'mcpServers'),
};
