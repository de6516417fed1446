import type { DraftEntry } from '../entries/raw-entry.js';
import type { EntryReader } from '../entries/entry-reader.js';
import { fromEnvironment } from '../entries/template.js';
import { folderIn } from '../place.js';
import { entriesAt } from './source.js';
import type { Source } from './source.js';

/** Codex: https://developers.openai.com/codex/mcp, as of November 2026. It expands no variables, and has keys that name them. */
export const codex: Source = {
  name: 'codex',
  title: 'Codex',
  projectFiles: ['.codex/config.toml'],
  userFiles: (place) => {
    const folder = folderIn(place, 'CODEX_HOME') ?? place.path.join(place.home, '.codex');
    return [place.path.join(folder, 'config.toml')];
  },
  format: {
    command: ['command'],
    args: ['args'],
    env: ['env'],
    cwd: ['cwd'],
    url: { url: 'url' },
    headers: ['http_headers'],
    times: [
      { key: 'startup_timeout_sec', unit: 's', option: 'connectTimeout' },
      { key: 'startup_timeout_ms', unit: 'ms', option: 'connectTimeout' },
      { key: 'tool_timeout_sec', unit: 's', option: 'timeout' },
    ],
    enabled: ['enabled'],
    include: ['enabled_tools'],
    exclude: ['disabled_tools'],
    others: ['env_vars', 'bearer_token_env_var', 'env_http_headers', 'required', 'scopes', 'oauth_resource'],
    finish,
  },
  keys: ['mcp_servers'],
  entries: (root, context) => entriesAt(root, context, 'mcp_servers'),
};

function finish(entry: DraftEntry, reader: EntryReader): void {
  // Variables that the server inherits, if they are set. A variable is a name, or `{ name, source }`.
  const inherited = reader.member('env_vars');
  for (const item of inherited?.kind === 'list' ? inherited.items : []) {
    const name = item.kind === 'object' ? item.members.get('name') : item;
    if (name?.kind === 'scalar' && typeof name.value === 'string' && !entry.env.has(name.value))
      entry.env.set(name.value, fromEnvironment(name.value, '', true));
  }
  for (const [header, variable] of reader.map('env_http_headers') ?? [])
    entry.headers.set(header, fromEnvironment(variable));
  const token = reader.text('bearer_token_env_var');
  if (token !== undefined) entry.headers.set('Authorization', fromEnvironment(token, 'Bearer '));
  const scopes = reader.texts('scopes');
  const resource = reader.text('oauth_resource');
  if (scopes !== undefined || resource !== undefined)
    entry.auth = { enabled: true, ...(scopes && { scopes }), ...(resource !== undefined && { resource }) };
}
