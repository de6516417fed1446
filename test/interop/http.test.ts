import { HttpTransport, MCPClient } from '../../src/index.js';
import type { MCPClientOptions, MCPError } from '../../src/index.js';
import { textOf } from '../support/servers/fixture-servers.js';
import { freePort, HttpProcess } from '../support/servers/http-process.js';
import { stepsOf, THREE_STEPS } from '../support/servers/real-servers.js';

jest.setTimeout(60_000);

let server: HttpProcess;
/** Whether the next test uses the same server. */
let shared = false;
let client: MCPClient;
let transport: HttpTransport;
let errors: MCPError[];

async function connect(options: MCPClientOptions = {}): Promise<void> {
  transport = new HttpTransport(server.url);
  client = new MCPClient(transport, options);
  errors = [];
  client.on('error', (error) => errors.push(error));
  await client.connect();
}

afterEach(async () => {
  await client.disconnect();
  if (!shared) await server.kill();
});

describe('server-everything over Streamable HTTP', () => {
  beforeEach(async () => {
    server = await HttpProcess.everything('streamableHttp', await freePort());
  });

  test('is connected, listed and called with progress, and loses its session in the end', async () => {
    await connect();
    expect(transport.sessionId).toMatch(/^[\x21-\x7e]+$/);
    expect((await client.listTools()).map(({ name }) => name)).toContain('echo');
    expect((await client.listResources()).length).toBeGreaterThan(0);
    const { steps, result } = await stepsOf(client, ...THREE_STEPS);
    expect(textOf(result)).toContain('completed');
    expect(steps).toEqual([1, 2, 3]);
    await client.disconnect();
    expect(transport.sessionId).toBeUndefined();
    expect(errors).toEqual([]);
  });

  test('restarted between two calls, which the user does not notice although it answers 400 to the old session', async () => {
    await connect({ autoReconnect: true });
    await client.callTool('echo', { message: 'before' });
    const { port } = server;
    const { sessionId } = transport;
    await server.kill();
    server = await HttpProcess.everything('streamableHttp', port);
    expect(textOf(await client.callTool('echo', { message: 'after' }))).toContain('after');
    expect(transport.sessionId).not.toBe(sessionId);
  });
});

describe.each(['dual', 'sessions', 'json'] as const)('the official server, %s', (mode) => {
  beforeAll(async () => {
    server = await HttpProcess.official(mode);
    shared = true;
  });
  afterAll(async () => {
    shared = false;
    await server.kill();
  });

  const eras = mode === 'dual' ? (['modern', 'legacy'] as const) : (['legacy'] as const);
  test.each(eras)('is connected, listed and called with progress in the %s era', async (era) => {
    await connect({ era });
    expect((await client.listTools()).map(({ name }) => name)).toEqual(['echo', 'handshakes', 'pid', 'count', 'log']);
    expect(transport.sessionId === undefined).toBe(mode === 'dual');
    const { steps, result } = await stepsOf(client, 'count', { to: 3 });
    expect(textOf(result)).toBe('3');
    // JSON has no place for notifications.
    expect(steps).toEqual(mode === 'json' ? [] : [1, 2, 3]);
    expect(errors).toEqual([]);
  });

  test('announces changes unasked', async () => {
    transport = new HttpTransport(server.url);
    client = new MCPClient(transport);
    const heard = new Promise((resolve) => client.addNotificationHandler('tools/list_changed', resolve));
    await client.connect();
    // The stream is opened in the background: the server is told again until it is heard.
    let done = false;
    void heard.then(() => (done = true));
    for (let round = 0; round < 200 && !done; round += 1) await server.command('notify');
    await heard;
  });

  test('serves a hundred calls at once, big and small', async () => {
    await connect();
    const texts = Array.from({ length: 100 }, (_, index) => `${index} ${'x'.repeat((index % 10) * 5_000)}`);
    const answers = await Promise.all(texts.map(async (text) => textOf(await client.callTool('echo', { text }))));
    expect(answers).toEqual(texts);
  });

  test('restarted between two calls, which the user does not notice', async () => {
    await connect({ autoReconnect: true });
    const before = textOf(await client.callTool('pid', {}));
    const { port } = server;
    await server.kill();
    server = await HttpProcess.official(mode, port);
    const after = textOf(await client.callTool('pid', {}));
    expect(after).not.toBe(before);
    expect(errors).toEqual([]);
  });
});

test('a server that forgets its session under a hundred concurrent calls gets one new handshake, and answers all', async () => {
  server = await HttpProcess.official('sessions');
  await connect();
  expect(textOf(await client.callTool('handshakes', {}))).toBe('1');
  const { sessionId } = transport;
  await server.command('forget');
  const texts = Array.from({ length: 100 }, (_, index) => String(index));
  const answers = await Promise.all(texts.map(async (text) => textOf(await client.callTool('echo', { text }))));
  expect(answers).toEqual(texts);
  expect(textOf(await client.callTool('handshakes', {}))).toBe('2');
  expect(transport.sessionId).not.toBe(sessionId);
  expect(errors).toEqual([]);
});

describe('a server of HTTP+SSE behind a URL that is taken for Streamable HTTP', () => {
  test('is found out, and spoken to over its stream', async () => {
    server = await HttpProcess.everything('sse', await freePort());
    transport = new HttpTransport(new URL('/sse', server.url));
    client = new MCPClient(transport);
    expect(await client.connect()).toMatchObject({ era: 'legacy' });
    expect(textOf(await client.callTool('echo', { message: 'hello' }))).toContain('hello');
    expect((await stepsOf(client, ...THREE_STEPS)).steps).toEqual([1, 2, 3]);
  });
});

test('the URL alone is enough to connect', async () => {
  server = await HttpProcess.official('dual');
  client = await MCPClient.connect(server.url);
  expect(await client.connect()).toMatchObject({ name: 'official', era: 'modern' });
  await client.disconnect();
  client = await MCPClient.connect({ url: server.url, headers: { 'x-from': 'a file' }, type: 'http' });
  expect(await client.connect()).toMatchObject({ name: 'official' });
});
