import type { AuthorizationView } from './authorization-facts.js';
import type { AuthorizationSnapshot } from './authorization-machine.js';

/** The public state of an authorization. */
export function stateOf(snapshot: AuthorizationSnapshot): AuthorizationView['state'] {
  const { token } = snapshot.value;
  if (snapshot.matches({ work: { signingIn: 'awaitingUser' } })) return 'awaiting-user';
  if (snapshot.matches({ work: { signingIn: { awaitingDevice: 'showing' } } })) return 'awaiting-user';
  if (snapshot.matches({ work: 'refreshing' })) return 'refreshing';
  if (snapshot.hasTag('idle')) {
    if (typeof token === 'object') return 'authorized';
    return snapshot.context.failure === undefined ? 'none' : 'failed';
  }
  return snapshot.matches({ work: 'loading' }) ? 'none' : 'working';
}

/** Whether two views show the same. */
export function isSameView(one: AuthorizationView, other: AuthorizationView): boolean {
  return (Object.keys(one) as (keyof AuthorizationView)[]).every((name) => one[name] === other[name]);
}
