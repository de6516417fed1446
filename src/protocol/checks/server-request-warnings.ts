import type { ElicitRequestFormParams, ElicitRequestURLParams } from '../schema/index.js';
import { safeText } from '../../util/printable.js';

/** Names of fields for secrets, which a form must not request. */
const SECRET =
  /pass(?:word|wd|phrase|code)|secret|token|api[_ -]?key|private[_ -]?key|credential|credit[_ -]?card|\bc[vs][cv]\b|\bssn\b/i;

/** Warnings for the user before a form is filled in. 2026-07-28 client/elicitation, "Security Considerations". */
export function formWarnings({ requestedSchema }: ElicitRequestFormParams): string[] {
  return Object.entries(requestedSchema.properties)
    .filter(([name, { title }]) => SECRET.test(name) || SECRET.test(title ?? ''))
    .map(([name]) => `The field ${safeText(name, 80)} seems to ask for a secret, which a form must not`);
}

/** Warnings for the user before a page is opened. 2026-07-28 client/elicitation, "Safe URL Handling". */
export function pageWarnings({ url }: ElicitRequestURLParams): string[] {
  const { protocol, hostname, username, password } = new URL(url);
  return [
    ...(protocol === 'http:' ? ['The page is not encrypted'] : []),
    ...(hostname.split('.').some((label) => label.startsWith('xn--'))
      ? [`The host ${hostname} has letters that may imitate others`]
      : []),
    ...(username === '' && password === '' ? [] : [`The URL has a user name in it: its host is ${hostname}`]),
  ];
}
