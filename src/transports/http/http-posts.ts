import { failure } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import { HttpPost } from './http-post.js';
import type { PostOwner } from './http-post.js';
import type { HttpSession } from './http-session.js';
import { rejectedWith } from '../link.js';
import { PostLane } from './post-lane.js';

/** How many messages that want no answer wait for their turn at most: a server could ask for any number of replies at once. */
export const MOST_WAITING = 1_000;

/** The messages of a link that want no answer, on their way. */
export class HttpPosts {
  readonly #owner: PostOwner;
  readonly #lane: PostLane<HttpPost>;

  /** @param most how many are under way at the same time */
  constructor(owner: PostOwner, most: number) {
    this.#owner = owner;
    const start = (post: HttpPost): void => {
      post.start();
    };
    this.#lane = new PostLane(owner.endpoint.environment, start, most);
  }

  /** How many have not arrived. */
  get size(): number {
    return this.#lane.all.length;
  }

  /** Sends one, when its turn comes. Settles when the server has taken it, or not; rejects with a failure. */
  send(session: HttpSession, headers: readonly string[], body: string, isReply: boolean): Promise<void> {
    if (this.#lane.waiting >= MOST_WAITING) return rejectedWith(tooManyPosts());
    const { budget } = this.#owner.endpoint;
    if (budget?.take(body.length) === false) return rejectedWith(budget.exhausted(postOf(body), 'not-sent'));
    const post = new HttpPost(this.#owner, session, headers, body, isReply);
    const over = (): void => {
      budget?.give(body.length);
      this.#lane.ended(post);
    };
    post.done.then(over, over);
    this.#lane.add(post);
    return post.done;
  }

  /** Resolves when all current posts have settled. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#lane.all.map(({ done }) => done));
  }

  /** Gives all of them up. */
  abort(): void {
    for (const post of this.#lane.clear()) post.abort();
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
