import type { Params } from '../protocol/messages/json-rpc.js';
import { callUserFunction } from '../util/user-function.js';
import type { Events } from './events.js';

/** Receives the parameters of a notification. */
export type NotificationHandler = (params: Params | undefined) => unknown;

const PREFIX = 'notifications/';

/** The wire name of a notification: `tools/list_changed` is short for `notifications/tools/list_changed`. */
function wireName(method: string): string {
  return method.startsWith(PREFIX) ? method : PREFIX + method;
}

/** The handlers of the user, by notification. They belong to the client, so they stay registered across reconnects. */
export class NotificationHandlers {
  readonly #handlers = new Map<string, Set<NotificationHandler>>();
  readonly #events: Events;
  readonly #changed: () => void;

  constructor(events: Events, changed: () => void) {
    this.#events = events;
    this.#changed = changed;
  }

  add(method: string, handler: NotificationHandler): void {
    const name = wireName(method);
    const handlers = this.#handlers.get(name) ?? new Set();
    this.#handlers.set(name, handlers.add(handler));
    this.#changed();
  }

  remove(method: string, handler: NotificationHandler): void {
    const handlers = this.#handlers.get(wireName(method));
    if (handlers?.delete(handler) === true) this.#changed();
  }

  has(name: string): boolean {
    return (this.#handlers.get(name)?.size ?? 0) > 0;
  }

  call(method: string, params: Params | undefined): void {
    for (const handler of [...(this.#handlers.get(method) ?? [])]) {
      callUserFunction(
        method,
        () => handler(params),
        (problem) => {
          this.#events.report(problem);
        },
      );
    }
  }
}
