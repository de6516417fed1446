import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

import type { StatelyInspectionEvent } from '@statelyai/inspect' with { 'resolution-mode': 'import' };
import { WebSocketServer } from 'ws';
import { createMachine } from 'xstate';
import type { AnyStateMachine, MachineConfig } from 'xstate';

import { HttpTransport, MCPClient } from '../../src/index.js';
import type { MCPClientOptions, MCPTransport } from '../../src/index.js';
import { scratchDirectory, textOf, toolsServer } from '../support/servers/fixture-servers.js';
import { ScriptedHttpServer, legacyServer } from '../support/servers/http-server.js';
import { errorFrom } from '../support/outcomes.js';
import { sdkServer } from '../support/servers/real-servers.js';
import { Waiting } from '../support/waiting.js';

const SECRETS = {
  argument: 'argument-4711',
  answer: 'answer-4712',
  variable: 'variable-4713',
  words: 'words-4714',
  uri: 'uri-4715',
  token: 'token-4716',
  header: 'header-4717',
  session: 'session-4718',
};

/** By default what is nested deeper than 10 levels is cut, and the chart of the connection is. */
const CHARTS = { serializationDepthLimit: 20 };

const scratch = scratchDirectory();

/** What came out at the other end of an inspector. */
class Received {
  readonly events: StatelyInspectionEvent[] = [];
  readonly texts: string[] = [];
  readonly #waiting = new Waiting();

  readonly send = (event: StatelyInspectionEvent): void => {
    this.events.push(event);
    // At once: an event that is changed later would not show it.
    this.texts.push(JSON.stringify(event));
    this.#waiting.wake();
  };

  /** Everything up to the end of the connection; inspectors pass on what they hear a little later. */
  async untilClosed(): Promise<void> {
    await this.#waiting.until(
      () => this.events.some((event) => event.type === '@xstate.snapshot' && isClosed(event)),
      () => `received ${this.texts.length} events, ${this.texts.at(-1)} is the last`,
    );
  }

  /** The actors, by the names that the inspector shows; what there is a chart for with that. */
  get actors(): ReadonlyMap<string, AnyStateMachine | undefined> {
    return new Map(
      this.events.flatMap((event) => {
        if (event.type !== '@xstate.actor') return [];
        const config = JSON.parse(event.definition ?? '{}') as MachineConfig<object, { type: string }>;
        return [[config.id ?? event.name, config.states === undefined ? undefined : createMachine(config)]];
      }),
    );
  }

  /** The values that the actor of this chart went through. */
  valuesOf(chart: string): unknown[] {
    const sessions = this.events.flatMap((event) =>
      event.type === '@xstate.actor' && (JSON.parse(event.definition ?? '{}') as { id?: string }).id === chart
        ? [event.sessionId]
        : [],
    );
    return this.events.flatMap((event) =>
      event.type === '@xstate.snapshot' && sessions.includes(event.sessionId) ? [valueOf(event)] : [],
    );
  }
}

function valueOf(event: StatelyInspectionEvent): unknown {
  return 'snapshot' in event ? (event.snapshot as { value?: unknown }).value : undefined;
}

function isClosed(event: StatelyInspectionEvent): boolean {
  return JSON.stringify(valueOf(event)) === '{"closed":"done"}';
}

/** A session over stdio in which everything is a secret, with an error and a death in it. */
async function secretSession(inspect: MCPClientOptions['inspect']): Promise<void> {
  const { argument, variable, words, uri } = SECRETS;
  const transport = toolsServer({ first: scratch('first') }, { env: { API_TOKEN: variable } });
  await using client = await MCPClient.connect(transport, { inspect });
  expect(textOf(await client.callTool('echo', { text: argument }))).toBe(argument);
  expect(textOf(await client.callTool('env', { name: 'API_TOKEN' }))).toBe(variable);
  await errorFrom(client.callTool('fail', { words }));
  const reading = errorFrom(client.readResource(`file:///${uri}`));
  const controller = new AbortController();
  const given = client.callTool('hang', { argument }, { signal: controller.signal }).catch((reason: unknown) => reason);
  controller.abort(new Error(words));
  expect(await given).toMatchObject({ message: words });
  await errorFrom(client.callTool('die', { code: 1, words: `${words}\n` }));
  await reading;
}

/** One over HTTP, with a token, a header and a session of that kind. */
async function secretHttpSession(inspect: MCPClientOptions['inspect']): Promise<void> {
  const { argument, answer, token, header, session, words } = SECRETS;
  await using server = await disposable(
    legacyServer(
      (visit) => {
        if (visit.message.method !== 'tools/call') return false;
        if (visit.message.params?.['name'] === 'bad') visit.error(200, -32_000, words, { words });
        else visit.result({ content: [{ type: 'text', text: answer }] });
        return true;
      },
      { sessionId: session },
    ),
  );
  const transport: MCPTransport = new HttpTransport(server.url, {
    auth: { token: () => token },
    headers: { 'x-key': header },
  });
  await using client = await MCPClient.connect(transport, { inspect });
  await client.callTool('any', { argument });
  await errorFrom(client.callTool('bad', { argument }));
}

async function disposable(
  script: Parameters<typeof ScriptedHttpServer.start>[0],
): Promise<AsyncDisposable & { readonly url: string }> {
  const server = await ScriptedHttpServer.start(script);
  return { url: server.url, [Symbol.asyncDispose]: () => server.close() };
}

function expectNoSecrets(texts: readonly string[]): void {
  const all = texts.join('\n');
  for (const secret of Object.values(SECRETS)) expect(all).not.toContain(secret);
}

describe('the inspector of Stately', () => {
  test('receives every actor, each machine with the chart that it runs', async () => {
    const { createInspector } = await import('@statelyai/inspect');
    const received = new Received();
    await using client = await MCPClient.connect(sdkServer(), { inspect: createInspector(received, CHARTS) });
    await client.callTool('add', { a: 1, b: 2 });
    await client.disconnect();
    await received.untilClosed();
    const { actors } = received;
    expect([...actors.keys()]).toEqual(expect.arrayContaining(['requests', 'link']));
    for (const chart of ['connection', 'health', 'request', 'serverStream', 'subscription']) {
      const machine = actors.get(chart);
      const values = received.valuesOf(chart);
      expect(values.length).toBeGreaterThan(0);
      for (const value of values) {
        // The states of a request are told by their paths.
        const id = typeof value === 'string' && value.includes('.') ? `#${chart}.${value}` : undefined;
        if (id === undefined)
          expect(() => machine?.resolveState({ value: value as string, context: {} })).not.toThrow();
        else expect(machine?.getStateNodeById(id).id).toBe(id.slice(1));
      }
    }
    expect(received.valuesOf('request')).toEqual(
      expect.arrayContaining(['idle', 'queued', 'inFlight.waiting', 'succeeded']),
    );
  });

  test('knows who is whose child, and who sent what', async () => {
    const { createInspector } = await import('@statelyai/inspect');
    const received = new Received();
    const client = await MCPClient.connect(sdkServer(), { inspect: createInspector(received, CHARTS) });
    await client.disconnect();
    await received.untilClosed();
    const [root, ...others] = received.events.filter((event) => event.type === '@xstate.actor');
    expect(root?.parentId).toBeUndefined();
    const ids = new Set(others.map(({ sessionId }) => sessionId));
    for (const { parentId, rootId } of others) {
      expect(parentId === root?.sessionId || ids.has(parentId as string)).toBe(true);
      expect(rootId).toBe(root?.sessionId);
    }
    const opened = received.events.find(
      (event) => event.type === '@xstate.event' && event.event.type === 'link.opened',
    );
    expect(ids.has((opened as { sourceId?: string }).sourceId as string)).toBe(true);
  });

  test('is shown no secret', async () => {
    const { createInspector } = await import('@statelyai/inspect');
    for (const session of [secretSession, secretHttpSession]) {
      const received = new Received();
      await session(createInspector(received, CHARTS));
      await received.untilClosed();
      expect(received.texts.length).toBeGreaterThan(50);
      expectNoSecrets(received.texts);
    }
  });

  test('is shown all there is when it is asked for', async () => {
    const { createInspector } = await import('@statelyai/inspect');
    const received = new Received();
    await secretSession({ ...createInspector(received, CHARTS), redact: false });
    await received.untilClosed();
    const all = received.texts.join('\n');
    for (const secret of ['argument', 'variable', 'words', 'uri'] as const) expect(all).toContain(SECRETS[secret]);
  });

  test('receives the same events over a WebSocket', async () => {
    const { createWebSocketInspector } = await import('@statelyai/inspect');
    const received = new Received();
    const page = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    await once(page, 'listening');
    const { port } = page.address() as AddressInfo;
    page.on('connection', (socket) => {
      socket.on('message', (data: Buffer) => {
        received.send(JSON.parse(data.toString()) as StatelyInspectionEvent);
      });
    });
    const inspector = createWebSocketInspector({ url: `ws://127.0.0.1:${port}`, ...CHARTS });
    try {
      await once(page, 'connection');
      await secretSession(inspector);
      await received.untilClosed();
      expectNoSecrets(received.texts);
      expect(received.valuesOf('connection')).toContainEqual({ linked: { established: 'ready' } });
      expect(received.actors.get('request')).toBeDefined();
    } finally {
      inspector.stop();
      page.close();
    }
  });
});
