import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { HandlerSlots } from '../../../src/machines/server-requests/handler-slots.js';
import type { ServerRequest, HandlerResponse } from '../../../src/protocol/server-requests/server-requests.js';
import type { Session } from '../../../src/protocol/session.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const question = {} as ServerRequest;
const session = {} as Session;

/** Slots whose handlers never settle. */
function busySlots(limit: number): HandlerSlots {
  return new HandlerSlots({ limit, answer: () => undefined });
}

/** Asks and withdraws; returns what the slots were given. */
function askAndWithdraw(slots: HandlerSlots): WeakRef<object> {
  const withdrawal = new AbortController();
  const tell = (_answer: HandlerResponse): void => undefined;
  slots.answer(question, session, withdrawal.signal, tell);
  withdrawal.abort();
  return new WeakRef(tell);
}

test('keeps no server request that was withdrawn while it waited, although no handler ever settles', async () => {
  const slots = busySlots(1);
  slots.answer(question, session, new AbortController().signal, () => undefined);
  const withdrawn = Array.from({ length: 50 }, () => askAndWithdraw(slots));
  await new Promise(setImmediate);
  collectGarbage();
  // The last one stays until the next one comes.
  expect(withdrawn.filter((one) => one.deref() !== undefined).length).toBeLessThanOrEqual(1);
});
