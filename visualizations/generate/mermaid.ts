import { bundleEdges, type Bundle } from './bundles.js';
import type { Chart, ChartEdge, ChartState } from './chart.js';
import { Hierarchy, isGroup } from './hierarchy.js';
import { edgeText, wholeLabel, wrap } from './text.js';

/** Columns after which what stands in a box goes on in the next line. */
const columns = 40;

/**
 * The chart as a Mermaid `stateDiagram-v2`, which GitHub and many editors draw: all states and transitions with their guards, but no
 * actions. Mermaid gives lines and labels too little room for these, so they are left to the SVG.
 */
export function toMermaid(chart: Chart): string {
  const hierarchy = new Hierarchy(chart);
  const edges = chart.edges.filter((edge) => !isLoop(edge));
  const drawing: Drawing = { chart, bundles: bundleEdges(edges, hierarchy).map((one) => ends(one, hierarchy)) };
  const lines = [...group(chart.root, drawing), ...drawing.bundles.filter((one) => !isLocal(one)).flatMap(arrows)];
  return `${['stateDiagram-v2', ...indent(lines)].join('\n')}\n`;
}

/** What Mermaid calls a state: underscores for dots, codes for other characters that it would not take. */
function mermaidId(id: string): string {
  const plain = id.replace(/[^A-Za-z0-9.]/g, (character) => `_${character.codePointAt(0)?.toString(16) ?? ''}_`);
  return plain.replace(/\./g, '_');
}

interface Drawing {
  readonly chart: Chart;
  readonly bundles: readonly Line[];
}

/**
 * A bundle, and which of its ends are boxes that stand inside of a state for all of it: Mermaid draws no line across a state's own border.
 */
interface Line extends Bundle {
  readonly wholes: readonly ChartState[];
}

function ends(bundle: Bundle, hierarchy: Hierarchy): Line {
  const { source, targets } = bundle;
  const wholes = [
    ...targets.filter((target) => hierarchy.holds(target, source)),
    ...(targets.some((target) => hierarchy.holds(source, target)) ? [source] : []),
  ];
  return { ...bundle, wholes };
}

/**
 * Whether source and targets stand directly inside of the home. Mermaid takes a state that a line names for one that stands where the
 * line stands, so all other lines have to stand outside. So do those between regions: the line would belong to one of them.
 */
function isLocal({ source, targets, home, wholes }: Line): boolean {
  if (home.kind === 'parallel') return false;
  return [source, ...targets].every((state) => (wholes.includes(state) ? state === home : home.states.includes(state)));
}

/** All that stands inside of a state. */
function inside(state: ChartState, drawing: Drawing): string[] {
  // Mermaid allows a state with states inside nothing but a name, so the rest stands in a box inside.
  const own = ownLines(state, drawing.chart);
  const whole = own.length > 0 || drawing.bundles.some((one) => one.wholes.includes(state));
  const boxes = [
    ...(whole ? [box(wholeId(state), wholeLabel(state), own)] : []),
    ...state.states.map((child) => (isGroup(child) ? group(child, drawing) : leaf(child, drawing.chart))),
  ];
  return [
    ...(state.initial === undefined ? [] : [arrow('[*]', mermaidId(state.initial.target))]),
    // Between the regions of a parallel state stands a line of two dashes.
    ...boxes.flatMap((lines, index) => (state.kind === 'parallel' && index > 0 ? ['--', ...lines] : lines)),
    ...drawing.bundles.filter((one) => one.home === state && isLocal(one)).flatMap(arrows),
    ...state.states.filter((child) => child.kind === 'final').map((child) => arrow(mermaidId(child.id), '[*]')),
  ];
}

function group(state: ChartState, drawing: Drawing): string[] {
  return [`${declaration(mermaidId(state.id), state.key)} {`, ...indent(inside(state, drawing)), '}'];
}

function leaf(state: ChartState, chart: Chart): string[] {
  const name = state.kind === 'history' ? 'H' : state.kind === 'deep history' ? 'H*' : state.key;
  return box(mermaidId(state.id), name, ownLines(state, chart));
}

/** Whether a transition only leaves its source and enters it again. Mermaid draws other labels over those of loops. */
function isLoop({ source, targets, reenters }: ChartEdge): boolean {
  return reenters && targets.every((target) => target === source);
}

/** What happens in a state that leads to no other. */
function ownLines(state: ChartState, chart: Chart): string[] {
  const own = chart.edges.filter((edge) => edge.source === state.id);
  const stays = own.filter((edge) => edge.targets.length === 0);
  const ignored = stays.filter((edge) => edge.actions.length === 0);
  const handled = stays.filter((edge) => edge.actions.length > 0);
  return [
    ...wrap(state.description ?? '', columns),
    ...list('invokes', state.invokes),
    ...list('handles', handled.map(trigger)),
    ...list('ignores', ignored.map(trigger)),
    ...list(
      'starts again on',
      own.filter(isLoop).map((edge) => trigger({ ...edge, reenters: false })),
    ),
  ];
}

function list(lead: string, items: readonly string[]): string[] {
  return items.length === 0 ? [] : wrap(`${lead} ${items.join(', ')}`, columns);
}

function trigger(edge: ChartEdge): string {
  const { event, guard } = edgeText(edge);
  return `${event} ${guard}`.trim();
}

function arrows({ source, targets, wholes, edges }: Line): string[] {
  const end = (state: ChartState): string => (wholes.includes(state) ? wholeId(state) : mermaidId(state.id));
  return targets.map((target) => arrow(end(source), end(target), edges.map(trigger)));
}

function wholeId(state: ChartState): string {
  return `${mermaidId(state.id)}__whole`;
}

function declaration(id: string, name: string): string {
  return `state "${plain(name)}" as ${id}`;
}

function box(id: string, name: string, lines: readonly string[]): string[] {
  return [declaration(id, name), ...lines.map((line) => `${id} : ${plain(line)}`)];
}

function arrow(from: string, to: string, text: readonly string[] = []): string {
  return text.length === 0 ? `${from} --> ${to}` : `${from} --> ${to} : ${text.map(plain).join('<br/>')}`;
}

/** Replaces what ends or changes a text in Mermaid, whose escapes do not work everywhere, by what looks like it. */
function plain(text: string): string {
  return text.replace(/[:;"<>{}#%]/g, (character) => lookalikes[character] ?? '').replace(/\s+/g, ' ');
}

const lookalikes: Readonly<Record<string, string>> = {
  ':': '∶',
  ';': ',',
  '"': '”',
  '<': '‹',
  '>': '›',
  '{': '(',
  '}': ')',
  '#': '♯',
  '%': '％',
};

function indent(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}
