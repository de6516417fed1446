import http from 'node:http';
import https from 'node:https';

import { isRedirect } from '../../protocol/redirects.js';
import { USER_AGENT } from '../../util/package.js';
import { within } from './limits.js';
import type { Limits } from './limits.js';

/**
 * Where the server redirects a request for this URL, without its query; undefined if it does not. A GET without credentials is sent, because the
 * transport follows redirects silently and does not report them.
 */
export async function redirectOf(url: URL, { network }: Limits): Promise<string | undefined> {
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return undefined;
  const bare = new URL(url.pathname + url.search, url.origin);
  const client = bare.protocol === 'https:' ? https : http;
  const headers = { accept: 'application/json, text/event-stream', 'user-agent': USER_AGENT };
  const request = client.get(bare, { headers, agent: false });
  const location = new Promise<string | undefined>((resolve) => {
    request.once('response', ({ statusCode = 0, headers: { location: target } }) => {
      resolve(isRedirect(statusCode) ? target : undefined);
    });
    request.on('error', () => resolve(undefined));
  });
  const found = await within(network, location);
  request.destroy();
  if (found === undefined || !URL.canParse(found, bare.href)) return undefined;
  const { origin, pathname } = new URL(found, bare);
  return `${origin}${pathname}`;
}
