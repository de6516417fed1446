import { h } from './dom.js';

/** Rows beyond the edges that are drawn, too. */
const MARGIN = 6;

/** A list of any length of which only what is in sight exists. All rows have the same height. It stays at its end while it is there. */
export class VirtualList<Row extends { readonly key: string | number }> {
  readonly #scroller: HTMLElement;
  readonly #height: number;
  readonly #make: (row: Row) => HTMLElement;
  readonly #body: HTMLElement;
  readonly #shown = new Map<Row['key'], HTMLElement>();
  #rows: readonly Row[] = [];
  #length = 0;
  #following = true;
  /** Where it was scrolled to last. */
  #top = 0;

  /** @param nothing the words where there is no row */
  constructor(scroller: HTMLElement, height: number, make: (row: Row) => HTMLElement, nothing: string) {
    this.#scroller = scroller;
    this.#height = height;
    this.#make = make;
    this.#body = h('div', { class: 'rows', 'data-nothing': nothing });
    scroller.append(this.#body);
    scroller.addEventListener('scroll', () => {
      const { scrollTop, clientHeight, scrollHeight } = scroller;
      // Only who scrolls up wants to stay somewhere else; that rows come, go or find another room is no reason.
      if (scrollTop + clientHeight >= scrollHeight - height) this.#following = true;
      else if (scrollTop < this.#top - 1) this.#following = false;
      this.#top = scrollTop;
      this.#draw();
    });
    new ResizeObserver(() => {
      this.#settle();
    }).observe(scroller);
  }

  /** Shows the first `length` of these rows. */
  show(rows: readonly Row[], length: number): void {
    if (rows === this.#rows && length === this.#length) return;
    this.#rows = rows;
    this.#length = length;
    this.#body.style.height = `${length * this.#height}px`;
    this.#settle();
  }

  /** Forgets what is drawn: rows look different now. */
  clear(): void {
    for (const element of this.#shown.values()) element.remove();
    this.#shown.clear();
  }

  /** Brings a row into sight. */
  reveal(index: number): void {
    const top = index * this.#height;
    const { scrollTop, clientHeight } = this.#scroller;
    if (top < scrollTop) this.#scroller.scrollTop = top;
    else if (top + this.#height > scrollTop + clientHeight)
      this.#scroller.scrollTop = top + this.#height - clientHeight;
    this.#draw();
  }

  /** Stays where it is, whatever comes. */
  stay(): void {
    this.#following = false;
  }

  /** Goes to the end and stays there. */
  follow(): void {
    this.#following = true;
    this.#settle();
  }

  #settle(): void {
    if (this.#following) this.#scroller.scrollTop = this.#length * this.#height;
    this.#top = this.#scroller.scrollTop;
    this.#draw();
  }

  #draw(): void {
    const { scrollTop, clientHeight } = this.#scroller;
    const first = Math.max(Math.floor(scrollTop / this.#height) - MARGIN, 0);
    const last = Math.min(Math.ceil((scrollTop + clientHeight) / this.#height) + MARGIN, this.#length);
    const unseen = new Set(this.#shown.keys());
    for (let index = first; index < last; index += 1) {
      const row = this.#rows[index];
      if (row === undefined) continue;
      let element = this.#shown.get(row.key);
      if (element === undefined) {
        element = this.#make(row);
        this.#shown.set(row.key, element);
        this.#body.append(element);
      }
      element.style.transform = `translateY(${index * this.#height}px)`;
      unseen.delete(row.key);
    }
    for (const key of unseen) {
      this.#shown.get(key)?.remove();
      this.#shown.delete(key);
    }
  }
}
