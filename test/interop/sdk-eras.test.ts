import { MCPClient } from '../../src/index.js';
import type { EraChoice, MCPClientOptions, MCPProtocolVersion } from '../../src/index.js';
import { LEGACY_REVISIONS } from '../../src/protocol/revisions.js';
import { ClientRecorder } from '../support/client-recorder.js';
import { textOf } from '../support/servers/fixture-servers.js';
import { isAlive } from '../support/servers/processes.js';
import { sdkServer } from '../support/servers/real-servers.js';

// Processes start slowly on a machine that is busy.
jest.setTimeout(30_000);

/** Runs a test with a client that is connected to the server, and sees to it that nothing is left. */
async function withServer(
  legacy: 'serve' | 'reject',
  options: MCPClientOptions,
  test: (client: MCPClient, announced: ClientRecorder) => Promise<void>,
): Promise<void> {
  const transport = sdkServer(legacy);
  const client = new MCPClient(transport, options);
  const announced = new ClientRecorder(client, ['log']);
  await client.connect();
  const { pid } = transport;
  await test(client, announced);
  await client.disconnect();
  expect(isAlive(pid as number)).toBe(false);
  expect([...announced.error, ...announced.warning]).toEqual([]);
}

const pinned: [era: EraChoice, version: MCPProtocolVersion][] = [
  ['legacy', '2025-11-25'],
  ...LEGACY_REVISIONS.map((version): [EraChoice, MCPProtocolVersion] => [version, version]),
];

describe('a server of the official SDK that serves both eras', () => {
  test.each(pinned)('speaks legacy with a client that is pinned to %s', async (era, version) => {
    await withServer('serve', { era }, async (client, announced) => {
      expect(await client.getServerInfo()).toMatchObject({
        name: 'sdk-fixture',
        era: 'legacy',
        protocolVersion: version,
      });
      expect((await client.listTools()).map(({ name }) => name)).toContain('add');
      expect(textOf(await client.callTool('add', { a: 2, b: 3 }))).toBe('5');
      const progress: number[] = [];
      await client.callTool('count', { to: 3 }, { onProgress: (one) => progress.push(one.progress) });
      expect(progress).toEqual([1, 2, 3]);
      expect((await client.readResource('fixture://greeting')).contents[0]).toMatchObject({ text: 'Hello' });
      expect((await client.getPrompt('greet', { name: 'ada' })).messages).toHaveLength(1);
      const completion = {
        ref: { type: 'ref/prompt', name: 'greet' },
        argument: { name: 'name', value: 'al' },
      } as const;
      expect((await client.complete(completion)).values).toEqual(['alan']);
      const uris: unknown[] = [];
      client.addNotificationHandler('resources/updated', (params) => uris.push(params?.['uri']));
      await client.subscribe('fixture://greeting');
      await client.callTool('touch', { uri: 'fixture://greeting' });
      expect(uris).toEqual(['fixture://greeting']);
      await client.unsubscribe('fixture://greeting');
      await client.setLogLevel('error');
      await client.callTool('log', { level: 'info' });
      await client.callTool('log', { level: 'error' });
      expect(announced.log).toMatchObject([{ level: 'error', data: { said: 'error' } }]);
      await client.callTool('grow');
      expect((await client.listTools()).map(({ name }) => name)).toContain('grown');
      expect(await client.ping()).toBeGreaterThan(0);
      await expect(client.callTool('nope')).rejects.toMatchObject({ name: 'MCPToolError' });
      // It asks the client instead, which does not do that.
      await expect(client.callTool('ask')).rejects.toMatchObject({ delivery: 'answered' });
    });
  });

  test.each(['auto', 'modern', '2026-07-28'] as const)(
    'speaks modern with a client that is pinned to %s',
    async (era) => {
      await withServer('serve', { era }, async (client) => {
        expect(await client.getServerInfo()).toMatchObject({ era: 'modern', protocolVersion: '2026-07-28' });
        expect(textOf(await client.callTool('add', { a: 2, b: 3 }))).toBe('5');
      });
    },
  );

  test.each([
    ['legacy', 'legacy'],
    ['modern', 'modern'],
  ] as const)('uses revision %s with a client of that era', async (priorEra, era) => {
    await withServer('serve', { priorEra }, async (client) => {
      expect(client.era).toBe(era);
      expect(textOf(await client.callTool('add', { a: 2, b: 3 }))).toBe('5');
    });
  });
});

describe('a server of the official SDK that is modern only', () => {
  test('refuses a client that is pinned to legacy, which shows what the server speaks', async () => {
    await using client = new MCPClient(sdkServer('reject'), { era: 'legacy' });
    await expect(client.connect()).rejects.toMatchObject({
      name: 'MCPProtocolError',
      errorCode: -32022,
      details: { data: { supported: ['2026-07-28'] } },
    });
    expect(client.state).toBe('closed');
  });

  test('is recognised by a client with priorEra legacy', async () => {
    await withServer('reject', { priorEra: 'legacy' }, async (client) => {
      expect(client.era).toBe('modern');
      expect(textOf(await client.callTool('add', { a: 2, b: 3 }))).toBe('5');
    });
  });
});
