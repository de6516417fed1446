import type { EntryReader } from './entry-reader.js';
import type { DraftEntry, TransportKind } from './raw-entry.js';
import type { VariableSyntax } from './template.js';

/** A key with a time, its unit, and the option of the client that it sets. */
export interface TimeKey {
  readonly key: string;
  readonly unit: 'ms' | 's';
  readonly option: 'timeout' | 'connectTimeout';
}

/** The keys of an entry of one program. */
export interface EntryFormat {
  /** How variables are written. Default: there are none. */
  readonly variables?: VariableSyntax | undefined;
  /** How variables are written in the environment. Default: as elsewhere. */
  readonly envVariables?: VariableSyntax | undefined;
  /** How variables are written in headers. Default: as elsewhere. */
  readonly headerVariables?: VariableSyntax | undefined;
  /** The keys of the transport. */
  readonly type?: readonly string[] | undefined;
  readonly command?: readonly string[] | undefined;
  readonly args?: readonly string[] | undefined;
  readonly env?: readonly string[] | undefined;
  readonly envFile?: readonly string[] | undefined;
  readonly cwd?: readonly string[] | undefined;
  /** The keys of the URL, with the transport that each implies. */
  readonly url?: Readonly<Record<string, TransportKind>> | undefined;
  readonly headers?: readonly string[] | undefined;
  readonly headersHelper?: readonly string[] | undefined;
  readonly times?: readonly TimeKey[] | undefined;
  readonly enabled?: readonly string[] | undefined;
  readonly disabled?: readonly string[] | undefined;
  readonly include?: readonly string[] | undefined;
  readonly exclude?: readonly string[] | undefined;
  /** Keys that `finish` reads, and keys that mean nothing to this package. */
  readonly others?: readonly string[] | undefined;
  /** Reads the keys that only this program has. */
  readonly finish?: ((entry: DraftEntry, reader: EntryReader) => void) | undefined;
}

/** The keys that nearly every program has. */
export const STANDARD_KEYS = {
  type: ['type'],
  command: ['command'],
  args: ['args'],
  env: ['env'],
  url: { url: 'url' },
  headers: ['headers'],
} as const satisfies EntryFormat;

/** All keys of a format. */
export function keysOf(format: EntryFormat): Set<string> {
  const { type, command, args, env, envFile, cwd, headers, headersHelper } = format;
  const { enabled, disabled, include, exclude, others } = format;
  const lists = [type, command, args, env, envFile, cwd, headers, headersHelper, enabled, disabled, include, exclude];
  return new Set([
    ...lists.flatMap((keys) => keys ?? []),
    ...Object.keys(format.url ?? {}),
    ...(format.times ?? []).map(({ key }) => key),
    ...(others ?? []),
    'mcpActors',
  ]);
}
