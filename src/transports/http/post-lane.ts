import type { Environment, TimerHandle } from '../../util/environment.js';

/** A message on its way by POST. */
export interface LanePost {
  /** Whether it is a reply, which the server waits for. Replies go before notifications. */
  readonly isReply: boolean;
  /** The server has had long enough to take the message. Ends it and returns true, unless the server may need longer for it. */
  giveUp(): boolean;
}

// Milliseconds.
/** How often posts that wait are looked at. */
const LOOK = 250;
/** What a server has to take a message while others wait behind it. */
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
  /** With the times at which they were started, the oldest first. */
  readonly #active = new Map<Post, number>();
  /** In the order in which they go out: the replies, and the others. One that is taken back leaves at once. */
  readonly #replies = new Set<Post>();
  readonly #others = new Set<Post>();
  #held = false;
  /** Whether a post ended since the last check. */
  #moved = false;
  #timer: TimerHandle;

  /**
   * @param begin sends one
   * @param most how many are under way at the same time
   * @param widest how many may be where none of them ends
   */
  constructor(environment: Environment, begin: (post: Post) => void, most: number, widest = most) {
    this.#environment = environment;
    this.#begin = begin;
    this.#step = most;
    this.#most = most;
    this.#widest = widest;
  }

  /** How many wait for their turn. */
  get waiting(): number {
    return this.#replies.size + this.#others.size;
  }

  /** All posts that have not ended, waiting ones first. */
  get all(): Post[] {
    return [...this.#replies, ...this.#others, ...this.#active.keys()];
  }

  /** Starts one when its turn comes, which mostly is now. */
  add(post: Post): void {
    if (!this.#held && this.#active.size < this.#most) this.#start(post);
    else {
      (post.isReply ? this.#replies : this.#others).add(post);
      this.#lookLater();
    }
  }

  /** Starts one now. */
  #start(post: Post): void {
    this.#active.set(post, this.#environment.now());
    this.#begin(post);
  }

  /** One came to its end, whether it was started or not. */
  ended(post: Post): void {
    if (this.#active.delete(post)) {
      this.#moved = true;
      this.#startNext();
      return;
    }
    this.#replies.delete(post);
    this.#others.delete(post);
  }

  /** Starts none until {@link PostLane.release}. */
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
