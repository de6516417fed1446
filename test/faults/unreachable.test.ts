import type { Environment } from '../../src/util/environment.js';
import { systemEnvironment } from '../../src/util/environment.js';
import { HttpTransport, MCPClient } from '../../src/index.js';
import { textOf } from '../support/servers/fixture-servers.js';
import { modernServer, ScriptedHttpServer } from '../support/servers/http-server.js';
import { errorFrom } from '../support/outcomes.js';
import { Waiting } from '../support/waiting.js';

/** Keeps no connection that might be found closed only by writing to it. */
const script = modernServer((visit) => {
  visit.response.setHeader('connection', 'close');
});

/** The timers that are set now: they fire when a test says so. */
const timers = new Set<{ readonly delay: number; readonly fire: () => void }>();
const waiting = new Waiting();

const environment: Environment = {
  now: () => systemEnvironment.now(),
  newId: () => systemEnvironment.newId(),
  random: () => 0.5,
  setTimeout: (fire, delay) => {
    const timer = { delay, fire };
    timers.add(timer);
    waiting.wake();
    return timer;
  },
  clearTimeout: (timer) => {
    timers.delete(timer as { delay: number; fire: () => void });
  },
};

let server: ScriptedHttpServer;
let port: number;
let client: MCPClient;

describe.each([50, 10_000])('a call to a server of HTTP that is down, with a `reconnectDelay` of %i ms', (delay) => {
  beforeEach(async () => {
    server = await ScriptedHttpServer.start(script);
    ({ port } = server);
    client = new MCPClient(new HttpTransport(server.url), { environment, autoReconnect: true, reconnectDelay: delay });
    await client.connect();
    await client.listTools();
    await server.close();
    timers.clear();
  });

  afterEach(() => client.close());

  test('is made again after that time, in the session that there is', async () => {
    const call = client.callTool('work', {}, { timeout: Infinity });
    await waiting.until(
      () => timers.size > 0,
      () => 'the call is not to be made again',
    );
    server = await ScriptedHttpServer.start(script, port);
    expect([...timers].map((timer) => timer.delay)).toEqual([delay * 0.5]);
    for (const { fire } of timers) fire();
    expect(textOf(await call)).toBe('done');
    expect(server.asked('server/discover')).toEqual([]);
    await server.close();
  });

  test('fails at once when its time is over before that', async () => {
    const error = await errorFrom(client.callTool('work', {}, { timeout: delay * 0.4 }));
    expect(error).toMatchObject({ code: 'MCP_TRANSPORT_FAILED', delivery: 'not-sent' });
  });
});
