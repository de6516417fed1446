import { failure } from '../protocol/failure.js';
import type { Failure } from '../protocol/failure.js';
import { HttpPost } from './http-post.js';
import type { PostOwner } from './http-post.js';
import type { HttpSession } from './http-session.js';
import { rejectedWith } from './link.js';

/** How many messages that want no answer wait for their turn at most: a server could ask for any number of replies at once. */
export const MOST_WAITING = 1_000;

/** The messages of a link that want no answer, on their way. */
export class HttpPosts {
  readonly #owner: PostOwner;
  readonly #most: number;
  readonly #active = new Set<HttpPost>();
  #waiting: HttpPost[] = [];

  /** @param most how many are under way at the same time */
  constructor(owner: PostOwner, most: number) {
    this.#owner = owner;
    this.#most = most;
  }

  /** How many have not arrived. */
  get size(): number {
    return this.#active.size + this.#waiting.length;
  }

  /** Sends one, when its turn comes. Settles when the server has taken it, or not; rejects with a failure. */
  send(session: HttpSession, headers: readonly string[], body: string): Promise<void> {
    if (this.#waiting.length >= MOST_WAITING) return rejectedWith(tooManyPosts());
    const { budget } = this.#owner.endpoint;
    if (budget?.take(body.length) === false) return rejectedWith(budget.exhausted(postOf(body), 'not-sent'));
    const post = new HttpPost(this.#owner, session, headers, body);
    const settled = (): void => {
      budget?.give(body.length);
    };
    post.done.then(settled, settled);
    if (this.#active.size < this.#most) this.#start(post);
    else this.#waiting.push(post);
    return post.done;
  }

  #start(post: HttpPost): void {
    this.#active.add(post);
    const over = (): void => {
      this.#active.delete(post);
      const next = this.#waiting.shift();
      if (next !== undefined) this.#start(next);
    };
    post.done.then(over, over);
    post.start();
  }

  /** Resolves when each of those that are here now has arrived, or has not. */
  async settled(): Promise<void> {
    await Promise.allSettled([...this.#active, ...this.#waiting].map(({ done }) => done));
  }

  /** Gives all of them up. */
  abort(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const post of [...waiting, ...this.#active]) post.abort();
  }
}

/** What a message to be posted is called in errors. */
export function postOf(body: string): string {
  return `A message of ${body.length} characters to be posted`;
}

/** The failure of a message that would have to wait behind too many others. */
export function tooManyPosts(): Failure {
  const message = `${MOST_WAITING} messages wait to be posted already, which is the most that may`;
  return failure('connection', 'MCP_QUEUE_FULL', message, { delivery: 'not-sent', details: { limit: MOST_WAITING } });
}
