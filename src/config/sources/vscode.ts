import { STANDARD_KEYS } from '../entries/entry-format.js';
import { EDITOR_SYNTAX } from '../entries/template.js';
import { configFolder } from '../place.js';
import { readOAuth } from './oauth.js';
import { entriesAt } from './source.js';
import type { Source } from './source.js';

/** The editions of VS Code, by the names of their folders. */
export const VSCODE_FOLDERS = ['Code', 'Code - Insiders'];

/** VS Code: https://code.visualstudio.com/docs/copilot/reference/mcp-configuration, as of November 2026. */
export const vscode: Source = {
  name: 'vscode',
  title: 'VS Code',
  projectFiles: ['.vscode/mcp.json'],
  userFiles: (place) =>
    VSCODE_FOLDERS.map((folder) => place.path.join(configFolder(place), folder, 'User', 'mcp.json')),
  format: {
    ...STANDARD_KEYS,
    variables: EDITOR_SYNTAX,
    envFile: ['envFile'],
    cwd: ['cwd'],
    others: ['oauth', 'dev', 'sandbox', 'sandboxEnabled', 'gallery', 'version'],
    finish(entry, reader) {
      entry.auth = readOAuth(reader, 'oauth', { clientId: 'clientId' });
    },
  },
  keys: ['servers', 'inputs'],
  entries: (root, context) => entriesAt(root, context, 'servers'),
};
