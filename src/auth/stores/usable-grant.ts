import type { GivenClient } from '../clients/client-options.js';
import { sourceOf } from '../grants/grant.js';
import type { OAuthSettings } from '../oauth-settings.js';
import type { Grant } from './records.js';

/**
 * Whether a stored grant is one that these options could have obtained: with a person, or with the same grant type; for the same client; and bound
 * to a key, or not, as `dpop` says. The program may have changed its options since, or share the store with a program that is another client.
 */
export function isUsable(grant: Grant, settings: OAuthSettings): boolean {
  const isBound = grant.proofKey !== undefined;
  if (settings.dpop !== 'auto' && settings.dpop !== isBound) return false;
  return grant.source === sourceOf(settings.grant) && isOfClient(grant, settings);
}

function isOfClient({ issuer, client: { id, dynamic } }: Grant, settings: OAuthSettings): boolean {
  let given: GivenClient | undefined;
  try {
    given = settings.client(issuer);
  } catch {
    // The function of the user fails again, and is reported, when the client is needed.
    return false;
  }
  // Tokens from elsewhere have no client.
  if (given === undefined) return dynamic || id === '';
  // Where no documents of clients are supported, the client is registered.
  return 'id' in given ? id === given.id : id === given.metadataUrl || dynamic;
}
