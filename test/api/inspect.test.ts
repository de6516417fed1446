import { inspect } from 'node:util';

import { MCPClient, MemoryTransport } from '../../src/index.js';
import type { InspectTarget } from '../../src/index.js';
import { ClientRecorder } from '../support/client-recorder.js';
import { errorFrom, turns } from '../support/outcomes.js';
import { answer, legacyScript, scriptedServer, silence } from '../support/servers/scripts.js';

/** What an inspector of XState is told, as far as it matters here. */
interface Told {
  readonly type: string;
  readonly actorRef: { readonly sessionId: string; readonly id: string };
  readonly event?: { readonly type: string };
  readonly snapshot?: { readonly value?: unknown; readonly status?: string };
}

const script = legacyScript('2025-11-25', { 'tools/call': answer({ content: [] }), 'resources/read': silence });

function valuesOf(told: readonly Told[], actor: Told['actorRef']): unknown[] {
  return told.flatMap((one) =>
    one.type === '@xstate.snapshot' && one.actorRef.sessionId === actor.sessionId ? [one.snapshot?.value] : [],
  );
}

const told: Told[] = [];
const hear = (event: unknown): void => void told.push(event as Told);
beforeEach(() => {
  told.length = 0;
});

test.each<[string, InspectTarget]>([
  ['a function', hear],
  ['an observer', { next: hear }],
  ['an inspector with a function', { inspect: hear }],
  ['an inspector with an observer', { inspect: { next: hear } }],
])('%s receives events of every actor: the connection, its health, its requests', async (_what, inspect) => {
  await using server = await scriptedServer(script);
  await using client = new MCPClient(server.transport, { inspect });
  await client.connect();
  expect(await client.callTool('x')).toEqual({ content: [] });
  const names = new Set(told.filter(({ type }) => type === '@xstate.actor').map(({ actorRef }) => actorRef.id));
  for (const name of ['requests', 'link', 'health', 'subscription']) expect(names).toContain(name);
  const events = new Set(told.map(({ event }) => event?.type));
  for (const event of ['connect', 'link.opened', 'shook', 'submit', 'dispatch', 'answer'])
    expect(events).toContain(event);
});

test('each request is an actor of its own, from its beginning to its end', async () => {
  await using server = await scriptedServer(script);
  await using client = new MCPClient(server.transport, { inspect: hear });
  await client.connect();
  told.length = 0;
  await client.callTool('x');
  await client.callTool('x');
  const reading = errorFrom(client.readResource('x:1', { timeout: 20 }));
  expect(await reading).toMatchObject({ code: 'MCP_TIMEOUT' });
  const requests = told.filter(({ type }) => type === '@xstate.actor').map(({ actorRef }) => actorRef);
  expect(requests).toHaveLength(3);
  expect(new Set(requests.map(({ sessionId }) => sessionId)).size).toBe(3);
  const lives = requests.map((request) => valuesOf(told, request));
  expect(lives).toEqual([
    ['idle', 'queued', 'inFlight.waiting', 'succeeded'],
    ['idle', 'queued', 'inFlight.waiting', 'succeeded'],
    ['idle', 'queued', 'inFlight.waiting', 'timedOut'],
  ]);
  const last = told.filter((one) => one.type === '@xstate.snapshot' && one.snapshot?.value === 'succeeded');
  expect(last.map(({ snapshot }) => snapshot?.status)).toEqual(['done', 'done']);
});

test('an inspector can follow each request of a reused actor by the events of that actor', async () => {
  await using server = await scriptedServer(script);
  const watcher = { inspect: hear, pooled: true };
  await using client = new MCPClient(server.transport, { inspect: { inspect: hear, attach: () => watcher } });
  await client.connect();
  told.length = 0;
  for (let call = 0; call < 3; call += 1) await client.callTool('x');
  const taken = told.flatMap(({ type, event }) => (type === '@xstate.snapshot' ? [event?.type] : []));
  expect(taken).toEqual(Array.from({ length: 3 }, () => ['submit', 'dispatch', 'answer']).flat());
  expect(new Set(told.map(({ actorRef }) => actorRef.sessionId)).size).toBe(1);
  expect(told.filter(({ type }) => type === '@xstate.actor')).toEqual([]);
});

test('the states of the connection are seen in their order', async () => {
  await using server = await scriptedServer(script);
  const client = new MCPClient(server.transport, { inspect: hear });
  await client.connect();
  await client.disconnect();
  const [root] = told.map(({ actorRef }) => actorRef);
  const values = valuesOf(told, root as Told['actorRef']).map((value) => JSON.stringify(value));
  const order = [
    '"idle"',
    '{"linked":{"connecting":"opening"}}',
    '{"linked":{"established":"ready"}}',
    '{"closed":"draining"}',
    '{"closed":"done"}',
  ];
  expect(order.map((value) => values.indexOf(value))).toEqual(
    order.map((value) => values.indexOf(value)).sort((one, other) => one - other),
  );
  expect(order.every((value) => values.includes(value))).toBe(true);
});

describe('the events of an inspector', () => {
  const secret = 'token-4711';
  const leaky = legacyScript('2025-11-25', {
    'tools/call': [
      { say: { jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data: secret } } },
      { answer: { content: [{ type: 'text', text: secret }] } },
    ],
    'tools/list': answer({
      tools: Array.from({ length: 5_000 }, (_, index) => ({ name: `tool-${index}`, inputSchema: { type: 'object' } })),
    }),
  });

  /** As JSON, but for the actors: those are only named. */
  function asData(event: unknown): unknown {
    return JSON.parse(JSON.stringify(event)) as unknown;
  }

  test('are copies: plain data that do not change later', async () => {
    const atOnce: unknown[] = [];
    await using server = await scriptedServer(leaky);
    await using client = new MCPClient(server.transport, {
      inspect: (event) => {
        hear(event);
        atOnce.push(asData(event));
      },
    });
    await client.connect();
    await client.callTool('x');
    await client.disconnect();
    expect(told.map(asData)).toEqual(atOnce);
    for (const { actorRef, sourceRef, ...rest } of told as unknown as Record<string, object>[]) {
      expect(structuredClone(rest)).toEqual(rest);
      for (const actor of [actorRef, sourceRef]) expect(Object.keys(actor ?? {})).not.toContain('system');
    }
  });

  test('has no secret in it, however it is looked at', async () => {
    await using server = await scriptedServer(leaky);
    await using client = new MCPClient(server.transport, { inspect: hear });
    await client.connect();
    await client.callTool('x', { key: secret });
    await client.disconnect();
    const actors = new Set(told.map(({ actorRef }) => actorRef as Told['actorRef'] & { getSnapshot(): unknown }));
    const seen = inspect([told, [...actors].map((actor) => actor.getSnapshot())], {
      depth: 20,
      showHidden: true,
      maxArrayLength: null,
    });
    expect(seen).toContain('tools/call');
    expect(seen).not.toContain(secret);
  });

  test('contain the secrets with redact: false', async () => {
    await using server = await scriptedServer(leaky);
    await using client = new MCPClient(server.transport, { inspect: { inspect: hear, redact: false } });
    await client.connect();
    told.length = 0;
    await client.callTool('x', { key: secret });
    expect(told.map(({ snapshot }) => snapshot?.value !== undefined && asData(snapshot))).not.toEqual([]);
    const [request] = told.filter((one) => one.type === '@xstate.snapshot' && one.snapshot?.value === 'succeeded');
    // The facts about the request, and not the links and functions that it works with.
    expect(asData(request?.snapshot)).toMatchObject({
      context: { method: 'tools/call', params: { name: 'x', arguments: { key: secret } }, attempts: 1 },
    });
  });

  test('is bounded, however long a list is', async () => {
    await using server = await scriptedServer(leaky);
    await using client = new MCPClient(server.transport, { inspect: hear });
    await client.connect();
    told.length = 0;
    expect(await client.listTools()).toHaveLength(5_000);
    const sizes = told.map((event) => JSON.stringify(event).length);
    expect(Math.max(...sizes)).toBeLessThan(100_000);
  });

  test.each([true, false])('include the messages of links with redact: %s', async (redact) => {
    const heard: unknown[] = [];
    await using server = await scriptedServer(leaky);
    await using client = new MCPClient(server.transport, {
      inspect: { inspect: hear, tap: (event) => heard.push(event), redact },
    });
    await client.connect();
    await client.callTool('x', { key: secret });
    const texts = heard.map((event) => JSON.stringify(event)).join('\n');
    expect(texts).toContain('"name":"x"');
    expect(texts.includes(secret)).toBe(!redact);
  });
});

test.each([
  ['what createBrowserInspector() returns where there is no window', { start: () => undefined }, /Invalid inspect: /],
  ['a number', 5, /Invalid inspect: .*got 5/],
  ['an inspector of nothing', { inspect: undefined }, /Invalid inspect: /],
  ['a word for redact', { inspect: hear, redact: 'no' }, /Invalid inspect\.redact: expected a boolean, got a string/],
])('%s is refused as an inspector', (_what, target, message) => {
  expect(() => new MCPClient(MemoryTransport.pair()[0], { inspect: target as never })).toThrow(message);
});

test('an inspector that throws breaks nothing', async () => {
  await using server = await scriptedServer(script);
  await using client = new MCPClient(server.transport, {
    inspect: () => {
      throw new Error('broken inspector');
    },
  });
  const recorder = new ClientRecorder(client);
  await client.connect();
  expect(await client.callTool('x')).toEqual({ content: [] });
  await turns();
  expect(client.state).toBe('ready');
  expect(recorder.error.every(({ code }) => code === 'MCP_HANDLER_FAILED')).toBe(true);
});
