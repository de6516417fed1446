import { failure } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import { HttpPost } from './http-post.js';
import type { PostOwner } from './http-post.js';
import type { HttpSession } from './http-session.js';
import { rejectedWith } from '../link.js';
import { PostLane } from './post-lane.js';

/** The limit of notifications and replies that wait: a server could request any number of replies at once. */
export const MOST_WAITING = 1_000;

/** The notifications and replies of a link that the server has not accepted yet. */
export class HttpPosts {
  readonly #owner: PostOwner;
  readonly #lane: PostLane<HttpPost>;

  /** @param most how many are sent at the same time */
  constructor(owner: PostOwner, most: number) {
    this.#owner = owner;
    const start = (post: HttpPost): void => {
      post.start();
    };
    this.#lane = new PostLane(owner.endpoint.environment, start, most);
  }

  /** How many the server has not accepted. */
  get size(): number {
    return this.#lane.all.length;
  }

  /** Sends a message when its turn comes. Resolves when the server has accepted it; rejects with a failure. */
  send(session: HttpSession, headers: readonly string[], body: string, isReply: boolean): Promise<void> {
    if (this.#lane.waiting >= MOST_WAITING) return rejectedWith(tooManyPosts());
    const { budget } = this.#owner.endpoint;
    if (budget?.take(body.length) === false) return rejectedWith(budget.exhausted(postOf(body), 'not-sent'));
    const post = new HttpPost(this.#owner, this.#lane, { session, headers, body, isReply });
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

  /** Aborts all posts. */
  abort(): void {
    for (const post of this.#lane.clear()) post.abort();
  }
}

/** The name of a message in errors. */
export function postOf(body: string): string {
  return `A message of ${body.length} characters to be posted`;
}

/** The failure of a message that exceeds the limit of waiting messages. */
export function tooManyPosts(): Failure {
  const message = `${MOST_WAITING} messages wait to be posted already, which is the most that may`;
  return failure('connection', 'MCP_QUEUE_FULL', message, { delivery: 'not-sent', details: { limit: MOST_WAITING } });
}
