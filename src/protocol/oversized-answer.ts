import type { RequestId } from './json-rpc.js';
import type { OversizedLine } from './lines.js';

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
 * Which request a line that was thrown away answers, if its edges tell for certain: then its caller can be told at once what became of
 * the answer, and need not wait for one that never comes.
 */
export function answeredBy(line: OversizedLine): RequestId | undefined {
  const found = AT_THE_HEAD.exec(line.head) ?? (ANSWER_FIRST.test(line.head) ? AT_THE_TAIL.exec(line.tail) : null);
  if (found?.[1] === undefined) return undefined;
  try {
    return JSON.parse(found[1]) as RequestId;
  } catch {
    return undefined;
  }
}
