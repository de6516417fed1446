import { detail, named } from './disclosure.js';
import type { Disclosure } from './disclosure.js';
import type { InspectedEvent } from './records.js';

/** A message of a link. */
interface LinkMessage {
  readonly epoch: number;
  readonly message: unknown;
}

/** The record of a message. */
export function messageOf(
  way: 'out' | 'in',
  { epoch, message }: LinkMessage,
  disclosure: Disclosure,
): Extract<InspectedEvent, { k: 'message' }> {
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

/** The kind of a JSON-RPC message. */
function kindOf(message: unknown): 'request' | 'notification' | 'result' | 'error' | 'other' {
  if (typeof message !== 'object' || message === null) return 'other';
  if ('method' in message) return 'id' in message ? 'request' : 'notification';
  return 'result' in message ? 'result' : 'error' in message ? 'error' : 'other';
}
