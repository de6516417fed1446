import { HttpTransport, MCPClient } from '../../src/index.js';
import { ClientRecorder } from '../support/client-recorder.js';
import { modernServer, ScriptedHttpServer } from '../support/servers/http-server.js';
import type { HttpVisit } from '../support/servers/http-server.js';

const LISTEN = 'subscriptions/listen';

let server: ScriptedHttpServer;
/** The tools that the server has now. */
let tools: string[];

beforeEach(async () => {
  tools = ['old'];
  server = await ScriptedHttpServer.start(
    modernServer((visit) => {
      const { method } = visit.message;
      if (method === LISTEN) return true;
      if (method === 'server/discover') {
        visit.result({
          resultType: 'complete',
          supportedVersions: ['2026-07-28'],
          capabilities: { tools: { listChanged: true } },
          ttlMs: 0,
          cacheScope: 'private',
        });
        return true;
      }
      if (method !== 'tools/list') return false;
      const listed = tools.map((name) => ({ name, inputSchema: { type: 'object' } }));
      visit.result({ resultType: 'complete', tools: listed, ttlMs: 3_600_000, cacheScope: 'private' });
      return true;
    }),
  );
});

afterEach(() => server.close());

/** The subscription comes to the server, which knows of it from now on. */
function acknowledge(visit: HttpVisit | undefined): void {
  const _meta = { 'io.modelcontextprotocol/subscriptionId': visit?.message.id };
  const params = { notifications: { toolsListChanged: true }, _meta };
  visit?.stream().event({ jsonrpc: '2.0', method: 'notifications/subscriptions/acknowledged', params });
}

test('a list that was read before the server knew of the subscription is compared with what there is by then, so that no change in between is missed', async () => {
  await using client = new MCPClient(new HttpTransport(server.url));
  const changes = new ClientRecorder(client, ['toolsChanged']);
  await client.connect();
  expect((await client.listTools()).map(({ name }) => name)).toEqual(['old']);
  await server.until(() => server.asked(LISTEN).length === 1);
  tools = ['new'];
  acknowledge(server.asked(LISTEN)[0]);
  await changes.first('toolsChanged');
  expect((await client.listTools()).map(({ name }) => name)).toEqual(['new']);
  expect(server.asked('tools/list')).toHaveLength(2);
});

test('a subscription does not read a list that no call has requested', async () => {
  await using client = new MCPClient(new HttpTransport(server.url));
  client.on('toolsChanged', () => undefined);
  await client.connect();
  await server.until(() => server.asked(LISTEN).length === 1);
  acknowledge(server.asked(LISTEN)[0]);
  await client.ping();
  expect(server.asked('tools/list')).toEqual([]);
});
