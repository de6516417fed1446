import type { Failure } from '../util/failure.js';
import type { WaitingRoom, WaitLimit } from './waiting-room.js';

/** Ends the wait of a call, with a slot or without one. */
type Grant = (withSlot: boolean) => void;

/** The calls of one member. */
interface Lane {
  readonly limit: number;
  running: number;
  /** The calls that wait for a slot, the oldest first. */
  readonly queue: Set<Grant>;
}

/**
 * Bounds how many calls run at the same time, for each member and in total. When a slot becomes free, members take turns, so a member with many
 * waiting calls does not hold up the calls of the others.
 */
export class CallSlots {
  readonly #total: number;
  readonly #room: WaitingRoom;
  /** By member, the one whose turn is next first. */
  readonly #lanes = new Map<object, Lane>();
  #running = 0;

  constructor(total: number, room: WaitingRoom) {
    this.#total = total;
    this.#room = room;
  }

  /** Adds a member. */
  add(member: object, limit: number): void {
    this.#lanes.set(member, { limit, running: 0, queue: new Set() });
  }

  /** Removes a member. Its waiting calls go on without a slot: their server is gone. */
  remove(member: object): void {
    const lane = this.#lanes.get(member);
    this.#lanes.delete(member);
    for (const granted of lane?.queue ?? []) granted(false);
  }

  /**
   * Takes a slot for a call of a member, and waits for one if necessary. Resolves with a function that gives it back, or with the failure. An
   * aborted signal rejects with its reason.
   */
  async take(member: object, limit: WaitLimit): Promise<(() => void) | Failure> {
    const lane = this.#lanes.get(member);
    if (lane === undefined) return () => undefined;
    let taken = this.#mayRun(lane);
    if (taken) this.#run(lane);
    else {
      const problem = await this.#room
        .wait(limit, 'queued', (end) => {
          const granted = (withSlot: boolean): void => {
            taken = withSlot;
            end();
          };
          lane.queue.add(granted);
          return () => lane.queue.delete(granted);
        })
        .catch((reason: unknown) => {
          // The slot may have been granted in the same turn.
          if (taken) this.#end(lane);
          throw reason;
        });
      if (problem !== undefined) {
        if (taken) this.#end(lane);
        return problem;
      }
    }
    let given = !taken;
    return () => {
      if (given) return;
      given = true;
      this.#end(lane);
    };
  }

  #mayRun(lane: Lane): boolean {
    return this.#running < this.#total && lane.running < lane.limit;
  }

  #run(lane: Lane): void {
    this.#running += 1;
    lane.running += 1;
  }

  #end(lane: Lane): void {
    this.#running -= 1;
    lane.running -= 1;
    for (let next = this.#next(); next !== undefined; next = this.#next()) next(true);
  }

  /** Takes a slot for the waiting call whose turn it is, if there is one. */
  #next(): Grant | undefined {
    for (const [member, lane] of this.#lanes) {
      const [first] = lane.queue;
      if (first === undefined || !this.#mayRun(lane)) continue;
      lane.queue.delete(first);
      this.#run(lane);
      this.#lanes.delete(member);
      this.#lanes.set(member, lane);
      return first;
    }
    return undefined;
  }
}
