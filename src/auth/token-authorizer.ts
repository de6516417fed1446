import { demandOf } from '../protocol/challenge.js';
import { isHeaderValue } from '../protocol/http-headers.js';
import { describeThrown, failure, lookable } from '../util/failure.js';
import type { Applicant, Authorizer, Credentials, Refusal } from './authorizer.js';
import type { TokenRefusal, TokenSource } from './token-source.js';

const SCHEME = 'Bearer ';

/** The credentials of a {@link TokenSource}, which is called before each request, and once after a refusal. */
export class TokenAuthorizer implements Authorizer {
  readonly mostRenewals = 1;
  readonly #tokens: TokenSource;
  readonly #keepSecret: (value: string) => void;

  constructor(tokens: TokenSource, keepSecret: (value: string) => void) {
    this.#tokens = tokens;
    this.#keepSecret = keepSecret;
  }

  credentials(): Promise<Credentials> {
    return this.#request(undefined);
  }

  async renew(_applicant: Applicant, { sent, status, challenge }: Refusal): Promise<Credentials | undefined> {
    const { error, requiredScope, resourceMetadata } = demandOf(challenge);
    const token = (sent.authorization ?? '').slice(SCHEME.length);
    const renewed = await this.#request({ token, status, error, requiredScope, resourceMetadata });
    return renewed.authorization === sent.authorization ? undefined : renewed;
  }

  accepted(): void {
    // The source is not interested in it.
  }

  async #request(refusal: TokenRefusal | undefined): Promise<Credentials> {
    try {
      // A source that counts its arguments must not get one without a refusal.
      const token: unknown = await (refusal === undefined ? this.#tokens.token() : this.#tokens.token(refusal));
      if (typeof token !== 'string' || token === '' || !isHeaderValue(token))
        throw new TypeError('it must give a string that can stand in a header');
      this.#keepSecret(token);
      return { authorization: `${SCHEME}${token}`, generation: 0 };
    } catch (thrown) {
      throw failure('authentication', 'MCP_AUTHENTICATION_REQUIRED', `auth.token() failed: ${describeThrown(thrown)}`, {
        delivery: 'not-sent',
        cause: lookable(thrown),
      });
    }
  }
}
