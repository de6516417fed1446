import { h } from './dom.js';

/** The number of rows beyond each edge that are drawn, too. */
const MARGIN = 6;

/** A list in which only the visible rows exist as elements. All rows have the same height. At its end it follows new rows. */
export class VirtualList<Row extends { readonly key: string | number }> {
  readonly #scroller: HTMLElement;
  readonly #height: number;
  readonly #make: (row: Row) => HTMLElement;
  readonly #body: HTMLElement;
  readonly #shown = new Map<Row['key'], HTMLElement>();
  #rows: readonly Row[] = [];
  #length = 0;
  #following = true;
  /** The last scroll position. */
  #top = 0;

  /** @param nothing the text without rows */
  constructor(scroller: HTMLElement, height: number, make: (row: Row) => HTMLElement, nothing: string) {
    this.#scroller = scroller;
    this.#height = height;
    this.#make = make;
    this.#body = h('div', { class: 'rows', 'data-nothing': nothing });
    scroller.append(this.#body);
    scroller.addEventListener('scroll', () => {
      const { scrollTop, clientHeight, scrollHeight } = scroller;
      // Only scrolling up stops the following; changes of the rows or of the size do not.
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

  /** Removes the drawn rows, because their content has changed. */
  clear(): void {
    for (const element of this.#shown.values()) element.remove();
    this.#shown.clear();
  }

  /** Scrolls a row into view. */
  reveal(index: number): void {
    const top = index * this.#height;
    const { scrollTop, clientHeight } = this.#scroller;
    if (top < scrollTop) this.#scroller.scrollTop = top;
    else if (top + this.#height > scrollTop + clientHeight)
      this.#scroller.scrollTop = top + this.#height - clientHeight;
    this.#draw();
  }

  /** Stops following new rows. */
  stay(): void {
    this.#following = false;
  }

  /** Goes to the end and follows new rows. */
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
