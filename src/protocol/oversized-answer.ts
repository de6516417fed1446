import type { Oversized } from './bounded-bytes.js';
import { failure } from './failure.js';
import type { Failure } from './failure.js';
import type { RequestId } from './json-rpc.js';

const ID = String.raw`(-?\d+|"(?:[^"\\]|\\.)*")`;
const VERSION = String.raw`"jsonrpc"\s*:\s*"2\.0"\s*,\s*`;
/** The id stands before the answer, as Python and Go servers write it. */
const AT_THE_HEAD = new RegExp(
  String.raw`^\s*\{\s*(?:${VERSION})?"id"\s*:\s*${ID}\s*,\s*(?:${VERSION})?"(?:result|error)"`,
);
/** The id stands behind the answer, as TypeScript servers write it: before the brace that closes the message, so nobody else's. */
const ANSWER_FIRST = new RegExp(String.raw`^\s*\{\s*(?:${VERSION})?"(?:result|error)"`);
const AT_THE_TAIL = new RegExp(String.raw`,\s*"id"\s*:\s*${ID}\s*(?:,\s*"jsonrpc"\s*:\s*"2\.0"\s*)?\}\s*$`);

/**
 * Which request a message that was thrown away answers, if its edges tell for certain: then its caller can be told at once what became of
 * the answer, and need not wait for one that never comes.
 */
export function answeredBy(message: Oversized): RequestId | undefined {
  const found =
    AT_THE_HEAD.exec(message.head) ?? (ANSWER_FIRST.test(message.head) ? AT_THE_TAIL.exec(message.tail) : null);
  if (found?.[1] === undefined) return undefined;
  try {
    return JSON.parse(found[1]) as RequestId;
  } catch {
    return undefined;
  }
}

/** The method stands before what is large, so it is no answer. */
const METHOD_FIRST = new RegExp(
  String.raw`^\s*\{\s*(?:${VERSION})?(?:"id"\s*:\s*${ID}\s*,\s*)?(?:${VERSION})?"method"\s*:\s*"([^"\\]+)"`,
);

/** The method of a question or a notification that was thrown away, if it is certain that it was one. */
function methodOf(message: Oversized): string | undefined {
  return METHOD_FIRST.exec(message.head)?.[2];
}

/**
 * What is wrong with a message of the server that was too long and was thrown away. If it is known, `details.requestId` says whose answer
 * it was, and `details.method` that it was none.
 */
export function tooLarge(message: Oversized, field: string): Failure {
  const { limit, received } = message;
  const id = answeredBy(message);
  const method = methodOf(message);
  return failure(
    'protocol',
    'MCP_MESSAGE_TOO_LARGE',
    `A message of the server has ${received} bytes, more than ${field}, ${limit}`,
    {
      delivery: id === undefined ? undefined : 'answered',
      details: {
        field,
        limit,
        received,
        ...(id !== undefined && { requestId: id }),
        ...(method !== undefined && { method }),
      },
    },
  );
}
