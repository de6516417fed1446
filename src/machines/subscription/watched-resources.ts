import type { Environment } from '../../util/environment.js';
import { failure, withDelivery } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import { onAbort } from '../../util/on-abort.js';
import type { SubscriptionFilter } from '../../protocol/schema/index.js';

/** What {@link WatchedResources} needs from its connection. */
export interface WatchingPorts {
  readonly environment: Environment;
  /** The wanted resources, in this session and the next ones. */
  resources(): readonly string[];
  desire(resources: readonly string[]): void;
  /** The filter that the server has acknowledged, while a subscription is open. */
  honoured(): SubscriptionFilter | undefined;
  /** Whether the server is known to have no subscriptions. */
  unsupported(): boolean;
}

/** The length of a wait, and the time at which it ends. In milliseconds. */
export interface TimeLimit {
  readonly timeout: number;
  readonly deadline: number;
}

interface Waiter {
  readonly uri: string;
  /** With the reason why the resource is not watched; undefined when it is watched. */
  readonly settle: (problem: Failure | undefined) => void;
}

/**
 * The callers that wait until a modern server has acknowledged a resource. There is no request for one resource: it becomes part of the
 * subscription of the session. 2026-07-28 basic/patterns/subscriptions.
 */
export class WatchedResources {
  readonly #ports: WatchingPorts;
  readonly #waiters = new Set<Waiter>();

  constructor(ports: WatchingPorts) {
    this.#ports = ports;
  }

  /**
   * Watches a resource. Resolves when the server has acknowledged it, or with the reason why it has not; then the resource is not watched. An
   * aborted signal rejects with its reason.
   */
  async watch(uri: string, limit: TimeLimit, signal: AbortSignal | undefined): Promise<Failure | undefined> {
    signal?.throwIfAborted();
    const { environment } = this.#ports;
    const desired = this.#ports.resources().includes(uri);
    if (desired && this.#ports.honoured()?.resourceSubscriptions?.includes(uri) === true) return undefined;
    if (this.#ports.unsupported()) return notServed();
    const begun = !desired || this.#isAwaited(uri);
    let forget: (() => void) | undefined;
    let waiter: Waiter | undefined;
    let timer: unknown;
    let watched = false;
    try {
      const problem = await new Promise<Failure | undefined>((resolve, reject) => {
        const abort = (reason: unknown): void => {
          // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the reason is whatever the caller gave
          reject(reason);
        };
        forget = signal && onAbort(signal, abort);
        timer = environment.setTimeout(
          () => {
            resolve(notAcknowledged(limit.timeout));
          },
          Math.max(limit.deadline - environment.now(), 0),
        );
        waiter = { uri, settle: resolve };
        this.#waiters.add(waiter);
        if (!desired) this.#ports.desire([...this.#ports.resources(), uri]);
      });
      watched = problem === undefined;
      return problem;
    } finally {
      environment.clearTimeout(timer);
      forget?.();
      if (waiter !== undefined) this.#waiters.delete(waiter);
      if (!watched && begun && !this.#isAwaited(uri)) this.#drop(uri);
    }
  }

  /** Stops watching a resource. */
  unwatch(uri: string): void {
    this.#drop(uri);
    this.#settle(() => withdrawn(), uri);
  }

  /** The server has acknowledged a filter. Returns the missing resources for which no caller waits. */
  acknowledged({ resourceSubscriptions = [] }: SubscriptionFilter, missing: readonly string[]): string[] {
    for (const { uri, settle } of [...this.#waiters]) if (resourceSubscriptions.includes(uri)) settle(undefined);
    return missing.filter((one) => !this.#settle(() => notAnnounced([one]), one));
  }

  /** The subscription ended, or there will be no session. Returns false when no caller waits. */
  failed(why: Failure): boolean {
    return this.#settle(() => (why.delivery === undefined ? withDelivery(why, 'unknown') : why));
  }

  #drop(uri: string): void {
    const resources = this.#ports.resources();
    if (resources.includes(uri)) this.#ports.desire(resources.filter((one) => one !== uri));
  }

  #isAwaited(uri: string): boolean {
    return [...this.#waiters].some((waiter) => waiter.uri === uri);
  }

  /** Settles the callers that wait for this resource, or for any, with a failure. Returns false when there are none. */
  #settle(problem: () => Failure, uri?: string): boolean {
    const waiters = [...this.#waiters].filter((waiter) => uri === undefined || waiter.uri === uri);
    for (const { settle } of waiters) settle(problem());
    return waiters.length > 0;
  }
}

/** The server has acknowledged only a part of a subscription. */
export function notAnnounced(refused: readonly string[]): Failure {
  const message = `The server does not announce changes of: ${refused.join(', ')}`;
  return failure('capability', 'MCP_CAPABILITY_MISSING', message, { delivery: 'answered', details: { refused } });
}

function notServed(): Failure {
  const message =
    'The server does not support subscriptions/listen, although it announces the capability `resources.subscribe`';
  return failure('capability', 'MCP_CAPABILITY_MISSING', message, {
    delivery: 'not-sent',
    details: { required: 'subscriptions/listen' },
  });
}

/** The server did not acknowledge a subscription in time. */
export function notAcknowledged(timeout: number): Failure {
  const message = `The server did not acknowledge subscriptions/listen within ${timeout} ms`;
  const details = { operation: 'subscriptions/listen', timeout, phase: 'waiting' };
  return failure('timeout', 'MCP_TIMEOUT', message, { delivery: 'unknown', details });
}

function withdrawn(): Failure {
  const message = 'The resource was unsubscribed before the server acknowledged the subscription';
  return failure('protocol', 'MCP_ERROR', message, { delivery: 'unknown' });
}
