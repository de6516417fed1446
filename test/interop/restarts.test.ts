import { HttpTransport, MCPClient } from '../../src/index.js';
import type { MCPError } from '../../src/index.js';
import { sample } from '../support/long-form.js';
import { textOf } from '../support/servers/fixture-servers.js';
import { HttpProcess } from '../support/servers/http-process.js';

jest.setTimeout(60_000);

/** Servers that tell a lost session in ways of their own, and how to start each of them. */
const SERVERS: [string, (port?: number) => Promise<HttpProcess>][] = [
  ['a server of the Python SDK, which answers 400 with text', (port) => HttpProcess.pythonStyle(port)],
  ['a server of the TypeScript SDK 1.32 with one transport for all', (port) => HttpProcess.single({ port })],
  [
    'a server of the TypeScript SDK 1.32 with one transport for all, in JSON',
    (port) => HttpProcess.single({ port, json: true }),
  ],
];

let server: HttpProcess;
let client: MCPClient;
let errors: MCPError[];

afterEach(async () => {
  await client.close();
  await server.kill();
});

describe.each(sample(SERVERS, 2))('pain 37: %s', (_who, start) => {
  async function connect(): Promise<HttpTransport> {
    const transport = new HttpTransport(server.url);
    // No option is needed for that.
    client = new MCPClient(transport);
    errors = [];
    client.on('error', (error) => errors.push(error));
    await client.connect();
    return transport;
  }

  async function restart(): Promise<void> {
    await server.kill();
    server = await start(server.port);
  }

  test('is restarted three times between two calls, which the user does not notice', async () => {
    server = await start();
    const transport = await connect();
    const sessions = new Set([transport.sessionId]);
    const processes = new Set([textOf(await client.callTool('pid'))]);
    for (let restarts = 1; restarts <= 3; restarts += 1) {
      await restart();
      processes.add(textOf(await client.callTool('pid')));
      sessions.add(transport.sessionId);
    }
    expect([...processes]).toHaveLength(4);
    expect([...sessions]).toHaveLength(4);
    expect(client.state).toBe('ready');
    expect(errors).toEqual([]);
  });

  test('is restarted under twenty calls at once, of lists and tools, which are all answered in one new session', async () => {
    server = await start();
    await connect();
    // When this is answered, the server has everything that belongs to the handshake.
    await client.callTool('pid');
    await restart();
    const answers = await Promise.all(
      Array.from({ length: 20 }, async (_, index) =>
        index % 2 === 0 ? textOf(await client.callTool('pid')) : (await client.listTools())[0]?.name,
      ),
    );
    expect(new Set(answers).size).toBe(2);
    expect(client.state).toBe('ready');
    expect(errors).toEqual([]);
  });
});
