import type { EntryReader } from '../entries/entry-reader.js';
import type { RawAuth } from '../entries/raw-entry.js';
import { parseTemplate } from '../entries/template.js';
import type { VariableSyntax } from '../entries/template.js';

/** The keys of an object about sign-in, which differ between programs. */
export interface OAuthKeys {
  readonly clientId?: string;
  readonly clientSecret?: string;
  /** A text with spaces, or a list. */
  readonly scopes?: string;
  readonly resource?: string;
  readonly redirectUri?: string;
  readonly callbackPort?: string;
  readonly metadataUrl?: string;
  readonly enabled?: string;
}

/** Reads an object about sign-in. `false` forbids it, `true` allows it. */
export function readOAuth(
  reader: EntryReader,
  key: string,
  keys: OAuthKeys,
  variables?: VariableSyntax,
): RawAuth | undefined {
  const node = reader.member(key);
  if (node === undefined) return undefined;
  if (node.kind === 'scalar' && typeof node.value === 'boolean') return { enabled: node.value };
  const inside = reader.inside(key);
  if (inside === undefined) {
    reader.warn('invalid-value', node.at, `"${key}" must be an object; it is ignored`);
    return undefined;
  }
  const text = (name: string | undefined): string | undefined => (name === undefined ? undefined : inside.text(name));
  const secret = text(keys.clientSecret);
  return withoutUndefined({
    enabled: keys.enabled === undefined || inside.flag(keys.enabled) !== false,
    clientId: text(keys.clientId),
    clientSecret: secret === undefined ? undefined : parseTemplate(secret, variables),
    scopes: keys.scopes === undefined ? undefined : scopesIn(inside, keys.scopes),
    resource: text(keys.resource),
    redirectUri: text(keys.redirectUri),
    callbackPort: keys.callbackPort === undefined ? undefined : inside.positive(keys.callbackPort),
    metadataUrl: text(keys.metadataUrl),
  });
}

/** Scopes as a list, or as a text with spaces. */
export function scopesIn(reader: EntryReader, key: string): readonly string[] | undefined {
  if (reader.member(key)?.kind === 'list') return reader.texts(key);
  return reader.text(key)?.split(/\s+/).filter(Boolean);
}

function withoutUndefined(auth: RawAuth): RawAuth {
  return Object.fromEntries(Object.entries(auth).filter(([, value]) => value !== undefined)) as RawAuth;
}
