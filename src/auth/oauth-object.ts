import type { OAuthSettings } from './oauth-settings.js';

/**
 * Obtains, keeps and renews the tokens of servers: the option `auth` of `HttpTransport` and `SseTransport`. Made by `oauth()` of
 * `mcp-actors/auth`. One object serves any number of transports and URLs, which share its store.
 */
export class OAuth {
  // Private, so that printing it shows no secret.
  readonly #settings: OAuthSettings;

  /** @internal */
  constructor(settings: OAuthSettings) {
    this.#settings = settings;
  }

  /**
   * The settings of an object that `oauth()` has made; undefined for any other value.
   * @internal
   */
  static settingsOf(value: unknown): OAuthSettings | undefined {
    return typeof value === 'object' && value !== null && #settings in value ? value.#settings : undefined;
  }
}
