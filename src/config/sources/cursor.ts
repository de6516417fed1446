import { STANDARD_KEYS } from '../entries/entry-format.js';
import { EDITOR_SYNTAX, parseTemplate } from '../entries/template.js';
import { readOAuth } from './oauth.js';
import { entriesAt } from './source.js';
import type { Source } from './source.js';

/** Cursor: https://cursor.com/docs/context/mcp, as of November 2026. */
export const cursor: Source = {
  name: 'cursor',
  title: 'Cursor',
  projectFiles: ['.cursor/mcp.json'],
  userFiles: ({ home, path }) => [path.join(home, '.cursor', 'mcp.json')],
  format: {
    ...STANDARD_KEYS,
    variables: EDITOR_SYNTAX,
    envFile: ['envFile'],
    cwd: ['cwd'],
    disabled: ['disabled'],
    others: ['auth', 'description'],
    finish(entry, reader) {
      const auth = readOAuth(reader, 'auth', { clientSecret: 'CLIENT_SECRET', scopes: 'scopes' }, EDITOR_SYNTAX);
      const id = reader.inside('auth')?.text('CLIENT_ID');
      entry.auth =
        auth &&
        (id === undefined || parseTemplate(id, EDITOR_SYNTAX).parts.some(isVariable)
          ? auth
          : { ...auth, clientId: id });
    },
  },
  keys: ['mcpServers'],
  entries: (root, context) => entriesAt(root, context, 'mcpServers'),
};

function isVariable(part: unknown): boolean {
  return typeof part !== 'string';
}
