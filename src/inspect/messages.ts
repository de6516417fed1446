import { detail, named } from './disclosure.js';
import type { Disclosure } from './disclosure.js';
import type { RecordedEvent } from './records.js';

/** A message that went over a link. */
interface Passing {
  readonly epoch: number;
  readonly message: unknown;
}

/** What is told of a message. */
export function messageOf(
  way: 'out' | 'in',
  { epoch, message }: Passing,
  disclosure: Disclosure,
): Extract<RecordedEvent, { k: 'message' }> {
  const shown = disclosure.message(message);
  const { id } = (shown ?? {}) as { id?: unknown };
  const what = kindOf(shown);
  return {
    k: 'message',
    way,
    epoch,
    what,
    ...((what === 'request' || what === 'notification') && named(shown)),
    ...((typeof id === 'string' || typeof id === 'number') && { id }),
    detail: detail(shown),
  };
}

/** What a message of JSON-RPC is. */
function kindOf(message: unknown): 'request' | 'notification' | 'result' | 'error' | 'other' {
  if (typeof message !== 'object' || message === null) return 'other';
  if ('method' in message) return 'id' in message ? 'request' : 'notification';
  return 'result' in message ? 'result' : 'error' in message ? 'error' : 'other';
}
