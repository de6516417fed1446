import type { SourceName } from '../config/types.js';
import { oneLine } from './terminal.js';

/** A server in config files, as the user named it: `linear`, `cursor:linear` or `./mcp.json:linear`. */
export interface ServerName {
  readonly name: string;
  readonly source?: SourceName | undefined;
  readonly file?: string | undefined;
}

/** A file with one of the usual extensions, and a colon after it. */
const FILE = /^.*?\.(?:jsonc?|toml|ya?ml):/is;

/** The length of the file before the name of a server, with its colon; 0 without a file. */
export function fileLength(word: string): number {
  return FILE.exec(word)?.[0].length ?? 0;
}

/**
 * Reads the name of a server, in which colons are allowed: `claude-code:plugin:github`. The sources are given, so that this module loads nothing to
 * know them.
 */
export function readServerName(word: string, sources: readonly string[]): ServerName {
  const first = word.indexOf(':');
  const source = sources.find((one) => one === word.slice(0, Math.max(first, 0)));
  if (source !== undefined && first < word.length - 1)
    return { name: word.slice(first + 1), source: source as SourceName };
  const colon = (fileLength(word) || word.lastIndexOf(':') + 1) - 1;
  const before = word.slice(0, Math.max(colon, 0));
  const name = word.slice(colon + 1);
  const isFile = fileLength(word) > 0 || /[\\/]/.test(before);
  return isFile && name !== '' ? { name, file: before } : { name: word };
}

/** A word that may be a mistyped URL, without credentials and query, which may be secrets. */
export function shownWord(word: string): string {
  const rest = word.replace(/^([^/?#]*:)?\/\/[^/?#]*@/, '$1//…@').replace(/\?[\s\S]*$/, '?…');
  return oneLine(rest, 100);
}

/** A word of a command line to copy. It is quoted for a shell, because an untrusted project file may have chosen it. */
export function shellWord(word: string): string {
  const shown = oneLine(word);
  return /^[\w@%+=:,./-]+$/.test(shown) ? shown : `'${shown.replaceAll("'", "'\\''")}'`;
}
