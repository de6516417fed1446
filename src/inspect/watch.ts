import type { InspectionEvent } from 'xstate';

import type { InspectedConnection, InspectedRecording } from '../api/options/inspect-option.js';
import type { Environment } from '../util/environment.js';
import { MCPError } from '../errors.js';
import type { TapEvent } from '../machines/connection/link-tap.js';
import { Disclosure, short } from './disclosure.js';
import { InspectHistory } from './history.js';
import { Observer } from './observer.js';
import type { RecordedEvent, InspectRecord } from './records.js';
import { ReplayedTime } from './replayed-time.js';

/** What a {@link Watch} is made with. */
export interface WatchOptions {
  /** Records that are kept. */
  readonly history: number;
  /** Whether secrets are hidden. */
  readonly redact: boolean;
  readonly environment: Environment;
}

/** What a client tells. Neither ever throws. */
export interface Watcher {
  /** Requests are told apart by their lives, and a client that makes actors for each of them pays for it. */
  readonly pooled: true;
  inspect(event: unknown): void;
  tap(event: TapEvent): void;
}

/** Milliseconds for which records are collected before they are sent. */
const BATCH = 100;

/** Milliseconds between two counts of what went on. */
const STRETCH = 1_000;

/** Records that are collected at the most; more are only counted. */
const MOST_COLLECTED = 5_000;

/** Busy clients of which each is shown as if it were alone; more of them share what these may have. */
const FULLY_SHOWN = 4;

/** Clients that are watched at the same time; of more, the oldest are not watched any longer. */
const MOST_WATCHED = 200;

/**
 * Watches any number of clients, numbers and keeps what they tell, and passes it on in batches. At rest it does nothing. One that watches
 * a recording lives in the time of that: everything is counted and collected as it would have been then, however fast it is replayed.
 */
export class Watch {
  readonly history: InspectHistory;
  #environment: Pick<Environment, 'now' | 'setTimeout' | 'clearTimeout'>;
  #disclosure: Disclosure;
  #replayed: ReplayedTime | undefined;
  readonly #publish: (records: readonly string[], first: number) => void;
  readonly #observers = new Map<number, Observer>();
  /** Watchers of systems that were not attached, by the session id of their root. */
  readonly #strays = new Map<string, Watcher>();
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

  /** @param publish takes new records as JSON, and the number of the first of them */
  constructor(options: WatchOptions, publish: (records: readonly string[], first: number) => void) {
    this.history = new InspectHistory(options.history);
    this.#environment = options.environment;
    this.#disclosure = new Disclosure(options.redact);
    this.#publish = publish;
    this.#countedAt = this.#environment.now();
  }

  /** What the time is: for a recording, that of what was replayed last. */
  now(): number {
    return this.#environment.now();
  }

  /** @throws MCPError with code `MCP_INVALID_PARAMS` for a recording beside anything else: they would have one time. */
  attach({ name, transport, recording, hide }: InspectedConnection): Watcher {
    if (this.#replayed !== undefined || (recording !== undefined && this.#clients > 0)) {
      throw new MCPError('An inspector shows clients at work or one recording, and this one is in use', {
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
      tell: (happening) => {
        this.#collect(c, happening);
      },
    });
    if (!this.#closed) this.#observers.set(c, observer);
    const [oldest] = this.#observers.keys();
    if (this.#observers.size > MOST_WATCHED && oldest !== undefined) this.#observers.delete(oldest);
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
        if (!this.#listens(c)) return;
        try {
          observer.inspect(event as InspectionEvent);
        } catch (thrown) {
          this.#failed(c, thrown);
        }
      },
      tap: (event) => {
        if (!this.#listens(c)) return;
        try {
          observer.tap(event);
        } catch (thrown) {
          this.#failed(c, thrown);
        }
      },
    };
  }

  /** Takes an event of a system that was not attached. */
  inspect(event: unknown): void {
    const { rootId } = (event ?? {}) as { rootId?: unknown };
    if (typeof rootId !== 'string' || this.#closed || this.#replayed !== undefined) return;
    let watcher = this.#strays.get(rootId);
    if (watcher === undefined) {
      watcher = this.attach({ name: undefined, transport: 'actors' });
      if (this.#strays.size >= MOST_WATCHED) this.#strays.clear();
      this.#strays.set(rootId, watcher);
    }
    watcher.inspect(event);
  }

  /** Takes what goes over a link of an unknown client. */
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
    this.#strays.clear();
    this.#collected = [];
  }

  #enter(recording: InspectedRecording): void {
    // The pseudonyms should be those that are in the file.
    if (recording.redacted) this.#disclosure = new Disclosure(false);
    this.#environment = this.#replayed = new ReplayedTime(() => recording.now());
    this.#countedAt = this.#replayed.now();
  }

  /** Tells the rest: after the end of a recording its time stands still. */
  #leave(c: number, observer: Observer, note: string | undefined): void {
    if (this.#closed) return;
    this.#replayed?.catchUp();
    observer.tellRates();
    this.#collect(c, { k: 'link', epoch: 0, what: 'recording.ended', ...(note !== undefined && { note }) });
    this.#observers.delete(c);
    this.#environment.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#flush();
  }

  /** Whether a client is watched. Something is about to be told of it, and if it is only counted that has to be told some time, too. */
  #listens(c: number): boolean {
    if (!this.#observers.has(c)) return false;
    this.#replayed?.catchUp();
    this.#schedule();
    return true;
  }

  /** Whatever goes wrong in here is no trouble of the client: it is watched no longer, and the page says so. */
  #failed(c: number, thrown: unknown): void {
    this.#observers.delete(c);
    const note = thrown instanceof Error ? thrown.name : typeof thrown;
    this.#collect(c, { k: 'link', epoch: 0, what: 'inspector.failed', note });
  }

  #collect(c: number, happening: RecordedEvent): void {
    if (this.#closed) return;
    this.#schedule();
    if (this.#collected.length >= MOST_COLLECTED) {
      this.#missed += 1;
      return;
    }
    this.#collected.push({ n: (this.#n += 1), at: this.#environment.now(), c, ...happening });
  }

  #schedule(): void {
    if (this.#timer !== undefined) return;
    this.#timer = this.#environment.setTimeout(() => {
      this.#timer = undefined;
      this.#flush();
    }, BATCH);
    // Nobody should have to wait for it.
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
    if (now - this.#countedAt < STRETCH) return;
    this.#countedAt = now;
    const busy = [...this.#observers.values()].filter((observer) => observer.busy).length;
    this.#share = Math.min(1, FULLY_SHOWN / busy);
    for (const observer of this.#observers.values()) observer.tellRates();
  }
}
