import { raise } from '../../errors.js';
import type { AuthorizationView } from '../../machines/authorization/authorization-facts.js';
import type { LazyAuthorization } from '../../machines/authorization/lazy-authorization.js';
import { describeAge } from '../../util/age.js';
import { isFailure } from '../../util/failure.js';
import type { ConnectionErrors } from '../connection-errors.js';
import type { AuthorizationStatus, SignInOptions } from './authorization-status.js';

/** What the functions here use of a client. */
interface SignedInClient {
  readonly authorization: LazyAuthorization | undefined;
  readonly errors: Pick<ConnectionErrors, 'of'>;
}

/** The state of the sign-in; undefined if the transport has no `OAuth`. */
export function authorizationStatus({ authorization, errors }: SignedInClient): AuthorizationStatus | undefined {
  return authorization && statusOf(authorization.view, errors);
}

/** The public form of a view. */
export function statusOf(
  { failure: why, issuer, expiresAt, prompt, ...view }: AuthorizationView,
  errors: SignedInClient['errors'],
): AuthorizationStatus {
  return {
    ...view,
    ...(issuer !== undefined && { issuer }),
    ...(expiresAt !== undefined && { expiresAt }),
    ...(prompt !== undefined && { prompt }),
    ...(why !== undefined && { error: errors.of(why) }),
  };
}

/** Has a person sign in, unless there is a token with the scopes. */
export function signIn(client: SignedInClient, { scopes = [], signal }: SignInOptions): Promise<void> {
  return withAuthorization(client, (authorization) => authorization.signIn({ scopes, signal }));
}

/** Deletes and revokes the tokens. */
export function signOut(client: SignedInClient): Promise<void> {
  return withAuthorization(client, (authorization) => authorization.signOut());
}

async function withAuthorization(
  { authorization, errors }: SignedInClient,
  act: (authorization: LazyAuthorization) => Promise<void>,
): Promise<void> {
  if (authorization === undefined)
    raise('This client has no sign-in: pass `auth: oauth()` to its HttpTransport or SseTransport', {
      code: 'MCP_INVALID_PARAMS',
      delivery: 'not-sent',
      details: { field: 'auth' },
    });
  try {
    await act(authorization);
  } catch (thrown) {
    throw isFailure(thrown) ? errors.of(thrown) : thrown;
  }
}

/** Lines about the authorization for `explain()`: which person or work the client waits for. */
export function explainAuthorization({ state, issuer, account, prompt }: AuthorizationView, now: number): string[] {
  if (prompt !== undefined) {
    const left = prompt.expiresAt === Infinity ? '' : `, ${describeAge(Math.max(prompt.expiresAt - now, 0))} are left`;
    const where = `at ${prompt.issuer} for ${prompt.server}, account "${account}"`;
    return [
      `Waiting for a person to sign in ${where}${left}. Open the URL of the prompt, or pass the URL of the callback.`,
    ];
  }
  if (state === 'refreshing' || state === 'working')
    return [`The token is being obtained${issuer === undefined ? '' : ` at ${issuer}`}; requests may wait for it.`];
  return [];
}
