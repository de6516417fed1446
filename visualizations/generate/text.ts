import type { Chart, ChartEdge, ChartState } from './chart.js';

/** The three parts of a transition's label, which may be empty: `lose`, `[mayRepeat]`, `/ countRefusal, enqueue`. */
export interface EdgeText {
  readonly event: string;
  readonly guard: string;
  readonly actions: string;
}

export function edgeText({ event, guard, actions, targets, reenters }: ChartEdge): EdgeText {
  const effects = actions.length > 0 ? `/ ${actions.join(', ')}` : targets.length === 0 ? '(ignored)' : '';
  return {
    event: reenters ? `${event} (re-enters)` : event,
    guard: guard === undefined ? '' : `[${guard}]`,
    actions: effects,
  };
}

/** The actions, invoked actors and internal transitions of a state, one line each. */
export function ownLines(state: ChartState, chart: Chart): [lead: string, text: string][] {
  const stays = chart.edges.filter((edge) => edge.source === state.id && edge.targets.length === 0).map(edgeText);
  return [
    ...listed('entry', state.entry, '/ '),
    ...listed('exit', state.exit, '/ '),
    ...listed('invoke', state.invokes),
    ...stays.map(({ event, guard, actions }): [string, string] => [event, `${guard} ${actions}`.trim()]),
    ...listed('tag', state.tags),
  ];
}

function listed(lead: string, names: readonly string[], before = ''): [lead: string, text: string][] {
  return names.length === 0 ? [] : [[lead, `${before}${names.join(', ')}`]];
}

/** The id of the node inside of a compound state that stands for the state itself: transitions to its children begin there. */
export function wholeLabel(state: ChartState): string {
  return `all of ${state.key}`;
}

/** Breaks a text at spaces into lines of at most `columns` characters, except longer words. An empty text has no lines. */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ').filter((part) => part !== '')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= columns) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
