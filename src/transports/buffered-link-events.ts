import { toTransportFailure } from '../util/failure.js';
import type { Failure } from '../util/failure.js';
import type { Link, LinkEvents } from './link.js';
import type { Secrets } from './secrets.js';

/** A link, from the attempt to open it to its end; lets through what its owner should hear. */
export class BufferedLinkEvents {
  /** Undefined until it is open. */
  link: Link | undefined;
  /** Whether it ended, by itself or because its owner closed it: nothing more is heard of it. */
  over = false;
  /** What happened before the owner had the link in hand. */
  #early: (() => void)[] | undefined = [];
  /** What the link is given to speak to. */
  readonly events: LinkEvents;

  /** @param secrets taken out of all failures that the owner hears of */
  constructor(owner: LinkEvents, secrets: Secrets) {
    // A transport of a user may be written without types, and tell anything.
    const safe = (told: unknown): Failure => secrets.failure(toTransportFailure(told));
    this.events = {
      environment: owner.environment,
      budget: owner.budget,
      message: (message, about) => {
        if (this.#early === undefined && !this.over) owner.message(message, about);
        else
          this.#tell(() => {
            owner.message(message, about);
          });
      },
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
          this.over = true;
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

  /** The owner has the link: it may hear of it. */
  readonly release = (): void => {
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const event of early) this.#tell(event);
  };
}
