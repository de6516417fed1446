import { describeThrown, failure } from './failure.js';
import type { Failure } from './failure.js';
import type { JSONRPCMessage } from './json-rpc.js';

/** A message as JSON; a failure, `not-sent`, when JSON cannot express it: a cycle, a BigInt, a getter that throws. */
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
