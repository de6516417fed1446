import { HttpTransport, MCPClient } from '../../src/index.js';
import { textOf } from '../support/servers/fixture-servers.js';
import { legacyServer, ScriptedHttpServer } from '../support/servers/http-server.js';
import { hastyEnvironment } from '../support/link-recorder.js';
import { errorFrom } from '../support/outcomes.js';

/** Two servers behind one address. Each knows the sessions that it began, and no others. */
class Pair {
  /** Which of the two takes the requests that come next: handshakes, and calls. What is not planned, the first one takes. */
  readonly handshakes: number[];
  readonly calls: number[];
  readonly #known = [new Set<unknown>(), new Set<unknown>()] as const;
  server!: ScriptedHttpServer;

  private constructor(handshakes: readonly number[], calls: readonly number[]) {
    this.handshakes = [...handshakes];
    this.calls = [...calls];
  }

  static async start(handshakes: readonly number[], calls: readonly number[]): Promise<Pair> {
    const pair = new Pair(handshakes, calls);
    let sessions = 0;
    pair.server = await ScriptedHttpServer.start((visit) => {
      const { method } = visit.body === '' ? {} : visit.message;
      if (method === 'initialize') {
        const sessionId = `s${(sessions += 1)}`;
        pair.#known[pair.handshakes.shift() === 1 ? 1 : 0].add(sessionId);
        legacyServer(() => false, { sessionId })(visit);
        return;
      }
      const at = method === 'tools/call' && pair.calls.shift() === 1 ? 1 : 0;
      if (method === 'tools/call' && !pair.#known[at].has(visit.headers['mcp-session-id'])) visit.status(404);
      else legacyServer(() => false)(visit);
    });
    return pair;
  }

  get asked(): number {
    return this.server.asked('tools/call').length;
  }
}

let pair: Pair;
let client: MCPClient;

async function connect(handshakes: readonly number[], calls: readonly number[]): Promise<void> {
  pair = await Pair.start(handshakes, calls);
  client = await MCPClient.connect(new HttpTransport(pair.server.url), { environment: hastyEnvironment(20) });
}

afterEach(async () => {
  await client.close();
  await pair.server.close();
});

describe('a call to two servers behind one address, each of which knows its own sessions,', () => {
  test('is made until a session and the call meet at the same one', async () => {
    await connect([0, 0, 1], [1, 1, 1]);
    expect(textOf(await client.callTool('work'))).toBe('done');
    expect(pair.asked).toBe(3);
    expect(client.state).toBe('ready');
  });

  test('is given up when it was refused in three sessions, and it has not run; the next one may have more luck', async () => {
    await connect([0, 0, 0], [1, 1, 1]);
    expect(await errorFrom(client.callTool('work'))).toMatchObject({ code: 'MCP_SESSION_LOST', delivery: 'not-sent' });
    expect(pair.asked).toBe(3);
    expect(textOf(await client.callTool('work'))).toBe('done');
  });
});
