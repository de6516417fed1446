import { MCPConnection } from '../../src/index.js';
import type { MCPClient } from '../../src/index.js';
import { scratchDirectory } from '../support/servers/fixture-servers.js';
import { isAlive, waitForExit } from '../support/servers/processes.js';
import { referenceServer } from '../support/servers/real-servers.js';

// Processes start slowly on a machine that is busy.
jest.setTimeout(30_000);

const scratch = scratchDirectory();
const graph = {
  entities: [{ name: 'Ada', entityType: 'person', observations: ['wrote the first program'] }],
  relations: [],
};

const transport = referenceServer('memory', [], { env: { MEMORY_FILE_PATH: scratch('memory.jsonl') } });
const connection = new MCPConnection('memory', transport, { reconnectDelay: 1 });
let client: MCPClient;

beforeAll(async () => {
  client = await connection.connect();
});

afterAll(async () => {
  const { pid } = transport;
  await connection.disconnect();
  expect(connection.status).toBe('disconnected');
  expect(isAlive(pid as number)).toBe(false);
});

describe('server-memory', () => {
  test('is a legacy server with tools', async () => {
    expect(await client.getServerInfo()).toMatchObject({
      name: 'memory-server',
      era: 'legacy',
      protocolVersion: '2025-11-25',
    });
    expect((await client.listTools()).map(({ name }) => name)).toEqual(
      expect.arrayContaining(['create_entities', 'read_graph', 'search_nodes']),
    );
  });

  test('keeps the entities that it gets, and returns them as its output schemas promise', async () => {
    const created = await client.callTool('create_entities', { entities: graph.entities });
    expect(created.structuredContent).toEqual({ entities: graph.entities });
    expect((await client.callTool('read_graph')).structuredContent).toMatchObject(graph);
    const found = await client.callTool('search_nodes', { query: 'first program' });
    expect(found.structuredContent).toMatchObject({ entities: [{ name: 'Ada' }] });
  });

  test('refuses wrong arguments', async () => {
    await expect(client.callTool('create_entities', { entities: 'Ada' })).rejects.toMatchObject({
      name: 'MCPToolError',
    });
  });

  test('is restarted after it was killed, with the entities that it had', async () => {
    const pid = transport.pid as number;
    const states: string[] = [];
    const back = new Promise<void>((resolve) => {
      client.on('state', (state) => {
        states.push(state);
        if (state === 'ready') resolve();
      });
    });
    process.kill(pid, 'SIGKILL');
    await back;
    await waitForExit(pid);
    expect(states).toEqual(['reconnecting', 'connecting', 'initializing', 'ready']);
    expect(connection).toMatchObject({ status: 'connected', connectionCount: 2 });
    expect(transport.pid).not.toBe(pid);
    expect((await client.callTool('read_graph')).structuredContent).toMatchObject(graph);
  });
});
