import { authFailure } from '../../auth/auth-failures.js';
import type { ClientIdentity } from '../../auth/client-identity.js';
import { givenClient } from '../../auth/clients/given-client.js';
import { CallbackListener, listenerAddress } from '../../auth/grants/callback-listener.js';
import { isUnattended } from '../../auth/grants/unattended.js';
import type { GuardedFetch } from '../../auth/network/guarded-fetch.js';
import type { OAuthSettings } from '../../auth/oauth-settings.js';
import { register } from '../../auth/clients/registration.js';
import type { AuthorizationServerMetadata } from '../../auth/server-metadata.js';
import type { Grant } from '../../auth/stores/records.js';
import type { StoredRecords } from './stored-records.js';

/** What a client is chosen with. */
export interface SignInClientOptions {
  readonly settings: OAuthSettings;
  /** The name that is registered if the settings have none. */
  readonly clientName: string;
  readonly network: GuardedFetch;
  readonly records: StoredRecords;
  readonly now: () => number;
}

/** The client with which a person signs in, and the listener at its redirect URI. */
export class SignInClient {
  readonly #options: SignInClientOptions;
  #listener: CallbackListener | undefined;

  constructor(options: SignInClientOptions) {
    this.#options = options;
  }

  /** Receives the browser; undefined if the program does. */
  get listener(): CallbackListener | undefined {
    return this.#listener;
  }

  /** Answers the browser, and releases the port. */
  closeListener(): void {
    this.#listener?.close();
    this.#listener = undefined;
  }

  /** Chooses the client at an authorization server: given, stored, or registered now. Its redirect URI leads to the listener, if there is one. */
  async choose(
    metadata: AuthorizationServerMetadata,
    scopes: readonly string[],
    grant: Grant | undefined,
    signal: AbortSignal,
  ): Promise<ClientIdentity> {
    const { settings, records, now } = this.#options;
    const stored = await records.client(metadata.issuer, scopes, now());
    const redirectUri = await this.#listen(stored, signal);
    const isListening = stored !== undefined && (this.#listener?.isAt(stored.redirectUri) ?? true);
    return (
      givenClient(settings, metadata, grant, redirectUri) ??
      (isListening ? stored : undefined) ??
      (await this.#register(metadata, redirectUri, scopes, signal))
    );
  }

  /** Listens, preferably at the port that is registered, if the program does not. Returns the redirect URI. */
  async #listen(registered: ClientIdentity | undefined, signal: AbortSignal): Promise<string> {
    const { grant } = this.#options.settings;
    if (isUnattended(grant) || grant.kind === 'device') return '';
    const { redirectUri, listen, onPrompt } = grant;
    const address = listen ? listenerAddress(redirectUri) : undefined;
    if (address === undefined) return redirectUri;
    // A client that the server does not know is chosen again in the same sign-in.
    this.closeListener();
    const before = address.port === 0 && registered !== undefined ? listenerAddress(registered.redirectUri) : undefined;
    const listener =
      (before && (await CallbackListener.open({ ...address, port: before.port }).catch(ignoreFailure))) ??
      (await CallbackListener.open(address).catch((thrown: unknown) => {
        // A person can paste the callback, if it is known where the browser ends.
        if (onPrompt === undefined || (before ?? address).port === 0) throw thrown;
        return undefined;
      }));
    if (signal.aborted) listener?.close();
    else this.#listener = listener;
    // A redirect URI of the user is sent as it is written.
    if (address.port !== 0) return redirectUri;
    return listener?.redirectUri ?? registered?.redirectUri ?? redirectUri;
  }

  async #register(
    metadata: AuthorizationServerMetadata,
    redirectUri: string,
    scopes: readonly string[],
    signal: AbortSignal,
  ): Promise<ClientIdentity> {
    const { settings, clientName, network, records } = this.#options;
    const { issuer, registration_endpoint: endpoint } = metadata;
    if (endpoint === undefined)
      throw authFailure('MCP_CLIENT_UNKNOWN', 'registration', `${issuer} does not let clients register themselves`, {
        issuer,
      });
    const { clientUri, logoUri } = settings;
    const client = await register(
      {
        ...{ metadata, endpoint, clientUri, logoUri, scopes, redirectUri },
        clientName: settings.clientName ?? clientName,
      },
      network,
      signal,
    );
    await records.keepClient(issuer, client, scopes);
    return client;
  }
}

function ignoreFailure(): undefined {
  return undefined;
}
