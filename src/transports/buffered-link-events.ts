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

  /** @param secrets taken out of all failures that the owner hears of */
  constructor(owner: LinkEvents, secrets: Secrets) {
    this.#owner = owner;
    this.#message = (message, about) => {
      this.#tell(() => {
        owner.message(message, about);
      });
    };
    // A transport of a user may be written without types, and tell anything.
    const safe = (told: unknown): Failure => secrets.failure(toTransportFailure(told));
    this.events = {
      environment: owner.environment,
      budget: owner.budget,
      message: this.#message,
      problem: (problem) => {
        this.#tell(() => {
          owner.problem(safe(problem));
        });
      },
      sessionLost: () => {
        this.#tell(() => {
          owner.sessionLost();
        });
      },
      interrupted: (requestId) => {
        this.#tell(() => {
          owner.interrupted(requestId);
        });
      },
      resumed: (requestId) => {
        this.#tell(() => {
          owner.resumed(requestId);
        });
      },
      closed: (reason) => {
        this.#tell(() => {
          this.end();
          owner.closed(reason == null ? undefined : safe(reason));
        });
      },
    };
  }

  #tell(event: () => void): void {
    if (this.over) return;
    if (this.#early === undefined) event();
    else this.#early.push(event);
  }

  /** The link is over: events are ignored from now on. */
  end(): void {
    this.over = true;
    this.events.message = this.#message;
  }

  /** The owner has the link: passes it the events, also those that were kept. */
  readonly release = (): void => {
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const event of early) this.#tell(event);
    // There are many messages, so they skip the check from now on.
    if (!this.over) this.events.message = this.#owner.message.bind(this.#owner);
  };
}
