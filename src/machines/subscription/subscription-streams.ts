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

/** What {@link SubscriptionStreams} needs from its connection. */
export interface StreamPorts extends Pick<SubscriptionPorts, 'random' | 'missedChanges' | 'report'> {
  readonly requests: RequestRegistry;
  readonly watched: WatchedResources;
  readonly send: (event: Extract<SubscriptionEvent, { type: 'acknowledged' | 'ended' }>) => void;
  /** Handles an exception that is caught nowhere else: ends the connection. */
  readonly fail: (thrown: unknown) => void;
}

/** The `subscriptions/listen` requests of a connection. Only the newest one counts; older ones stay open until it is acknowledged. */
export class SubscriptionStreams implements SubscriptionPorts {
  readonly random: StreamPorts['random'];
  readonly missedChanges: StreamPorts['missedChanges'];
  readonly report: StreamPorts['report'];
  readonly #ports: StreamPorts;
  #streams: AbortController[] = [];

  constructor(ports: StreamPorts) {
    this.#ports = ports;
    ({ random: this.random, missedChanges: this.missedChanges, report: this.report } = ports);
  }

  acknowledged(honoured: SubscriptionFilter, missing: readonly string[]): void {
    const unexpected = this.#ports.watched.acknowledged(honoured, missing);
    if (unexpected.length > 0) this.report(notAnnounced(unexpected));
  }

  failed(why: Failure): void {
    if (!this.#ports.watched.failed(why)) this.report(why);
  }

  listen(wanted: SubscriptionFilter): void {
    const { requests, send, fail } = this.#ports;
    const stream = new AbortController();
    let filter = wanted;
    this.#streams.push(stream);
    // It does not wait for the gate: in a new session it is sent before the queued calls.
    const request = ownRequest('subscriptions/listen', withMeta({ notifications: wanted }, requests.meta, undefined), {
      quiet: false,
      signal: stream.signal,
      onNotice: (method, params) => {
        if (method !== 'notifications/subscriptions/acknowledged') return isAskedFor(filter, method);
        filter = params?.notifications as SubscriptionFilter;
        if (this.#isNewest(stream)) send({ type: 'acknowledged', honoured: filter });
        return true;
      },
    });
    requests
      .submit(request)
      .then((outcome) => {
        const counts = this.#isNewest(stream) && !stream.signal.aborted;
        this.#streams = this.#streams.filter((one) => one !== stream);
        if (counts) send({ type: 'ended', failure: outcome instanceof RequestFailure ? outcome.failure : undefined });
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
