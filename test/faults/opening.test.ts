import { Agent, buildConnector } from 'undici';

import { HttpTransport, MCPClient, MCPConnection } from '../../src/index.js';
import { legacyServer, modernServer, ScriptedHttpServer } from '../support/servers/http-server.js';
import type { HttpVisit } from '../support/servers/http-server.js';
import { errorFrom, rejection } from '../support/outcomes.js';
import { RecordedLines, replayed } from '../support/recordings.js';
import { textOf } from '../support/servers/fixture-servers.js';
import { Waiting } from '../support/waiting.js';

/** Makes connections, until it is told not to: those that are asked for then stay under way. */
class Doorkeeper {
  holds = false;
  readonly agent: Agent;
  readonly #waiting = new Waiting();
  readonly #held: (() => void)[] = [];

  constructor() {
    const open = buildConnector({});
    this.agent = new Agent({
      connect: (options, callback) => {
        if (!this.holds) open(options, callback);
        else {
          this.#held.push(() => {
            open(options, callback);
          });
          this.#waiting.wake();
        }
      },
    });
  }

  /** Resolves when so many connections are waited for. */
  held(count = 1): Promise<void> {
    return this.#waiting.until(
      () => this.#held.length >= count,
      () => 'nobody asked for a connection',
    );
  }

  /** Makes the connections that were asked for, and those that will be. */
  open(): void {
    this.holds = false;
    for (const make of this.#held.splice(0)) make();
  }

  async close(): Promise<void> {
    this.open();
    await this.agent.destroy();
  }
}

let server: ScriptedHttpServer;
let door: Doorkeeper;
const calls: HttpVisit[] = [];

/** Every request needs a connection of its own. The first call is at work for as long as the test lasts. */
const busy = (visit: HttpVisit): boolean => {
  visit.response.setHeader('connection', 'close');
  if (visit.body === '' || visit.message.method !== 'tools/call') return false;
  calls.push(visit);
  return calls.length === 1;
};

beforeEach(() => {
  calls.length = 0;
  door = new Doorkeeper();
});

afterEach(async () => {
  await door.close();
  await server.close();
});

describe.each([
  ['legacy', legacyServer],
  ['modern', modernServer],
] as const)('a call to a %s server whose connection is still being made', (_era, play) => {
  const recorded = new RecordedLines();
  let connection: MCPConnection;
  let client: MCPClient;
  let first: Promise<unknown>;

  beforeEach(async () => {
    recorded.lines.length = 0;
    server = await ScriptedHttpServer.start(play(busy));
    const transport = new HttpTransport(server.url, { dispatcher: door.agent });
    connection = new MCPConnection('here', transport, { record: recorded, reconnectDelay: 1 });
    client = await connection.connect();
    first = rejection(client.callTool('first'));
    await server.until(() => calls.length === 1);
    door.holds = true;
  });

  afterEach(async () => {
    door.open();
    await connection.disconnect();
    await first;
  });

  test('was not sent when its time is over', async () => {
    const error = await errorFrom(client.callTool('second', {}, { timeout: 50 }));
    expect(error).toMatchObject({ code: 'MCP_TIMEOUT', delivery: 'not-sent', details: { phase: 'queued' } });
  });

  test('is not-sent when the client is closed; a call in flight may have run', async () => {
    const second = errorFrom(client.callTool('second'));
    await door.held();
    const closing = connection.disconnect();
    door.open();
    await closing;
    expect(await second).toMatchObject({ code: 'MCP_CONNECTION_CLOSED', delivery: 'not-sent' });
    expect(await first).toMatchObject({ code: 'MCP_CONNECTION_CLOSED', delivery: 'unknown' });
    await replayed(recorded.read());
  });

  test('is aborted without a message to the server, which has never received it', async () => {
    const impatient = new AbortController();
    const second = rejection(client.callTool('second', {}, { signal: impatient.signal }));
    await door.held();
    impatient.abort('enough');
    expect(await second).toBe('enough');
    door.open();
    expect(textOf(await client.callTool('third'))).toBe('done');
    expect(calls.map(({ message }) => message.params?.name)).toEqual(['first', 'third']);
    expect(server.asked('notifications/cancelled')).toEqual([]);
  });

  test('goes over the next link when this one is given up, whether or not it may be repeated', async () => {
    const second = client.callTool('second');
    await door.held();
    door.holds = false;
    await connection.reconnect();
    expect(textOf(await second)).toBe('done');
    expect(await first).toMatchObject({ delivery: 'unknown' });
    await connection.disconnect();
    await replayed(recorded.read());
  });
});

test('a call to a legacy server whose session is forgotten while its connection is still being made goes into the next one', async () => {
  let sessions = 0;
  server = await ScriptedHttpServer.start((visit) => {
    const { method } = visit.body === '' ? {} : visit.message;
    visit.response.setHeader('connection', 'close');
    if (method === 'initialize') sessions += 1;
    if (method === 'tools/call') calls.push(visit);
    else legacyServer(() => false, { sessionId: `s${sessions}` })(visit);
  });
  const transport = new HttpTransport(server.url, { dispatcher: door.agent });
  await using client = await MCPClient.connect(transport);
  const first = client.callTool('first');
  await server.until(() => calls.length === 1);
  door.holds = true;
  const second = client.callTool('second');
  await door.held();
  calls[0]?.status(404);
  await door.held(2);
  door.open();
  await server.until(() => calls.length === 3);
  for (const visit of calls.slice(1)) visit.result({ content: [] });
  await Promise.all([first, second]);
  expect(calls.map(({ headers }) => headers['mcp-session-id'])).toEqual(['s1', 's2', 's2']);
});
