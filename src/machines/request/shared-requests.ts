import type { IdRing } from './id-ring.js';
import type { RequestEvent } from './request-machine.js';
import type { RequestRecord } from './request-record.js';

/**
 * Requests in flight for the same list. The first of them, the leader, is sent, and the others get its response. Each has its own deadline and
 * signal. When the leader is cancelled, the next request takes over its id, so that the server does not notice.
 */
export class SharedRequests {
  readonly #ring: IdRing;
  /** By method, parameters and number. */
  readonly #leaders = new Map<string, RequestRecord>();

  constructor(ring: IdRing) {
    this.#ring = ring;
  }

  /** Makes a request follow one in flight with the same key. Returns false when there is none: then it must be sent, and is a leader. */
  join(record: RequestRecord): boolean {
    const keys = keysOf(record);
    const leader = this.#leaders.get(keys[0] as string);
    record.leader = leader;
    if (leader === undefined) {
      for (const key of keys) this.#leaders.set(key, record);
      return false;
    }
    this.#ring.add(record);
    record.sentAt = leader.sentAt;
    (leader.followers ??= new Set()).add(record);
    return true;
  }

  /** Forgets all of them. */
  clear(): void {
    this.#leaders.clear();
  }

  /** Removes a request that is not in flight any more. */
  leave(record: RequestRecord): void {
    const { leader, followers } = record;
    if (leader !== undefined) {
      leader.followers?.delete(record);
      this.#ring.remove(record);
      return;
    }
    record.followers = undefined;
    const [heir, ...rest] = followers ?? [];
    for (const key of keysOf(record)) if (this.#leaders.get(key) === record) this.#leaders.delete(key);
    if (heir === undefined) {
      this.#ring.remove(record);
      return;
    }
    this.#ring.pass(record, heir);
    heir.leader = undefined;
    heir.followers = new Set(rest);
    for (const one of rest) one.leader = heir;
    for (const key of keysOf(heir)) this.#leaders.set(key, heir);
  }
}

/** The keys of a request: it follows a leader that has the first of them, and leads requests for all of them. */
function keysOf({ spec: { method, params, sharing = [] } }: RequestRecord): string[] {
  return sharing.map((number) => JSON.stringify([number, method, params]));
}

/** A request and its followers. */
export function together(record: RequestRecord): readonly RequestRecord[] {
  return record.followers === undefined ? [record] : [record, ...record.followers];
}

/** Separates a request, whose exchange with the server has ended, from its followers, so that none of them takes over its id. */
export function detached(record: RequestRecord): readonly RequestRecord[] {
  const all = together(record);
  record.followers = undefined;
  return all;
}

/** Sends the event that ends an exchange with the server to its request and the followers. */
export function endTogether(record: RequestRecord, event: RequestEvent): void {
  for (const { actor } of detached(record)) actor.send(event);
}
