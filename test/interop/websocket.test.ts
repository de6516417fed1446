import { MCPClient, WebSocketTransport } from '../../src/index.js';
import type { MCPClientOptions } from '../../src/index.js';
import { ClientRecorder } from '../support/client-recorder.js';
import { freePort, HttpProcess } from '../support/servers/http-process.js';
import { echoes, HUNDRED_TEXTS, stepsOf, THREE_STEPS } from '../support/servers/real-servers.js';

// Processes start slowly on a machine that is busy.
jest.setTimeout(60_000);

let server: HttpProcess;
/** Whether the next test uses the same server. */
let shared = false;
let transport: WebSocketTransport;
let client: MCPClient;
let announced: ClientRecorder;

async function connect(options: MCPClientOptions = {}): Promise<void> {
  transport = new WebSocketTransport(server.webSocketUrl);
  client = new MCPClient(transport, options);
  announced = new ClientRecorder(client, ['log', 'warning', 'error']);
  await client.connect();
}

afterEach(async () => {
  await client.disconnect();
  if (!shared) await server.terminate();
});

describe('supergateway in front of server-everything', () => {
  beforeAll(async () => {
    server = await HttpProcess.gateway(await freePort());
    shared = true;
  });
  afterAll(async () => {
    shared = false;
    await server.terminate();
  });
  beforeEach(() => connect());

  test('is connected, listed and called with progress', async () => {
    expect(await client.getServerInfo()).toMatchObject({ name: 'mcp-servers/everything', era: 'legacy' });
    expect(transport.websocket?.protocol).toBe('mcp');
    expect((await client.listTools()).map(({ name }) => name)).toContain('echo');
    expect((await client.listResources()).length).toBeGreaterThan(0);
    expect((await stepsOf(client, ...THREE_STEPS)).steps).toEqual([1, 2, 3]);
    expect([...announced.error, ...announced.warning]).toEqual([]);
  });

  test('a hundred calls at once, big and small, are all answered', async () => {
    expect(await echoes(client, HUNDRED_TEXTS)).toEqual(HUNDRED_TEXTS.map((text) => `Echo: ${text}`));
  });
});

describe('a server of the official SDK over WebSockets', () => {
  beforeEach(async () => {
    server = await HttpProcess.webSocket();
  });

  test.each(['modern', 'legacy'] as const)('speaks the %s era', async (era) => {
    await connect({ era });
    expect(await client.getServerInfo()).toMatchObject({ name: 'sdk-fixture', era });
    expect((await client.listTools()).map(({ name }) => name)).toContain('add');
    expect(await client.callTool('add', { a: 2, b: 3 })).toMatchObject({ structuredContent: { sum: 5 } });
    expect((await stepsOf(client, 'count', { to: 3 })).steps).toEqual([1, 2, 3]);
    const uris: unknown[] = [];
    client.addNotificationHandler('resources/updated', (params) => uris.push(params?.['uri']));
    await client.subscribe('fixture://greeting');
    await client.callTool('touch', { uri: 'fixture://greeting' });
    await client.ping();
    expect(uris).toEqual(['fixture://greeting']);
    expect([...announced.error, ...announced.warning]).toEqual([]);
  });

  test('is found to be modern', async () => {
    await connect();
    expect(await client.getServerInfo()).toMatchObject({ era: 'modern', protocolVersion: '2026-07-28' });
  });

  test('that dies ends the calls in flight, and says how', async () => {
    await connect();
    const call = client.callTool('hang', {}, { retry: 'never' });
    const outcome = expect(call).rejects.toMatchObject({
      name: 'MCPTransportError',
      delivery: 'unknown',
      message: expect.stringMatching(/broke off/) as string,
    });
    await client.ping();
    await server.kill();
    await outcome;
    expect(client.state).toBe('closed');
  });
});
