import type { WebSocket } from 'ws';

import type { InspectHistory } from './history.js';
import type { InspectRecord, ServerMessage } from './records.js';

/** Pages at the same time. */
export const MOST_PAGES = 16;

/** Records that are sent at once to a page that does not have all yet. */
export const PIECE = 500;

interface Page {
  readonly websocket: WebSocket;
  /** The number of the last record that it was sent; undefined before it was greeted. */
  upTo: number | undefined;
  /** Whether something is on its way to it. */
  busy: boolean;
}

/**
 * The pages that are open. Each gets everything at first, piece by piece, and then what is new. There is never more than one message on its
 * way to a page: one that is slow gets the next when it has taken that, and goes on where it was.
 */
export class Audience {
  readonly #pages = new Set<Page>();
  readonly #history: InspectHistory;
  readonly #run: string;
  readonly #now: () => number;

  /** @param run distinguishes this run of the program from others */
  constructor(history: InspectHistory, run: string, now: () => number) {
    this.#history = history;
    this.#run = run;
    this.#now = now;
  }

  get size(): number {
    return this.#pages.size;
  }

  add(websocket: WebSocket): void {
    const page: Page = { websocket, upTo: undefined, busy: false };
    this.#pages.add(page);
    websocket.on('close', () => {
      this.#pages.delete(page);
    });
    websocket.on('error', () => {
      websocket.terminate();
    });
    // A page only listens.
    websocket.on('message', () => {
      websocket.close(1008, 'Nothing is to be sent here');
    });
    this.#advance(page);
  }

  /** Sends what is new, and is in the history already, as one message, made once for all pages that have everything before it. */
  tell(records: readonly InspectRecord[]): void {
    const [first] = records;
    if (first === undefined) return;
    let text: string | undefined;
    for (const page of this.#pages) {
      if (page.busy || page.upTo !== first.n - 1) continue;
      this.#send(page, first.n + records.length - 1, (text ??= this.#encode({ t: 'records', records })));
    }
  }

  /** Ends all connections at once. */
  close(): void {
    for (const { websocket } of this.#pages) websocket.terminate();
    this.#pages.clear();
  }

  /** Sends the next of what a page does not have yet. */
  #advance(page: Page): void {
    const { base, records } = this.#history;
    const { upTo } = page;
    const known = upTo === undefined || upTo < base.n ? base.n : upTo;
    const piece = records.slice(known - base.n, known - base.n + PIECE);
    const next = known + piece.length;
    if (known !== upTo) {
      // Where what comes next is forgotten, the page starts afresh, and is told how much it has missed.
      const gap =
        upTo === undefined ? [] : [{ n: base.n, at: base.at, c: 0, k: 'gap', missed: base.n - upTo } as const];
      this.#send(page, next, this.#encode({ t: 'hello', run: this.#run, base, records: [...gap, ...piece] }));
    } else if (piece.length > 0) this.#send(page, next, this.#encode({ t: 'records', records: piece }));
  }

  #send(page: Page, upTo: number, text: string): void {
    page.upTo = upTo;
    page.busy = true;
    page.websocket.send(text, (failed) => {
      page.busy = false;
      if (failed == null && this.#pages.has(page)) this.#advance(page);
    });
  }

  #encode(message: Unsent): string {
    return JSON.stringify({ ...message, now: this.#now() });
  }
}

/** A message of the server but for the time at which it is sent. */
type Unsent = ServerMessage extends infer One ? (One extends ServerMessage ? Omit<One, 'now'> : never) : never;
