import type { GivenClient } from './clients/client-options.js';
import type { OAuthGrant } from './grants/grant.js';
import type { LocalLocks } from './local-locks.js';
import type { AuthorizationServerMetadata } from './server-metadata.js';
import type { TokenStore } from './stores/token-store.js';

/** Parameters that the user adds, replaces or, with null, removes. */
export type ExtraParameters = Readonly<Record<string, string | null>>;

/** The options of `oauth()`, checked and with their defaults. */
export interface OAuthSettings {
  readonly grant: OAuthGrant;
  /** The client for an issuer; undefined where this library registers one. */
  readonly client: (issuer: string) => GivenClient | undefined;
  /** The issuer of the client that the user gave, if the user named one. */
  readonly preferredIssuer: string | undefined;
  readonly clientName: string | undefined;
  readonly clientUri: string | undefined;
  readonly logoUri: string | undefined;
  readonly scopes: (asked: readonly string[]) => readonly string[];
  readonly offlineAccess: boolean;
  readonly account: string;
  readonly store: TokenStore;
  readonly prompt: 'auto' | 'connect' | 'never';
  readonly authorizationServer: string | AuthorizationServerMetadata | undefined;
  readonly resource: string | false | undefined;
  readonly parameters: ExtraParameters;
  readonly tokenParameters: ExtraParameters;
  readonly legacyDiscovery: boolean;
  readonly dpop: 'auto' | boolean;
  readonly network: NetworkSettings;
  /** The issuers at which given clients with credentials, but without an issuer, are used, by their ids. */
  readonly clientIssuers: Map<string, string>;
  /** Connections of this process that share the store take turns. */
  readonly locks: LocalLocks;
}

/** Limits of the requests of the flow. */
export interface NetworkSettings {
  readonly timeout: number;
  readonly maxBytes: number;
  readonly allowPrivate: boolean;
  readonly allowHttp: boolean;
  readonly dispatcher: { dispatch(options: object, handler: object): boolean } | undefined;
}
