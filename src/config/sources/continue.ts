import { member } from '../documents/node.js';
import { STANDARD_KEYS } from '../entries/entry-format.js';
import { CONTINUE_SYNTAX, parseTemplate } from '../entries/template.js';
import { entriesAt } from './source.js';
import type { FileContext, FoundEntry, Source } from './source.js';
import type { ObjectNode } from '../documents/node.js';

/** Continue: https://docs.continue.dev/reference, as of November 2026. */
export const continueSource: Source = {
  name: 'continue',
  title: 'Continue',
  projectFiles: [],
  userFiles: ({ home, path }) => [path.join(home, '.continue', 'config.yaml')],
  format: {
    ...STANDARD_KEYS,
    variables: CONTINUE_SYNTAX,
    headers: [],
    cwd: ['cwd'],
    times: [{ key: 'connectionTimeout', unit: 'ms', option: 'connectTimeout' }],
    others: ['name', 'requestOptions', 'faviconUrl', 'sourceFile', 'apiKey', 'sourceSlug'],
    finish(entry, reader) {
      const headers = reader.inside('requestOptions')?.map('headers') ?? [];
      for (const [name, text] of headers) entry.headers.set(name, parseTemplate(text, CONTINUE_SYNTAX));
      const token = reader.text('apiKey');
      if (token !== undefined) entry.headers.set('Authorization', parseTemplate(`Bearer ${token}`, CONTINUE_SYNTAX));
    },
  },
  keys: [],
  entries: listed,
};

/** The servers are a list, each with a name. */
function listed(root: ObjectNode, context: FileContext): FoundEntry[] {
  const list = member(root, 'mcpServers');
  if (list?.kind !== 'list') return entriesAt(root, context, 'mcpServers');
  return list.items.flatMap((node) => {
    const name = member(node, 'name');
    if (name?.kind === 'scalar' && typeof name.value === 'string') return [{ name: name.value, node }];
    context.report(node, 'a server of "mcpServers" has no "name"');
    return [];
  });
}
