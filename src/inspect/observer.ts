import type { AnyActorRef, InspectionEvent } from 'xstate';

import type { TapEvent } from '../machines/connection/link-tap.js';
import { RateLimit } from './rate-limit.js';
import { recordOf } from './snapshots.js';
import { messageOf } from './messages.js';
import type { ObserverPorts, ObserverShared } from './observer-ports.js';
import { Traffic } from './traffic.js';
import { WatchedActors } from './watched-actors.js';
import { WatchedRequests } from './watched-requests.js';

/** The rate limit of steps without a state change, and of messages without a request. */
const OTHERS = { perSecond: 60, most: 120 };

/**
 * Observes one client and emits short records. Under low load everything has a record. Under high load a sample of the requests has, and
 * the rest is only counted: a request without records costs a few reads and writes at each step.
 */
export class Observer {
  readonly #shared: ObserverShared;
  readonly #actors: WatchedActors;
  readonly #requests: WatchedRequests;

  constructor(ports: ObserverPorts) {
    const traffic = new Traffic(ports.now());
    const others = new RateLimit(OTHERS.perSecond, OTHERS.most);
    this.#shared = {
      ...ports,
      traffic,
      mayEmit: () => {
        const may = others.take(ports.now(), ports.share());
        if (!may) traffic.unseen += 1;
        return may;
      },
    };
    this.#actors = new WatchedActors(this.#shared);
    this.#requests = new WatchedRequests(this.#shared, (ref) => this.#actors.numberOf(ref));
  }

  inspect(event: InspectionEvent): void {
    const ref = event.actorRef as AnyActorRef;
    const record = recordOf(ref);
    switch (event.type) {
      case '@xstate.actor':
        if (record === undefined) this.#actors.begin(ref);
        break;
      case '@xstate.event':
        if (record === undefined) this.#actors.sending(ref, event.sourceRef as AnyActorRef | undefined, event.event);
        else this.#requests.sending(ref, record, event.event);
        break;
      case '@xstate.microstep':
        this.#actors.microstep(ref, event._transitions);
        break;
      case '@xstate.snapshot':
        if (record === undefined) this.#actors.step(ref, event.event, event.snapshot);
        else this.#requests.step(record, event.event, event.snapshot);
        break;
      case '@xstate.action':
      case '@xstate.transition':
        break;
    }
  }

  tap(event: TapEvent): void {
    const { traffic, disclosure } = this.#shared;
    switch (event.type) {
      case 'message.out':
        traffic.out += 1;
        if (!this.#requests.sent(event) && this.#shared.mayEmit()) {
          this.#shared.emit(messageOf('out', event, disclosure));
        }
        break;
      case 'message.in':
        traffic.in += 1;
        if (!this.#requests.received(event) && this.#shared.mayEmit()) {
          this.#shared.emit(messageOf('in', event, disclosure));
        }
        break;
      case 'message.settled':
        if (event.failure !== undefined) this.#link(event, 'message.not-sent', event.failure);
        break;
      default:
        this.#link(event, event.type, 'failure' in event ? event.failure : undefined);
    }
  }

  /** Whether there is something to emit at the end of the interval. */
  get busy(): boolean {
    return this.#shared.traffic.busy;
  }

  /** Emits records of requests that take long. */
  promote(): void {
    this.#requests.promote();
  }

  /** Emits the counters since the last time. */
  emitRates(): void {
    const rates = this.#shared.traffic.take(this.#shared.now());
    if (rates !== undefined) this.#shared.emit({ k: 'rates', ...rates });
  }

  #link({ epoch }: TapEvent, what: string, failure: unknown): void {
    if (!this.#shared.mayEmit()) return;
    const note = failure === undefined ? undefined : this.#shared.disclosure.failure(failure);
    this.#shared.emit({ k: 'link', epoch, what, ...(note !== undefined && { note }) });
  }
}
