import type { InspectRecord } from '../../src/inspect/records.js';
import { h, s, setAttribute, setText } from './dom.js';
import { count, duration } from './format.js';
import { Rows } from './view.js';
import type { Panel, View } from './view.js';

/** The time range of the small charts, in ms. */
const SPAN = 60_000;
const WIDTH = 200;
const HEIGHT = 44;

type RatesRow = Extract<InspectRecord, { k: 'rates' }>;
type HealthRow = Extract<InspectRecord, { k: 'health' }>;

/** Small charts of the last minute: requests a second, latency, health. */
export class Meters implements Panel {
  #client: number | undefined;
  readonly #rates = new Rows<RatesRow>((record) =>
    record.k === 'rates' && record.c === this.#client ? record : undefined,
  );
  readonly #checks = new Rows<HealthRow>((record) =>
    record.k === 'health' && record.c === this.#client ? record : undefined,
  );
  readonly #rate = new Meter('requests per second', ['bar', 'bar-bad']);
  readonly #latency = new Meter('latency', ['line-high', 'line']);
  readonly #health = new Meter('health', ['steps', 'bad-checks']);

  constructor(host: HTMLElement) {
    host.append(this.#rate.element, this.#latency.element, this.#health.element);
  }

  update(view: View): void {
    this.#client = view.client?.c;
    const key = String(this.#client);
    const from = view.now - SPAN;
    const rates = recent(this.#rates.sync(view, key), from);
    this.#drawRates(rates, view);
    this.#drawLatency(rates, view);
    this.#drawHealth(recent(this.#checks.sync(view, key), from), view);
  }

  #drawRates(rates: readonly RatesRow[], { now }: View): void {
    const perSecond = (number: number, ms: number): number => (number * 1_000) / Math.max(ms, 100);
    const top = Math.max(...rates.map(({ started, ms }) => perSecond(started, ms)), 4);
    const bars = rates.map(({ at, started, ms }) => bar(at, ms, perSecond(started, ms) / top, now));
    const bad = rates.map(({ at, ended, ms }) => bar(at, ms, perSecond(failures(ended), ms) / top, now));
    const last = rates.at(-1);
    const fresh = last !== undefined && now - last.at < 2_500;
    const value = fresh ? perSecond(last.started, last.ms) : 0;
    const unseen = fresh ? last.unseen : 0;
    this.#rate.draw([bars.join(''), bad.join('')], count(value), unseen === 0 ? '' : `${count(unseen)} only counted`);
  }

  #drawLatency(rates: readonly RatesRow[], { now }: View): void {
    const answered = rates.filter(({ p50 }) => p50 !== undefined);
    const top = Math.max(...answered.map(({ p95 = 0 }) => p95), 1);
    const line = (of: (row: RatesRow) => number): string =>
      answered.map((row, at) => `${at === 0 ? 'M' : 'L'}${x(row.at, now)} ${y(of(row) / top)}`).join('');
    const last = answered.at(-1);
    this.#latency.draw(
      [line(({ p95 = 0 }) => p95), line(({ p50 = 0 }) => p50)],
      last?.p50 === undefined ? '–' : duration(last.p50),
      last?.p95 === undefined ? '' : `95 % within ${duration(last.p95)}`,
    );
  }

  #drawHealth(checks: readonly HealthRow[], { now, client }: View): void {
    const steps = checks.map(
      ({ at, score }, index) => `${index === 0 ? `M${x(at, now)} ${y(score)}` : `H${x(at, now)}V${y(score)}`}`,
    );
    const bad = checks.filter(({ ok }) => !ok).map(({ at, score }) => `M${Number(x(at, now)) - 2.5} ${y(score)}h5`);
    const health = client?.health;
    this.#health.draw(
      [steps.length === 0 ? '' : `${steps.join('')}H${WIDTH}`, bad.join('')],
      health === undefined ? '–' : `${Math.round(health.score * 100)} %`,
      health === undefined ? 'no checks yet' : health.ok ? 'last check passed' : 'last check missed',
    );
  }
}

class Meter {
  readonly element: HTMLElement;
  readonly #paths: SVGPathElement[];
  readonly #svg: SVGSVGElement;
  readonly #value = h('span', { class: 'meter-value' });
  readonly #note = h('span', { class: 'meter-note' });
  readonly #name: string;

  constructor(name: string, classes: readonly string[]) {
    this.#name = name;
    this.#paths = classes.map((one) => s('path', { class: one, 'vector-effect': 'non-scaling-stroke' }));
    this.#svg = s(
      'svg',
      { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', role: 'img' },
      ...this.#paths,
    );
    this.element = h(
      'div',
      { class: 'meter' },
      h('div', { class: 'meter-head' }, h('span', { class: 'meter-name' }, name), this.#value),
      this.#svg,
      this.#note,
    );
  }

  draw(paths: readonly string[], value: string, note: string): void {
    for (const [at, path] of paths.entries()) {
      const element = this.#paths[at];
      if (element !== undefined) setAttribute(element, 'd', path);
    }
    setText(this.#value, value);
    setText(this.#note, note === '' ? '\u00a0' : note);
    setAttribute(this.#svg, 'aria-label', `${this.#name}: ${value} ${note}`);
  }
}

function recent<Row extends { readonly at: number }>(
  { rows, length }: { readonly rows: readonly Row[]; readonly length: number },
  from: number,
): Row[] {
  const found: Row[] = [];
  for (let at = length - 1; at >= 0; at -= 1) {
    const row = rows[at];
    if (row === undefined || row.at < from) break;
    found.push(row);
  }
  return found.reverse();
}

function failures(ended: Readonly<Record<string, number>>): number {
  return Object.entries(ended).reduce(
    (sum, [state, number]) => (/succeeded|cancelled/.test(state) ? sum : sum + number),
    0,
  );
}

function x(at: number, now: number): string {
  return (WIDTH * (1 - (now - at) / SPAN)).toFixed(1);
}

function y(share: number): string {
  return (HEIGHT - 3 - share * (HEIGHT - 8)).toFixed(1);
}

function bar(at: number, ms: number, share: number, now: number): string {
  if (share <= 0) return '';
  const right = Number(x(at, now));
  const left = Number(x(at - ms, now)) + 0.6;
  return `M${left.toFixed(1)} ${HEIGHT - 2}V${y(share)}H${right.toFixed(1)}V${HEIGHT - 2}z`;
}
