import { MCPClient } from '../../../src/index.js';
import type { MCPClientOptions, MCPTransportError } from '../../../src/index.js';
import { ClientRecorder } from '../../support/client-recorder.js';
import {
  answer,
  discoverResult,
  end,
  initializeResult,
  legacyScript,
  refuse,
  ScriptedProcess,
  silence,
} from '../../support/servers/scripts.js';
import type { Script } from '../../support/servers/scripts.js';

// Processes start slowly on a machine that is busy.
jest.setTimeout(30_000);

/** Runs a test with a client and the processes that play a script. */
async function withProcess(
  script: Script,
  options: MCPClientOptions,
  test: (client: MCPClient, server: ScriptedProcess, announced: ClientRecorder) => Promise<void>,
): Promise<void> {
  using server = new ScriptedProcess(script);
  await using client = new MCPClient(server.transport, options);
  await test(client, server, new ClientRecorder(client));
}

async function failureOf(client: MCPClient): Promise<MCPTransportError> {
  return (await client.connect().then(
    () => undefined,
    (thrown: unknown) => thrown,
  )) as MCPTransportError;
}

const initialize = answer(initializeResult());

describe('a server process that exits on server/discover', () => {
  test.each([
    ['with an exit code', end(1, 'expected initialize\n')],
    ['in good order', end(0)],
    ['by a signal', end('SIGKILL')],
  ])('%s is started once more and gets the handshake at once', async (_how, ending) => {
    await withProcess({ 'server/discover': ending, initialize }, {}, async (client, server, announced) => {
      expect(await client.connect()).toMatchObject({ era: 'legacy', protocolVersion: '2025-11-25' });
      await client.disconnect();
      expect(server.methods).toEqual([['server/discover'], ['initialize', 'notifications/initialized']]);
      expect([...announced.error, ...announced.warning]).toEqual([]);
    });
  });

  test('and ends on the handshake, too, is given up: the error has both endings', async () => {
    const script = {
      'server/discover': end(3, 'what is discover?\n'),
      initialize: end(4, 'no license\n'),
    };
    await withProcess(script, {}, async (client, server) => {
      const error = await failureOf(client);
      expect(error).toMatchObject({ name: 'MCPTransportError', code: 'MCP_PROCESS_EXITED', exitCode: 4 });
      expect(error.stderr).toContain('no license');
      expect(error.cause).toMatchObject({ name: 'MCPTransportError', code: 'MCP_PROCESS_EXITED', exitCode: 3 });
      expect((error.cause as MCPTransportError).stderr).toContain('what is discover?');
      expect(error.explain()).toMatch(/no license[^]*what is discover\?/);
      expect(server.methods).toEqual([['server/discover'], ['initialize']]);
      expect(client.state).toBe('closed');
    });
  });

  test('is not started again when it is to be spoken to in the modern era only', async () => {
    await withProcess({ 'server/discover': end(3), initialize }, { era: 'modern' }, async (client, server) => {
      expect(await failureOf(client)).toMatchObject({ exitCode: 3 });
      expect(server.methods).toEqual([['server/discover']]);
    });
  });

  test('although it is said to be modern is started once more all the same', async () => {
    await withProcess({ 'server/discover': end(3), initialize }, { priorEra: 'modern' }, async (client, server) => {
      expect(await client.connect()).toMatchObject({ era: 'legacy' });
      expect(server.methods.map(([first]) => first)).toEqual(['server/discover', 'initialize']);
    });
  });

  test('although it has corrected the revision is modern: it gets no handshake', async () => {
    const discover = { inTurn: [refuse(-32022, 'Unsupported', { supported: ['2026-07-28'] }), end(3)] };
    await withProcess({ 'server/discover': discover, initialize }, {}, async (client, server) => {
      expect(await failureOf(client)).toMatchObject({ exitCode: 3 });
      expect(server.methods).toEqual([['server/discover', 'server/discover']]);
    });
  });

  test('so late that the handshake was sent meanwhile is started once more', async () => {
    const script = {
      'server/discover': [{ wait: 200 }, { end: 5 }],
      initialize: [{ wait: 500 }, { answer: initializeResult() }],
    };
    await withProcess(script, { probeTimeout: 50 }, async (client, server) => {
      expect(await client.connect()).toMatchObject({ era: 'legacy' });
      await client.disconnect();
      expect(server.methods).toEqual([
        ['server/discover', 'initialize'],
        ['initialize', 'notifications/initialized'],
      ]);
    });
  });

  test('and was lost before is known to be legacy: it does not get server/discover again', async () => {
    const script = legacyScript('2025-11-25', { 'server/discover': end(1), 'test/die': end(9) });
    const options = { autoReconnect: true, reconnectDelay: 1 };
    await withProcess(script, options, async (client, server, announced) => {
      await client.connect();
      await expect(client.request('test/die')).rejects.toMatchObject({ delivery: 'unknown' });
      await announced.until(() => announced.state.filter((state) => state === 'ready').length === 2);
      await client.disconnect();
      expect(server.methods.map(([first]) => first)).toEqual(['server/discover', 'initialize', 'initialize']);
    });
  });
});

describe('a server process', () => {
  test('that does not answer server/discover is not restarted for it', async () => {
    await withProcess({ 'server/discover': silence, initialize }, { probeTimeout: 50 }, async (client, server) => {
      expect(await client.connect()).toMatchObject({ era: 'legacy' });
      await client.disconnect();
      expect(server.methods).toEqual([['server/discover', 'initialize', 'notifications/initialized']]);
    });
  });

  test('that answers server/discover late, but before the handshake, is modern', async () => {
    const script = {
      'server/discover': [{ wait: 150 }, { answer: discoverResult() }],
      initialize: [{ wait: 10_000 }],
    };
    await withProcess(script, { probeTimeout: 50 }, async (client, server) => {
      expect(await client.connect()).toMatchObject({ era: 'modern' });
      expect(server.methods).toEqual([['server/discover', 'initialize']]);
    });
  });
});
