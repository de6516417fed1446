import { DEVICE_CODE } from './device.js';
import type { DeviceGrant } from './device.js';
import type { InteractiveGrant } from './interactive.js';
import { isUnattended } from './unattended.js';
import type { UnattendedGrant } from './unattended.js';

/** How tokens are obtained: with a person, or without one. */
export type OAuthGrant = InteractiveGrant | DeviceGrant | UnattendedGrant;

/** What a grant needs: a browser that returns, another device, or no person. */
export type GrantKind = 'interactive' | 'device' | 'unattended';

/** The kind of a grant. */
export function kindOf(grant: OAuthGrant): GrantKind {
  return isUnattended(grant) ? 'unattended' : grant.kind;
}

/** How tokens are obtained, as stored grants name it: `person`, or the grant type without one. */
export function sourceOf(grant: OAuthGrant): string {
  return isUnattended(grant) ? (grant.grantType ?? 'program') : 'person';
}

/** Where the browser of a person returns to; empty for a grant without a browser that returns. */
export function redirectUriOf(grant: OAuthGrant): string {
  return isUnattended(grant) || grant.kind === 'device' ? '' : grant.redirectUri;
}

/** The grant type that an authorization server has to offer; undefined if the tokens are from elsewhere. */
export function grantTypeOf(grant: OAuthGrant): string | undefined {
  if (isUnattended(grant)) return grant.grantType;
  return grant.kind === 'device' ? DEVICE_CODE : 'authorization_code';
}
