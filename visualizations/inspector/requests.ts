import type { ActorView, EndedRequest, RequestLabel } from '../../src/inspect/records.js';
import { h, reconcile, setAttribute, setText } from './dom.js';
import { count, duration, leafName, toneOf } from './format.js';
import { liveActors } from './story.js';
import type { Panel, View } from './view.js';

const MOST_LIVING = 40;
const MOST_ENDED = 12;

interface Line {
  readonly key: string;
  readonly request: RequestLabel;
  readonly state: string;
  readonly age: number;
  readonly ended: boolean;
}

/** The panel of requests: the pending ones with age and state, and the last settled ones. */
export class RequestRegistry implements Panel {
  readonly #list: HTMLElement;
  readonly #total: HTMLElement;

  constructor(list: HTMLElement, total: HTMLElement) {
    this.#list = list;
    this.#total = total;
  }

  update({ client, now }: View): void {
    const living = client === undefined ? [] : liveActors(client).filter(({ request }) => request !== undefined);
    const ended = client?.ended ?? [];
    const lines = [
      ...living.slice(0, MOST_LIVING).map((actor) => livingLine(actor, now)),
      ...ended.slice(-MOST_ENDED).reverse().map(endedLine),
    ];
    const counted = Object.values(client?.rates?.living ?? {}).reduce((sum, one) => sum + one, 0);
    const inFlight = counted > living.length + 20 ? counted : living.length;
    setText(this.#total, client === undefined ? '' : `${count(inFlight)} in flight`);
    reconcile(this.#list, lines, ({ key }) => key, makeLine, updateLine);
  }
}

function livingLine({ a, request, states, since }: ActorView, now: number): Line {
  return { key: String(a), request: request as RequestLabel, state: states[0] ?? '', age: now - since, ended: false };
}

function endedLine({ a, request, state, since, at }: EndedRequest): Line {
  return { key: String(a), request, state, age: at - since, ended: true };
}

function makeLine(): HTMLElement {
  return h(
    'li',
    { class: 'request' },
    h('span', { class: 'request-name' }),
    h('span', { class: 'request-about' }),
    h('span', { class: 'chip' }),
    h('span', { class: 'request-age' }),
  );
}

function updateLine(element: Element, { request, state, age, ended }: Line): void {
  const [name, about, chip, time] = element.children;
  if (name !== undefined) setText(name, request.about ?? request.method);
  if (about !== undefined)
    setText(about, request.about === undefined ? (request.own ? 'internal' : '') : request.method);
  if (chip !== undefined) {
    setText(chip, leafName(state));
    setAttribute(chip, 'data-tone', toneOf(state));
  }
  if (time !== undefined) setText(time, duration(age));
  setAttribute(element, 'title', [request.method, request.about].filter((part) => part !== undefined).join(' '));
  element.classList.toggle('ended', ended);
}
