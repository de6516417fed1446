import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

import { createInspectorServer } from '../../src/inspect/index.js';
import { createScriptedServer } from '../../src/testing/index.js';
import { MCPClientGroup } from '../../src/group/index.js';
import { compiled } from '../support/compiled.js';
import { InspectorPage } from '../support/inspector-page.js';
import { serverFixture, toolsServer } from '../support/servers/fixture-servers.js';
import { answer, initializeResult } from '../support/servers/scripts.js';
import { ScriptedServers, scriptWith, statusOf } from './support.js';

describe('the limits of a call', () => {
  it('restart with progress at their full length, also after the server took long to start', async () => {
    using servers = new ScriptedServers();
    const progress = { method: 'notifications/progress', params: { progressToken: 0, progress: 1 } };
    const slow = servers.add(
      scriptWith(['a'], {
        initialize: [{ wait: 500 }, ...answer(initializeResult())],
        'tools/list': answer({ tools: [{ name: 'a', inputSchema: { type: 'object' } }] }),
        'tools/call': [
          // The progress token is the id of the request.
          {
            write: JSON.stringify({ jsonrpc: '2.0', ...progress }).replace('"progressToken":0', '"progressToken":$ID'),
          },
          { wait: 700 },
          ...answer({ content: [] }),
        ],
      }),
    );
    await using group = new MCPClientGroup({ slow: slow.transport }, { defaults: { era: 'legacy' } });
    // The start uses more than half of it; without a whole new timeout the call would fail.
    const result = await group.client('slow').callTool('a', {}, { timeout: 1_000 });
    expect(result.content).toEqual([]);
  });
});

describe('the process of the program', () => {
  it('ends by itself when all servers sleep, without close()', async () => {
    const program = `
      const { MCPClientGroup } = require(${JSON.stringify(compiled('group/index'))});
      const target = { command: process.execPath, args: [${JSON.stringify(serverFixture('tools'))}] };
      const group = new MCPClientGroup({ one: target, two: target }, { idleTimeout: 100 });
      group.callTool('one__echo', { text: 'hi' }).then(({ content }) => console.log(content[0].text));`;
    const child = spawn(process.execPath, ['-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, NODE_PATH: path.resolve(__dirname, '../../node_modules') },
    });
    try {
      let printed = '';
      child.stdout.on('data', (text: Buffer) => (printed += text.toString()));
      expect(await once(child, 'close')).toEqual([0, null]);
      expect(printed).toBe('hi\n');
    } finally {
      child.kill('SIGKILL');
    }
  }, 30_000);
});

describe('an inspector of a group', () => {
  it('receives the chart of each server without secrets', async () => {
    await using server = createScriptedServer({ revision: '2025-11-25' });
    const values: unknown[] = [];
    const contexts: unknown[] = [];
    const inspect = (event: unknown): void => {
      const { type, snapshot, actorRef } = event as {
        readonly type: string;
        readonly snapshot?: { readonly value: unknown; readonly context: unknown };
        readonly actorRef: { readonly logic: { readonly config?: { readonly id?: string } } };
      };
      if (type !== '@xstate.snapshot' || actorRef.logic.config?.id !== 'member') return;
      values.push(snapshot?.value);
      contexts.push(snapshot?.context);
    };
    await using group = new MCPClientGroup({ one: server.transport }, { inspect, idleTimeout: 50 });
    await group.client('one').ping();
    await statusOf(group, 'one', 'asleep');
    expect(values).toEqual(
      expect.arrayContaining(['asleep', 'waking', { awake: 'busy' }, { awake: 'idle' }, 'draining']),
    );
    expect(contexts).toContainEqual({ open: 1, idleTimeout: 50 });
  });

  it('shows servers with their charts and their connections on its page', async () => {
    await using inspector = await createInspectorServer();
    await using page = await InspectorPage.open(inspector);
    await using group = new MCPClientGroup({ tools: toolsServer(), idle: toolsServer() }, { inspect: inspector });
    await group.callTool('tools__echo', { text: 'hi' });
    await page.until(() => Object.values(page.world.clients).some(({ tag }) => tag === 'awake'));
    const shown = Object.values(page.world.clients).map(({ name, transport, tag }) => [name, transport, tag]);
    expect(shown).toEqual(
      expect.arrayContaining([
        ['tools', 'StdioTransport', 'ready'],
        ['tools', 'group member', 'awake'],
        ['idle', 'group member', 'asleep'],
      ]),
    );
    const charts = Object.values(page.world.clients).flatMap(({ actors }) =>
      Object.values(actors).map(({ chart }) => chart),
    );
    expect(charts).toContain('member');
  });
});
