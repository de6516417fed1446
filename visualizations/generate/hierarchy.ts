import { statesOf, type Chart, type ChartState } from './chart.js';

/** The containment of states in a chart. */
export class Hierarchy {
  readonly #states = new Map<string, ChartState>();
  readonly #parents = new Map<ChartState, ChartState>();
  readonly #orders = new Map<ChartState, number>();

  constructor(chart: Chart) {
    for (const [order, state] of statesOf(chart.root).entries()) {
      this.#states.set(state.id, state);
      this.#orders.set(state, order);
      for (const child of state.states) this.#parents.set(child, state);
    }
  }

  state(id: string): ChartState {
    const state = this.#states.get(id);
    if (state === undefined) throw new Error(`the chart has no state ${id}`);
    return state;
  }

  parent(state: ChartState): ChartState | undefined {
    return this.#parents.get(state);
  }

  /** The index of a state in document order. */
  order(state: ChartState): number {
    return this.#orders.get(state) ?? -1;
  }

  depth(state: ChartState): number {
    const parent = this.parent(state);
    return parent === undefined ? 0 : 1 + this.depth(parent);
  }

  /** The innermost state that contains source and targets: the source itself if it contains the targets. */
  home(source: ChartState, targets: readonly ChartState[]): ChartState {
    const parent = this.parent(source);
    const holdsAll = isGroup(source) && targets.every((target) => this.holds(source, target));
    return holdsAll || parent === undefined ? source : this.home(parent, targets);
  }

  /** Whether a state is a descendant of another. */
  holds(outer: ChartState, inner: ChartState): boolean {
    const parent = this.parent(inner);
    return parent !== undefined && (parent === outer || this.holds(outer, parent));
  }
}

/** Whether a state has children. */
export function isGroup(state: ChartState): boolean {
  return state.states.length > 0;
}
