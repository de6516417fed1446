import type { ClientView, LastStep } from '../../src/inspect/records.js';
import { CHARTS } from './charts.js';
import { h, s, setAttribute, setText } from './dom.js';
import { duration, eventName, leafName, stateNames } from './format.js';
import { liveActors } from './story.js';
import type { Panel, View } from './view.js';

/** How long the last step is highlighted, in ms. */
const FRESH = 1_500;

/** The time after which a chart without an actor is dimmed, in ms. */
const RESTING = 3_000;

/** The panel of all charts: one large, the others small, with highlighted current states and last transition. */
export class Statecharts implements Panel {
  readonly #figures: Figure[];
  readonly #host: HTMLElement;

  constructor(host: HTMLElement) {
    this.#host = host;
    this.#figures = Object.entries(CHARTS).map(([chart, svg]) => new Figure(chart, svg));
    const [large, ...small] = this.#figures;
    const side = h('div', { class: 'charts-side' }, ...small.map((figure) => figure.element));
    if (large !== undefined) host.append(large.element, side);
    for (const figure of this.#figures) {
      figure.button.addEventListener('click', () => {
        this.#enlarge(figure);
      });
    }
  }

  /** Enlarges the chart with this index, from 0. */
  choose(index: number): void {
    const figure = this.#figures[index];
    if (figure !== undefined) this.#enlarge(figure);
  }

  update(view: View): void {
    for (const figure of this.#figures) figure.update(view);
  }

  #enlarge(figure: Figure): void {
    const large = this.#host.firstElementChild;
    const side = figure.element.parentElement;
    if (large === null || side === null || large === figure.element) return;
    const place = h('div');
    figure.element.replaceWith(place);
    large.replaceWith(figure.element);
    place.replaceWith(large);
    figure.button.focus();
  }
}

class Figure {
  readonly element: HTMLElement;
  readonly button: HTMLButtonElement;
  readonly #chart: string;
  readonly #svg: SVGSVGElement;
  readonly #states = new Map<string, SVGGElement>();
  readonly #edges = new Map<string, SVGGElement>();
  readonly #now = h('span', { class: 'chart-now' });
  readonly #caption = h('figcaption', { class: 'chart-caption' });
  #drawn = '';
  #last: LastStep | undefined;

  constructor(chart: string, source: string) {
    this.#chart = chart;
    this.#svg = document.importNode(
      new DOMParser().parseFromString(source, 'image/svg+xml').documentElement,
      true,
    ) as unknown as SVGSVGElement;
    this.#svg.setAttribute('role', 'img');
    for (const group of this.#svg.querySelectorAll<SVGGElement>('g.state')) this.#states.set(group.id, group);
    for (const group of this.#svg.querySelectorAll<SVGGElement>('g.transition')) this.#edges.set(group.id, group);
    // Two charts on one page may contain the same ids.
    for (const group of this.#svg.querySelectorAll('[id]')) {
      group.setAttribute('data-id', group.id);
      group.removeAttribute('id');
    }
    this.button = h('button', { class: 'chart-title', title: 'Enlarge this chart' }, words(chart));
    const head = h('div', { class: 'chart-head' }, this.button, this.#now);
    this.element = h(
      'figure',
      { class: 'chart', 'data-chart': chart },
      head,
      h('div', { class: 'chart-canvas' }, this.#svg),
      this.#caption,
    );
  }

  update({ client, now, live }: View): void {
    const actors = client === undefined ? [] : liveActors(client).filter(({ chart }) => chart === this.#chart);
    const living = countsOf(
      client,
      actors.flatMap(({ states }) => states),
      this.#chart,
    );
    const many = actors.some(({ request }) => request !== undefined) || (living.size > 0 && actors.length === 0);
    const last = client?.last[this.#chart];
    const key = `${[...living].join()} ${String(last?.n)} ${String(client?.c)}`;
    if (key !== this.#drawn) {
      this.#drawn = key;
      this.#light(living, many);
      this.#mark(last);
    }
    this.element.classList.toggle('resting', living.size === 0 && (last === undefined || now - last.at > RESTING));
    const fresh = last !== undefined && live && now - last.at < FRESH;
    this.element.classList.toggle('fresh', fresh);
    const states = actors[0]?.states ?? [];
    setText(this.#now, many ? `${String(sum(living))} in flight` : living.size === 0 ? '' : stateNames(states));
    setText(this.#caption, last === undefined ? '' : captionOf(last, now));
    setAttribute(
      this.#svg,
      'aria-label',
      `${words(this.#chart)}: ${living.size === 0 ? 'not running' : [...living.keys()].map(leafName).join(', ')}`,
    );
  }

  /** Highlights the current states and their parents, and shows the number of actors in a state if there may be several. */
  #light(living: ReadonlyMap<string, number>, many: boolean): void {
    for (const [id, group] of this.#states) {
      const here = living.get(id);
      const inside = here === undefined && [...living.keys()].some((state) => state.startsWith(`${id}.`));
      group.classList.toggle('active', here !== undefined);
      group.classList.toggle('holds', inside);
      badge(group, many && here !== undefined ? String(here) : undefined);
    }
  }

  #mark(last: LastStep | undefined): void {
    if (last?.n === this.#last?.n) return;
    this.#last = last;
    for (const group of this.#edges.values()) group.classList.remove('last');
    if (last === undefined) return;
    const edges = last.edges.length > 0 ? last.edges : [this.#edgeOf(last)];
    for (const id of edges) this.#edges.get(id ?? '')?.classList.add('last');
    for (const [id, group] of this.#states) group.classList.toggle('left', last.before.includes(id));
  }

  /** The transition between the states before and after a step, for charts that run as tables. */
  #edgeOf({ before, after, event }: LastStep): string | undefined {
    const matching = [...this.#edges.keys()].filter((id) => {
      const [source = '', target = ''] = id.split('->');
      return before.some((state) => within(state, source)) && after.some((state) => within(state, target));
    });
    const named = matching.filter((id) =>
      (this.#edges.get(id)?.querySelector('title')?.textContent ?? '').split(', ').includes(event),
    );
    return (named.length > 0 ? named : matching).sort((one, other) => other.length - one.length)[0];
  }
}

function within(state: string, outer: string): boolean {
  return state === outer || state.startsWith(`${outer}.`);
}

/** The number of actors in each state. For requests without records it comes from the rates. */
function countsOf(client: ClientView | undefined, states: readonly string[], chart: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const state of states) counts.set(state, (counts.get(state) ?? 0) + 1);
  if (chart !== 'request') return counts;
  for (const [state, living] of Object.entries(client?.rates?.living ?? {})) {
    const id = `${chart}.${state}`;
    // The rates are up to a second old, so they are used only if they differ much from the shown actors.
    if (living > (counts.get(id) ?? 0) + 20) counts.set(id, living);
  }
  return counts;
}

function sum(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((total, one) => total + one, 0);
}

/** A number in the upper right corner of a state. */
function badge(group: SVGGElement, text: string | undefined): void {
  const old = group.querySelector('g.badge');
  if (text === undefined) {
    old?.remove();
    return;
  }
  if (old !== null) {
    const label = old.querySelector('text');
    if (label !== null) setText(label, text);
    return;
  }
  const box = group.querySelector<SVGGraphicsElement>('path, polygon')?.getBBox();
  if (box === undefined) return;
  const x = box.x + box.width - 2;
  const y = box.y + 1;
  group.append(
    s(
      'g',
      { class: 'badge' },
      s('rect', { x: x - 11, y: y - 8, width: 22, height: 16, rx: 8 }),
      s('text', { x, y: y + 4, 'text-anchor': 'middle' }, text),
    ),
  );
}

function captionOf({ event, after, at }: LastStep, now: number): string {
  return `${eventName(event)} → ${stateNames(after)}, ${duration(now - at)} ago`;
}

/** `serverStream` as `server stream`. */
function words(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
