import { STANDARD_KEYS } from '../entries/entry-format.js';
import { WINDSURF_SYNTAX } from '../entries/template.js';
import { entriesAt } from './source.js';
import type { Source } from './source.js';

/** Windsurf: https://docs.windsurf.com/windsurf/cascade/mcp, as of November 2026. */
export const windsurf: Source = {
  name: 'windsurf',
  title: 'Windsurf',
  projectFiles: [],
  userFiles: ({ home, path }) => [
    path.join(home, '.codeium', 'windsurf', 'mcp_config.json'),
    path.join(home, '.codeium', 'mcp_config.json'),
  ],
  format: {
    ...STANDARD_KEYS,
    variables: WINDSURF_SYNTAX,
    url: { serverUrl: 'url', url: 'url' },
    disabled: ['disabled'],
    exclude: ['disabledTools'],
    others: ['alwaysAllow', 'registry'],
  },
  keys: [],
  entries: (root, context) => entriesAt(root, context, 'mcpServers'),
};
