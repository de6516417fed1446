import type { InspectRecord } from '../../src/inspect/records.js';
import { h, s } from './dom.js';
import { duration, eventName, leafName, shortTime, toneOf } from './format.js';
import type { Story } from './story.js';
import { Rows } from './view.js';
import type { Panel, View } from './view.js';
import { VirtualList } from './virtual-list.js';

const HEIGHT = 30;

/** Pixels from the edge to the first and to the last column. */
const INSET = 28;

/** Maximum number of columns of actors. Further actors share the last column. */
const MOST_ACTORS = 7;

interface Row {
  readonly key: number;
  readonly n: number;
  readonly at: number;
  /** A line from one column to another, or a note over the columns. */
  readonly from: string;
  readonly to: string;
  readonly text: string;
  readonly tone: string;
  readonly answer: boolean;
}

/** The sequence diagram: messages between user, client and server, or events between all actors of the client. */
export class Sequence implements Panel {
  readonly #head: HTMLElement;
  readonly #list: VirtualList<Row>;
  readonly #rows: Rows<Row>;
  #withActors = false;
  #lanes: readonly string[] = [];
  #client: number | undefined;

  constructor(host: HTMLElement, head: HTMLElement, toggle: HTMLInputElement) {
    this.#head = head;
    this.#list = new VirtualList(host, HEIGHT, (row) => this.#draw(row), 'No message yet');
    this.#rows = new Rows((record, story) =>
      record.c !== this.#client ? undefined : this.#withActors ? actorRow(record, story) : plainRow(record, story),
    );
    toggle.addEventListener('change', () => {
      this.#withActors = toggle.checked;
      this.#list.follow();
    });
  }

  update(view: View): void {
    this.#client = view.client?.c;
    const { rows, length } = this.#rows.sync(view, `${String(this.#client)} ${String(this.#withActors)}`);
    this.#arrange(this.#withActors ? actorLanes(rows) : ['user', 'client', 'server']);
    this.#list.show(rows, length);
  }

  #arrange(lanes: readonly string[]): void {
    if (lanes.join() === this.#lanes.join()) return;
    this.#lanes = lanes;
    this.#head.classList.toggle('many', lanes.length > 4);
    this.#head.replaceChildren(
      ...lanes.map((lane, index) => {
        const name = h('span', { class: 'lane-name', title: lane }, lane);
        name.style.left = this.#centre(index);
        return name;
      }),
    );
    this.#list.clear();
  }

  /** The middle of a column. The outer columns are near the edges. */
  #centre(index: number): string {
    const share = index / Math.max(this.#lanes.length - 1, 1);
    return `calc(${INSET}px + (100% - ${2 * INSET}px) * ${share})`;
  }

  #place(lane: string): number {
    const at = this.#lanes.indexOf(lane);
    return at === -1 ? this.#lanes.length - 2 : at;
  }

  #draw({ at, from, to, text, tone, answer }: Row): HTMLElement {
    const row = h(
      'div',
      { class: `message ${answer ? 'answer' : ''}`, 'data-tone': tone, role: 'listitem' },
      h('time', {}, shortTime(at)),
    );
    const canvas = h('div', { class: 'message-canvas' });
    for (const index of this.#lanes.keys()) {
      const lifeline = h('span', { class: 'lifeline' });
      lifeline.style.left = this.#centre(index);
      canvas.append(lifeline);
    }
    const [one, other] = [this.#place(from), this.#place(to)];
    const [left, right] = [Math.min(one, other), Math.max(one, other)];
    if (from === to) {
      const note = h('span', { class: 'message-note' }, text);
      note.style.left = this.#centre(one);
      canvas.append(note);
    } else {
      const arrow = h('span', { class: `arrow ${one < other ? 'rightwards' : 'leftwards'}` });
      arrow.style.left = this.#centre(left);
      arrow.style.width = `calc((100% - ${2 * INSET}px) * ${(right - left) / Math.max(this.#lanes.length - 1, 1)})`;
      arrow.append(
        h('span', { class: 'arrow-text' }, text),
        s('svg', { class: 'arrow-head', viewBox: '0 0 8 8', 'aria-hidden': 'true' }, s('path', { d: 'M0 0 8 4 0 8z' })),
      );
      canvas.append(arrow);
    }
    row.append(canvas);
    row.title = `${from === to ? from : `${from} → ${to}`}: ${text}`;
    return row;
  }
}

type Body = Omit<Row, 'key' | 'n' | 'at'>;

function row({ n, at }: InspectRecord, body: Body): Row {
  return { key: n, n, at, ...body };
}

/** The rows of both forms: steps of the connection and events of links. */
function noteRow(record: InspectRecord, lane: string): Row | undefined {
  if (record.k === 'step' && record.tag !== undefined) {
    return row(record, { from: lane, to: lane, text: record.tag, tone: record.tag, answer: false });
  }
  if (record.k === 'link' && /^link\.(opened|closed)$|not-sent|lost/.test(record.what)) {
    const opened = record.what === 'link.opened';
    const text = [record.what.replace('.', ' '), record.note].filter((part) => part !== undefined).join(': ');
    return row(record, { from: 'server', to: 'server', text, tone: opened ? 'quiet' : 'bad', answer: false });
  }
  if (record.k === 'gap')
    return row(record, {
      from: lane,
      to: lane,
      text: `${record.missed} events were not shown`,
      tone: 'quiet',
      answer: false,
    });
  return undefined;
}

function plainRow(record: InspectRecord, story: Story): Row | undefined {
  if (record.k === 'message') return messageRow(record, story, 'client');
  if (record.k === 'actor' && record.request?.own === false) {
    const { method, about } = record.request;
    return row(record, {
      from: 'user',
      to: 'client',
      text: about === undefined ? method : `${method} ${about}`,
      tone: 'busy',
      answer: false,
    });
  }
  if (record.k === 'step' && record.end !== undefined) {
    const request = story.actors.get(record.a)?.request;
    if (request?.own === false) {
      const state = record.v?.[0] ?? record.end;
      const text = `${leafName(state)}${record.note === undefined ? '' : `: ${record.note}`}`;
      return row(record, { from: 'client', to: 'user', text, tone: toneOf(state), answer: true });
    }
  }
  return noteRow(record, 'client');
}

function actorRow(record: InspectRecord, story: Story): Row | undefined {
  if (record.k === 'message') return messageRow(record, story, record.a === undefined ? 'link' : 'request');
  if (record.k === 'actor' && record.request !== undefined) {
    return row(record, {
      from: record.request.own ? 'connection' : 'user',
      to: 'request',
      text: record.request.about ?? record.request.method,
      tone: 'busy',
      answer: false,
    });
  }
  if (record.k !== 'step') return noteRow(record, 'connection');
  const { a, from, e, v = [], end } = record;
  const info = story.actors.get(a);
  const lane = info === undefined ? '?' : info.request === undefined ? info.id : 'request';
  const sender = from === undefined ? undefined : story.actors.get(from)?.id;
  if (lane === 'request' && end === undefined) return undefined;
  if (lane === 'request')
    return row(record, {
      from: 'request',
      to: info?.request?.own === true ? 'connection' : 'user',
      text: leafName(v[0] ?? ''),
      tone: toneOf(v[0] ?? ''),
      answer: true,
    });
  const state = v.map(leafName).join(', ');
  const text = state === '' ? eventName(e) : `${eventName(e)} → ${state}`;
  return row(record, { from: sender ?? lane, to: lane, text, tone: record.tag ?? 'plain', answer: false });
}

function messageRow(record: Extract<InspectRecord, { k: 'message' }>, story: Story, lane: string): Row {
  const { way, what, method, about, id, took, a } = record;
  const number = id === undefined ? '' : ` #${id}`;
  const request = a === undefined ? undefined : story.actors.get(a)?.request;
  const asked = request === undefined ? '' : ` ${request.about ?? request.method}`;
  const text =
    method === undefined
      ? `${what}${asked}${number}${took === undefined ? '' : ` in ${duration(took)}`}`
      : `${method}${about === undefined ? '' : ` ${about}`}${number}`;
  const [from, to] = way === 'out' ? [lane, 'server'] : ['server', lane];
  return row(record, {
    from,
    to,
    text,
    tone: what === 'error' ? 'bad' : 'wire',
    answer: what === 'result' || what === 'error',
  });
}

function actorLanes(rows: readonly Row[]): string[] {
  const between = new Set(['connection', 'requests', 'request', 'link']);
  for (const { from, to } of rows)
    for (const lane of [from, to]) if (lane !== 'user' && lane !== 'server') between.add(lane);
  return ['user', ...[...between].slice(0, MOST_ACTORS), 'server'];
}
