import type { WebSocket } from 'ws';

import type { InspectHistory } from './history.js';
import type { InspectRecord, World } from './records.js';

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

  /**
   * Sends records, which are in the history already, as one message, made once for all pages that have everything before them.
   * @param records JSON
   * @param first the number of the first of them
   */
  tell(records: readonly string[], first: number): void {
    let text: string | undefined;
    for (const page of this.#pages) {
      if (page.busy || page.upTo !== first - 1) continue;
      this.#send(page, first + records.length - 1, (text ??= this.#encode({ t: 'records' }, records)));
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
        upTo === undefined ? [] : [gapRecord({ n: base.n, at: base.at, c: 0, k: 'gap', missed: base.n - upTo })];
      this.#send(page, next, this.#encode({ t: 'hello', run: this.#run, base }, [...gap, ...piece]));
    } else if (piece.length > 0) this.#send(page, next, this.#encode({ t: 'records' }, piece));
  }

  #send(page: Page, upTo: number, text: string): void {
    page.upTo = upTo;
    page.busy = true;
    page.websocket.send(text, (failed) => {
      page.busy = false;
      if (failed == null && this.#pages.has(page)) this.#advance(page);
    });
  }

  /** A `ServerMessage` of records that are JSON already. */
  #encode(head: MessageHead, records: readonly string[]): string {
    const start = JSON.stringify({ ...head, now: this.#now() }).slice(0, -1);
    return `${start},"records":[${records.join(',')}]}`;
  }
}

/** A message of the server without its records and the time at which it is sent. */
type MessageHead = { readonly t: 'hello'; readonly run: string; readonly base: World } | { readonly t: 'records' };

function gapRecord(record: Extract<InspectRecord, { k: 'gap' }>): string {
  return JSON.stringify(record);
}
