import { MCPClientGroup, memoryListCache } from '../../src/group/index.js';
import type { CachedLists, ListCache } from '../../src/group/index.js';
import { createScriptedServer } from '../../src/testing/index.js';
import { toolsServer } from '../support/servers/fixture-servers.js';
import { until } from '../support/waiting.js';
import { rejection, statusOf } from './support.js';

const tool = (name: string) => ({ name, inputSchema: { type: 'object' as const } });

/** A list cache that has these lists for each server. */
function cacheWith(lists: object): ListCache {
  return {
    read: () => Promise.resolve({ at: 0, era: undefined, ...lists } as CachedLists),
    keep: () => Promise.resolve(),
  };
}

it('offers the good items of a damaged cache, and no others', async () => {
  const tools = [null, { name: 'without-schema' }, tool('good'), 5];
  const listCache = cacheWith({ tools, prompts: 'none', resources: [{ uri: 5 }] });
  await using group = new MCPClientGroup({ one: toolsServer() }, { lazy: true, listCache });
  await group.connect();
  expect(group.tools().map(({ name }) => name)).toEqual(['one__good']);
  // The list of prompts is unknown, so the server is asked.
  expect(await group.listPrompts()).toEqual([]);
});

it('holds up one write at most for a cache that never answers, and reports it', async () => {
  const kept: (readonly string[])[] = [];
  const listCache: ListCache = {
    read: () => Promise.resolve(undefined),
    keep: (_key, lists) => {
      kept.push(Object.keys(lists).sort());
      return kept.length === 1 ? new Promise(() => undefined) : Promise.resolve();
    },
  };
  const names = ['a'];
  await using server = createScriptedServer({
    revision: '2025-11-25',
    handlers: { 'tools/list': () => ({ tools: names.map(tool) }), 'prompts/list': () => ({ prompts: [] }) },
  });
  await using group = new MCPClientGroup({ one: server.transport }, { listCache });
  const problems: string[] = [];
  group.on('warning', ({ problem }) => problems.push(problem.code));
  await group.listTools();
  await until(() => kept.length === 1);
  for (const name of ['b', 'c', 'd']) {
    names.push(name);
    await group.listTools({ useCache: false });
  }
  await group.close();
  expect(kept).toHaveLength(2);
  expect(problems).toContain('MCP_HANDLER_FAILED');
}, 20_000);

it('keeps the limit of a server that was removed and added again at once', async () => {
  const running = new Set<unknown>();
  let most = 0;
  const server = () =>
    createScriptedServer({
      revision: '2025-11-25',
      handlers: {
        'tools/list': () => ({ tools: [tool('hold')] }),
        'tools/call': async (_params, request) => {
          running.add(request);
          most = Math.max(most, running.size);
          await new Promise((resolve) => setTimeout(resolve, 20));
          running.delete(request);
          return { content: [] };
        },
      },
    });
  await using first = server();
  await using second = server();
  await using group = new MCPClientGroup({ one: { target: first.transport, concurrency: 1 } });
  await group.connect();
  const added = new Promise((resolve, reject) => {
    group.on('status', ({ status }) => {
      if (status !== 'draining' && status !== 'removed') return;
      group.add('one', { target: second.transport, concurrency: 1 }).then(resolve, reject);
    });
  });
  await group.remove('one');
  await added;
  await Promise.all([1, 2, 3].map(() => group.callTool('one__hold')));
  expect(most).toBe(1);
  expect(group.status).toEqual({ one: 'awake' });
});

it('names the tool when the name of its server is missing', async () => {
  await using group = new MCPClientGroup({ one: toolsServer() }, { listCache: memoryListCache() });
  await group.connect();
  await statusOf(group, 'one', 'awake');
  expect(await rejection(group.callTool('echo'))).toMatchObject({
    message: 'The group has no tool "echo". Did you mean "one__echo"?',
  });
});
