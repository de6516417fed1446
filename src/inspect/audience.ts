import type { WebSocket } from 'ws';

import type { InspectHistory } from './history.js';
import type { InspectRecord, ServerMessage } from './records.js';

/** Pages at the same time. */
export const MOST_PAGES = 16;

/** Bytes that may wait for a page; beyond that it gets nothing more until it has caught up. */
const MOST_WAITING = 1_000_000;

interface Page {
  readonly websocket: WebSocket;
  /** Records that it did not get because it was too slow. */
  missed: number;
}

/** The pages that are open. Each gets everything at first and then what is new. */
export class Audience {
  readonly #pages = new Set<Page>();
  readonly #history: InspectHistory;
  readonly #run: string;
  readonly #now: () => number;
  readonly #gap: (missed: number) => InspectRecord;

  /**
   * @param run distinguishes this run of the program from others
   * @param gap makes the record that says how much a page has missed
   */
  constructor(history: InspectHistory, run: string, now: () => number, gap: (missed: number) => InspectRecord) {
    this.#history = history;
    this.#run = run;
    this.#now = now;
    this.#gap = gap;
  }

  get size(): number {
    return this.#pages.size;
  }

  add(websocket: WebSocket): void {
    const page: Page = { websocket, missed: 0 };
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
    this.#greet(page);
  }

  /** Sends what is new, as one message, made once for all pages. */
  tell(records: readonly InspectRecord[]): void {
    let text: string | undefined;
    for (const page of this.#pages) {
      if (page.websocket.bufferedAmount > MOST_WAITING) page.missed += records.length;
      else if (page.missed > 0) this.#catchUp(page, records.length);
      else page.websocket.send((text ??= encode({ t: 'records', records, now: this.#now() })));
    }
  }

  /** Ends all connections at once. */
  close(): void {
    for (const { websocket } of this.#pages) websocket.terminate();
    this.#pages.clear();
  }

  /** Where records are missing, the page starts afresh with all that is kept, and is told what it has missed. */
  #catchUp(page: Page, more: number): void {
    const missed = page.missed + more;
    page.missed = 0;
    this.#greet(page);
    page.websocket.send(encode({ t: 'records', records: [this.#gap(missed)], now: this.#now() }));
  }

  #greet({ websocket }: Page): void {
    const { base, records } = this.#history;
    websocket.send(encode({ t: 'hello', run: this.#run, base, records, now: this.#now() }));
  }
}

function encode(message: ServerMessage): string {
  return JSON.stringify(message);
}
