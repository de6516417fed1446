import type { WebSocket } from 'ws';

import type { InspectHistory } from './history.js';
import type { InspectRecord, World } from './records.js';

/** Maximum number of open pages. */
export const MAX_PAGES = 16;

/** How many records a message to a new or slow page contains at most. */
export const PIECE = 500;

interface Page {
  readonly websocket: WebSocket;
  /** The number of the last record that was sent to it; undefined before the first message. */
  upTo: number | undefined;
  /** Whether a message is being sent. */
  busy: boolean;
}

/**
 * The connections of the open pages. Each page first receives all records, in pieces, and then the new ones. Only one message is being sent
 * to a page at a time, so a slow page gets the next one later, and continues after its last record.
 */
export class PageConnections {
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
    // A page sends no messages.
    websocket.on('message', () => {
      websocket.close(1008, 'This server accepts no messages');
    });
    this.#advance(page);
  }

  /**
   * Sends new records, which are in the history already. The message is made once for all pages that have all previous records.
   * @param records the records as JSON
   * @param first the number of the first one
   */
  send(records: readonly string[], first: number): void {
    let text: string | undefined;
    for (const page of this.#pages) {
      if (page.busy || page.upTo !== first - 1) continue;
      this.#send(page, first + records.length - 1, (text ??= this.#encode({ t: 'records' }, records)));
    }
  }

  /** Closes all connections. */
  close(): void {
    for (const { websocket } of this.#pages) websocket.terminate();
    this.#pages.clear();
  }

  /** Sends the next piece to a page. */
  #advance(page: Page): void {
    const { base, records } = this.#history;
    const { upTo } = page;
    const known = upTo === undefined || upTo < base.n ? base.n : upTo;
    const piece = records.slice(known - base.n, known - base.n + PIECE);
    const next = known + piece.length;
    if (known !== upTo) {
      // If the next records are not kept any more, the page starts again, and shows how many it missed.
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

  /** Makes a `ServerMessage` of records that are JSON already. */
  #encode(head: MessageHead, records: readonly string[]): string {
    const start = JSON.stringify({ ...head, now: this.#now() }).slice(0, -1);
    return `${start},"records":[${records.join(',')}]}`;
  }
}

/** A message of the server without its records and its time. */
type MessageHead = { readonly t: 'hello'; readonly run: string; readonly base: World } | { readonly t: 'records' };

function gapRecord(record: Extract<InspectRecord, { k: 'gap' }>): string {
  return JSON.stringify(record);
}
