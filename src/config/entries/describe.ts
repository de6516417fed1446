import { argumentSecrets } from '../../transports/secret-values.js';
import { printable } from '../../util/printable.js';
import type { ServerDescription, ServerTransport } from '../types.js';
import type { RawEntry } from './raw-entry.js';
import type { Template } from './template.js';

/** The longest text of a description, in characters. */
const LONGEST = 2_000;

/** Describes an entry without secrets, and without characters that could imitate other output. */
export function describe(entry: RawEntry): ServerDescription {
  const args = entry.args.map(({ written }) => written);
  // The longest first, because one may begin with another.
  const secrets = [...argumentSecrets(args)]
    .filter((secret) => secret.length > 3 && !isReference(secret))
    .sort((one, other) => other.length - one.length);
  const hidden = args.map((arg) => secrets.reduce((text, secret) => text.replaceAll(secret, '…'), arg));
  return {
    name: shown(entry.name),
    transport: transportOf(entry),
    ...(entry.command && { command: text(entry.command), args: hidden.map(shown) }),
    ...(entry.cwd && { cwd: text(entry.cwd) }),
    ...(entry.env.size > 0 && { env: [...entry.env.keys()].map(shown) }),
    ...(entry.envFile && { envFile: text(entry.envFile) }),
    ...(entry.url && { url: shown(publicUrl(entry.url.written)) }),
    ...(entry.headers.size > 0 && { headers: [...entry.headers.keys()].map(shown) }),
    ...(entry.headersHelper !== undefined && { headersHelper: shown(entry.headersHelper) }),
  };
}

/** The transport of an entry. */
export function transportOf({ kind, url }: RawEntry): ServerTransport {
  if (kind === 'url') return /^wss?:/i.test(url?.written.trim() ?? '') ? 'websocket' : 'http';
  return kind ?? 'unknown';
}

/** A text for one line of a terminal. */
export function shown(given: string): string {
  const clean = printable(given.slice(0, 2 * LONGEST)).replace(/[\n\t]+/g, ' ');
  return clean.length > LONGEST ? `${clean.slice(0, LONGEST)}…` : clean;
}

function text({ written }: Template): string {
  return shown(written);
}

/** Whether a text is only a variable. */
function isReference(value: string): boolean {
  return /^(?:\$\{[^}]*\}|\{[^}]*\}|\$\w+|\$\{\{[^}]*\}\})$/.test(value);
}

/** A URL without the values of credentials and of its query; variables stay. */
function publicUrl(written: string): string {
  const hide = (value: string): string => (isReference(value) ? value : '…');
  return written
    .replace(/^([\w+.-]+:\/\/)([^/?#@]*)@/, (_, scheme: string, credentials: string) => {
      return `${scheme}${credentials.split(':').map(hide).join(':')}@`;
    })
    .replace(/([?&][^=&#]*=)([^&#]*)/g, (_, name: string, value: string) => `${name}${hide(value)}`);
}
