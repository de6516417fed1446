import { toTransportFailure } from '../util/failure.js';
import type { Failure } from '../util/failure.js';
import type { Link, LinkEvents } from './link.js';
import type { Secrets } from './secrets.js';

/** The events of a link. They are kept until the owner has the link, then passed to the owner, and ignored after the end. */
export class BufferedLinkEvents {
  /** Undefined until it is open. */
  link: Link | undefined;
  /** Whether the link ended, by itself or because its owner closed it. */
  over = false;
  /** The events before the owner had the link. */
  #early: (() => void)[] | undefined = [];
  /** The events object that the link is given. */
  readonly events: LinkEvents;
  readonly #owner: LinkEvents;
  /** Checks the state at each message; the owner's own function takes its place while the link is open. */
  readonly #message: LinkEvents['message'];

  /** @param secrets the secrets that are removed from all failures */
  constructor(owner: LinkEvents, secrets: Secrets) {
    this.#owner = owner;
    this.#message = (message, about) => {
      this.#emit(() => {
        owner.message(message, about);
      });
    };
    // A custom transport may be written without types, and report any value.
    const safe = (reported: unknown): Failure => secrets.failure(toTransportFailure(reported));
    this.events = {
      environment: owner.environment,
      budget: owner.budget,
      authorizer: owner.authorizer,
      message: this.#message,
      problem: (problem) => {
        this.#emit(() => {
          owner.problem(safe(problem));
        });
      },
      sessionLost: () => {
        this.#emit(() => {
          owner.sessionLost();
        });
      },
      interrupted: (requestId) => {
        this.#emit(() => {
          owner.interrupted(requestId);
        });
      },
      resumed: (requestId) => {
        this.#emit(() => {
          owner.resumed(requestId);
        });
      },
      // Not kept: it may be the opening of the link that waits for a person.
      signIn: (news) => {
        if (!this.over) owner.signIn(news);
      },
      closed: (reason) => {
        this.#emit(() => {
          this.end();
          owner.closed(reason == null ? undefined : safe(reason));
        });
      },
    };
  }

  #emit(event: () => void): void {
    if (this.over) return;
    if (this.#early === undefined) event();
    else this.#early.push(event);
  }

  /** The link is over: events are ignored from now on. */
  end(): void {
    this.over = true;
    this.events.message = this.#message;
  }

  /** The owner has the link: passes it all events, also the kept ones. */
  readonly release = (): void => {
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const event of early) this.#emit(event);
    // There are many messages, so they skip the check from now on.
    if (!this.over) this.events.message = this.#owner.message.bind(this.#owner);
  };
}
