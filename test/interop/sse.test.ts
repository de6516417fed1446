import { MCPClient, SseTransport } from '../../src/index.js';
import { ClientRecorder } from '../support/client-recorder.js';
import { textOf } from '../support/servers/fixture-servers.js';
import { freePort, HttpProcess } from '../support/servers/http-process.js';
import { echoes, HUNDRED_TEXTS, stepsOf, THREE_STEPS } from '../support/servers/real-servers.js';

// Processes start slowly on a machine that is busy.
jest.setTimeout(60_000);

let server: HttpProcess;
let transport: SseTransport;
let client: MCPClient;
let announced: ClientRecorder;

beforeAll(async () => {
  server = await HttpProcess.everything('sse', await freePort());
});

beforeEach(async () => {
  transport = new SseTransport(new URL('/sse', server.url));
  client = new MCPClient(transport, {
    autoReconnect: true,
    maxReconnectAttempts: 1_000,
    reconnectDelay: 20,
    maxReconnectDelay: 200,
  });
  announced = new ClientRecorder(client, ['log', 'warning', 'error']);
  await client.connect();
});

afterEach(() => client.disconnect());

afterAll(() => server.kill());

describe('server-everything over HTTP+SSE', () => {
  test('is connected, listed and called with progress', async () => {
    expect(await client.getServerInfo()).toMatchObject({ name: 'mcp-servers/everything', era: 'legacy' });
    expect(transport.postUrl).toMatch(new RegExp(`^http://127.0.0.1:${server.port}/message\\?sessionId=`));
    expect((await client.listTools()).map(({ name }) => name)).toContain('echo');
    expect((await client.listResources()).length).toBeGreaterThan(0);
    const { steps, result } = await stepsOf(client, ...THREE_STEPS);
    expect(textOf(result)).toContain('completed');
    expect(steps).toEqual([1, 2, 3]);
    expect([...announced.error, ...announced.warning]).toEqual([]);
  });

  test('a hundred calls at once, big and small, are all answered', async () => {
    expect(await echoes(client, HUNDRED_TEXTS)).toEqual(HUNDRED_TEXTS.map((text) => `Echo: ${text}`));
  });

  test('a call that is given up is cancelled, and others go on', async () => {
    const controller = new AbortController();
    const long = client.callTool(
      'trigger-long-running-operation',
      { duration: 30, steps: 30 },
      { signal: controller.signal },
    );
    const outcome = expect(long).rejects.toBe('enough');
    await client.callTool('echo', { message: 'meanwhile' });
    controller.abort('enough');
    await outcome;
    expect(textOf(await client.callTool('echo', { message: 'after' }))).toBe('Echo: after');
  });

  test('restarted between two calls, which the user does not notice', async () => {
    await client.callTool('echo', { message: 'before' });
    const { port } = server;
    const { postUrl } = transport;
    await server.kill();
    server = await HttpProcess.everything('sse', port);
    expect(textOf(await client.callTool('echo', { message: 'after' }))).toBe('Echo: after');
    expect(transport.postUrl).not.toBe(postUrl);
  });
});
