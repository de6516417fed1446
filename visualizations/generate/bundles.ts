import type { ChartEdge, ChartState } from './chart.js';
import type { Hierarchy } from './hierarchy.js';

/** The transitions with the same source and targets, which are drawn as one line with several labels. */
export interface Bundle {
  /** The ids of source and targets, as in `connection.idle->connection.linked`. */
  readonly name: string;
  readonly source: ChartState;
  readonly targets: readonly ChartState[];
  /** The state in which the bundle is drawn. */
  readonly home: ChartState;
  readonly edges: readonly ChartEdge[];
}

/** The bundles of all transitions with a target, in the order of their first transitions. */
export function bundleEdges(edges: readonly ChartEdge[], hierarchy: Hierarchy): Bundle[] {
  const bundles = new Map<string, Bundle & { readonly edges: ChartEdge[] }>();
  for (const edge of edges.filter((one) => one.targets.length > 0)) {
    const name = `${edge.source}->${edge.targets.join('+')}`;
    const found = bundles.get(name);
    if (found === undefined) {
      const source = hierarchy.state(edge.source);
      const targets = edge.targets.map((id) => hierarchy.state(id));
      bundles.set(name, { name, source, targets, home: hierarchy.home(source, targets), edges: [edge] });
    } else found.edges.push(edge);
  }
  return [...bundles.values()];
}
