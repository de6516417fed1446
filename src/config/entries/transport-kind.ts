import type { EntryFormat } from './entry-format.js';
import { quoted } from './entry-reader.js';
import type { EntryReader } from './entry-reader.js';
import type { TransportKind } from './raw-entry.js';

/** The names of transports in all programs, in lower case and without hyphens. */
const TYPES: ReadonlyMap<string, TransportKind> = new Map([
  ['stdio', 'stdio'],
  ['local', 'stdio'],
  ['command', 'stdio'],
  ['http', 'http'],
  ['streamablehttp', 'http'],
  ['remote', 'url'],
  ['sse', 'sse'],
  ['ws', 'websocket'],
  ['websocket', 'websocket'],
]);

/** Determines the transport of an entry: by its type, then by the key that is present. */
export function transportKind(format: EntryFormat, reader: EntryReader): TransportKind | undefined {
  const command = reader.key(...(format.command ?? []));
  const urls = Object.keys(format.url ?? {});
  const url = reader.key(...urls);
  const typeKey = reader.key(...(format.type ?? []));
  if (typeKey !== undefined) {
    const type = reader.text(typeKey);
    if (type === undefined) return undefined;
    const kind = TYPES.get(type.toLowerCase().replace(/[-_ ]/g, ''));
    if (kind === undefined) {
      reader.error('unknown-type', reader.at(typeKey), `${quoted(typeKey)} must be "stdio", "http", "sse" or "ws"`);
      return undefined;
    }
    const missing = kind === 'stdio' ? command === undefined : url === undefined;
    if (!missing) return kind;
    const needed = kind === 'stdio' ? format.command?.[0] : urls[0];
    reader.error('no-transport', reader.node.at, `${quoted(needed ?? 'url')} is missing for the type ${quoted(type)}`);
    return undefined;
  }
  if (command !== undefined && url !== undefined) {
    const message = `it has both ${quoted(command)} and ${quoted(url)}: remove one of them, or add a "type"`;
    reader.error('ambiguous-transport', reader.node.at, message);
    return undefined;
  }
  if (command !== undefined) return 'stdio';
  if (url !== undefined) return format.url?.[url];
  const keys = [...(format.command ?? []), ...urls].map(quoted).join(' or ');
  reader.error('no-transport', reader.node.at, `${keys} is missing`);
  return undefined;
}
