import { bodyKind } from '../protocol/http-headers.js';
import type { BodyKind } from '../protocol/http-headers.js';

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

/** How the body is compressed, which every request asks not to be: what is compressed could be far larger than it looks. */
export function compressionOf(head: ResponseHead): string | undefined {
  const encoding = headerOf(head, 'content-encoding');
  return encoding === undefined || encoding === '' || encoding === 'identity' ? undefined : encoding;
}

/** What can be read of the body. */
export function contentKind(head: ResponseHead): BodyKind {
  return compressionOf(head) === undefined ? bodyKind(headerOf(head, 'content-type')) : 'other';
}
