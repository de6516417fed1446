import { STANDARD_KEYS } from '../entries/entry-format.js';
import type { EntryFormat } from '../entries/entry-format.js';
import { SHELL_SYNTAX } from '../entries/template.js';
import { ownFolder } from '../place.js';
import { readOAuth } from './oauth.js';
import { entriesAt } from './source.js';
import type { Source } from './source.js';

/** The keys of `.mcp.json`, which Claude Code defined. Copilot CLI adds `tools`, others `disabled` and `excludeTools`. */
export const CLAUDE_CODE_FORMAT: EntryFormat = {
  ...STANDARD_KEYS,
  variables: SHELL_SYNTAX,
  cwd: ['cwd'],
  headersHelper: ['headersHelper'],
  times: [{ key: 'timeout', unit: 'ms', option: 'timeout' }],
  enabled: ['enabled'],
  disabled: ['disabled'],
  exclude: ['excludeTools'],
  others: ['oauth', 'alwaysLoad', 'description', 'tools'],
  finish(entry, reader) {
    const keys = {
      clientId: 'clientId',
      scopes: 'scopes',
      callbackPort: 'callbackPort',
      metadataUrl: 'authServerMetadataUrl',
    };
    entry.auth = readOAuth(reader, 'oauth', keys);
    const tools = reader.texts('tools');
    if (tools?.includes('*') === false) entry.include = tools;
  },
};

/** Our own files. The format is that of Claude Code, with the member "mcpActors". */
export const mcpActors: Source = {
  name: 'mcp-actors',
  title: 'mcp-actors',
  projectFiles: ['.mcp.json'],
  userFiles: (place) => [place.path.join(ownFolder(place), 'mcp.json')],
  format: CLAUDE_CODE_FORMAT,
  keys: ['mcpServers'],
  entries: (root, context) => entriesAt(root, context, 'mcpServers'),
};
