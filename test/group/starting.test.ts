import { MCPClientGroup } from '../../src/group/index.js';
import type { GroupServers } from '../../src/group/index.js';
import { loadServers } from '../../src/config/index.js';
import { answer, initializeResult, silence } from '../support/servers/scripts.js';
import { EVERYTHING } from '../support/servers/real-servers.js';
import { isAlive } from '../support/servers/processes.js';
import { ScriptedServers, scriptWith, statusOf } from './support.js';

describe('thirty servers of which five never answer and five die', () => {
  it('are ready while the silent ones still start, and the report has the reason for each of the others', async () => {
    using servers = new ScriptedServers();
    const entries: Record<string, ReturnType<ScriptedServers['add']>['transport']> = {};
    for (let number = 0; number < 30; number += 1) {
      const kind = number % 6 === 0 ? 'silent' : number % 6 === 1 ? 'dead' : 'good';
      const good = scriptWith(['a'], {
        initialize: [{ wait: 10 * number }, ...answer(initializeResult())],
      });
      const script = { good, silent: { '*': silence }, dead: { '*': [{ end: 1 }] } }[kind];
      entries[`${kind}-${number}`] = servers.add(script).transport;
    }
    await using group = new MCPClientGroup(entries, { defaults: { era: 'legacy' } });
    const connected = group.connect();
    const others = Object.keys(entries).filter((server) => !server.startsWith('silent'));
    await Promise.all(others.map((server) => statusOf(group, server, server.startsWith('good') ? 'awake' : 'down')));
    // If one of them held up others, its time to connect would have passed before.
    const silent = Object.entries(group.status).filter(([name]) => name.startsWith('silent'));
    expect(silent.map(([, status]) => status)).toEqual(Array.from({ length: 5 }, () => 'waking'));
    const pids = Object.values(entries).flatMap(({ pid }) => pid ?? []);
    await group.close();
    const report = await connected;
    expect(report['silent-0']).toMatchObject({ error: { delivery: 'not-sent' } });
    expect(report['dead-1']).toMatchObject({ status: 'down', error: { code: 'MCP_PROCESS_EXITED' } });
    expect(report['good-2']).toMatchObject({ status: 'awake', error: undefined });
    expect(pids.filter((pid) => isAlive(pid))).toEqual([]);
  }, 60_000);
});

describe('startLimit', () => {
  it('bounds how many processes are started at once', async () => {
    using servers = new ScriptedServers();
    const transports = Array.from({ length: 6 }, () => servers.add({ '*': silence }).transport);
    const entries = Object.fromEntries(transports.map((transport, index) => [`s${index}`, transport]));
    await using group = new MCPClientGroup(entries, { startLimit: 2 });
    const states: number[] = [];
    const connecting = group.connect({ timeout: 1_500 });
    for (const [name] of Object.entries(entries)) {
      group.client(name).on('state', (state) => {
        if (state === 'connecting') states.push(performance.now());
      });
    }
    await connecting;
    const [first = 0] = states;
    const after = (index: number): number => (states[index] ?? NaN) - first;
    expect(states).toHaveLength(6);
    // A start that takes longer than 100 ms makes room for the next one.
    expect(after(2)).toBeGreaterThanOrEqual(90);
    expect(after(4)).toBeGreaterThanOrEqual(190);
  }, 30_000);
});

describe('servers of config files', () => {
  it('are started as their entries say, and entries that must not be started are reported', async () => {
    const [command, ...args] = EVERYTHING;
    const mcpServers = {
      good: { command, args, mcpActors: { lazy: true, concurrency: 2, idleTimeout: 1_000, keep: true } },
      filtered: { command, args, tools: ['echo'] },
      off: { command, args, disabled: true },
      broken: { command: '${NOT_SET_ANYWHERE}' },
    };
    const file = '/home/me/.config/mcp-actors/mcp.json';
    const { servers } = await loadServers({
      home: '/home/me',
      platform: 'linux',
      cwd: '/home/me',
      env: {},
      config: file,
      files: {
        read: async (name) => (name === file ? JSON.stringify({ mcpServers }) : undefined),
        exists: async () => false,
      },
    });
    const given: GroupServers = servers;
    await using group = new MCPClientGroup(given);
    const report = await group.connect();
    expect(report).toMatchObject({
      good: { status: 'asleep', error: undefined },
      filtered: { status: 'awake' },
      off: { status: 'disabled', error: { code: 'MCP_NOT_CONNECTED' } },
      broken: { status: 'invalid', error: { code: 'MCP_NOT_CONNECTED' } },
    });
    expect(group.status).toMatchObject({ off: 'disabled', broken: 'invalid' });
    expect(report.broken?.error?.message).toContain('NOT_SET_ANYWHERE');
    expect(() => group.client('off')).toThrow('The server "off" is not started: The entry is switched off');
    expect(group.explain()).toContain('The server "off" is not started');
    await expect(group.connect({ required: ['off'] })).rejects.toMatchObject({ code: 'MCP_NOT_CONNECTED' });
    await expect(group.connect({ required: ['goood'] })).rejects.toMatchObject({
      message: 'The group has no server "goood". Did you mean "good"?',
    });
  }, 30_000);
});
