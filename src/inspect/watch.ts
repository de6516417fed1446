import type { InspectionEvent } from 'xstate';

import type { InspectedConnection, InspectedRecording } from '../api/options/inspect-option.js';
import type { Environment } from '../util/environment.js';
import { MCPError } from '../errors.js';
import type { TapEvent } from '../machines/connection/link-tap.js';
import { Disclosure, short } from './disclosure.js';
import { InspectHistory } from './history.js';
import { Observer } from './observer.js';
import type { InspectedEvent, InspectRecord } from './records.js';
import { ReplayedTime } from './replayed-time.js';

/** Options of {@link Watch}. */
export interface WatchOptions {
  /** How many records are kept. */
  readonly history: number;
  /** Whether secrets are hidden. */
  readonly redact: boolean;
  readonly environment: Environment;
}

/** The observer to which a client reports. Its methods never throw. */
export interface Watcher {
  /** The client may reuse the actors of requests, because this observer distinguishes the requests by itself. */
  readonly pooled: true;
  inspect(event: unknown): void;
  tap(event: TapEvent): void;
}

/** How long records are collected before they are sent, in ms. */
const BATCH_TIME = 100;

/** The time between two records of rates, in ms. */
const RATES_INTERVAL = 1_000;

/** Maximum number of records in a batch. Further ones are only counted. */
const MAX_COLLECTED = 5_000;

/** Up to this number of busy clients, each has the full rate limits. More clients share the limits of this number. */
const FULLY_SHOWN = 4;

/** Maximum number of observed clients. When it is exceeded, the oldest client is not observed any more. */
const MAX_CLIENTS = 200;

/**
 * Observes any number of clients. It numbers and keeps their records, and publishes them in batches. Without events it has no timer. For a
 * recording it uses the time of the recording, so that rates and batches do not depend on the speed of the replay.
 */
export class Watch {
  readonly history: InspectHistory;
  #environment: Pick<Environment, 'now' | 'setTimeout' | 'clearTimeout'>;
  #disclosure: Disclosure;
  #replayed: ReplayedTime | undefined;
  readonly #publish: (records: readonly string[], first: number) => void;
  readonly #observers = new Map<number, Observer>();
  /** Watchers of actor systems that were not attached, by the session id of their root. */
  readonly #unattached = new Map<string, Watcher>();
  #links: Watcher | undefined;
  #collected: InspectRecord[] = [];
  #missed = 0;
  #timer: unknown;
  #countedAt: number;
  #share = 1;
  #n = 0;
  #clients = 0;
  #actors = 0;
  #closed = false;

  /** @param publish receives new records as JSON, and the number of the first one */
  constructor(options: WatchOptions, publish: (records: readonly string[], first: number) => void) {
    this.history = new InspectHistory(options.history);
    this.#environment = options.environment;
    this.#disclosure = new Disclosure(options.redact);
    this.#publish = publish;
    this.#countedAt = this.#environment.now();
  }

  /** The current time; for a recording, the time of the last replayed entry. */
  now(): number {
    return this.#environment.now();
  }

  /** @throws MCPError with code `MCP_INVALID_PARAMS` for a recording and other clients, because they have different times. */
  attach({ name, transport, recording, hide }: InspectedConnection): Watcher {
    if (this.#replayed !== undefined || (recording !== undefined && this.#clients > 0)) {
      throw new MCPError('An inspector shows either clients or one recording, and this one is in use', {
        code: 'MCP_INVALID_PARAMS',
        delivery: 'not-sent',
      });
    }
    if (recording !== undefined) this.#enter(recording);
    const c = (this.#clients += 1);
    const observer = new Observer({
      disclosure: this.#disclosure.of(hide),
      now: () => this.#environment.now(),
      nextActor: () => (this.#actors += 1),
      share: () => this.#share,
      emit: (event) => {
        this.#collect(c, event);
      },
    });
    if (!this.#closed) this.#observers.set(c, observer);
    const [oldest] = this.#observers.keys();
    if (this.#observers.size > MAX_CLIENTS && oldest !== undefined) this.#observers.delete(oldest);
    this.#collect(c, {
      k: 'client',
      ...(name !== undefined && { name: short(name) }),
      transport: short(transport),
      ...(recording !== undefined && { recording: true }),
    });
    void recording?.over.then((note) => {
      this.#leave(c, observer, note);
    });
    return {
      pooled: true,
      inspect: (event) => {
        if (!this.#observes(c)) return;
        try {
          observer.inspect(event as InspectionEvent);
        } catch (thrown) {
          this.#failed(c, thrown);
        }
      },
      tap: (event) => {
        if (!this.#observes(c)) return;
        try {
          observer.tap(event);
        } catch (thrown) {
          this.#failed(c, thrown);
        }
      },
    };
  }

  /** Receives an event of an actor system that was not attached. */
  inspect(event: unknown): void {
    const { rootId } = (event ?? {}) as { rootId?: unknown };
    if (typeof rootId !== 'string' || this.#closed || this.#replayed !== undefined) return;
    let watcher = this.#unattached.get(rootId);
    if (watcher === undefined) {
      watcher = this.attach({ name: undefined, transport: 'actors' });
      if (this.#unattached.size >= MAX_CLIENTS) this.#unattached.clear();
      this.#unattached.set(rootId, watcher);
    }
    watcher.inspect(event);
  }

  /** Receives an event of a link of an unknown client. */
  tap(event: TapEvent): void {
    if (this.#replayed !== undefined) return;
    this.#links ??= this.attach({ name: undefined, transport: 'links' });
    this.#links.tap(event);
  }

  close(): void {
    this.#closed = true;
    this.#environment.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#observers.clear();
    this.#unattached.clear();
    this.#collected = [];
  }

  #enter(recording: InspectedRecording): void {
    // The page shows the pseudonyms of the file.
    if (recording.redacted) this.#disclosure = new Disclosure(false);
    this.#environment = this.#replayed = new ReplayedTime(() => recording.now());
    this.#countedAt = this.#replayed.now();
  }

  /** Publishes the last records of a recording: its time stands still from now on. */
  #leave(c: number, observer: Observer, note: string | undefined): void {
    if (this.#closed) return;
    this.#replayed?.catchUp();
    observer.emitRates();
    this.#collect(c, { k: 'link', epoch: 0, what: 'recording.ended', ...(note !== undefined && { note }) });
    this.#observers.delete(c);
    this.#environment.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#flush();
  }

  /** Whether a client is observed. Schedules a batch, because even an event without a record changes the counters. */
  #observes(c: number): boolean {
    if (!this.#observers.has(c)) return false;
    this.#replayed?.catchUp();
    this.#schedule();
    return true;
  }

  /** Handles an error of the observer: the client is not observed any more, and the page shows this. */
  #failed(c: number, thrown: unknown): void {
    this.#observers.delete(c);
    const note = thrown instanceof Error ? thrown.name : typeof thrown;
    this.#collect(c, { k: 'link', epoch: 0, what: 'inspector.failed', note });
  }

  #collect(c: number, event: InspectedEvent): void {
    if (this.#closed) return;
    this.#schedule();
    if (this.#collected.length >= MAX_COLLECTED) {
      this.#missed += 1;
      return;
    }
    this.#collected.push({ n: (this.#n += 1), at: this.#environment.now(), c, ...event });
  }

  #schedule(): void {
    if (this.#timer !== undefined) return;
    this.#timer = this.#environment.setTimeout(() => {
      this.#timer = undefined;
      this.#flush();
    }, BATCH_TIME);
    // The timer must not keep the process alive.
    (this.#timer as { unref?: () => void } | undefined)?.unref?.();
  }

  #flush(): void {
    this.#count();
    if (this.#missed > 0) {
      this.#collected.push({ n: (this.#n += 1), at: this.#environment.now(), c: 0, k: 'gap', missed: this.#missed });
      this.#missed = 0;
    }
    const records = this.#collected;
    this.#collected = [];
    const [first] = records;
    if (first !== undefined) this.#publish(this.history.add(records), first.n);
    if ([...this.#observers.values()].some(({ busy }) => busy)) this.#schedule();
  }

  #count(): void {
    const now = this.#environment.now();
    for (const observer of this.#observers.values()) observer.promote();
    if (now - this.#countedAt < RATES_INTERVAL) return;
    this.#countedAt = now;
    const busy = [...this.#observers.values()].filter((observer) => observer.busy).length;
    this.#share = Math.min(1, FULLY_SHOWN / busy);
    for (const observer of this.#observers.values()) observer.emitRates();
  }
}
