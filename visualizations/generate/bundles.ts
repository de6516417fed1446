import type { ChartEdge, ChartState } from './chart.js';
import type { Hierarchy } from './hierarchy.js';

/** The transitions that lead from one state to the same others: drawn as one line with several texts. */
export interface Bundle {
  /** The ids of source and targets, as in `connection.idle->connection.linked`. */
  readonly name: string;
  readonly source: ChartState;
  readonly targets: readonly ChartState[];
  /** The state inside of which the bundle is drawn. */
  readonly home: ChartState;
  readonly edges: readonly ChartEdge[];
}

/** Bundles of all transitions that lead somewhere, in the order of their first ones. */
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
