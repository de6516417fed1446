import { HttpTransport, MCPClient } from '../../../src/index.js';
import type { MCPClientEventName, MCPTool } from '../../../src/index.js';
import { ClientRecorder } from '../../support/client-recorder.js';
import { endAfterEach } from '../../support/endings.js';
import { ScriptedHttpServer, legacyServer, modernServer } from '../../support/servers/http-server.js';
import type { HttpVisit } from '../../support/servers/http-server.js';
import { errorFrom, rejection, turns } from '../../support/outcomes.js';
import { Waiting } from '../../support/waiting.js';

const endLater = endAfterEach();

/** A client of a server that keeps its lists, promises to announce their changes, and does with its stream what the test says. */
class Meeting {
  tools: MCPTool[] = [tool('a')];
  readonly streams: HttpVisit[] = [];
  readonly recorder: ClientRecorder;
  readonly #opened = new Waiting();
  #openings = 0;

  private constructor(
    readonly server: ScriptedHttpServer,
    readonly client: MCPClient,
    more: readonly MCPClientEventName[],
  ) {
    this.recorder = new ClientRecorder(client, more);
  }

  static async begin(onStream: (visit: HttpVisit) => void, more: readonly MCPClientEventName[] = []): Promise<Meeting> {
    const server = await ScriptedHttpServer.start(
      legacyServer(
        (visit) => {
          if (visit.method === 'GET') {
            meeting.streams.push(visit);
            onStream(visit);
          } else if (visit.message.method === 'tools/list') visit.result({ tools: meeting.tools });
          else return false;
          return true;
        },
        { sessionId: 's-1', capabilities: { tools: { listChanged: true } } },
      ),
    );
    const tap = ({ type }: { readonly type: string }): void => {
      if (type === 'stream.opened') meeting.#openings += 1;
      meeting.#opened.wake();
    };
    const inspect = { inspect: () => undefined, tap };
    const meeting: Meeting = new Meeting(server, new MCPClient(new HttpTransport(server.url), { inspect }), more);
    endLater(() => server.close());
    endLater(() => meeting.client.close());
    await meeting.client.connect();
    return meeting;
  }

  /** Resolves when the client hears that its stream is open, for the time of that number. */
  async opened(times = 1): Promise<void> {
    await this.#opened.until(
      () => this.#openings >= times,
      () => `opened ${this.#openings} times`,
    );
    await turns();
  }

  get listings(): number {
    return this.server.asked('tools/list').length;
  }
}

function tool(name: string): MCPTool {
  return { name, inputSchema: { type: 'object' } };
}

const CHANGED = { jsonrpc: '2.0', method: 'notifications/tools/list_changed' };

describe('a list of a legacy server over HTTP, which promises to announce changes,', () => {
  test('is asked for each time where there is no stream on which it could', async () => {
    const { client, server, ...meeting } = await Meeting.begin((visit) => visit.status(405));
    await server.until(() => meeting.streams.length > 0);
    await client.listTools();
    await client.listTools();
    expect(server.asked('tools/list')).toHaveLength(2);
  });

  test('is kept while that stream is open, until a change is announced', async () => {
    const meeting = await Meeting.begin((visit) => visit.stream());
    await meeting.opened();
    await meeting.client.listTools();
    expect(await meeting.client.listTools()).toEqual([tool('a')]);
    expect(meeting.listings).toBe(1);
    meeting.tools = [tool('b')];
    meeting.streams[0]?.event(CHANGED);
    while ((await meeting.client.listTools())[0]?.name !== 'b') await turns();
    expect(meeting.listings).toBe(2);
  });

  test('is not kept when it was asked for before the stream was open', async () => {
    const meeting = await Meeting.begin(() => undefined);
    await meeting.server.until(() => meeting.streams.length > 0);
    await meeting.client.listTools();
    meeting.tools = [tool('b')];
    meeting.streams[0]?.stream();
    await meeting.opened();
    expect(await meeting.client.listTools()).toEqual([tool('b')]);
  });

  test('is requested again when the stream has broken, whether or not it is open again', async () => {
    const meeting = await Meeting.begin((visit) => {
      if (meeting.streams.length !== 2) visit.stream();
      else visit.status(503, { 'retry-after': '0' });
    });
    await meeting.opened();
    await meeting.client.listTools();
    meeting.tools = [tool('b')];
    meeting.streams[0]?.end();
    await meeting.server.until(() => meeting.streams.length > 1);
    expect(await meeting.client.listTools()).toEqual([tool('b')]);
    meeting.tools = [tool('c')];
    await meeting.opened(2);
    expect(await meeting.client.listTools()).toEqual([tool('c')]);
    await meeting.client.listTools();
    expect(meeting.listings).toBe(3);
  });

  test('is kept when the stream goes on after its last event: what was missed comes after all', async () => {
    const meeting = await Meeting.begin((visit) => {
      visit.stream();
      if (visit.headers['last-event-id'] === undefined) visit.event(undefined, { id: 'e1', retry: 1 });
    });
    await meeting.opened();
    await meeting.client.listTools();
    meeting.streams[0]?.end();
    await meeting.opened(2);
    expect(meeting.streams[1]?.headers['last-event-id']).toBe('e1');
    expect(await meeting.client.listTools()).toEqual([tool('a')]);
    expect(meeting.listings).toBe(1);
  });

  test('is compared when the stream is open again, for listeners of toolsChanged', async () => {
    const meeting = await Meeting.begin((visit) => visit.stream(), ['toolsChanged']);
    await meeting.opened();
    await meeting.client.listTools();
    meeting.tools = [tool('b')];
    meeting.streams[0]?.end();
    const [difference] = await meeting.recorder.first('toolsChanged');
    expect(difference).toMatchObject({ added: ['b'], removed: ['a'] });
  });
});

describe('a list of a server that was asked with a token', () => {
  async function ask(cacheScope: string) {
    const server = await ScriptedHttpServer.start(
      modernServer((visit) => {
        if (visit.message.method !== 'tools/list') return false;
        const [, name = ''] = visit.headers.authorization?.split(' ') ?? [];
        visit.result({ resultType: 'complete', tools: [tool(name)], ttlMs: 60_000, cacheScope });
        return true;
      }),
    );
    endLater(() => server.close());
    const user: { token: () => string | Promise<string> } = { token: () => 'ada' };
    const client = await MCPClient.connect(new HttpTransport(server.url, { auth: { token: () => user.token() } }));
    endLater(() => client.close());
    const names = async (): Promise<string[]> => (await client.listTools()).map(({ name }) => name);
    expect([await names(), await names()]).toEqual([['ada'], ['ada']]);
    expect(server.asked('tools/list')).toHaveLength(1);
    return { server, user, client, names };
  }

  test('is not used with another token', async () => {
    const { user, names } = await ask('private');
    user.token = () => 'bob';
    expect(await names()).toEqual(['bob']);
    user.token = () => {
      throw new Error('signed out');
    };
    expect(await errorFrom(names())).toMatchObject({ code: 'MCP_AUTHENTICATION_REQUIRED' });
  });

  test('waits for the token no longer than its caller does', async () => {
    const { user, client } = await ask('private');
    user.token = () => new Promise(() => undefined);
    expect(await errorFrom(client.listTools({ timeout: 20.5 }))).toMatchObject({
      code: 'MCP_TIMEOUT',
      message: expect.stringContaining('within 20.5 ms') as unknown,
      details: { operation: 'tools/list', timeout: 20.5 },
    });
    const controller = new AbortController();
    const listing = rejection(client.listTools({ signal: controller.signal }));
    controller.abort('enough');
    expect(await listing).toBe('enough');
  });

  test('is not used with another token when the server sends no cacheScope', async () => {
    const { user, names } = await ask('whatever');
    user.token = () => 'bob';
    expect(await names()).toEqual(['bob']);
  });

  test('is used with every token when its cacheScope is public', async () => {
    const { user, names } = await ask('public');
    user.token = () => 'bob';
    expect(await names()).toEqual(['ada']);
  });
});
