import { STANDARD_KEYS } from '../entries/entry-format.js';
import type { DraftEntry } from '../entries/raw-entry.js';
import type { EntryReader } from '../entries/entry-reader.js';
import { fromEnvironment, MCPORTER_SYNTAX, parseTemplate } from '../entries/template.js';
import { xdgFolder } from '../place.js';
import { scopesIn } from './oauth.js';
import { entriesAt } from './source.js';
import type { Source } from './source.js';

const NAMES = ['mcporter.json', 'mcporter.jsonc'];

/** mcporter: https://github.com/openclaw/mcporter, docs/config.md, as of November 2026. */
export const mcporter: Source = {
  name: 'mcporter',
  title: 'mcporter',
  projectFiles: NAMES.map((name) => `config/${name}`),
  userFiles: (place) =>
    [place.path.join(place.home, '.mcporter'), place.path.join(xdgFolder(place), 'mcporter')].flatMap((folder) =>
      NAMES.map((name) => place.path.join(folder, name)),
    ),
  format: {
    ...STANDARD_KEYS,
    variables: MCPORTER_SYNTAX,
    type: ['type', 'transport'],
    url: { baseUrl: 'url', url: 'url', serverUrl: 'url' },
    cwd: ['cwd'],
    include: ['allowedTools'],
    exclude: ['blockedTools'],
    disabled: ['disabled'],
    others: [
      ...[
        'description',
        'lifecycle',
        'auth',
        'bearerToken',
        'bearerTokenEnv',
        'clientName',
        'tokenCacheDir',
        'logging',
      ],
      ...['oauthClientId', 'oauthClientSecret', 'oauthRedirectUrl', 'oauthScope', 'oauthCommand', 'sources'],
    ],
    finish,
  },
  keys: ['imports'],
  entries: (root, context) => entriesAt(root, context, 'mcpServers'),
};

function finish(entry: DraftEntry, reader: EntryReader): void {
  const token = reader.text('bearerToken');
  const variable = reader.text('bearerTokenEnv');
  if (token !== undefined) entry.headers.set('Authorization', parseTemplate(`Bearer ${token}`, MCPORTER_SYNTAX));
  else if (variable !== undefined) entry.headers.set('Authorization', fromEnvironment(variable, 'Bearer '));
  const lifecycle = reader.member('lifecycle');
  const mode = lifecycle?.kind === 'object' ? lifecycle.members.get('mode') : lifecycle;
  const idle = lifecycle?.kind === 'object' ? reader.inside('lifecycle')?.positive('idleTimeoutMs') : undefined;
  if (mode?.kind === 'scalar')
    entry.settings = {
      keep: mode.value === 'keep-alive',
      ...(idle !== undefined && { idleTimeout: idle }),
      ...entry.settings,
    };
  const clientId = reader.text('oauthClientId');
  const secret = reader.text('oauthClientSecret');
  const redirectUri = reader.text('oauthRedirectUrl');
  const scopes = scopesIn(reader, 'oauthScope');
  if (reader.text('auth') === undefined && clientId === undefined) return;
  entry.auth = {
    enabled: true,
    ...(clientId !== undefined && { clientId }),
    ...(secret !== undefined && { clientSecret: parseTemplate(secret, MCPORTER_SYNTAX) }),
    ...(redirectUri !== undefined && { redirectUri }),
    ...(scopes !== undefined && { scopes }),
  };
}
