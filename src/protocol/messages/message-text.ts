import { describeThrown, failure } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import type { JSONRPCMessage } from './json-rpc.js';

/** A message as JSON, or a failure, `not-sent`, for values that JSON cannot express: a cycle, a BigInt, a getter that throws. */
export function messageText(message: JSONRPCMessage): string | Failure {
  try {
    return JSON.stringify(message);
  } catch (thrown) {
    // V8 explains a cycle over several lines that name the keys on the way.
    const [why] = describeThrown(thrown).split('\n');
    const name = 'method' in message ? message.method : 'The answer';
    return failure('protocol', 'MCP_INVALID_PARAMS', `${name} cannot be sent as JSON: ${why}`, {
      delivery: 'not-sent',
      details: 'method' in message ? { method: message.method } : {},
      cause: thrown,
    });
  }
}

const LINE_ENDS = /[\u0085\u2028\u2029]/g;

/**
 * Lines of JSON, so that a line is one also for readers to whom U+0085, U+2028 and U+2029 end a line, such as `readline` of Node 24 and
 * `str.splitlines` of Python: these characters, which stand only inside of strings, become escapes. Lines without them are returned as they
 * are.
 */
export function withEscapedLineEnds(lines: string): string {
  if (!hasLineEnd(lines)) return lines;
  return lines.replace(LINE_ENDS, (end) => `\\u${end.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Three searches for one character take about a percent of the time that a pattern takes. */
function hasLineEnd(text: string): boolean {
  return text.includes('\u2028') || text.includes('\u2029') || text.includes('\u0085');
}
