import { isScope } from '../protocol/challenge.js';

/** The most scopes, and characters, that are requested. */
const MOST_SCOPES = 64;
const MOST_CHARACTERS = 4_096;

/** The scopes of a text or a list. Malformed ones are left out. */
export function readScopes(given: unknown): string[] {
  const values: unknown[] = typeof given === 'string' ? given.split(' ') : Array.isArray(given) ? given : [];
  return union(values.filter((one): one is string => typeof one === 'string' && isScope(one)));
}

/** All scopes of some lists, each once, in their order; at most 64 with 4096 characters. */
export function union(...lists: readonly (readonly string[])[]): string[] {
  const all = [...new Set(lists.flat())].slice(0, MOST_SCOPES);
  let characters = 0;
  return all.filter((scope) => (characters += scope.length + 1) <= MOST_CHARACTERS);
}

/** The scopes of one list that another one lacks. */
export function lacking(wanted: readonly string[], present: readonly string[]): string[] {
  return wanted.filter((scope) => !present.includes(scope));
}

/** The scopes from which the request for an authorization is made. */
export interface ScopeSources {
  /** The scopes of the challenge; undefined if it named none. */
  readonly challenged: readonly string[] | undefined;
  /** `scopes_supported` of the resource. */
  readonly ofResource: readonly string[] | undefined;
  /** `scopes_supported` of the authorization server. */
  readonly ofServer: readonly string[] | undefined;
  /** All scopes that were requested before for this grant. */
  readonly earlier: readonly string[];
  readonly offlineAccess: boolean;
  /** The decision of the user. */
  readonly choose: (asked: readonly string[]) => readonly string[];
}

/**
 * The scopes to request: those of the challenge, else all scopes of the resource; and all that were requested before. `offline_access` is added
 * only where the authorization server lists it. 2026-07-28 basic/authorization, "Scope Selection Strategy".
 */
export function scopesToRequest(sources: ScopeSources): string[] {
  const { challenged, ofResource, ofServer, earlier, offlineAccess, choose } = sources;
  const first = challenged ?? ofResource ?? [];
  const offline = offlineAccess && ofServer?.includes('offline_access') === true ? ['offline_access'] : [];
  return readScopes(choose(union(earlier, first, offline)));
}
