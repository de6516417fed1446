import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { DrawnMachine } from '../machines.js';
import { readChart } from './chart.js';
import { withCharts } from './documents.js';
import { toDot } from './dot.js';
import { toMermaid } from './mermaid.js';
import { pageModule } from './page.js';
import { drawnSession } from './session.js';
import { toSvg } from './svg.js';

/** The documents that contain charts. */
const documents = ['docs/architecture.md'];

/** The contents of all generated files, by their paths in the project. They depend only on the machines, not on the platform. */
export async function generatedFiles(machines: readonly DrawnMachine[], project: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  const mermaid = new Map<string, string>();
  for (const { name, machine, title } of machines) {
    const chart = readChart(machine);
    mermaid.set(name, toMermaid(chart));
    files.set(`visualizations/${name}.mmd`, toMermaid(chart));
    files.set(`visualizations/${name}.svg`, await toSvg(toDot(chart, title)));
  }
  files.set('visualizations/session.mmd', await drawnSession());
  if (existsSync(join(project, 'visualizations/inspector'))) {
    const inspected = machines.filter((machine) => machine.inspected !== false);
    files.set('src/inspect/page.ts', await pageModule(inspected, project));
  }
  for (const document of documents.filter((path) => existsSync(join(project, path)))) {
    files.set(document, withCharts(readFileSync(join(project, document), 'utf8'), mermaid));
  }
  return files;
}
