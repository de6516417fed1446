import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import ts from 'typescript';

import type { DrawnMachine } from '../machines.js';
import { readChart } from './chart.js';
import { toPlainDot } from './plain-dot.js';
import { toPlainSvg } from './svg.js';

/** Where the source of the page is, and the modules that it shares with its server. */
const SOURCE = 'visualizations/inspector';
const SHARED = ['src/inspect/world.ts'];

/**
 * The page of the inspector as one module of the library: its files by their names. No bundler has a part in it: each module of the page
 * becomes a file that the browser loads.
 */
export async function pageModule(machines: readonly DrawnMachine[], project: string): Promise<string> {
  const files = new Map<string, string>();
  for (const name of readdirSync(join(project, SOURCE)).sort()) {
    const text = readFileSync(join(project, SOURCE, name), 'utf8');
    if (/\.(?:html|css)$/.test(name)) files.set(name, text);
    else if (name.endsWith('.ts') && name !== 'charts.ts') files.set(scriptName(name), toScript(text, name));
  }
  for (const path of SHARED) files.set(scriptName(path), toScript(readFileSync(join(project, path), 'utf8'), path));
  files.set('charts.js', await chartsScript(machines));
  const entries = [...files].map(([name, text]) => `  '${name}': ${JSON.stringify(text)},`);
  return [
    '// Generated from visualizations/inspector by `npm run diagrams`: the page of the inspector.',
    'export const PAGE: Readonly<Record<string, string>> = {',
    ...entries,
    '};',
    '',
  ].join('\n');
}

async function chartsScript(machines: readonly DrawnMachine[]): Promise<string> {
  const charts: Record<string, string> = {};
  for (const { machine } of machines) {
    const chart = readChart(machine);
    charts[chart.root.id] = await toPlainSvg(toPlainDot(chart));
  }
  return `export const CHARTS = ${JSON.stringify(charts)};\n`;
}

/** All modules stand side by side. */
function toScript(text: string, fileName: string): string {
  const { outputText } = ts.transpileModule(text, {
    fileName,
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, removeComments: true },
  });
  return outputText.replace(/(from\s*['"])[./\w-]*\/([\w-]+\.js['"])/g, '$1./$2');
}

function scriptName(path: string): string {
  return `${path.slice(path.lastIndexOf('/') + 1).replace(/\.ts$/, '')}.js`;
}
