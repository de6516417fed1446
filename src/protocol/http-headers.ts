import type { JSONRPCMessage } from './messages/json-rpc.js';
import { META } from './request-meta.js';

/** Header values that are text may have visible ASCII with blanks inside; everything else is wrapped. */
const PLAIN = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;
const WRAPPED = /^=\?base64\?.*\?=$/s;

/**
 * Text as the value of a header: as it is where that is safe, else as UTF-8 in Base64 between markers.
 * 2026-07-28 basic/transports/streamable-http, "Value Encoding".
 */
export function encodeHeaderText(text: string): string {
  if (text === '' || (PLAIN.test(text) && !WRAPPED.test(text))) return text;
  return `=?base64?${Buffer.from(text, 'utf8').toString('base64')}?=`;
}

/** Whether a string may stand as the value of a header: no control characters but tabs, nothing beyond Latin-1. RFC 9110, 5.5. */
export function isHeaderValue(value: string): boolean {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(value);
}

/** The id of an event as the value of `Last-Event-ID`, which is UTF-8; undefined when no header can hold it. HTML, 9.2.4. */
export function lastEventIdValue(id: string): string | undefined {
  const value = Buffer.from(id, 'utf8').toString('latin1');
  return value !== '' && value.trim() === value && isHeaderValue(value) ? value : undefined;
}

/** Whether a string may be the name of a header, or any other token. RFC 9110, 5.6.2. */
export function isToken(name: string): boolean {
  return /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name);
}

/** Whether a value may be the id of a session: visible ASCII. 2025-11-25 basic/transports, "Session Management". */
export function isSessionId(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21-\x7e]+$/.test(value);
}

/** The kind of a body. */
export type BodyKind = 'json' | 'events' | 'other';

/** Reads a Content-Type; parameters do not matter. A missing one counts as JSON. */
export function bodyKind(contentType: string | undefined): BodyKind {
  // The value of nearly all servers.
  if (contentType === 'application/json') return 'json';
  if (contentType === 'text/event-stream') return 'events';
  const [media = ''] = (contentType ?? 'application/json').split(';');
  const type = media.trim().toLowerCase();
  if (type === 'text/event-stream') return 'events';
  return type === 'application/json' || /^application\/[\w.+-]+\+json$/.test(type) || type === 'text/json'
    ? 'json'
    : 'other';
}

/**
 * The delay of a Retry-After in ms, which contains seconds or a date; undefined for other values. RFC 9110, 10.2.3.
 * @param now the time in milliseconds, for an answer without a `Date`
 * @param date the `Date` of the answer: the clock of the server may not be that of this machine
 */
export function retryAfterOf(value: string | undefined, now: number, date?: string): number | undefined {
  if (value === undefined) return undefined;
  const text = value.trim();
  // Some servers send fractions.
  if (/^\d{1,9}(?:\.\d{1,9})?$/.test(text)) return Math.ceil(Number(text) * 1_000);
  const then = httpDate(text);
  return then === undefined ? undefined : Math.max(then - (httpDate(date) ?? now), 0);
}

/** Parses only HTTP dates, because `Date.parse` accepts much more. RFC 9110, 5.6.7. */
function httpDate(text: string | undefined): number | undefined {
  if (text === undefined || !/^[A-Z][a-z]{2,8},? /.test(text)) return undefined;
  // The oldest of the three forms names no zone, and means this one.
  const date = Date.parse(/ \d{4}$/.test(text) && !text.includes(',') ? `${text} GMT` : text);
  return Number.isNaN(date) ? undefined : date;
}

/** The parameter that is mirrored as `Mcp-Name`, by method. The methods of tasks are those of the extension for them. */
const NAMED_BY: Readonly<Record<string, string>> = {
  'tools/call': 'name',
  'prompts/get': 'name',
  'resources/read': 'uri',
  'tasks/get': 'taskId',
  'tasks/update': 'taskId',
  'tasks/cancel': 'taskId',
};

/** The revision in the `_meta` of a modern request. */
export function statedVersion(message: JSONRPCMessage): string | undefined {
  if (!('method' in message)) return undefined;
  const meta = message.params?._meta as Readonly<Record<string, unknown>> | undefined;
  const version = meta?.[META.protocolVersion];
  return typeof version === 'string' ? version : undefined;
}

/**
 * The headers that repeat fields of a modern message, as a flat list of names and values.
 * 2026-07-28 basic/transports/streamable-http, "Standard Request Headers".
 */
export function modernHeaders(message: JSONRPCMessage, version: string): string[] {
  const headers = ['mcp-protocol-version', version];
  if (!('method' in message)) return headers;
  const { method, params } = message;
  headers.push('mcp-method', encodeHeaderText(method));
  const field = NAMED_BY[method];
  const name = field === undefined ? undefined : params?.[field];
  if (typeof name === 'string') headers.push('mcp-name', encodeHeaderText(name));
  return headers;
}

/** From this revision on, legacy requests after the handshake have a header with the revision. 2025-06-18 basic/transports. */
const FIRST_WITH_VERSION_HEADER = '2025-06-18';

/** The headers that name the revision of a legacy session. */
export function legacyVersionHeaders(version: string | undefined): string[] {
  return version !== undefined && version >= FIRST_WITH_VERSION_HEADER ? ['mcp-protocol-version', version] : [];
}
