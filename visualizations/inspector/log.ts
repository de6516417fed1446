import type { InspectRecord } from '../../src/inspect/records.js';
import { h, setAttribute } from './dom.js';
import { duration, eventName, stateNames, time, toneOf } from './format.js';
import type { Story } from './story.js';
import { Rows } from './view.js';
import type { Panel, View } from './view.js';
import { VirtualList } from './virtual-list.js';

const HEIGHT = 24;

interface Row {
  readonly key: number;
  readonly n: number;
  readonly at: number;
  readonly kind: Kind;
  readonly who: string;
  readonly what: string;
  readonly more: string;
  readonly tone: string;
  readonly record: InspectRecord;
}

type Kind = 'states' | 'requests' | 'messages' | 'links' | 'health';

export const KINDS: readonly Kind[] = ['states', 'requests', 'messages', 'links', 'health'];

/** The panel of events: all records as rows, with filters, a search, and the details of the selected row. */
export class Log implements Panel {
  readonly #scroller: HTMLElement;
  readonly #search: HTMLInputElement;
  readonly #detail: HTMLElement;
  readonly #count: HTMLElement;
  readonly #chosen = new Set<Kind>(KINDS);
  readonly #list: VirtualList<Row>;
  readonly #rows: Rows<Row>;
  #client: number | undefined;
  #shown: { rows: readonly Row[]; length: number } = { rows: [], length: 0 };
  #selected: number | undefined;

  constructor(
    parts: {
      scroller: HTMLElement;
      search: HTMLInputElement;
      filters: HTMLElement;
      detail: HTMLElement;
      count: HTMLElement;
    },
    changed: () => void,
  ) {
    this.#scroller = parts.scroller;
    this.#search = parts.search;
    this.#detail = parts.detail;
    this.#count = parts.count;
    this.#list = new VirtualList(parts.scroller, HEIGHT, (row) => this.#draw(row), 'No matching events');
    this.#rows = new Rows((record, story) => {
      const row = rowOf(record, story, this.#client);
      return row !== undefined && this.#wanted(row) ? row : undefined;
    });
    for (const kind of KINDS) parts.filters.append(this.#filter(kind, changed));
    parts.search.addEventListener('input', changed);
    parts.scroller.addEventListener('click', ({ target }) => {
      const key = (target as Element).closest<HTMLElement>('.entry')?.dataset.n;
      if (key !== undefined) this.#select(Number(key));
    });
    parts.scroller.addEventListener('keydown', (event) => {
      this.#key(event);
    });
  }

  update(view: View): void {
    this.#client = view.client?.c;
    const key = `${String(this.#client)} ${[...this.#chosen].join()} ${this.#search.value}`;
    this.#shown = this.#rows.sync(view, key);
    this.#list.show(this.#shown.rows, this.#shown.length);
    const { length } = this.#shown;
    this.#count.textContent = length === 1 ? '1 event' : `${length.toLocaleString('en')} events`;
  }

  #wanted({ kind, who, what, more, record }: Row): boolean {
    if (!this.#chosen.has(kind)) return false;
    const wanted = this.#search.value.trim().toLowerCase();
    if (wanted === '') return true;
    const detail = 'detail' in record ? (record.detail ?? '') : '';
    return `${who} ${what} ${more} ${detail}`.toLowerCase().includes(wanted);
  }

  #filter(kind: Kind, changed: () => void): HTMLElement {
    const button = h('button', { class: 'filter', 'aria-pressed': 'true', 'data-kind': kind }, kind);
    button.addEventListener('click', () => {
      if (this.#chosen.has(kind)) this.#chosen.delete(kind);
      else this.#chosen.add(kind);
      setAttribute(button, 'aria-pressed', String(this.#chosen.has(kind)));
      changed();
    });
    return button;
  }

  #draw({ n, at, who, what, more, tone, kind }: Row): HTMLElement {
    return h(
      'div',
      {
        class: 'entry',
        role: 'option',
        id: `entry-${n}`,
        'data-n': n,
        'data-tone': tone,
        'data-kind': kind,
        'aria-selected': String(n === this.#selected),
      },
      h('time', {}, time(at)),
      h('span', { class: 'who' }, who),
      h('span', { class: 'what' }, what),
      h('span', { class: 'more' }, more),
    );
  }

  #key(event: KeyboardEvent): void {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -Infinity, End: Infinity }[event.key];
    if (event.key === 'Escape') {
      this.#select(undefined);
      this.#list.follow();
    }
    if (step === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const { rows, length } = this.#shown;
    const at = rows.findIndex(({ n }) => n === this.#selected);
    const next = Math.max(0, Math.min(length - 1, (at === -1 ? length : at) + step));
    const row = rows[next];
    if (row === undefined) return;
    this.#list.reveal(next);
    this.#select(row.n);
  }

  #select(n: number | undefined): void {
    this.#selected = n;
    for (const entry of this.#scroller.querySelectorAll<HTMLElement>('.entry')) {
      setAttribute(entry, 'aria-selected', String(Number(entry.dataset.n) === n));
    }
    setAttribute(this.#scroller, 'aria-activedescendant', n === undefined ? undefined : `entry-${n}`);
    const row = this.#shown.rows.find((one) => one.n === n);
    this.#detail.hidden = row === undefined;
    if (row === undefined) return;
    // New rows must not scroll the selected row out of view.
    this.#list.stay();
    this.#detail.replaceChildren(...detailOf(row));
  }
}

function rowOf(record: InspectRecord, story: Story, client: number | undefined): Row | undefined {
  if (record.c !== client && record.k !== 'gap') return undefined;
  const body = bodyOf(record, story);
  return body && { key: record.n, n: record.n, at: record.at, record, ...body };
}

function bodyOf(record: InspectRecord, story: Story): Pick<Row, 'kind' | 'who' | 'what' | 'more' | 'tone'> | undefined {
  switch (record.k) {
    case 'step':
      return stepBody(record, story);
    case 'message': {
      const { way, what, method, about = '', id, took } = record;
      const more = [about, id === undefined ? '' : `#${id}`, took === undefined ? '' : duration(took)]
        .filter((part) => part !== '')
        .join('  ');
      return {
        kind: 'messages',
        who: way === 'out' ? '→ server' : '← server',
        what: method ?? what,
        more,
        tone: what === 'error' ? 'bad' : 'wire',
      };
    }
    case 'link':
      return {
        kind: 'links',
        who: record.epoch === 0 ? 'inspector' : `link ${record.epoch}`,
        what: record.what,
        more: record.note ?? '',
        tone: /closed|problem|lost|not-sent|failed/.test(record.what) ? 'bad' : 'plain',
      };
    case 'session':
      return {
        kind: 'states',
        who: 'connection',
        what: 'session',
        more: `${record.server}, ${record.revision} (${record.era})`,
        tone: 'good',
      };
    case 'health':
      return {
        kind: 'health',
        who: 'health',
        what: record.ok ? 'check passed' : 'check missed',
        more: `score ${record.score.toFixed(2)}${record.latency === undefined ? '' : `  ${duration(record.latency)}`}`,
        tone: record.ok ? 'good' : 'bad',
      };
    case 'gap':
      return {
        kind: 'links',
        who: 'inspector',
        what: `${record.missed} events are missing`,
        more: 'too many for this page',
        tone: 'held',
      };
    case 'actor':
    case 'client':
    case 'rates':
      return undefined;
  }
}

function stepBody(
  { a, e, v = [], note = '', end, tag }: Extract<InspectRecord, { k: 'step' }>,
  story: Story,
): Pick<Row, 'kind' | 'who' | 'what' | 'more' | 'tone'> {
  const info = story.actors.get(a);
  const { request } = info ?? {};
  const states = v.length > 0 ? `→ ${stateNames(v)}` : '';
  const more = [states, note].filter((part) => part !== '').join('  ');
  if (request === undefined)
    return {
      kind: 'states',
      who: info?.id ?? '?',
      what: eventName(e),
      more,
      tone: tag ?? (end === 'error' ? 'bad' : 'plain'),
    };
  return {
    kind: 'requests',
    who: request.about ?? request.method,
    what: eventName(e),
    more,
    tone: end === undefined ? 'plain' : toneOf(v[0] ?? ''),
  };
}

function detailOf({ at, who, what, more, record }: Row): HTMLElement[] {
  const text = 'detail' in record && record.detail !== undefined ? pretty(record.detail) : '';
  const edges = record.k === 'step' ? (record.edges ?? []).map((edge) => edge.replace('->', ' → ')) : [];
  return [
    h('div', { class: 'detail-head' }, h('strong', {}, `${who} ${what}`), h('span', {}, `${time(at)}  ${more}`)),
    ...(edges.length > 0 ? [h('div', { class: 'detail-edges' }, edges.join('\n'))] : []),
    ...(text === '' ? [] : [h('pre', {}, text)]),
  ];
}

function pretty(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json), undefined, 2);
  } catch {
    // The JSON was shortened.
    return json;
  }
}
