import { bodyKind } from '../../protocol/http-headers.js';
import type { BodyKind } from '../../protocol/http-headers.js';

/** The head of an answer, as far as it matters. */
export interface ResponseHead {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** One header; of several with one name the first. */
export function headerOf({ headers }: ResponseHead, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : value?.[0];
}

/** The content codings of the registry that change what a body looks like. RFC 9110, 8.4.1. */
const COMPRESSIONS: ReadonlySet<string> = new Set([
  ...['aes128gcm', 'br', 'compress', 'dcb', 'dcz', 'deflate', 'exi', 'gzip', 'pack200-gzip', 'zstd'],
  ...['x-compress', 'x-gzip'],
]);

/**
 * How the body is compressed, which every request asks not to be: a compressed body could be far larger than it looks. Servers also write
 * `none`, `identity`, `utf-8` and other words that name no coding, for bodies that are plain; browsers ignore those, too.
 */
export function compressionOf({ headers }: ResponseHead): string | undefined {
  const value = headers['content-encoding'];
  if (value === undefined || value === 'identity') return undefined;
  const codings = String(value)
    .split(',')
    .map((coding) => coding.trim().toLowerCase());
  return codings.filter((coding) => COMPRESSIONS.has(coding)).join(', ') || undefined;
}

/** What can be read of the body. */
export function contentKind(head: ResponseHead): BodyKind {
  return compressionOf(head) === undefined ? bodyKind(headerOf(head, 'content-type')) : 'other';
}
