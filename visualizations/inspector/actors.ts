import type { ActorView, ClientView } from '../../src/inspect/records.js';
import { h, reconcile, setAttribute, setText } from './dom.js';
import { stateNames } from './format.js';
import { liveActors } from './story.js';
import type { Panel, View } from './view.js';

/** Maximum number of shown children of an actor. The rest is shown as a number. */
const MOST_CHILDREN = 5;

interface Line {
  readonly key: string;
  readonly depth: number;
  readonly name: string;
  readonly state: string;
  readonly tone: string;
  readonly title: string;
}

/** The actors of a client as a tree, each with its state. */
export class Actors implements Panel {
  readonly #tree: HTMLElement;

  constructor(tree: HTMLElement) {
    this.#tree = tree;
  }

  update({ client }: View): void {
    const lines = client === undefined ? [] : linesOf(client);
    reconcile(
      this.#tree,
      lines,
      ({ key }) => key,
      () =>
        h(
          'li',
          { role: 'treeitem', class: 'actor' },
          h('span', { class: 'dot', 'aria-hidden': 'true' }),
          h('span', { class: 'actor-name' }),
          h('span', { class: 'actor-state' }),
        ),
      (element, line) => {
        const [, name, state] = element.children;
        if (name !== undefined) setText(name, line.name);
        if (state !== undefined) setText(state, line.state);
        setAttribute(element, 'data-depth', String(line.depth));
        setAttribute(element, 'aria-level', String(line.depth + 1));
        setAttribute(element, 'data-tone', line.tone);
        setAttribute(element, 'title', line.title);
      },
    );
  }
}

function linesOf(client: ClientView): Line[] {
  const children = new Map<number | undefined, ActorView[]>();
  const all = liveActors(client);
  const known = new Set(all.map(({ a }) => a));
  for (const actor of all) {
    const parent = actor.parent !== undefined && known.has(actor.parent) ? actor.parent : undefined;
    children.set(parent, [...(children.get(parent) ?? []), actor]);
  }
  const lines: Line[] = [];
  const add = (actor: ActorView, depth: number): void => {
    lines.push(lineOf(actor, depth, depth === 0 ? client.tag : undefined));
    const below = children.get(actor.a) ?? [];
    for (const child of below.slice(0, MOST_CHILDREN)) add(child, depth + 1);
    const more = below.length - MOST_CHILDREN;
    if (more > 0) {
      lines.push({
        key: `more ${actor.a}`,
        depth: depth + 1,
        name: `${more} more`,
        state: '',
        tone: 'more',
        title: '',
      });
    }
  };
  for (const root of children.get(undefined) ?? []) add(root, 0);
  return lines;
}

function lineOf({ a, id, states, request, event }: ActorView, depth: number, tag: string | undefined): Line {
  const name = request === undefined ? id : (request.about ?? request.method);
  const state = stateNames(states);
  return {
    key: String(a),
    depth,
    name,
    state,
    tone: tag ?? (request === undefined ? 'plain' : 'request'),
    title: `${name}: ${states.join(', ')} after ${event}`,
  };
}
