import { failure } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import { answeredIn } from './oversized-message.js';

/** Shorter texts are parsed as they are: what they become is small in any case. Characters. */
const SHORTEST = 1024 * 1024;
/** What V8 takes for an object or an array that is empty, and for a place in one. Bytes. */
const CONTAINER = 56;
const PLACE = 8;
/** The most that the objects, arrays and places of one message may take. 80 MiB: more than rows of 35 characters each in the longest message. */
const MOST_STRUCTURE = 80 * 1024 * 1024;

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const BRACE = 0x7b;
const BRACKET = 0x5b;

/**
 * Why a text of JSON is not parsed, if it would become far larger than it is: 32 MB of `{},` are 600 MB of empty objects, and take seconds. It is
 * judged by its structure alone, so long texts in a result count for nothing. Undefined for all others.
 */
export function tooMuchStructure(text: string): Failure | undefined {
  if (text.length < SHORTEST || structureOf(text) <= MOST_STRUCTURE) return undefined;
  const [requestId] = answeredIn(text);
  const message = `A message of ${text.length} characters has objects and arrays of more than ${MOST_STRUCTURE} bytes`;
  return failure('transport', 'MCP_MESSAGE_TOO_LARGE', message, {
    ...(requestId !== undefined && { delivery: 'answered' }),
    details: { limit: MOST_STRUCTURE, length: text.length, ...(requestId !== undefined && { requestId }) },
  });
}

/** About how many bytes the structure takes; counting ends where that is too many. */
function structureOf(text: string): number {
  let size = 0;
  for (let at = 0; at < text.length && size <= MOST_STRUCTURE; at += 1) {
    const code = text.charCodeAt(at);
    if (code === COMMA) size += PLACE;
    else if (code === BRACE || code === BRACKET) size += CONTAINER;
    else if (code === QUOTE) at = endOfString(text, at);
  }
  return size;
}

/** Where the string that begins here ends: at the next quote that is not escaped. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return end;
  }
  return text.length;
}
