import { HttpTransport, MCPClient } from '../../src/index.js';
import type { CallToolResult, MCPTool, SuspendedClient, TapEvent } from '../../src/index.js';
import { ClientRecorder } from '../support/client-recorder.js';
import { textOf } from '../support/servers/fixture-servers.js';
import { freePort, HttpProcess } from '../support/servers/http-process.js';
import { runClientProcess } from '../support/client-process.js';
import type { Job, Report } from '../support/client-process.js';

jest.setTimeout(60_000);

let server: HttpProcess;

afterEach(async () => {
  await server.kill();
});

function run(job: Omit<Job, 'url'>): Promise<Report> {
  return runClientProcess({ url: server.url, ...job });
}

/** Has the server say again that its tools changed, for as long as a program runs: it may not listen yet. */
async function tell(running: Promise<Report>): Promise<void> {
  let over = false;
  const end = (): void => {
    over = true;
  };
  running.then(end, end);
  while (!over) await server.command('notify');
}

function what({ wire }: Report): string[] {
  return wire.map((request) => request.what);
}

function namesOf(tools: unknown): string[] {
  return (tools as MCPTool[]).map(({ name }) => name);
}

describe('server-everything, with sessions', () => {
  const URI = 'demo://resource/dynamic/text/1';

  beforeEach(async () => {
    server = await HttpProcess.everything('streamableHttp', await freePort());
  });

  /** A process that listens, watches a resource, knows the tools, and is suspended. */
  function first(): Promise<Report> {
    return run({
      steps: [
        ['connect'],
        ['streamOpened'],
        ['setLogLevel', 'info'],
        ['listTools'],
        // It logs that it was asked.
        ['subscribe', URI],
        ['receive', 'message'],
        ['suspend'],
      ],
    });
  }

  test('continues with another process, which receives the messages sent meanwhile', async () => {
    const before = await first();
    expect(what(before)).toContain('initialize');
    expect(what(before)).not.toContain('DELETE');
    const suspended = before.results.at(-1) as SuspendedClient;
    const lastEventId = suspended.link?.lastEventId;
    expect(lastEventId).toEqual(expect.any(String));

    // Somebody makes it announce a change while nobody listens.
    const posted = await fetch(server.url, {
      method: 'POST',
      headers: {
        accept: 'application/json, text/event-stream',
        'content-type': 'application/json',
        'mcp-session-id': suspended.link?.sessionId ?? '',
        'mcp-protocol-version': '2025-11-25',
      },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 'elsewhere',
        method: 'tools/call',
        params: { name: 'toggle-subscriber-updates', arguments: {} },
      }),
    });
    expect(await posted.text()).toContain('Started simulated resource updated notifications');

    const after = await run({
      suspended,
      steps: [
        ['connect'],
        ['listTools'],
        ['receive', 'resources/updated'],
        ['unsubscribe', URI],
        ['callTool', 'echo', { message: 'still here' }],
      ],
    });
    const [info, tools, , , echo] = after.results;
    expect(info).toEqual(before.results[0]);
    expect(tools).toEqual(before.results[3]);
    expect(textOf(echo as CallToolResult)).toContain('still here');
    expect(after.received).toContainEqual({ method: 'notifications/resources/updated', params: { uri: URI } });
    expect(what(after).sort()).toEqual(['DELETE', 'GET', 'resources/unsubscribe', 'tools/call']);
    expect(after.wire.every(({ session }) => session)).toBe(true);
    expect(after.wire.find((request) => request.what === 'GET')).toMatchObject({ lastEventId });
    expect(after.explanation).toContain('The session of a suspended client was resumed.');
  });

  test('restarted in between is shaken hands with once, and subscribed to again', async () => {
    const { results } = await first();
    const { port } = server;
    await server.kill();
    server = await HttpProcess.everything('streamableHttp', port);
    const after = await run({
      suspended: results.at(-1) as SuspendedClient,
      steps: [
        ['connect'],
        ['callTool', 'echo', { message: 'after' }],
        ['streamOpened'],
        ['callTool', 'toggle-subscriber-updates'],
        ['receive', 'resources/updated'],
      ],
    });
    expect(textOf(after.results[1] as CallToolResult)).toContain('after');
    const asked = what(after);
    expect(asked.filter((one) => one === 'initialize')).toHaveLength(1);
    expect(asked).toEqual(expect.arrayContaining(['logging/setLevel', 'resources/subscribe']));
    expect(after.explanation).toContain('a new one was negotiated');
  });

  test('gone in between fails the next call, which was never sent', async () => {
    const { results } = await first();
    await server.kill();
    const after = await run({
      suspended: results.at(-1) as SuspendedClient,
      steps: [['connect'], ['callTool', 'echo', { message: 'after' }]],
    });
    expect(after.results[1]).toEqual({ code: 'MCP_TRANSPORT_FAILED', delivery: 'not-sent' });
  });
});

describe('the official server', () => {
  test('with sessions goes on with another process, at the same log level', async () => {
    server = await HttpProcess.official('sessions');
    const before = await run({
      steps: [['connect'], ['listTools'], ['setLogLevel', 'error'], ['callTool', 'pid'], ['suspend']],
    });
    const after = await run({
      suspended: before.results.at(-1) as SuspendedClient,
      steps: [
        ['connect'],
        ['callTool', 'log', { level: 'info' }],
        ['callTool', 'log', { level: 'error' }],
        ['callTool', 'handshakes'],
      ],
    });
    expect(textOf(after.results.at(-1) as CallToolResult)).toBe('1');
    expect(after.received.map(({ params }) => params?.['level'])).toEqual(['error']);
    expect(what(after)).not.toContain('initialize');
  });

  test('that keeps events goes on after the last one, and says more on the same stream', async () => {
    server = await HttpProcess.official('events');
    let streamOpened: () => void;
    const opened = new Promise<void>((resolve) => (streamOpened = resolve));
    const tap = ({ type }: TapEvent): void => {
      if (type === 'stream.opened') streamOpened();
    };
    const before = new MCPClient(new HttpTransport(server.url), { inspect: { inspect: () => undefined, tap } });
    const heard = new ClientRecorder(before, ['notification']);
    await before.connect();
    await opened;
    await server.command('notify');
    await heard.first('notification');
    const tools = await before.listTools();
    const suspended = await before.suspend();
    expect(suspended.link?.lastEventId).toMatch(/^e\d+$/);
    expect(suspended.lists.tools).toMatchObject({ freshFor: null, changesMissed: false });

    await server.command('notify');
    const after = await MCPClient.resume(suspended, new HttpTransport(server.url));
    const more = new ClientRecorder(after, ['notification']);
    expect(await after.listTools()).toEqual(tools);
    await more.first('notification');
    await server.command('notify');
    await more.first('notification', 2);
    expect(more.notification.map(({ method }) => method)).toEqual(Array(2).fill('notifications/tools/list_changed'));
    expect(textOf(await after.callTool('handshakes'))).toBe('1');
    await after.disconnect();
  });

  test('continues without server/discover in the modern era, with a fresh list and a subscription', async () => {
    server = await HttpProcess.official('dual');
    const before = await run({ steps: [['connect'], ['listTools'], ['setLogLevel', 'error'], ['suspend']] });
    expect(what(before)).toEqual(expect.arrayContaining(['server/discover', 'tools/list', 'subscriptions/listen']));
    const running = run({
      suspended: before.results.at(-1) as SuspendedClient,
      steps: [
        ['connect'],
        ['listTools'],
        ['callTool', 'log', { level: 'info' }],
        ['callTool', 'log', { level: 'error' }],
        ['receive', 'tools/list_changed'],
      ],
    });
    await tell(running);
    const after = await running;
    expect(namesOf(after.results[1])).toEqual(namesOf(before.results[1]));
    // Once the server listens, the list is looked at again behind the scenes: it may have changed before that.
    const asked = what(after).filter((method) => method !== 'tools/list');
    expect(asked.sort()).toEqual(['subscriptions/listen', 'tools/call', 'tools/call']);
    const levels = after.received.filter(({ method }) => method === 'notifications/message');
    expect(levels.map(({ params }) => params?.['level'])).toEqual(['error']);
  });

  test.each([
    ['modern', 'dual', 'sessions', 'legacy'],
    ['legacy', 'sessions', 'dual', 'legacy'],
  ] as const)(
    'replaced in between goes on as what it is now: it was %s, %s, and is %s',
    async (era, before, after, now) => {
      server = await HttpProcess.official(before);
      const first = await MCPClient.connect(new HttpTransport(server.url), { era });
      await first.listTools();
      const suspended = await first.suspend();
      const { port } = server;
      await server.kill();
      server = await HttpProcess.official(after, port);
      const second = await MCPClient.resume(suspended, new HttpTransport(server.url));
      expect(textOf(await second.callTool('echo', { text: 'there?' }))).toBe('there?');
      expect(second.era).toBe(now);
      await second.disconnect();
    },
  );

  test('answers two clients rightly that went on with the same session, until one of them ends it', async () => {
    server = await HttpProcess.official('sessions');
    const origin = await MCPClient.connect(new HttpTransport(server.url), { era: 'legacy' });
    await origin.callTool('echo', { text: 'first' });
    const suspended = await origin.suspend();
    const twins = await Promise.all([1, 2].map(() => MCPClient.resume(suspended, new HttpTransport(server.url))));
    const texts = Array.from({ length: 30 }, (_, at) => String(at));
    const answers = await Promise.all(
      twins.map((twin, number) =>
        Promise.all(texts.map(async (text) => textOf(await twin.callTool('echo', { text: `${number} ${text}` })))),
      ),
    );
    expect(answers).toEqual(twins.map((_, number) => texts.map((text) => `${number} ${text}`)));
    const [one, other] = twins as [MCPClient, MCPClient];
    expect(textOf(await other.callTool('handshakes'))).toBe('1');
    await one.disconnect();
    expect(textOf(await other.callTool('handshakes'))).toBe('2');
    await other.disconnect();
  });
});
