import { systemEnvironment } from '../../src/util/environment.js';
import type { Environment, TimerHandle } from '../../src/util/environment.js';
import type { Failure } from '../../src/util/failure.js';
import type { LinkEvents } from '../../src/transports/link.js';
import { Waiting } from './waiting.js';

/** Something that a link said. */
export type LinkEvent =
  | { readonly type: 'message'; readonly message: unknown }
  | { readonly type: 'problem'; readonly failure: Failure }
  | { readonly type: 'closed'; readonly failure: Failure | undefined };

/** The owner of a link that writes down what it hears, and counts the timers that are set. */
export class LinkRecorder {
  readonly log: LinkEvent[] = [];
  /** Timers that are set now. */
  readonly timers = new Set<TimerHandle>();
  readonly environment: Environment;
  readonly events: LinkEvents;
  readonly #waiting = new Waiting();

  constructor(environment: Environment = systemEnvironment) {
    this.environment = {
      ...environment,
      setTimeout: (callback, delay) => {
        const handle = environment.setTimeout(() => {
          this.timers.delete(handle);
          callback();
        }, delay);
        this.timers.add(handle);
        return handle;
      },
      clearTimeout: (handle) => {
        this.timers.delete(handle);
        environment.clearTimeout(handle);
      },
    };
    this.events = {
      environment: this.environment,
      message: (message) => {
        this.#write({ type: 'message', message });
      },
      problem: (failure) => {
        this.#write({ type: 'problem', failure });
      },
      closed: (failure) => {
        this.#write({ type: 'closed', failure });
      },
      sessionLost: () => undefined,
      interrupted: () => undefined,
      resumed: () => undefined,
      signIn: () => undefined,
    };
  }

  get messages(): unknown[] {
    return this.log.flatMap((event) => (event.type === 'message' ? [event.message] : []));
  }

  get problems(): Failure[] {
    return this.log.flatMap((event) => (event.type === 'problem' ? [event.failure] : []));
  }

  /** What the link ended with, once it ended. */
  get ends(): (Failure | undefined)[] {
    return this.log.flatMap((event) => (event.type === 'closed' ? [event.failure] : []));
  }

  /** Resolves when `met` holds, which is asked again after each event. */
  until(met: () => boolean, patience = 20_000): Promise<void> {
    return this.#waiting.until(met, () => `heard ${summary(this.log)}`, patience);
  }

  /** Resolves with what the link ended with. */
  async untilClosed(patience?: number): Promise<Failure | undefined> {
    await this.until(() => this.ends.length > 0, patience);
    return this.ends[0];
  }

  #write(event: LinkEvent): void {
    this.log.push(event);
    this.#waiting.wake();
  }
}

function summary(log: readonly LinkEvent[]): string {
  return JSON.stringify({ events: log.length, last: log.slice(-5) }).slice(0, 2_000);
}

/** The real clock, with every timer this much quicker: graces of seconds pass in a moment. */
export function hastyEnvironment(factor: number): Environment {
  return {
    ...systemEnvironment,
    setTimeout: (callback, delay) => systemEnvironment.setTimeout(callback, delay / factor),
  };
}
