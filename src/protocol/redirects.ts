import { failure } from '../util/failure.js';
import type { Failure } from '../util/failure.js';

/** How many redirects in a row are followed. */
export const MOST_REDIRECTS = 5;

/** A redirect that a server asked for. */
export interface Redirect {
  readonly method: string;
  readonly status: number;
  readonly location: string | undefined;
  readonly from: URL;
  /** How many were followed before. */
  readonly followed: number;
}

/** Whether a status asks to go elsewhere. */
export function isRedirect(status: number): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308;
}

/**
 * Where to go, or why not to. Credentials and messages never leave the origin that they were given for; only the same host over TLS
 * is as good. A POST is repeated only when the status says that it stays a POST. RFC 9110, 15.4.
 */
export function judgeRedirect(redirect: Redirect): URL | Failure {
  const { method, status, location, from, followed } = redirect;
  if (followed >= MOST_REDIRECTS) {
    return refused(redirect, `${from.origin} redirects more than ${MOST_REDIRECTS} times in a row`);
  }
  let target: URL;
  try {
    target = new URL(location ?? '', from);
    if (location === undefined) throw new TypeError('no location');
  } catch {
    return refused(redirect, `${from.origin} redirects (${status}) without saying where to`);
  }
  if (target.origin !== from.origin && !isUpgrade(from, target)) {
    const message = `${from.origin} redirects (${status}) to another origin, ${shown(target)}, which is not followed`;
    return refused(redirect, message, target);
  }
  if (method === 'POST' && status !== 307 && status !== 308) {
    return refused(
      redirect,
      `${from.origin} redirects a POST to ${shown(target)} with ${status}, which would make a GET of it`,
      target,
    );
  }
  target.hash = '';
  target.username = from.username;
  target.password = from.password;
  return target;
}

/** The same host over TLS, on the ports that are meant when none is named. */
function isUpgrade(from: URL, to: URL): boolean {
  return (
    from.protocol === 'http:' &&
    to.protocol === 'https:' &&
    from.hostname === to.hostname &&
    from.port === '' &&
    to.port === ''
  );
}

/** `origin` says "null" of what is not http. */
function originOf(url: URL): string {
  return url.origin === 'null' ? url.protocol : url.origin;
}

/** Where to, without what may be secret: neither credentials nor the query. */
function shown(url: URL): string {
  return url.origin === 'null' ? url.protocol : `${url.origin}${url.pathname}`;
}

function refused({ status, from }: Redirect, message: string, target?: URL): Failure {
  return failure('transport', 'MCP_REDIRECT_REFUSED', message, {
    errorCode: status,
    delivery: 'answered',
    details: { status, from: from.origin, ...(target && { to: originOf(target), location: shown(target) }) },
  });
}
