import type { Position } from '../documents/node.js';
import type { ConfigProblemCode, ConfiguredAuth, ServerSettings } from '../types.js';
import type { Template } from './template.js';

/** The transports, as types and keys of entries select them. `url`: over HTTP or a WebSocket, by the scheme of the URL. */
export type TransportKind = 'stdio' | 'http' | 'sse' | 'websocket' | 'url';

/** A problem of an entry, before the file and the name are added. */
export interface EntryProblem {
  readonly message: string;
  readonly at: Position;
  readonly level: 'error' | 'warning';
  readonly code: ConfigProblemCode;
}

/** An entry as it is written: variables are not expanded, no file is read. */
export interface RawEntry {
  readonly name: string;
  readonly at: Position;
  /** Undefined if it cannot be determined. There is a problem then. */
  readonly kind: TransportKind | undefined;
  readonly command: Template | undefined;
  readonly args: readonly Template[];
  readonly env: ReadonlyMap<string, Template>;
  readonly envFile: Template | undefined;
  readonly cwd: Template | undefined;
  readonly url: Template | undefined;
  readonly headers: ReadonlyMap<string, Template>;
  readonly headersHelper: string | undefined;
  readonly timeout: number | undefined;
  readonly connectTimeout: number | undefined;
  readonly enabled: boolean;
  readonly include: readonly string[] | undefined;
  readonly exclude: readonly string[] | undefined;
  readonly auth: RawAuth | undefined;
  readonly settings: ServerSettings;
  readonly problems: readonly EntryProblem[];
}

/** Sign-in of an entry, before the secret is expanded. */
export type RawAuth = Omit<ConfiguredAuth, 'clientSecret'> & { readonly clientSecret?: Template | undefined };

/** An entry that a source may still change. */
export type DraftEntry = {
  -readonly [Key in keyof RawEntry]: RawEntry[Key] extends ReadonlyMap<string, Template>
    ? Map<string, Template>
    : RawEntry[Key] extends readonly EntryProblem[]
      ? EntryProblem[]
      : RawEntry[Key];
};
