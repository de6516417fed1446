import { STANDARD_KEYS } from '../entries/entry-format.js';
import { CLINE_SYNTAX } from '../entries/template.js';
import { configFolder } from '../place.js';
import { entriesAt } from './source.js';
import type { Source } from './source.js';
import { VSCODE_FOLDERS } from './vscode.js';

const FILE = 'cline_mcp_settings.json';

/** Cline: https://docs.cline.bot/mcp, as of November 2026. Its timeouts are in seconds. */
export const cline: Source = {
  name: 'cline',
  title: 'Cline',
  projectFiles: [],
  userFiles: (place) => {
    const { home, path } = place;
    const ofVsCode = VSCODE_FOLDERS.map((folder) =>
      path.join(configFolder(place), folder, 'User', 'globalStorage', 'saoudrizwan.claude-dev', 'settings', FILE),
    );
    return [...ofVsCode, path.join(home, '.cline', 'data', 'settings', FILE)];
  },
  format: {
    ...STANDARD_KEYS,
    variables: CLINE_SYNTAX,
    type: ['type', 'transportType'],
    cwd: ['cwd'],
    times: [{ key: 'timeout', unit: 's', option: 'timeout' }],
    disabled: ['disabled'],
    others: ['autoApprove', 'alwaysAllow', 'oauth'],
  },
  keys: [],
  entries: (root, context) => entriesAt(root, context, 'mcpServers'),
};
