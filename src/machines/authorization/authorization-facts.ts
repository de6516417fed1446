import type { GrantKind } from '../../auth/grants/grant.js';
import type { SignInPrompt } from '../../auth/grants/sign-in-prompt.js';
import type { Failure } from '../../util/failure.js';

/** What the chart knows of a grant. Tokens are in the steps, never here. */
export interface GrantFacts {
  readonly issuer: string;
  /** All scopes that were requested for it, and the granted ones. */
  readonly requested: readonly string[];
  readonly granted: readonly string[];
}

/** Where the token in use comes from. `sign-in`: from the grant of the user, with a person or without one. */
export type TokenOrigin = 'store' | 'refresh' | 'sign-in';

/**
 * Why a token is obtained. `needed`: there is none. `clock`: it has expired. `age`: it will expire soon. `lacking`: it lacks scopes. `wish`: the
 * program calls `signIn()`.
 */
export type Cause = 'needed' | 'refused' | 'clock' | 'age' | 'lacking' | 'wish';

/** How a device code is used. Times are in ms. */
export interface DeviceFacts {
  /** The pause between two polls. */
  readonly interval: number;
  /** When the code expires, from its response on. */
  readonly lifetime: number;
}

/** Everything that the chart knows. It contains no secret: inspectors may show it. */
export interface AuthorizationFacts {
  /** Time for a person to sign in, in ms. */
  readonly authTimeout: number;
  readonly kind: GrantKind;
  /** The number of the token in use; each new token has the next one. 0: none so far. */
  readonly generation: number;
  readonly grant: GrantFacts | undefined;
  readonly origin: TokenOrigin | undefined;
  /** Whether the server has accepted the token in use. */
  readonly accepted: boolean;
  readonly cause: Cause;
  /** The scopes that the server required for the calls that wait; undefined if it named none. */
  readonly challenged: readonly string[] | undefined;
  /** Whether a person may be asked to sign in for one of the calls that wait. */
  readonly maySignIn: boolean;
  /** Scopes that were requested and not granted. They are not requested again. */
  readonly denied: readonly string[];
  /** Sign-ins since the server last accepted a token. */
  readonly prompts: number;
  /** Whether the program has called `signOut()` since then: no person is asked until it calls `signIn()` or connects again. */
  readonly signedOut: boolean;
  /** Whether the client was registered again since then, because the server no longer knew it. */
  readonly renewed: boolean;
  /** The server refused a token that a refresh had just obtained. */
  readonly refreshUseless: boolean;
  /** Whether this refresh has begun again, because another process had the lock meanwhile. */
  readonly overtaken: boolean;
  /** The device code that a person was shown last. */
  readonly device: DeviceFacts | undefined;
  /** Outages in a row, and failures of a grant without a person. */
  readonly outages: number;
  /** Why there is no token, or no better one. */
  readonly failure: Failure | undefined;
}

/** What a request reports when it needs a token, or another one. */
interface Demand {
  readonly maySignIn: boolean;
}

/** Everything that can happen to an authorization. */
export type AuthorizationEvent =
  | ({ readonly type: 'needed' | 'expired' } & Demand)
  | { readonly type: 'age' }
  /** The server refused the token in use, or requires one. Refusals of earlier tokens do not reach the chart. */
  | ({
      readonly type: 'refused';
      readonly challenged: readonly string[] | undefined;
    } & Demand)
  | ({ readonly type: 'lacking'; readonly challenged: readonly string[] } & Demand)
  | { readonly type: 'accepted' }
  /** The program wants a person to sign in, for these scopes. */
  | ({ readonly type: 'signIn'; readonly challenged: readonly string[] | undefined } & Demand)
  /** The program connects. */
  | { readonly type: 'connect' }
  /** The program wants no tokens any more. */
  | { readonly type: 'signOut' }
  /** The grant was deleted, by this connection or another one. */
  | { readonly type: 'dropped' }
  /** Its tokens are invalid, or the server does not make them invalid. */
  | { readonly type: 'revoked' }
  /** No caller waits for the sign-in any more. */
  | { readonly type: 'unwanted' }
  | { readonly type: 'loaded'; readonly grant: GrantFacts | undefined }
  /** `refreshable`: there is a refresh token of this authorization server. */
  | { readonly type: 'discovered'; readonly refreshable: boolean }
  | { readonly type: 'locked' | 'registered' | 'answered' }
  /** There is a device code, which a person can be shown. */
  | ({ readonly type: 'coded' } & DeviceFacts)
  /** The person has not entered the device code yet. `delayed`: the next poll has to be later; the server requires that, or is out of reach. */
  | { readonly type: 'pending' }
  | { readonly type: 'delayed'; readonly failure: Failure }
  /** Another connection had stored a newer grant. */
  | { readonly type: 'adopted'; readonly grant: GrantFacts }
  /** Another process had stored a newer grant, which has expired since: its refresh token serves in place of a sign-in. */
  | { readonly type: 'refreshable' }
  /** There are new tokens, and they are stored. `obtained`: without a person. */
  | { readonly type: 'refreshed' | 'exchanged' | 'obtained'; readonly grant: GrantFacts }
  /** Another process had the lock of the refresh meanwhile, because this one was stopped for too long. Nothing was sent, or it was of no use. */
  | { readonly type: 'overtaken'; readonly failure: Failure }
  /** The refresh token is of no use any more. */
  | { readonly type: 'refresh.dead'; readonly failure: Failure }
  /** The server does not know the client any more, which this library had registered. */
  | { readonly type: 'client.dead'; readonly failure: Failure }
  | { readonly type: 'failed'; readonly failure: Failure };

/** The steps of the flow. Each ends with one event. */
export type AuthorizationStep =
  | 'load'
  | 'discover'
  | 'lockRefresh'
  | 'refresh'
  | 'lockSignIn'
  | 'watch'
  | 'register'
  | 'prompt'
  | 'exchange'
  | 'requestCode'
  | 'showCode'
  | 'poll'
  | 'obtain'
  | 'drop'
  | 'revoke';

/** An authorization, as users see it. */
export interface AuthorizationView {
  /** `working`: the client finds the authorization server, registers itself, or requests tokens. */
  readonly state: 'none' | 'authorized' | 'refreshing' | 'working' | 'awaiting-user' | 'failed';
  readonly issuer: string | undefined;
  readonly account: string;
  /** The scopes that were granted. */
  readonly scopes: readonly string[];
  /** When the token expires, in ms since the Unix epoch. */
  readonly expiresAt: number | undefined;
  /** What the person was asked, in `awaiting-user`. */
  readonly prompt: SignInPrompt | undefined;
  /** Why there is no token, in `failed`. */
  readonly failure: Failure | undefined;
}
