import { describeAge } from '../util/age.js';
import type { Hintable } from './hintable.js';

const OVERLOADED =
  "The server, or a proxy in front of it, is overloaded: wait. The client repeats requests that are safe to repeat; `retry: 'safe'` marks a call as safe.";
const GATEWAY =
  'A proxy received no valid response from the server behind it: check that the server is running, and the timeout of the proxy.';
const NOT_AN_ENDPOINT = 'The response is neither JSON nor an event stream: check the URL.';

/** Hints by HTTP status. */
const STATUS_HINTS = new Map<unknown, string | ((failure: Hintable) => string)>([
  [
    400,
    'The server rejects the request as invalid. The message contains its reason, if it sent one; its log may contain more.',
  ],
  [
    403,
    'The server does not accept this client: check its list of allowed hosts and origins, and whether it requires a token.',
  ],
  [404, elsewhere],
  [405, elsewhere],
  [406, 'The server cannot respond in a format that the client accepts: a proxy may have changed the Accept header.'],
  [407, 'A proxy requires credentials: pass the transport a `dispatcher` (WebSocket: an `agent`) with them.'],
  [408, 'The server did not receive the whole request in time: the network or a proxy is slow.'],
  [413, 'The request is too large for the server, or for a proxy in front of it: send less, or raise its limit.'],
  [415, 'The server does not accept JSON at this URL: is this the MCP endpoint?'],
  [429, later],
  [500, 'The server failed: check its log.'],
  [502, GATEWAY],
  [503, later],
  [504, GATEWAY],
  ...[499, 520, 521, 522, 523, 524, 525, 526, 527, 530, 598, 599].map((status) => [status, GATEWAY] as const),
]);

/** The hint for an HTTP status, or for a response that is not MCP. */
export function statusHint(failure: Hintable): string | undefined {
  const { contentType, contentEncoding, status } = failure.details ?? {};
  if (contentEncoding !== undefined)
    return 'The client asks for `accept-encoding: identity`: configure the server, or the proxy in front of it, to send this path uncompressed.';
  const isPage = typeof contentType === 'string' && /^\s*text\/html\b/i.test(contentType);
  const found = STATUS_HINTS.get(status);
  // A gateway may also report its failure with a page.
  if (isPage && (status === 403 || (found === undefined && !(typeof status === 'number' && status >= 500))))
    return 'The response is a web page, perhaps for sign-in: check the URL. MCP endpoints often end in /mcp.';
  if (typeof status === 'number' && status < 300) return NOT_AN_ENDPOINT;
  return typeof found === 'function' ? found(failure) : found;
}

/** The hint for an HTTP server without MCP at this path, with other paths to try. */
function elsewhere({ details }: Hintable): string {
  const shown = typeof details?.url === 'string' ? details.url : '';
  const parts = /^([a-z]+:\/\/[^/]*)(\/.*)?$/.exec(shown);
  if (parts === null) return 'Is this the MCP endpoint? Check the path of the URL.';
  const [, origin = '', given = ''] = parts;
  const path = given.replace(/\/+$/, '');
  const base = path.replace(/\/(?:mcp|sse|ws)$/, '');
  const names = origin.startsWith('ws') ? ['mcp', 'ws'] : ['mcp', 'sse'];
  const below = names.map((name) => `${base}/${name}`);
  // The user may have added a wrong path to the address of the server.
  const candidates = base === path && base !== '' ? [...below, '/mcp'] : below;
  const others = candidates.filter((one) => one !== given).map((one) => origin + one);
  return `Is this the MCP endpoint? Try ${others.join(' or ')}.`;
}

function later({ details }: Hintable): string {
  const { retryAfter } = details ?? {};
  return typeof retryAfter === 'number'
    ? `The server accepts the next request in ${describeAge(retryAfter)}: wait until then.`
    : OVERLOADED;
}

/** The hint for a refused redirect. Never suggests an http: URL in place of an https: one. */
export function redirectHint({ details }: Hintable): string | undefined {
  const { from, to, location, status } = details ?? {};
  if (typeof to !== 'string') return 'The redirects of the server have no end or no target: check the URL.';
  if (!/^(?:http|ws)s?:\/\//.test(to)) return 'The server redirects to a URL that is not HTTP: check the URL.';
  const target = typeof location === 'string' ? location : to;
  const isDowngrade = typeof from === 'string' && /^(?:https|wss):/.test(from) && /^(?:http|ws):/.test(to);
  const safe = isDowngrade ? overTls(new URL(target), new URL(from)) : target;
  if (status === undefined && from !== undefined)
    return `The server sends a wrong address for messages: configure its public address, ${isDowngrade ? 'with https://' : 'on the origin of its stream'}.`;
  if (!isDowngrade) return `If you trust ${target}, use it as the URL.`;
  return `The server redirects to plain HTTP, which does not protect tokens and messages. Use ${safe} as the URL, and configure the server, or the proxy in front of it, to redirect to https://.`;
}

/** The target of a redirect with https:. On the same host TLS uses the port of the request, not of the target. */
function overTls(target: URL, from: URL): string {
  return target.hostname === from.hostname
    ? `${from.origin}${target.pathname}`
    : `https://${target.host}${target.pathname}`;
}
