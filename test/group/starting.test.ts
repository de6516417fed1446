import { MCPClientGroup } from '../../src/group/index.js';
import type { GroupServers } from '../../src/group/index.js';
import { loadServers } from '../../src/config/index.js';
import { answer, initializeResult, silence } from '../support/servers/scripts.js';
import { EVERYTHING } from '../support/servers/real-servers.js';
import { isAlive } from '../support/servers/processes.js';
import { ScriptedServers, scriptWith } from './support.js';

describe('thirty servers of which five never answer and five die', () => {
  it('are ready within 1.5 times the slowest good one, and the report has the reason for each of the others', async () => {
    using servers = new ScriptedServers();
    /** How long the slowest one takes to answer, in ms, besides the start of its process. */
    const slowest = 3_000;
    const entries: Record<string, ReturnType<ScriptedServers['add']>['transport']> = {};
    for (let number = 0; number < 30; number += 1) {
      const kind = number % 6 === 0 ? 'silent' : number % 6 === 1 ? 'dead' : 'good';
      const delay = (slowest * (number + 1)) / 30;
      const good = scriptWith(['a'], {
        initialize: [{ wait: delay }, ...answer(initializeResult())],
      });
      const script = { good, silent: { '*': silence }, dead: { '*': [{ end: 1 }] } }[kind];
      entries[`${kind}-${number}`] = servers.add(script).transport;
    }
    await using group = new MCPClientGroup(entries, { defaults: { era: 'legacy' } });
    const began = performance.now();
    const ready = new Map<string, number>();
    const started = performance.now();
    /** How long each needs by itself: a busy machine is slow for all of them. */
    const alone = new Map<string, number>();
    for (const server of Object.keys(entries)) {
      let opened = 0;
      group.client(server).on('state', (state) => {
        if (state === 'connecting') opened = performance.now();
        if (state !== 'ready') return;
        alone.set(server, performance.now() - opened);
        ready.set(server, performance.now() - started);
      });
    }
    const report = await group.connect({ timeout: 3 * slowest });
    const statuses = Object.entries(report).map(([name, { status }]) => [name.split('-')[0], status].join());
    expect(statuses.filter((one) => one === 'good,awake')).toHaveLength(20);
    expect(statuses.filter((one) => one === 'silent,waking')).toHaveLength(5);
    expect(statuses.filter((one) => one === 'dead,down')).toHaveLength(5);
    expect(Math.max(...ready.values())).toBeLessThan(1.5 * Math.max(...alone.values()));
    expect(alone.size).toBe(20);
    expect(report['silent-0']).toMatchObject({ error: { code: 'MCP_TIMEOUT', details: { phase: 'waking' } } });
    expect(report['dead-1']).toMatchObject({ error: { code: 'MCP_PROCESS_EXITED' } });
    expect(report['good-2']?.took).toBeLessThan(performance.now() - began);
    const pids = Object.values(entries).flatMap(({ pid }) => pid ?? []);
    await group.close();
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
