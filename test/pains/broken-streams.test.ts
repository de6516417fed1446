import { HttpTransport, MCPClient } from '../../src/index.js';
import type { MCPClientOptions } from '../../src/index.js';
import { ClientRecorder } from '../support/client-recorder.js';
import { textOf } from '../support/servers/fixture-servers.js';
import { httpScene } from '../support/http-scene.js';
import { legacyServer, modernServer } from '../support/servers/http-server.js';
import type { HttpVisit, ScriptedHttpServer } from '../support/servers/http-server.js';
import { hastyEnvironment } from '../support/link-recorder.js';
import { errorFrom } from '../support/outcomes.js';

const { endLater, serve } = httpScene();

async function connect(url: string, options: MCPClientOptions): Promise<{ client: MCPClient; events: ClientRecorder }> {
  const client = new MCPClient(new HttpTransport(url), options);
  endLater(() => client.close());
  const events = new ClientRecorder(client);
  await client.connect();
  return { client, events };
}

/** Time passes a hundred times as fast for the client. */
function hasty(): MCPClientOptions {
  return { environment: hastyEnvironment(100), timeout: 3_600_000 };
}

type End = (visit: HttpVisit) => void;

const ENDS: [string, End][] = [
  ['with a reset', (visit) => visit.reset()],
  ['in the middle of a chunk', (visit) => visit.cut()],
  ['in good order', (visit) => visit.end()],
];

function acknowledge(visit: HttpVisit): void {
  const params = {
    _meta: { 'io.modelcontextprotocol/subscriptionId': visit.message.id },
    notifications: { toolsListChanged: true },
  };
  visit.stream().event({ jsonrpc: '2.0', method: 'notifications/subscriptions/acknowledged', params });
}

describe('pain 36: "a load balancer cuts an idle stream, and the whole connection is closed"', () => {
  async function serveListening(listen: End): Promise<ScriptedHttpServer> {
    const server = await serve(
      modernServer((visit) => {
        if (visit.message.method === 'server/discover') {
          visit.result({
            resultType: 'complete',
            supportedVersions: ['2026-07-28'],
            capabilities: { tools: { listChanged: true } },
            ttlMs: 0,
            cacheScope: 'private',
          });
        } else if (visit.message.method === 'subscriptions/listen') listen(visit);
        else return false;
        return true;
      }),
    );
    return server;
  }

  async function survives(server: ScriptedHttpServer): Promise<void> {
    const { client, events } = await connect(server.url, hasty());
    client.addNotificationHandler('tools/list_changed', () => undefined);
    await server.until(() => server.asked('subscriptions/listen').length === 6);
    expect(events.state).toEqual(['connecting', 'initializing', 'ready']);
    expect(textOf(await client.callTool('buy'))).toBe('done');
    expect(server.asked('server/discover')).toHaveLength(1);
  }

  for (const [how, end] of ENDS) {
    // As seen by the client: half a second, and twelve seconds.
    test.each([5, 120])(`a subscription that is cut ${how}, again and again, %i ms after it stood`, async (after) => {
      await survives(
        await serveListening((visit) => {
          acknowledge(visit);
          setTimeout(end, after, visit);
        }),
      );
    });

    test(`a subscription that is cut ${how} before it is acknowledged`, async () => {
      await survives(
        await serveListening((visit) => {
          visit.stream();
          visit.response.write(': x\n\n', () => {
            end(visit);
          });
        }),
      );
    });
  }

  test.each<[string, End]>([
    ['a reset', (visit) => visit.reset()],
    ['an end of the connection', (visit) => visit.cut()],
    ['502', (visit) => visit.status(502)],
    ['504', (visit) => visit.status(504)],
  ])('a subscription that is answered with %s in place of a stream', async (_what, refuse) => {
    await survives(await serveListening(refuse));
  });

  test.each(ENDS)('the stream of a legacy server that is cut %s', async (_how, end) => {
    const server = await serve(
      legacyServer(
        (visit) => {
          if (visit.method !== 'GET') return false;
          visit.stream();
          setTimeout(end, 5, visit);
          return true;
        },
        { sessionId: 's-1' },
      ),
    );
    const { client, events } = await connect(server.url, hasty());
    await server.until(() => server.visits.filter(({ method }) => method === 'GET').length === 6);
    expect(textOf(await client.callTool('buy'))).toBe('done');
    expect(events.state).toEqual(['connecting', 'initializing', 'ready']);
  });
});

const ERAS = { modern: modernServer, legacy: legacyServer };
const DONE = { resultType: 'complete', content: [{ type: 'text', text: 'streamed' }] };

describe.each(['modern', 'legacy'] as const)(
  'pain 36: "one tool breaks its own stream, and the whole connection is closed", %s',
  (era) => {
    /** A server with a tool that streams progress until it is told to end, and one that breaks. */
    async function serveBreaking(broken: End): Promise<{ server: ScriptedHttpServer; healthy: HttpVisit[] }> {
      const healthy: HttpVisit[] = [];
      const server = await serve(
        ERAS[era]((visit) => {
          const name = visit.message.params?.['name'];
          if (name === 'stream') healthy.push(visit.stream());
          else if (name === 'broken') broken(visit);
          else return false;
          return true;
        }),
      );
      return { server, healthy };
    }

    function progress(visit: HttpVisit | undefined, done: number): void {
      const params = { progressToken: visit?.message.params?._meta?.['progressToken'], progress: done };
      visit?.event({ jsonrpc: '2.0', method: 'notifications/progress', params });
    }

    test.each<[string, End]>([
      ...ENDS.map(([how, end]): [string, End] => [
        `a comment and the end ${how}`,
        (visit) => {
          visit.stream().response.write(': x\n\n', () => {
            end(visit);
          });
        },
      ]),
      [
        'a body that is cut',
        (visit) =>
          visit.response.writeHead(200, { 'content-type': 'application/json' }).write('{', () => visit.reset()),
      ],
      ['an empty body', (visit) => visit.status(200, { 'content-type': 'application/json' })],
      ['502', (visit) => visit.status(502)],
    ])('%s: fails its own calls, one after the other and together, and no other', async (_what, broken) => {
      const { server, healthy } = await serveBreaking(broken);
      const { client, events } = await connect(server.url, {});
      const steps: number[] = [];
      const call = client.callTool('stream', {}, { onProgress: (step) => steps.push(step.progress) });
      await server.until(() => healthy.length === 1);
      for (let time = 1; time <= 6; time += 1)
        expect(await errorFrom(client.callTool('broken'))).toMatchObject({ delivery: 'unknown' });
      const together = await Promise.all(Array.from({ length: 10 }, () => errorFrom(client.callTool('broken'))));
      expect(together.map(({ delivery }) => delivery)).toEqual(together.map(() => 'unknown'));
      progress(healthy[0], 1);
      healthy[0]?.resultEvent(DONE).end();
      expect(textOf(await call)).toBe('streamed');
      expect(steps).toEqual([1]);
      expect(events.state).toEqual(['connecting', 'initializing', 'ready']);
    });

    test('connections that are reset without a response, all at once, are one loss', async () => {
      const waiting: HttpVisit[] = [];
      const { server, healthy } = await serveBreaking((visit) => waiting.push(visit));
      const { client, events } = await connect(server.url, {});
      const call = client.callTool('stream');
      await server.until(() => healthy.length === 1);
      const broken = Array.from({ length: 10 }, () => errorFrom(client.callTool('broken')));
      await server.until(() => waiting.length === 10);
      for (const visit of waiting) visit.reset();
      for (const error of await Promise.all(broken)) expect(error).toMatchObject({ delivery: 'unknown' });
      healthy[0]?.resultEvent(DONE).end();
      expect(textOf(await call)).toBe('streamed');
      expect(events.state).toEqual(['connecting', 'initializing', 'ready']);
    });

    test('connections that are reset without a response, while another call reports progress', async () => {
      const { server, healthy } = await serveBreaking((visit) => visit.reset());
      const { client, events } = await connect(server.url, {});
      let heard = 0;
      let wake = (): void => undefined;
      const call = client.callTool('stream', {}, { onProgress: () => ((heard += 1), wake()) });
      await server.until(() => healthy.length === 1);
      for (let time = 1; time <= 6; time += 1) {
        expect(await errorFrom(client.callTool('broken'))).toMatchObject({ delivery: 'unknown' });
        const reported = new Promise<void>((resolve) => (wake = resolve));
        progress(healthy[0], time);
        await reported;
      }
      healthy[0]?.resultEvent(DONE).end();
      expect(textOf(await call)).toBe('streamed');
      expect(heard).toBe(6);
      expect(events.state).toEqual(['connecting', 'initializing', 'ready']);
    });
  },
);

test('pain 36: a response whose resumption cannot reach the server fails its own call, and no other', async () => {
  let healthy: HttpVisit | undefined;
  const server = await serve(
    legacyServer(
      (visit) => {
        const name = visit.body === '' ? undefined : visit.message.params?.['name'];
        if (name === 'stream') healthy = visit.stream();
        else if (name === 'broken') visit.stream().event(undefined, { id: 'e-1', retry: 1 }).end();
        else if (visit.headers['last-event-id'] !== undefined) visit.reset();
        else return false;
        return true;
      },
      { sessionId: 's-1' },
    ),
  );
  const { client, events } = await connect(server.url, hasty());
  const call = client.callTool('stream');
  await server.until(() => healthy !== undefined);
  const broken = await Promise.all([1, 2, 3, 4].map(() => errorFrom(client.callTool('broken'))));
  for (const error of broken) expect(error).toMatchObject({ code: 'MCP_STREAM_BROKEN', delivery: 'unknown' });
  healthy?.resultEvent(DONE).end();
  expect(textOf(await call)).toBe('streamed');
  expect(events.state).toEqual(['connecting', 'initializing', 'ready']);
});
