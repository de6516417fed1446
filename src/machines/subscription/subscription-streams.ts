import type { Failure } from '../../util/failure.js';
import { withMeta } from '../../protocol/request-meta.js';
import type { SubscriptionFilter } from '../../protocol/schema/index.js';
import { isAskedFor } from '../../protocol/subscription-filter.js';
import { RequestFailure } from '../request/outcome.js';
import type { RequestRegistry } from '../request/request-registry.js';
import { ownRequest } from '../request/request-spec.js';
import type { SubscriptionEvent, SubscriptionPorts } from './subscription-machine.js';
import { notAnnounced } from './watched-resources.js';
import type { WatchedResources } from './watched-resources.js';

/** What the streams of a subscription need besides the requests that open them. */
export interface StreamPorts extends Pick<SubscriptionPorts, 'random' | 'suspectChanges' | 'report'> {
  readonly requests: RequestRegistry;
  readonly watched: WatchedResources;
  readonly tell: (event: Extract<SubscriptionEvent, { type: 'acknowledged' | 'ended' }>) => void;
  /** Handles an exception that is caught nowhere else: ends the connection. */
  readonly fail: (thrown: unknown) => void;
}

/** The `subscriptions/listen` requests of a connection. Only what the newest says counts; older ones stay until that stands. */
export class SubscriptionStreams implements SubscriptionPorts {
  readonly #surroundings: StreamPorts;
  #streams: AbortController[] = [];

  constructor(surroundings: StreamPorts) {
    this.#surroundings = surroundings;
  }

  random(): number {
    return this.#surroundings.random();
  }

  suspectChanges(): void {
    this.#surroundings.suspectChanges();
  }

  report(problem: Failure): void {
    this.#surroundings.report(problem);
  }

  acknowledged(honoured: SubscriptionFilter, missing: readonly string[]): void {
    const unexpected = this.#surroundings.watched.acknowledged(honoured, missing);
    if (unexpected.length > 0) this.report(notAnnounced(unexpected));
  }

  failed(why: Failure): void {
    if (!this.#surroundings.watched.failed(why)) this.report(why);
  }

  listen(wanted: SubscriptionFilter): void {
    const { requests, tell, fail } = this.#surroundings;
    const stream = new AbortController();
    let filter = wanted;
    this.#streams.push(stream);
    // It does not wait for the gate: when a session begins it is sent before the calls that wait for the session.
    const request = ownRequest('subscriptions/listen', withMeta({ notifications: wanted }, requests.meta, undefined), {
      quiet: false,
      signal: stream.signal,
      onNotice: (method, params) => {
        if (method !== 'notifications/subscriptions/acknowledged') return isAskedFor(filter, method);
        filter = params?.notifications as SubscriptionFilter;
        if (this.#isNewest(stream)) tell({ type: 'acknowledged', honoured: filter });
        return true;
      },
    });
    requests
      .submit(request)
      .then((outcome) => {
        const counts = this.#isNewest(stream) && !stream.signal.aborted;
        this.#streams = this.#streams.filter((one) => one !== stream);
        if (counts) tell({ type: 'ended', failure: outcome instanceof RequestFailure ? outcome.failure : undefined });
      })
      .catch(fail);
  }

  dropOlder(): void {
    this.#keep(this.#streams.slice(-1));
  }

  dropAll(): void {
    this.#keep([]);
  }

  #isNewest(stream: AbortController): boolean {
    return stream === this.#streams.at(-1);
  }

  #keep(kept: AbortController[]): void {
    const dropped = this.#streams.filter((stream) => !kept.includes(stream));
    this.#streams = kept;
    for (const stream of dropped) stream.abort();
  }
}
