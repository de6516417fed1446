import type { IdRing } from './id-ring.js';
import type { RequestEvent } from './request-machine.js';
import type { RequestRecord } from './request-record.js';

/**
 * Requests in flight that ask the same. The first of them is sent, and leads the others: its response counts for all. Each of them has its own
 * deadline and its own signal. When the leader is given up the next one takes over its id, so that the server hears nothing of that.
 */
export class SharedRequests {
  readonly #ring: IdRing;
  /** By what they ask. */
  readonly #leaders = new Map<string, RequestRecord>();

  constructor(ring: IdRing) {
    this.#ring = ring;
  }

  /** Makes it follow a request in flight that asks the same. False when there is none: then it has to be sent, and leads. */
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

  /** It is not in flight any more. */
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

/** What it asks. It follows a request with the first of these, and is followed by any. */
function keysOf({ spec: { method, params, sharing = [] } }: RequestRecord): string[] {
  return sharing.map((number) => JSON.stringify([number, method, params]));
}

/** A request and those that follow it. */
export function together(record: RequestRecord): readonly RequestRecord[] {
  return record.followers === undefined ? [record] : [record, ...record.followers];
}

/** A request whose exchange with the server is over, and those that followed it: none of them takes over what is over. */
export function detached(record: RequestRecord): readonly RequestRecord[] {
  const all = together(record);
  record.followers = undefined;
  return all;
}

/** Sends the event that ends an exchange with the server to the request of it, and to those that follow that one. */
export function endTogether(record: RequestRecord, event: RequestEvent): void {
  for (const { actor } of detached(record)) actor.send(event);
}
