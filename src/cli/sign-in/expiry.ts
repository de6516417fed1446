import { describeAge } from '../../util/age.js';

/** When a token expires, for people. */
export function expiryText(expiresAt: number | undefined, renewable: boolean, now = Date.now()): string {
  const renewed = renewable ? ', renewed by the next command' : '';
  if (expiresAt === undefined) return 'without a known expiry';
  if (expiresAt > now) return `expires in ${describeAge(expiresAt - now)}`;
  return `expired ${describeAge(now - expiresAt)} ago${renewed}`;
}
