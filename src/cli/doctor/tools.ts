import { schemaProblem } from '../../api/operations/structured-output.js';
import type { MCPTool } from '../../protocol/schema/index.js';
import type { Observation } from './observation.js';
import { CHECKED, PROVIDERS, refusalsOf } from '../../adapters/provider-rules.js';
import type { ProviderRefusal } from '../../adapters/provider-rules.js';
import type { Finding } from './report.js';

/** The most tools with a problem that are named. */
const MOST_NAMED = 20;

/** Names of tools that every client accepts. 2025-11-25 server/tools, "Tool Names". */
const NAME = /^[A-Za-z0-9_.-]{1,128}$/;

interface Problem {
  readonly tool: string;
  readonly what: string;
  readonly fix: string;
}

/** Checks the definitions of the tools: names, schemas that do not compile, and providers that refuse them. Calls no tool. */
export async function checkTools(tools: readonly MCPTool[], { warnings }: Observation): Promise<Finding> {
  const broken: Problem[] = [];
  const refused: Problem[] = [];
  const doubtful = [...repeatedNames(tools)];
  for (const tool of tools) {
    broken.push(...(await schemaProblems(tool)));
    refused.push(...refusals(tool));
    if (!NAME.test(tool.name)) {
      const what = 'its name is outside of the specification: at most 128 letters, digits, "_", "-" and "."';
      doubtful.push({ tool: tool.name, what, fix: 'Rename the tool.' });
    }
  }
  const leftOut = warnings.filter(({ details }) => details.method === 'tools/list');
  for (const { message, details } of leftOut) {
    broken.push({
      tool: typeof details.tool === 'string' ? details.tool : 'a tool',
      what: message,
      fix: 'This is a bug of the server: report it to its authors.',
    });
  }
  const problems = [...broken, ...refused, ...doubtful];
  const details = problems.slice(0, MOST_NAMED).map(({ tool, what }) => `${tool}: ${what}`);
  if (problems.length > MOST_NAMED) details.push(`and ${problems.length - MOST_NAMED} more`);
  const count = `${tools.length} ${tools.length === 1 ? 'tool' : 'tools'}`;
  const data = { tools: tools.length, broken, refused, rulesOf: CHECKED };
  const [first] = problems;
  if (first === undefined) {
    const names = listed(Object.values(PROVIDERS));
    const message = tools.length === 0 ? 'no tools' : `${count}, which ${names} accept (rules of ${CHECKED})`;
    return { check: 'tools', status: 'ok', message, data };
  }
  const others = problems.length === 1 ? '' : `; ${problems.length - 1} more`;
  return {
    check: 'tools',
    status: broken.length + refused.length > 0 ? 'failed' : 'warning',
    message: `the tool ${first.tool}: ${first.what}${others}`,
    fix: first.fix,
    details: problems.length === 1 ? [] : details,
    data,
  };
}

/** Schemas that cannot be compiled: this client does not check values with them, and other clients lose the tool or all tools. */
async function schemaProblems({ name, inputSchema, outputSchema }: MCPTool): Promise<Problem[]> {
  const problems: Problem[] = [];
  for (const [kind, schema] of [
    ['inputSchema', inputSchema],
    ['outputSchema', outputSchema],
  ] as const) {
    const why = schema == null ? undefined : await schemaProblem(schema);
    if (why === undefined) continue;
    const fix = 'Correct the schema: https://json-schema.org/draft/2020-12.';
    problems.push({ tool: name, what: `its ${kind} cannot be compiled: ${why}`, fix });
  }
  return problems;
}

/** The refusals of a tool. Providers with the same reason are named together. */
function refusals(tool: MCPTool): Problem[] {
  const groups = new Map<string, ProviderRefusal[]>();
  for (const refusal of refusalsOf(tool)) {
    const key = `${refusal.rule} ${refusal.reason}`;
    groups.set(key, [...(groups.get(key) ?? []), refusal]);
  }
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const names = group.map(({ provider }) => PROVIDERS[provider]);
    const place = first.path === 'name' || first.path === 'inputSchema' ? '' : ` (${first.path})`;
    const what = `${listed(names)} ${names.length === 1 ? 'refuses' : 'refuse'} it: ${first.reason}${place}`;
    return [{ tool: tool.name, what, fix: first.fix }];
  });
}

function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

function* repeatedNames(tools: readonly MCPTool[]): Iterable<Problem> {
  const names = new Set<string>();
  for (const { name } of tools) {
    if (names.has(name)) yield { tool: name, what: 'two tools have this name', fix: 'Rename one of the tools.' };
    names.add(name);
  }
}
