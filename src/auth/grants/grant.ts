import type { InteractiveGrant } from './interactive.js';
import { isUnattended } from './unattended.js';
import type { UnattendedGrant } from './unattended.js';

/** How tokens are obtained: with a person, or without one. */
export type OAuthGrant = InteractiveGrant | UnattendedGrant;

/** Where the browser of a person returns to; empty for a grant without a browser. */
export function redirectUriOf(grant: OAuthGrant): string {
  return isUnattended(grant) ? '' : grant.redirectUri;
}

/** The grant type that an authorization server has to offer; undefined if the tokens are from elsewhere. */
export function grantTypeOf(grant: OAuthGrant): string | undefined {
  return isUnattended(grant) ? grant.grantType : 'authorization_code';
}
