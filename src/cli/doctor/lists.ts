import type { MCPClient } from '../../api/client.js';
import type { MCPTool } from '../../protocol/schema/index.js';
import { MCPError } from '../../errors.js';
import { describeFailure, fixFor } from './failures.js';
import type { Limits } from './limits.js';
import type { Observation } from './observation.js';
import type { Finding } from './report.js';

/** The lists of a server. */
export interface Lists {
  readonly finding: Finding;
  /** Undefined if the server has no tools, or did not list them. */
  readonly tools: readonly MCPTool[] | undefined;
}

interface Listed {
  readonly name: string;
  readonly method: string;
  readonly took: number;
  readonly items: readonly unknown[] | undefined;
  readonly error: unknown;
}

/** Reads all lists that the server declares, at the same time. */
export async function checkLists(
  client: MCPClient,
  observation: Observation,
  limits: Limits,
  signal: AbortSignal,
): Promise<Lists> {
  const { capabilities } = await client.getServerInfo();
  const options = { signal, timeout: limits.request };
  const read = async (name: string, method: string, list: () => Promise<readonly unknown[]>): Promise<Listed> => {
    const startedAt = performance.now();
    const took = (): number => Math.round(performance.now() - startedAt);
    try {
      return { name, method, items: await list(), error: undefined, took: took() };
    } catch (error) {
      signal.throwIfAborted();
      return { name, method, items: undefined, error, took: took() };
    }
  };
  let tools: readonly MCPTool[] | undefined;
  const lists = await Promise.all([
    ...(capabilities.tools === undefined
      ? []
      : [read('tools', 'tools/list', async () => (tools = await client.listTools(options)))]),
    ...(capabilities.prompts === undefined ? [] : [read('prompts', 'prompts/list', () => client.listPrompts(options))]),
    ...(capabilities.resources === undefined
      ? []
      : [
          read('resources', 'resources/list', () => client.listResources(options)),
          read('templates', 'resources/templates/list', () => client.listResourceTemplates(options)),
        ]),
  ]);
  return { tools, finding: findingOf(lists, observation, capabilities) };
}

function findingOf(
  lists: readonly Listed[],
  { sent }: Observation,
  capabilities: Awaited<ReturnType<MCPClient['getServerInfo']>>['capabilities'],
): Finding {
  const announced = (['tools', 'prompts', 'resources'] as const).filter(
    (one) => capabilities[one]?.listChanged === true,
  );
  const details = lists.map((list) => describe(list, sent.get(list.method) ?? 1));
  if (lists.length > 0) {
    details.push(announced.length === 0 ? 'announces no changes' : `announces changes of ${announced.join(', ')}`);
  }
  const data = {
    ...Object.fromEntries(lists.map(({ name, items }) => [name, items?.length])),
    listChanged: announced,
  };
  // A server without templates often has no such method, and need not declare that.
  const broken = lists.filter(
    ({ name, error }) => error !== undefined && !(name === 'templates' && isUnknownMethod(error)),
  );
  const [first] = broken;
  if (first !== undefined) {
    const fix = isUnknownMethod(first.error)
      ? 'The server declares this capability, but does not have the method: report it to its authors.'
      : fixFor(first.error);
    const message = `${first.method} failed after ${first.took} ms: ${describeFailure(first.error)}`;
    return { check: 'lists', status: 'failed', message, fix, details, data };
  }
  const counts = lists.map(
    ({ name, items = [] }) => `${items.length} ${items.length === 1 ? name.slice(0, -1) : name}`,
  );
  const message = counts.length === 0 ? 'the server has no tools, prompts or resources' : counts.join(', ');
  return { check: 'lists', status: 'ok', message, details, data };
}

function isUnknownMethod(error: unknown): boolean {
  return MCPError.isInstance(error) && error.errorCode === -32_601;
}

function describe({ name, items, took }: Listed, pages: number): string {
  if (items === undefined) return `${name}: failed after ${took} ms`;
  return `${name}: ${items.length} on ${pages} ${pages === 1 ? 'page' : 'pages'}, ${took} ms`;
}
