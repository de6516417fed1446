import { closest } from '../util/did-you-mean.js';

/** A host with an optional port and path, without parts that could be secrets. */
const ADDRESS = /^((?:[\w-]+\.)*[\w-]+|\[[\da-f:]+\])(:\d{1,5})?(\/[^\s?#@]*)?(?:[?#]\S*)?$/i;
/** Hosts that usually have no certificate. */
const LOCAL = /^(?:localhost|.*\.local(?:host)?|127\.[\d.]+|10\.[\d.]+|192\.168\.[\d.]+|0\.0\.0\.0|\[::1?\])$/i;
/** Extensions of file names. */
const FILE = /\.(?:[cm]?js|[cm]?ts|py|rb|sh|exe|cmd|bat|ps1|jar|json|toml|ya?ml)$/i;

/**
 * The URL that the user probably meant with a text that lacks `https://` or has another scheme, without credentials and query; undefined if the
 * text does not look like a URL.
 * @param schemes the allowed schemes, such as `http:`
 */
export function suggestedUrl(text: string, schemes: readonly string[]): string | undefined {
  const [, scheme, rest = ''] = /^([a-z][a-z\d+.-]{0,15}):\/+(.*)$/i.exec(text) ?? [];
  const secure = schemes.includes('https:') ? 'https' : 'wss';
  if (scheme !== undefined) {
    const meant = meantScheme(scheme.toLowerCase(), schemes);
    const [, host, port = '', path = ''] = ADDRESS.exec(rest) ?? [];
    return meant === undefined || host === undefined ? undefined : `${meant}//${host}${port}${path}`;
  }
  const [, host = '', port = '', path = ''] = ADDRESS.exec(text) ?? [];
  const isHost = LOCAL.test(host) || port !== '' || /^[\d.]+$/.test(host) || /\.[a-z]{2,}$/i.test(host);
  if (!isHost || (path === '' && port === '' && FILE.test(host))) return undefined;
  const plain = secure === 'https' ? 'http' : 'ws';
  return `${LOCAL.test(host) ? plain : secure}://${host}${port}${path}`;
}

const SAME: Readonly<Record<string, string>> = { http: 'ws', https: 'wss', ws: 'http', wss: 'https' };

function meantScheme(scheme: string, schemes: readonly string[]): string | undefined {
  const other = SAME[scheme];
  if (other !== undefined) return schemes.find((one) => one === `${other}:`);
  const known = schemes.map((one) => one.slice(0, -1));
  const similar = closest(scheme, known);
  return similar === undefined ? undefined : `${similar}:`;
}
