import type { Applicant, Authorizer, Credentials, Refusal } from '../../auth/authorizer.js';
import type { Authorization, SignInWish } from './authorization.js';
import type { AuthorizationView } from './authorization-facts.js';
import type { AuthorizationNeeds } from '../../transports/transport.js';
import type { Secrets } from '../../transports/secrets.js';
import type { Environment } from '../../util/environment.js';
import { failure } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';

/** What a connection gives to its authorization. */
export interface AuthorizationSurroundings {
  readonly clientName: string;
  readonly environment: Environment;
  readonly secrets: Pick<Secrets, 'add'>;
  readonly report: (problem: Failure) => void;
  /** Time for a person to sign in, in ms. */
  readonly authTimeout: number;
  /** The view has changed. */
  readonly changed: (view: AuthorizationView) => void;
}

/** The authorization of a connection. Its code is loaded with the first request, so that other programs do not pay for it. */
export class LazyAuthorization implements Authorizer {
  /** One after a 401, two after a 403 with `insufficient_scope`, and two for nonces. */
  readonly mostRenewals = 5;
  readonly #needs: AuthorizationNeeds;
  readonly #surroundings: AuthorizationSurroundings;
  #loading: Promise<Authorization> | undefined;
  #loaded: Authorization | undefined;
  #listener: ((asked: boolean) => void) | undefined;
  #asked = false;
  #closings = 0;
  #closed: Promise<void> | undefined;

  constructor(needs: AuthorizationNeeds, surroundings: AuthorizationSurroundings) {
    this.#needs = needs;
    this.#surroundings = surroundings;
  }

  /** Changes with the person and the server, and not with the token. */
  get identity(): string {
    return this.#loaded?.identity ?? 'none';
  }

  credentials(applicant: Applicant): Credentials | Promise<Credentials> {
    return this.#loaded?.credentials(applicant) ?? this.#first(applicant);
  }

  async #first(applicant: Applicant): Promise<Credentials> {
    return this.#use((authorization) => authorization.credentials(applicant));
  }

  /** Uses the authorization at once when it is loaded, unless it was closed meanwhile: nothing may start after the end. */
  async #use<Result>(act: (authorization: Authorization) => Result | Promise<Result>): Promise<Result> {
    const closings = this.#closings;
    const authorization = await (this.#loading ??= this.#load());
    if (closings !== this.#closings)
      throw failure('connection', 'MCP_CONNECTION_CLOSED', 'The connection is closed', { delivery: 'not-sent' });
    return act(authorization);
  }

  get view(): AuthorizationView {
    return (
      this.#loaded?.view ?? {
        ...{ state: 'none', account: this.#needs.settings.account, scopes: [] },
        ...{ issuer: undefined, expiresAt: undefined, prompt: undefined, failure: undefined },
      }
    );
  }

  begin(): void {
    this.#loaded?.begin();
  }

  async signIn(wish: SignInWish): Promise<void> {
    await this.#use((authorization) => authorization.signIn(wish));
  }

  async signOut(): Promise<void> {
    await this.#use((authorization) => authorization.signOut());
  }

  async #load(): Promise<Authorization> {
    const [{ Authorization }, { SafeFetch }, { UrlRules }] = await Promise.all([
      import('./authorization.js'),
      import('../../transports/safe-fetch.js'),
      import('../../auth/network/url-rules.js'),
    ]);
    const { settings, server } = this.#needs;
    const { environment, clientName, secrets, report, authTimeout, changed } = this.#surroundings;
    const { timeout, maxBytes, dispatcher } = settings.network;
    const rules = new UrlRules(server, settings.network);
    return (this.#loaded = new Authorization({
      ...{ settings, server, clientName, environment, report, authTimeout, changed },
      network: new SafeFetch({ rules, environment, timeout, maxBytes, dispatcher }),
      keepSecret: (value) => {
        secrets.add(value);
      },
      asking: (asked) => {
        this.#asked = asked;
        this.#listener?.(asked);
      },
    }));
  }

  async renew(applicant: Applicant, refusal: Refusal): Promise<Credentials | undefined> {
    return this.#loaded?.renew(applicant, refusal);
  }

  watch(listener: (asked: boolean) => void): () => void {
    this.#listener = listener;
    if (this.#asked) listener(true);
    return () => {
      if (this.#listener === listener) this.#listener = undefined;
    };
  }

  accepted(sent: Credentials): void {
    this.#loaded?.accepted(sent);
  }

  /** Ends prompts, requests and waits. The next connection of the client begins again, with the stored tokens. */
  close(): void {
    this.#closings += 1;
    this.#closed = this.#loaded?.close();
  }

  /** Resolves when nothing is left of the work that was closed: a refresh that was sent is stored before. */
  async closed(): Promise<void> {
    await this.#closed;
  }
}
