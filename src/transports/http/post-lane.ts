import type { Environment, TimerHandle } from '../../util/environment.js';

/** A post in a lane. */
export interface LanePost {
  /** Whether it is a reply, which the server waits for. Replies go before notifications. */
  readonly isReply: boolean;
  /** The server has not accepted the message in time. Aborts it and returns true, unless the server may need longer. */
  giveUp(): boolean;
}

// Milliseconds.
/** The interval between checks while posts wait. */
const LOOK = 250;
/** The longest time for a post while others wait. */
export const PATIENCE = 5_000;

/**
 * A queue of posts with bounded concurrency, because each post needs a connection until the server responds. Posts without a response in time
 * are aborted, and while no post ends the concurrency grows in steps up to a bound, so that a server that does not respond to some posts does
 * not block the others.
 */
export class PostLane<Post extends LanePost> {
  readonly #environment: Environment;
  readonly #begin: (post: Post) => void;
  readonly #step: number;
  readonly #widest: number;
  #most: number;
  /** The posts that were started, the oldest first, with their start times. */
  readonly #active = new Map<Post, number>();
  /** The waiting replies and the other waiting posts, in order. */
  readonly #replies = new Set<Post>();
  readonly #others = new Set<Post>();
  /** Started posts that wait for a person to sign in. They need no connection, and cannot be given up. */
  readonly #parked = new Set<Post>();
  #held = false;
  /** Whether a post ended since the last check. */
  #moved = false;
  #timer: TimerHandle;

  /**
   * @param begin sends a post
   * @param most how many are sent at the same time
   * @param widest how many may be sent at the same time while none of them ends
   */
  constructor(environment: Environment, begin: (post: Post) => void, most: number, widest = most) {
    this.#environment = environment;
    this.#begin = begin;
    this.#step = most;
    this.#most = most;
    this.#widest = widest;
  }

  /** How many posts wait. */
  get waiting(): number {
    return this.#replies.size + this.#others.size;
  }

  /** All posts that have not ended, waiting ones first. */
  get all(): Post[] {
    return [...this.#replies, ...this.#others, ...this.#active.keys(), ...this.#parked];
  }

  /** Starts a post when its turn comes, which is mostly at once. */
  add(post: Post): void {
    if (!this.#held && this.#active.size < this.#most) this.#start(post);
    else {
      (post.isReply ? this.#replies : this.#others).add(post);
      this.#lookLater();
    }
  }

  #start(post: Post): void {
    this.#active.set(post, this.#environment.now());
    this.#begin(post);
  }

  /** A post has ended. It may not have been started. */
  ended(post: Post): void {
    if (this.#active.delete(post)) {
      this.#moved = true;
      this.#startNext();
      return;
    }
    this.#parked.delete(post);
    this.#replies.delete(post);
    this.#others.delete(post);
  }

  /** A started post waits for a person: another one may have its place. */
  park(post: Post): void {
    if (!this.#active.delete(post)) return;
    this.#parked.add(post);
    this.#startNext();
  }

  /** The post needs a connection again. It has been started, so it does not wait for a place. */
  unpark(post: Post): void {
    if (this.#parked.delete(post)) this.#active.set(post, this.#environment.now());
  }

  /** Starts no post until {@link PostLane.release}. */
  hold(): void {
    this.#held = true;
  }

  release(): void {
    this.#held = false;
    this.#startNext();
  }

  /** Removes all posts and returns them. The caller has to end them. */
  clear(): Post[] {
    const { all } = this;
    this.#replies.clear();
    this.#others.clear();
    this.#active.clear();
    this.#parked.clear();
    this.#environment.clearTimeout(this.#timer);
    this.#timer = undefined;
    return all;
  }

  #startNext(): void {
    while (!this.#held && this.#active.size < this.#most) {
      const turns = this.#replies.size > 0 ? this.#replies : this.#others;
      const [next] = turns;
      if (next === undefined) return;
      turns.delete(next);
      this.#start(next);
    }
  }

  #lookLater(): void {
    this.#timer ??= this.#environment.setTimeout(this.#look, LOOK);
  }

  readonly #look = (): void => {
    this.#timer = undefined;
    if (this.waiting === 0) return;
    if (!this.#held) this.#makeRoom();
    this.#moved = false;
    if (this.waiting > 0) this.#lookLater();
  };

  #makeRoom(): void {
    const before = this.#environment.now() - PATIENCE;
    let wanted = this.waiting;
    for (const [post, startedAt] of this.#active) {
      if (wanted === 0 || startedAt > before) break;
      if (post.giveUp()) wanted -= 1;
    }
    if (this.#moved || this.#most >= this.#widest) return;
    this.#most = Math.min(this.#most + this.#step, this.#widest);
    this.#startNext();
  }
}
