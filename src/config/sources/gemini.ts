import { member } from '../documents/node.js';
import type { ObjectNode } from '../documents/node.js';
import { STANDARD_KEYS } from '../entries/entry-format.js';
import type { DraftEntry } from '../entries/raw-entry.js';
import { DOLLAR_SYNTAX, PERCENT_SYNTAX } from '../entries/template.js';
import { readOAuth } from './oauth.js';
import { entriesAt } from './source.js';
import type { Source } from './source.js';

/** Gemini CLI: https://geminicli.com/docs/tools/mcp-server, as of November 2026. */
export const gemini: Source = {
  name: 'gemini',
  title: 'Gemini CLI',
  projectFiles: ['.gemini/settings.json'],
  userFiles: ({ home, path }) => [path.join(home, '.gemini', 'settings.json')],
  format: {
    ...STANDARD_KEYS,
    variables: DOLLAR_SYNTAX,
    envVariables: PERCENT_SYNTAX,
    url: { httpUrl: 'http', url: 'url' },
    cwd: ['cwd'],
    times: [{ key: 'timeout', unit: 'ms', option: 'timeout' }],
    include: ['includeTools'],
    exclude: ['excludeTools'],
    others: [
      'trust',
      'description',
      'oauth',
      'authProviderType',
      'targetAudience',
      'targetServiceAccount',
      'extension',
    ],
    finish(entry, reader) {
      const keys = { enabled: 'enabled', clientId: 'clientId', clientSecret: 'clientSecret', scopes: 'scopes' };
      entry.auth = readOAuth(reader, 'oauth', { ...keys, redirectUri: 'redirectUri' }, DOLLAR_SYNTAX);
    },
  },
  keys: [],
  entries: (root, context) => entriesAt(root, context, 'mcpServers'),
  finish: applyLists,
};

/** The lists `mcp.allowed` and `mcp.excluded` of a file switch servers off. */
function applyLists(entry: DraftEntry, root: ObjectNode): void {
  const allowed = member(root, 'mcp', 'allowed');
  const excluded = member(root, 'mcp', 'excluded');
  const names = (node: typeof allowed): unknown[] =>
    node?.kind === 'list' ? node.items.map((item) => (item.kind === 'scalar' ? item.value : undefined)) : [];
  if (allowed?.kind === 'list' && !names(allowed).includes(entry.name)) entry.enabled = false;
  if (names(excluded).includes(entry.name)) entry.enabled = false;
}
