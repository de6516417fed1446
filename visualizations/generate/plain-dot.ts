import { bundleEdges, type Bundle } from './bundles.js';
import type { Chart, ChartState } from './chart.js';
import { Hierarchy, isGroup } from './hierarchy.js';

/**
 * The chart as Graphviz DOT with nothing but states and lines, small enough to be watched as a whole while the machine runs. A state has
 * its own id, and the class `first` where its parent begins; a line has the id of its bundle (`source->target`), with the names of its
 * events as its title. Colours are left to the page.
 */
export function toPlainDot(chart: Chart): string {
  const hierarchy = new Hierarchy(chart);
  const bundles = bundleEdges(chart.edges, hierarchy).filter(({ source, targets }) => !targets.includes(source));
  return [
    `digraph ${quote(chart.root.id)} {`,
    `graph [id=${quote(`${chart.root.id}:chart`)}, compound=true, fontname="Helvetica", fontsize=12, bgcolor=transparent, pad=0.04, nodesep=0.2, ranksep=0.3];`,
    'node [fontname="Helvetica", fontsize=13, shape=box, style=rounded, height=0.3, margin="0.1,0.03"];',
    'edge [fontname="Helvetica", arrowsize=0.65, class=transition];',
    ...inside(chart.root),
    ...bundles.flatMap((one) => one.targets.map((target) => line(one, target, hierarchy))),
    '}',
    '',
  ].join('\n');
}

function inside(state: ChartState): string[] {
  return state.states.flatMap((child) => {
    const first = state.initial?.target === child.id ? ' first' : '';
    return isGroup(child) ? group(child, first) : [leaf(child, first)];
  });
}

function group(state: ChartState, first: string): string[] {
  return [
    `subgraph ${quote(cluster(state))} {`,
    `id=${quote(state.id)}; class=${quote(`state ${state.kind}${first}`)}; style=rounded; margin=11; labeljust=l; label=${quote(state.key)};`,
    ...inside(state),
    '}',
  ];
}

function leaf(state: ChartState, first: string): string {
  const label = state.kind === 'history' ? 'H' : state.kind === 'deep history' ? 'H*' : state.key;
  return `${quote(state.id)} [id=${quote(state.id)}, class=${quote(`state ${state.kind}${first}`)}, label=${quote(label)}];`;
}

/**
 * What stands first in the document is drawn first: a line that leads back is written the other way round, because Graphviz would choose by
 * itself which of the lines in a cycle points back. A line to a state from inside of it ends where that state begins.
 */
function line({ name, source, targets, edges }: Bundle, target: ChartState, hierarchy: Hierarchy): string {
  const back = hierarchy.order(target) < hierarchy.order(source);
  const nested = hierarchy.holds(source, target) || hierarchy.holds(target, source);
  const [first, last] = back ? [target, source] : [source, target];
  const attributes = [
    `id=${quote(targets.length === 1 ? name : `${name}:${target.id}`)}`,
    `tooltip=${quote([...new Set(edges.map(({ event }) => event))].join(', '))}`,
    ...(back ? ['dir=back'] : []),
    ...(!nested && isGroup(first) ? [`ltail=${quote(cluster(first))}`] : []),
    ...(!nested && isGroup(last) ? [`lhead=${quote(cluster(last))}`] : []),
  ];
  return `${quote(back ? top(first) : bottom(first))} -> ${quote(back ? bottom(last) : top(last))} [${attributes.join(', ')}];`;
}

/** The node that stands for a state when a line leaves it downwards. */
function bottom(state: ChartState): string {
  const last = state.states.filter((child) => !child.kind.endsWith('history')).at(-1);
  return last === undefined ? state.id : bottom(last);
}

/** The node that stands for a state when a line reaches it from above. */
function top(state: ChartState): string {
  const first = state.states.find(({ id }) => id === state.initial?.target) ?? state.states[0];
  return first === undefined ? state.id : top(first);
}

function cluster(state: ChartState): string {
  return `cluster ${state.id}`;
}

function quote(text: string): string {
  return `"${text.replace(/(["\\])/g, '\\$1')}"`;
}
