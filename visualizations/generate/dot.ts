import { bundleEdges, type Bundle } from './bundles.js';
import type { Chart, ChartEdge, ChartState } from './chart.js';
import { Hierarchy, isGroup } from './hierarchy.js';
import type { EventKind } from './names.js';
import { wholeLabel, edgeText, ownLines, wrap } from './text.js';

/**
 * Colours and type of the pictures. The paper is opaque, so that they read the same on a light and on a dark page; a page that
 * holds the SVG inline can restyle everything by its classes.
 */
const style = {
  font: 'Helvetica',
  paper: '#fcfcfd',
  ink: '#1f2937',
  muted: '#5b6675',
  line: '#7b8798',
  box: '#ffffff',
  boxLine: '#5f6f86',
  finalBox: '#f1f3f6',
  groups: ['#e9eef7', '#f3f6fb'],
  groupLine: '#a9b4c6',
} as const;

const tints: Readonly<Record<EventKind, string>> = {
  event: '#dfe9fb',
  after: '#fbecc8',
  done: '#d8f0de',
  error: '#fbdedb',
  snapshot: '#e6e0f8',
  always: '#e4e7ec',
};

/** Columns after which a text goes on in the next line. */
const columns = { title: 90, group: 60, state: 40, edge: 34 };

/** Graphviz drops an ordinary one between two fonts. */
const space = '&#160;';

/**
 * The chart as Graphviz DOT. A state is a box, or a cluster when it has states inside, with the state's own id. The transitions from
 * one state to another are rows of a small box with a line from its source and one to its target, as in XState's own editor:
 * Graphviz keeps boxes from overlapping, which it does not promise for labels of lines. A box has the id `source->target`, its
 * lines `source->target:from:source` and `source->target:to:target`.
 *
 * @param title one line about the machine
 */
export function toDot(chart: Chart, title: string): string {
  const hierarchy = new Hierarchy(chart);
  const drawing: Drawing = { chart, hierarchy, title, bundles: bundleEdges(chart.edges, hierarchy) };
  return [
    `digraph ${quote(chart.root.id)} {`,
    ...indent([
      `graph [id=${quote(`${chart.root.id}:chart`)}, compound=true, fontname="${style.font}", fontsize=12, bgcolor="${style.paper}", pad=0.25, nodesep=0.22, ranksep=0.28];`,
      `node [fontname="${style.font}", fontsize=12, fontcolor="${style.ink}", color="${style.boxLine}"];`,
      `edge [fontname="${style.font}", color="${style.line}", arrowsize=0.7, class=transition];`,
      ...cluster(chart.root, drawing),
      ...drawing.bundles.flatMap((one) => [
        line(one.source, one, 'from', hierarchy),
        ...one.targets.map((target) => line(target, one, 'to', hierarchy)),
      ]),
    ]),
    '}',
    '',
  ].join('\n');
}

interface Drawing {
  readonly chart: Chart;
  readonly hierarchy: Hierarchy;
  readonly title: string;
  readonly bundles: readonly Bundle[];
}

function cluster(state: ChartState, drawing: Drawing): string[] {
  const { chart, hierarchy, title } = drawing;
  const root = state === chart.root;
  const region = hierarchy.parent(state)?.kind === 'parallel';
  const bundles = drawing.bundles.filter((one) => one.home === state);
  return [
    `subgraph ${quote(clusterName(state))} {`,
    ...indent([
      `id=${quote(state.id)};`,
      `class=${quote(`state ${state.kind}${region ? ' region' : ''}`)};`,
      `style="rounded,filled${region ? ',dashed' : ''}"; margin=14; labeljust=l;`,
      `color="${style.groupLine}"; fillcolor="${root ? style.paper : (style.groups[hierarchy.depth(state) % 2] ?? '')}";`,
      `fontcolor="${style.ink}"; label=<${stateTable(state, chart, root ? title : state.description)}>;`,
      ...(state.initial === undefined ? [] : [dot(state)]),
      ...(bundles.some((one) => [one.source, ...one.targets].includes(state)) ? [wholeNode(state)] : []),
      ...state.states.flatMap((child) => (isGroup(child) ? cluster(child, drawing) : [leaf(child, chart)])),
      ...bundles.map(bundleNode),
      ...drawing.bundles.flatMap((one) => ports(state, one, hierarchy)),
      ...(state.initial === undefined ? [] : [initialLine(state, state.initial, hierarchy)]),
    ]),
    '}',
  ];
}

function leaf(state: ChartState, chart: Chart): string {
  const attributes = [`id=${quote(state.id)}`, `class=${quote(`state ${state.kind}`)}`];
  if (state.kind === 'history' || state.kind === 'deep history') {
    attributes.push('shape=circle', 'style=filled', `fillcolor="${style.box}"`, 'width=0.35', 'fixedsize=true');
    attributes.push(`label="${state.kind === 'history' ? 'H' : 'H*'}"`);
  } else {
    attributes.push('shape=box', 'style="rounded,filled"', 'margin="0.1,0.06"');
    attributes.push(
      ...(state.kind === 'final' ? [`fillcolor="${style.finalBox}"`, 'peripheries=2'] : [`fillcolor="${style.box}"`]),
    );
    attributes.push(`label=<${stateTable(state, chart, state.description)}>`);
  }
  return `${quote(state.id)} [${attributes.join(', ')}];`;
}

/** A state's name, and below it what it does on its own. */
function stateTable(state: ChartState, chart: Chart, about = ''): string {
  const own = ownLines(state, chart);
  const width = isGroup(state) ? columns.group : columns.state;
  return table([
    cell([`<FONT POINT-SIZE="14"><B>${escape(state.key)}</B></FONT>`]),
    ...wrap(about, state === chart.root ? columns.title : width).map((text) => cell([muted(text)])),
    ...own.map(([lead, text]) => {
      const [first = '', ...more] = wrap(text, width);
      return cell([
        `${muted(lead)}${space}${escape(first)}`,
        ...more.map((part) => `${space.repeat(4)}${escape(part)}`),
      ]);
    }),
  ]);
}

function bundleNode({ name, edges }: Bundle): string {
  const kinds = [...new Set(edges.map((edge) => edge.kind))].join(' ');
  const label = `<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="1" CELLPADDING="4">${edges.map(edgeCell).join('')}</TABLE>`;
  return `${quote(name)} [id=${quote(name)}, class=${quote(`transition ${kinds}`)}, shape=plain, label=<${label}>];`;
}

function edgeCell(edge: ChartEdge): string {
  const { event, guard, actions } = edgeText(edge);
  const bold = `<B>${escape(event)}</B>`;
  const effects = wrap(actions, columns.edge).map(muted);
  const conditions = wrap(guard, columns.edge).map(escape);
  const oneLine = `${event} ${guard} ${actions}`.length <= columns.edge;
  const head = `${event} ${guard}`.length <= columns.edge ? [[bold, ...conditions].join(space)] : [bold, ...conditions];
  return cell(
    oneLine ? [[...head, ...effects].join(space)] : [...head, ...effects],
    `STYLE="ROUNDED" BGCOLOR="${tints[edge.kind]}"`,
  );
}

/**
 * The line between a state and the box of a transition. What stands first in the document is drawn first, so a line that leads
 * back is written the other way round: left to itself, Graphviz would choose which of the lines in a cycle points back.
 */
function line(state: ChartState, one: Bundle, end: 'from' | 'to', hierarchy: Hierarchy): string {
  const { name, home } = one;
  const back = leadsBack(one, hierarchy);
  const above = isAbove(one, end, hierarchy);
  const port = isGroup(state) ? endName(state, one, end) : state.id;
  const stub = state === home ? wholeName(state) : above ? port : top(state);
  const attributes = [`id=${quote(endName(state, one, end))}`];
  if (end === 'from') attributes.push('arrowhead=none');
  else if (back) attributes.push('dir=back');
  if (isGroup(state) && state !== home) attributes.push(`${above ? 'ltail' : 'lhead'}=${quote(clusterName(state))}`);
  return arrow(above ? [stub, name] : [name, stub], attributes);
}

function leadsBack({ source, targets }: Bundle, hierarchy: Hierarchy): boolean {
  return hierarchy.order(targets[0] ?? source) < hierarchy.order(source);
}

function isAbove(one: Bundle, end: 'from' | 'to', hierarchy: Hierarchy): boolean {
  return (end === 'from') !== leadsBack(one, hierarchy);
}

/**
 * Where a line leaves a cluster downwards: an unseen point at its bottom. Without points of their own, lines would run together in the
 * one node that has to stand for the cluster.
 */
function ports(state: ChartState, one: Bundle, hierarchy: Hierarchy): string[] {
  return (['from', 'to'] as const)
    .filter((end) => (end === 'from' ? [one.source] : one.targets).includes(state))
    .filter((end) => isGroup(state) && state !== one.home && isAbove(one, end, hierarchy))
    .flatMap((end) => [
      `${quote(endName(state, one, end))} [shape=point, style=invis, width=0.01, height=0.01];`,
      arrow([bottom(state), endName(state, one, end)], ['style=invis']),
    ]);
}

function endName(state: ChartState, one: Bundle, end: 'from' | 'to'): string {
  return `${one.name}:${end}:${state.id}`;
}

/** The node that stands for a state when a line leaves it downwards. */
function bottom(state: ChartState): string {
  const last = state.states.filter((child) => !child.kind.endsWith('history')).at(-1);
  return last === undefined ? state.id : bottom(last);
}

/** The node that stands for a state when a line reaches it from above. */
function top(state: ChartState): string {
  const [first] = state.states;
  if (first === undefined) return state.id;
  return state.initial === undefined ? top(first) : dotName(state);
}

function dot(state: ChartState): string {
  const attributes = `id=${quote(dotName(state))}, shape=circle, style=filled, fillcolor="${style.ink}", color="${style.ink}", width=0.13, fixedsize=true`;
  return `${quote(dotName(state))} [${attributes}, label="", class=initial];`;
}

function initialLine(state: ChartState, initial: NonNullable<ChartState['initial']>, hierarchy: Hierarchy): string {
  const target = hierarchy.state(initial.target);
  const attributes = [`id=${quote(`${dotName(state)}:to`)}`];
  if (isGroup(target)) attributes.push(`lhead=${quote(clusterName(target))}`);
  if (initial.actions.length > 0) attributes.push(`label=${quote(`/ ${initial.actions.join(', ')}`)}`);
  return arrow([dotName(state), top(target)], attributes);
}

function wholeNode(state: ChartState): string {
  const look = `id=${quote(wholeName(state))}, shape=box, style="rounded,dashed", color="${style.line}", fontcolor="${style.muted}", height=0.25, margin="0.1,0.03"`;
  return `${quote(wholeName(state))} [${look}, label=${quote(wholeLabel(state))}, class=whole];`;
}

function clusterName(state: ChartState): string {
  return `cluster ${state.id}`;
}

function dotName(state: ChartState): string {
  return `${state.id}:initial`;
}

function wholeName(state: ChartState): string {
  return `${state.id}:whole`;
}

function arrow(ends: readonly string[], attributes: readonly string[]): string {
  return `${ends.map(quote).join(' -> ')} [${attributes.join(', ')}];`;
}

function table(rows: readonly string[]): string {
  return `<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1">${rows.join('')}</TABLE>`;
}

function cell(lines: readonly string[], attributes = ''): string {
  return `<TR><TD ALIGN="left" BALIGN="left" ${attributes}>${lines.join('<BR/>')}</TD></TR>`;
}

function muted(text: string): string {
  return `<FONT COLOR="${style.muted}">${escape(text)}</FONT>`;
}

function quote(text: string): string {
  return `"${text.replace(/(["\\])/g, '\\$1')}"`;
}

function escape(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}

function indent(lines: readonly string[]): string[] {
  return lines.map((text) => `  ${text}`);
}
