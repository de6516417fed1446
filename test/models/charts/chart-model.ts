import type { AnyStateMachine } from 'xstate';

import type { SystemPorts } from '../../../src/machines/system-ports.js';
import { declaredTransitions, watchTransitions } from '../../support/charts/chart-coverage.js';
import { allowMissingPorts } from '../../support/charts/idle-ports.js';
import { Exploration } from '../../support/charts/explorer.js';
import type { Scene, Vertex } from '../../support/charts/explorer.js';
import { allNodes, recordActions } from '../../support/charts/recorded-actions.js';

/** What a law looks at, and where it says what is against it. */
export interface Inquiry<Facts> {
  readonly machine: AnyStateMachine;
  readonly found: Exploration<Facts>;
  /** The names of the transitions that were taken in the exploration. */
  readonly taken: ReadonlySet<string>;
  /** Each of these is against the law. */
  readonly none: (these: readonly (string | Vertex<Facts>)[]) => void;
  /** It is against the law that these differ. */
  readonly same: (is: unknown, expected: unknown) => void;
}

/** What has to hold in everything that a chart can do. */
export type Law<Facts> = (inquiry: Inquiry<Facts>) => void;

allowMissingPorts();

/** A chart, the scenes in which everything is tried that can happen to it, and the laws that hold in all of them. */
export interface ChartModel<Facts> {
  readonly name: string;
  readonly machine: AnyStateMachine;
  readonly scenes: readonly Scene<Facts>[];
  /** What its actors do to the world, and ports that do nothing; undefined for a chart whose effects are carried out by others. */
  readonly ports: { readonly of: SystemPorts<object>; readonly idle: object } | undefined;
  /** States that only decide where to go, so that nothing rests there. */
  readonly passing: readonly string[];
  /** The laws, by what they say about the chart. */
  readonly laws: Readonly<Record<string, Law<Facts>>>;
}

/** What holds for every chart. */
const COMMON: Readonly<Record<string, (inquiry: Inquiry<unknown>, model: ChartModel<unknown>) => void>> = {
  'is explored completely: every state is reached, every transition taken': (inquiry, { passing }) => {
    const { machine, found, taken } = inquiry;
    const leaves = allNodes(machine.root).filter((node) => Object.keys(node.states).length === 0);
    const resting = leaves.map(({ path }) => path.join('.')).filter((path) => !passing.includes(path));
    const reached = new Set(found.paths.flatMap((path) => path.split(' & ')));
    inquiry.same([...reached].sort(), resting.sort());
    inquiry.none(declaredTransitions(machine).filter((name) => !taken.has(name)));
  },
  'never stops by an error, and never but at an end': ({ machine, found, none }) => {
    const ends = allNodes(machine.root).some(({ type }) => type === 'final');
    none(found.violations(({ snapshot: { status } }) => status === 'active' || (ends && status === 'done')));
  },
};

/** A machine of this chart after everything was tried that can happen to it. */
export class Examination<Facts> {
  readonly model: ChartModel<Facts>;
  /** A copy of the machine, which notes its transitions and writes the names of its actions into `log`. */
  readonly machine: AnyStateMachine;
  readonly log: string[] = [];
  readonly #taken = new Set<string>();
  readonly #found: Exploration<Facts>;

  /** By default it is the machine that is at work in the library. */
  constructor(model: ChartModel<Facts>, machine: AnyStateMachine = model.machine) {
    this.model = model;
    this.machine = recordActions(machine, this.log);
    watchTransitions(this.machine, this.#taken);
    this.#found = new Exploration(this.machine, model.scenes);
    this.log.length = 0;
  }

  /** All states that were found, with what may happen in them. */
  get vertices(): readonly Vertex<Facts>[] {
    return this.#found.vertices;
  }

  /** How much there is: states with the facts that matter, and what may happen in them. */
  get size(): { readonly states: number; readonly edges: number } {
    const { vertices } = this;
    return { states: vertices.length, edges: vertices.reduce((sum, { next }) => sum + next.length, 0) };
  }

  get hasTimers(): boolean {
    return allNodes(this.machine.root).some(({ after }) => after.length > 0);
  }

  /** What is against a law. */
  against(law: string): string[] {
    const against: string[] = [];
    const inquiry: Inquiry<Facts> = {
      machine: this.machine,
      found: this.#found,
      taken: this.#taken,
      none: (these) => {
        against.push(...these.map((one) => (typeof one === 'string' ? one : `${one.scene}: ${one.identity}`)));
      },
      same: (is, expected) => {
        const [seen, should] = [JSON.stringify(is), JSON.stringify(expected)];
        if (seen !== should) against.push(`${seen} instead of ${should}`);
      },
    };
    const own = this.model.laws[law];
    if (own !== undefined) own(inquiry);
    else COMMON[law]?.(inquiry as Inquiry<unknown>, this.model as ChartModel<unknown>);
    return against;
  }
}

/** The law that every path can end, that exactly the final states of a chart are ends, and that nothing leaves them. */
export function endsForGood<Facts>(isOver: (vertex: Vertex<Facts>) => boolean): Law<Facts> {
  return ({ found, none }) => {
    none(found.violations((vertex) => (vertex.snapshot.status === 'done') === isOver(vertex)));
    none(found.violations((vertex) => !isOver(vertex) || vertex.next.every(({ to }) => to === vertex)));
    const ending = found.reaching(isOver);
    none(found.violations((vertex) => ending.has(vertex)));
  };
}

/** What is said about a chart: by all, and by its own laws. */
export function lawsOf<Facts>({ laws }: ChartModel<Facts>): string[] {
  return [...Object.keys(COMMON), ...Object.keys(laws)];
}

/** A law that a machine breaks, and how. */
export interface Breach {
  readonly law: string;
  readonly example: string;
}

/** The laws that a machine breaks; none for one that is in order. */
export function breaches<Facts>(model: ChartModel<Facts>, machine?: AnyStateMachine): Breach[] {
  const examination = new Examination(model, machine);
  return lawsOf(model).flatMap((law) => {
    const [example] = examination.against(law);
    return example === undefined ? [] : [{ law, example }];
  });
}
