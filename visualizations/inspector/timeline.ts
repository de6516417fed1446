import type { InspectRecord } from '../../src/inspect/records.js';
import { h, reconcile, s, setAttribute, setText } from './dom.js';
import { duration, time, timeOfDay } from './format.js';
import { Rows } from './view.js';
import type { Panel, View } from './view.js';

/** The number of columns of the density chart. */
const COLUMNS = 240;
const HEIGHT = 26;

interface Parts {
  readonly slider: HTMLInputElement;
  readonly bands: HTMLElement;
  readonly density: HTMLElement;
  readonly head: HTMLElement;
  readonly start: HTMLElement;
  readonly end: HTMLElement;
  readonly moment: HTMLElement;
  readonly live: HTMLButtonElement;
}

type Tagged = Extract<InspectRecord, { k: 'step' }>;

/** The timeline of all kept records: bands of states, density of records, and the shown moment. */
export class Timeline implements Panel {
  readonly #parts: Parts;
  readonly #path = s('path');
  readonly #tags = new Rows<Tagged>((record) =>
    record.k === 'step' && record.tag !== undefined && record.c === this.#client ? record : undefined,
  );
  #client: number | undefined;
  #first = 0;
  #last = 1;
  #drawn = '';

  /** @param moved called with the moment that the user selects */
  constructor(parts: Parts, moved: (at: number) => void) {
    this.#parts = parts;
    parts.density.append(
      s('svg', { viewBox: `0 0 ${COLUMNS} ${HEIGHT}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' }, this.#path),
    );
    parts.slider.addEventListener('input', () => {
      moved(this.#first + (Number(parts.slider.value) / 1_000) * (this.#last - this.#first));
    });
  }

  update(view: View): void {
    const { story, now, live, client } = view;
    const { records } = story;
    this.#client = client?.c;
    const recorded = client?.recording === true;
    this.#first = records[0]?.at ?? now - 1;
    this.#last = Math.max(live ? now : Math.max(now, records.at(-1)?.at ?? now), this.#first + 1);
    const { slider, head, start, end, moment, live: button } = this.#parts;
    const share = (now - this.#first) / (this.#last - this.#first);
    const value = String(Math.round(share * 1_000));
    if (slider.value !== value) slider.value = value;
    setAttribute(
      slider,
      'aria-valuetext',
      live ? (recorded ? 'the end' : 'live') : `${time(now)}, ${duration(this.#last - now)} ago`,
    );
    head.style.left = `${Math.min(Math.max(share, 0), 1) * 100}%`;
    setText(start, timeOfDay(this.#first));
    setText(end, live && !recorded ? 'now' : timeOfDay(this.#last));
    setText(moment, live ? '' : `${time(now)}  ·  ${duration(this.#last - now)} before the end`);
    setAttribute(button, 'aria-pressed', String(live));
    this.#draw(view);
  }

  /** Updates at most every half second. */
  #draw(view: View): void {
    const { story } = view;
    const key = `${story.version} ${String(this.#client)} ${story.records.length} ${Math.round(this.#last / 500)}`;
    if (key === this.#drawn) return;
    this.#drawn = key;
    this.#drawDensity(story.records);
    const { rows } = this.#tags.sync({ ...view, end: story.records.length }, String(this.#client));
    this.#drawBands(rows, story.base.clients[this.#client ?? -1]?.tag);
  }

  #drawDensity(records: readonly InspectRecord[]): void {
    const columns = new Array<number>(COLUMNS).fill(0);
    for (const { at } of records) {
      const column = Math.min(COLUMNS - 1, Math.floor(((at - this.#first) / (this.#last - this.#first)) * COLUMNS));
      columns[column] = (columns[column] ?? 0) + 1;
    }
    const top = Math.log1p(Math.max(...columns, 1));
    const tops = columns.map((number, at) => {
      const height = number === 0 ? 0 : Math.max(1.5, (Math.log1p(number) / top) * (HEIGHT - 2));
      return `M${at} ${HEIGHT}v${(-height).toFixed(1)}h.7v${height.toFixed(1)}z`;
    });
    setAttribute(this.#path, 'd', tops.join(''));
  }

  /** @param first the state before the first band, if the records of the first states are discarded */
  #drawBands(tags: readonly Tagged[], first: string | undefined): void {
    const position = (at: number): number => ((at - this.#first) / (this.#last - this.#first)) * 100;
    // Of consecutive bands narrower than a thousandth only the last one is drawn.
    const bands: { key: string; tag: string; from: number }[] =
      first === undefined ? [] : [{ key: 'first', tag: first, from: 0 }];
    for (const { n, tag = '', at } of tags) {
      const from = position(at);
      const before = bands.at(-1);
      if (before !== undefined && from - before.from < 0.1) bands.pop();
      bands.push({ key: String(n), tag, from });
    }
    reconcile(
      this.#parts.bands,
      bands.map((band, index) => ({ ...band, width: (bands[index + 1]?.from ?? 100) - band.from })),
      ({ key }) => key,
      () => h('span', { class: 'band' }),
      (element, { tag, from, width }) => {
        const { style } = element as HTMLElement;
        style.left = `${from}%`;
        style.width = `${width}%`;
        setAttribute(element, 'data-tone', tag);
        setAttribute(element, 'title', tag);
      },
    );
  }
}
