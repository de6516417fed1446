import { createActor, createMachine } from 'xstate';

import { MCPClient, MCPConnection } from '../../src/index.js';
import type { ElicitResult } from '../../src/index.js';
import { createInspectorServer } from '../../src/inspect/index.js';
import { createScriptedServer } from '../../src/testing/index.js';
import type { ReceivedMessage, ScriptedServer } from '../../src/testing/index.js';
import { InspectorPage } from '../support/inspector-page.js';
import { errorFrom, turns } from '../support/outcomes.js';
import { toolsServer } from '../support/servers/fixture-servers.js';

const legacy = { revision: '2025-11-25' as const };

test('a page sees a client connect, call, lose its server and come back', async () => {
  await using inspector = await createInspectorServer();
  await using server = createScriptedServer({ ...legacy, handlers: { 'tools/call': () => ({ content: [] }) } });
  await using client = new MCPConnection('files', server.transport, { inspect: inspector, reconnectDelay: 0 });
  await using page = await InspectorPage.open(inspector);
  await client.connect();
  await client.getClient().callTool('read');
  server.hangUp();
  await client.getClient().callTool('read', {}, { retry: 'safe' });
  await page.until(() => page.all('step').filter(({ end }) => end === 'done').length >= 4);

  const [view] = Object.values(page.world.clients);
  expect(view).toMatchObject({
    name: 'files',
    transport: 'MemoryTransport',
    server: 'scripted 1.0.0',
    tag: 'ready',
    epoch: 2,
  });
  expect(page.all('step').flatMap(({ tag }) => (tag === undefined ? [] : [tag]))).toEqual([
    'idle',
    'connecting',
    'initializing',
    'ready',
    'reconnecting',
    'connecting',
    'initializing',
    'ready',
  ]);
  const calls = page.all('actor').filter(({ request }) => request?.method === 'tools/call');
  expect(calls.map(({ request }) => request)).toEqual([
    { method: 'tools/call', about: 'read', own: false },
    { method: 'tools/call', about: 'read', own: false },
  ]);
  const [first] = calls;
  const life = page.records.filter((record) => 'a' in record && record.a === first?.a);
  expect(
    life.map((record) =>
      record.k === 'step' ? record.e : record.k === 'message' ? `${record.way} ${record.what}` : record.k,
    ),
  ).toEqual(['actor', 'submit', 'out request', 'dispatch', 'in result', 'answer']);
  // Each step of a chart says which transitions it took.
  expect(
    page
      .all('step')
      .find(({ tag }) => tag === 'reconnecting')
      ?.edges?.at(-1),
  ).toMatch(/->connection\.reconnecting$/);
});

test('a request is told apart from those that its actor was before', async () => {
  await using inspector = await createInspectorServer();
  await using server = createScriptedServer({
    ...legacy,
    handlers: { 'tools/call': ({ name }) => (name === 'hangs' ? undefined : { content: [] }) },
  });
  await using client = new MCPClient(server.transport, { inspect: inspector });
  await using page = await InspectorPage.open(inspector);
  await client.connect();
  await client.callTool('first');
  const caller = new AbortController();
  const hanging = client.callTool('hangs', {}, { signal: caller.signal });
  caller.abort();
  await expect(hanging).rejects.toBe(caller.signal.reason);
  await client.callTool('last');
  const calls = (): ReturnType<typeof page.all<'actor'>> =>
    page.all('actor').filter(({ request }) => request?.own === false);
  await page.until(() => page.world.clients[1]?.ended.length === 3);
  expect(new Set(calls().map(({ a }) => a)).size).toBe(3);
  const lives = calls().map(({ a, request }) => [
    request?.about,
    ...page.all('step').flatMap((step) => (step.a === a ? [step.v?.[0], step.end] : [])),
  ]);
  const begins = ['request.queued', undefined, 'request.inFlight.waiting', undefined];
  expect(lives).toEqual([
    ['first', ...begins, 'request.succeeded', 'done'],
    ['hangs', ...begins, 'request.cancelled', 'done'],
    ['last', ...begins, 'request.succeeded', 'done'],
  ]);
});

test('each actor has a name of its own', async () => {
  await using inspector = await createInspectorServer();
  await using server = createScriptedServer(legacy);
  await using client = new MCPClient(server.transport, { inspect: inspector });
  await using page = await InspectorPage.open(inspector);
  await client.connect();
  await client.disconnect();
  await page.untilRecord('step', ({ v }) => v?.[0] === 'connection.closed.done');
  expect([...new Set(page.all('actor').map(({ id }) => id))].sort()).toEqual([
    'connection',
    'health',
    'link',
    'release',
    'request',
    'requests',
    'serverStream',
    'subscription',
  ]);
});

test('an attempt that was lost is forgotten: what comes under its id belongs to nobody', async () => {
  await using inspector = await createInspectorServer();
  const calls = (): ReceivedMessage[] => server.received.filter(({ method }) => method === 'tools/call');
  await using server: ScriptedServer = createScriptedServer({
    ...legacy,
    handlers: {
      'tools/call': () => {
        if (calls().length === 1) server.hangUp();
        return { content: [] };
      },
    },
  });
  await using client = new MCPConnection('files', server.transport, { inspect: inspector, reconnectDelay: 0 });
  await using page = await InspectorPage.open(inspector);
  await client.connect();
  await client.getClient().callTool('read', {}, { retry: 'safe' });
  const [lost] = calls().map((message) => 'id' in message && message.id);
  server.send({ jsonrpc: '2.0', id: lost, result: {} });
  const answers = (): ReturnType<typeof page.all<'message'>> =>
    page.all('message').filter(({ way, id }) => way === 'in' && id === lost);
  await page.until(() => answers().length > 0);
  expect(answers()).toMatchObject([{ what: 'result' }]);
  expect(answers()[0]).not.toHaveProperty('a');
});

test('records are numbered without a gap, in the order of time, and what comes later fits what came first', async () => {
  await using inspector = await createInspectorServer();
  await using server = createScriptedServer(legacy);
  await using client = new MCPClient(server.transport, { inspect: inspector });
  await using early = await InspectorPage.open(inspector);
  await client.connect();
  await early.untilRecord('session');
  await client.disconnect();
  await early.untilRecord('step', ({ v }) => v?.[0] === 'connection.closed.done');
  await using late = await InspectorPage.open(inspector);
  expect(late.records).toEqual(early.records);
  expect(late.world).toEqual(early.world);
  expect(early.records.map(({ n }) => n)).toEqual(early.records.map((_, index) => index + 1));
  const times = early.records.map(({ at }) => at);
  expect(times).toEqual([...times].sort((one, other) => one - other));
});

test('several clients share an inspector, and no message is taken for one of another', async () => {
  await using inspector = await createInspectorServer();
  await using one = createScriptedServer({ ...legacy, handlers: { 'tools/call': () => ({ content: [] }) } });
  await using other = createScriptedServer({
    handlers: { 'tools/call': () => ({ resultType: 'complete', content: [] }) },
  });
  await using first = new MCPClient(one.transport, { inspect: inspector });
  await using second = new MCPClient(other.transport, { inspect: inspector });
  await using page = await InspectorPage.open(inspector);
  await Promise.all([first.connect(), second.connect()]);
  await Promise.all([first.callTool('of-first'), second.callTool('of-second')]);
  await page.until(() => page.all('message').filter(({ about }) => about?.startsWith('of-') === true).length === 2);
  const views = Object.values(page.world.clients);
  expect(views.map(({ era, tag }) => [era, tag])).toEqual([
    ['legacy', 'ready'],
    ['modern', 'ready'],
  ]);
  for (const { c, about } of page.all('message').filter((message) => message.about !== undefined)) {
    expect([c, about]).toEqual(c === 1 ? [1, 'of-first'] : [2, 'of-second']);
  }
});

test('a session full of secrets shows none of them', async () => {
  const secrets = {
    argument: 'argument-sk-live-4711',
    result: 'result-sk-live-4711',
    environment: 'environment-sk-live-4711',
    uri: 'file:///home/uri-sk-live-4711',
    error: 'error-sk-live-4711',
    instructions: 'instructions-sk-live-4711',
    log: 'log-sk-live-4711',
  };
  await using inspector = await createInspectorServer();
  await using page = await InspectorPage.open(inspector);
  await using server = createScriptedServer({
    ...legacy,
    capabilities: { tools: {}, resources: {}, logging: {} },
    handlers: {
      initialize: () => ({
        protocolVersion: '2025-11-25',
        capabilities: { tools: {}, resources: {}, logging: {} },
        serverInfo: { name: 'scripted', version: '1' },
        instructions: secrets.instructions,
      }),
      'tools/call': ({ name }) => {
        if (name === 'fails') throw Object.assign(new Error(secrets.error), { code: -32_000, data: secrets.error });
        return { content: [{ type: 'text', text: secrets.result }], structuredContent: { text: secrets.result } };
      },
      'resources/read': ({ uri }) => ({ contents: [{ uri, text: secrets.result }] }),
    },
  });
  await using client = new MCPClient(server.transport, { inspect: inspector });
  await client.connect();
  await client.callTool('works', { text: secrets.argument, deep: { list: [secrets.argument] } });
  await errorFrom(client.callTool('fails', { text: secrets.argument }));
  await client.readResource(secrets.uri);
  server.notify('notifications/message', { level: 'info', data: secrets.log });
  const spawned = toolsServer({ log: '/dev/null' }, { env: { API_TOKEN: secrets.environment } });
  await using process = new MCPClient(spawned, { inspect: inspector });
  await process.connect();
  await errorFrom(process.callTool('die', { code: 1, words: `${secrets.environment}\n${secrets.argument}\n` }));
  await page.untilRecord('message', ({ method }) => method === 'notifications/message');
  await page.untilRecord('step', ({ tag, c }) => c === 2 && tag === 'closed');
  await using late = await InspectorPage.open(inspector);
  expect(page.received).toContain('works');
  for (const heard of [page.received, late.received]) expect(heard).not.toContain('4711');
});

test('who asks for it sees what is said', async () => {
  await using inspector = await createInspectorServer({ redact: false });
  await using page = await InspectorPage.open(inspector);
  await using server = createScriptedServer({ ...legacy, handlers: { 'tools/call': () => ({ content: [] }) } });
  await using client = await MCPClient.connect(server.transport, { inspect: inspector });
  await client.callTool('x', { text: 'plain to see', long: 'y'.repeat(10_000) });
  const { detail } = await page.untilRecord('message', ({ about }) => about === 'x');
  expect(detail).toContain('plain to see');
  expect(detail?.length).toBeLessThan(1_000);
});

test('with many requests a sample is shown and all are counted', async () => {
  await using inspector = await createInspectorServer({ history: 2_000 });
  await using page = await InspectorPage.open(inspector);
  await using server = createScriptedServer({ ...legacy, handlers: { 'tools/call': () => ({ content: [] }) } });
  await using client = await MCPClient.connect(server.transport, { inspect: inspector });
  const many = 3_000;
  for (let round = 0; round < many / 100; round += 1) {
    await Promise.all(Array.from({ length: 100 }, () => client.callTool('x')));
  }
  const own = 2; // The questions of negotiation.
  const counted = (): number => page.all('rates').reduce((sum, { ended }) => sum + (ended['succeeded'] ?? 0), 0);
  await page.until(() => counted() >= many + own - 1);
  expect(counted()).toBe(many + own - 1);
  const shown = page.all('actor').filter(({ request }) => request?.method === 'tools/call').length;
  expect(shown).toBeGreaterThan(20);
  expect(shown).toBeLessThan(many / 4);
  await page.until(() => page.all('rates').at(-1)?.started === 0);
  expect(page.all('rates').at(-1)?.living).toEqual({});
});

test('what becomes of a request is shown however many there are', async () => {
  await using inspector = await createInspectorServer();
  await using page = await InspectorPage.open(inspector);
  await using server = createScriptedServer({
    ...legacy,
    handlers: {
      'tools/call': ({ name }) => {
        if (name === 'bad') throw Object.assign(new Error('no'), { code: -32_000 });
        return { content: [] };
      },
    },
  });
  await using client = await MCPClient.connect(server.transport, { inspect: inspector });
  await Promise.all(Array.from({ length: 500 }, () => client.callTool('x')));
  await errorFrom(client.callTool('bad'));
  const failed = await page.untilRecord(
    'step',
    ({ v, c }) => c === 1 && v?.[0] === 'request.failed' && page.records.length > 100,
  );
  expect(failed.note).toContain('answered');
});

test('a call for which somebody is asked is shown as long as that takes', async () => {
  await using inspector = await createInspectorServer();
  await using page = await InspectorPage.open(inspector);
  const requestedSchema = { type: 'object', properties: { secret: { type: 'string' } } };
  const question = { method: 'elicitation/create', params: { message: 'S?', requestedSchema } };
  await using server = createScriptedServer({
    handlers: {
      'tools/call': ({ inputResponses }) =>
        inputResponses === undefined
          ? { resultType: 'input_required', inputRequests: { q: question } }
          : { resultType: 'complete', content: [] },
    },
  });
  let say: (answer: ElicitResult) => void = () => undefined;
  const elicitation = (): Promise<ElicitResult> => new Promise((resolve) => (say = resolve));
  await using client = await MCPClient.connect(server.transport, { inspect: inspector, elicitation });
  const calling = client.callTool('book');
  const asking = await page.untilRecord('step', ({ v }) => v?.[0] === 'request.asking.answering');
  say({ action: 'accept', content: { secret: 'hunter2' } });
  await calling;
  await page.untilRecord('step', ({ a, v }) => a === asking.a && v?.[0] === 'request.succeeded');
  const states = page.records.flatMap((one) => (one.k === 'step' && one.a === asking.a ? [one.v?.[0]] : []));
  expect(states).toEqual([
    'request.queued',
    'request.inFlight.waiting',
    'request.asking.answering',
    'request.queued',
    'request.inFlight.waiting',
    'request.succeeded',
  ]);
  expect(JSON.stringify(page.records)).not.toContain('hunter2');
});

test('a request that takes long is shown even when those around it are not', async () => {
  await using inspector = await createInspectorServer();
  await using page = await InspectorPage.open(inspector);
  await using server = createScriptedServer({
    ...legacy,
    handlers: { 'tools/call': ({ name }) => (name === 'slow' ? undefined : { content: [] }) },
  });
  await using client = await MCPClient.connect(server.transport, { inspect: inspector });
  const around = Promise.all(Array.from({ length: 300 }, () => client.callTool('x')));
  const slow = errorFrom(client.callTool('slow', {}, { timeout: 20_000 }));
  await around;
  const { a, since, at } = await page.untilRecord('actor', ({ request }) => request?.about === 'slow');
  expect(at).toBeGreaterThanOrEqual(since);
  // On a busy machine it is shown from its beginning: the others did not use up what may be shown.
  await page.untilRecord('step', (record) => record.a === a && record.v?.[0] === 'request.inFlight.waiting');
  await client.close();
  await slow;
});

test('only so much is kept: what is forgotten lives on in the world that a new page starts from', async () => {
  await using inspector = await createInspectorServer({ history: 50 });
  await using server = createScriptedServer({ ...legacy, handlers: { 'tools/call': () => ({ content: [] }) } });
  await using client = await MCPClient.connect(server.transport, { inspect: inspector });
  await using early = await InspectorPage.open(inspector);
  for (let count = 0; count < 20; count += 1) await client.callTool('x');
  await early.until(() => early.all('step').filter(({ e }) => e === 'answer').length >= 20);
  await using late = await InspectorPage.open(inspector);
  expect(late.records.length).toBeLessThanOrEqual(57);
  expect(late.hellos[0]?.base.n).toBeGreaterThan(0);
  expect(late.world).toEqual(early.world);
});

test('a page that does not read misses something, is told how much, and starts afresh', async () => {
  await using inspector = await createInspectorServer({ history: 100 });
  await using slow = await InspectorPage.open(inspector);
  await using quick = await InspectorPage.open(inspector);
  slow.pause();
  const name = 'n'.repeat(80);
  let made = 0;
  // More than the sockets of the system take in.
  while (quick.received.length < 12_000_000) {
    for (let count = 0; count < 4_000; count += 1) inspector.attach({ name, transport: name });
    made += 4_000;
    await quick.until(() => (quick.records.at(-1)?.n ?? 0) >= made);
  }
  slow.resume();
  inspector.attach({ name: 'last', transport: 'x' });
  const gap = async (): Promise<number> => {
    // It catches up with the first news after it has read what waited.
    for (;;) {
      const found = slow.all('gap').at(-1);
      if (found !== undefined) return found.missed;
      await new Promise((resolve) => setTimeout(resolve, 50));
      inspector.attach({ name: 'more', transport: 'x' });
    }
  };
  expect(await gap()).toBeGreaterThan(4_000);
  expect(slow.received.length).toBeLessThan(quick.received.length);
  expect(slow.hellos).toHaveLength(2);
});

test('actors of your own are shown, too, and so are clients that are handed only a function', async () => {
  await using inspector = await createInspectorServer();
  await using page = await InspectorPage.open(inspector);
  const lamp = createMachine({
    id: 'lamp',
    initial: 'off',
    states: { off: { on: { toggle: 'on' } }, on: { on: { toggle: 'off' } } },
  });
  const actor = createActor(lamp, { inspect: inspector.inspect }).start();
  actor.send({ type: 'toggle' });
  actor.stop();
  const step = await page.untilRecord('step', ({ e }) => e === 'toggle');
  expect(step).toMatchObject({ v: ['lamp.on'], edges: ['lamp.off->lamp.on'] });
  await page.untilRecord('step', ({ end }) => end === 'stopped');

  await using server = createScriptedServer({ ...legacy, handlers: { 'tools/call': () => ({ content: [] }) } });
  await using client = await MCPClient.connect(server.transport, { inspect: inspector.inspect });
  await client.callTool('x', { secret: 'sk-live-4711' });
  await page.untilRecord('step', ({ tag }) => tag === 'ready');
  await page.untilRecord('step', ({ v }) => v?.[0] === 'request.succeeded');
  expect(page.received).not.toContain('4711');
});

test('whatever goes wrong in the inspector is no trouble of the client', async () => {
  await using inspector = await createInspectorServer();
  await using page = await InspectorPage.open(inspector);
  const broken = inspector.attach({ name: 'broken', transport: 'x' });
  const hostile = new Proxy(
    {},
    {
      get: () => {
        throw new Error('hostile');
      },
    },
  );
  broken.inspect(hostile);
  broken.inspect(hostile);
  broken.tap(hostile as never);
  inspector.inspect(undefined);
  inspector.inspect({ type: 'nonsense', rootId: 'x:1' });
  expect(await page.untilRecord('link', ({ what }) => what === 'inspector.failed')).toMatchObject({ note: 'Error' });
  await turns();
  expect(page.all('link').filter(({ what }) => what === 'inspector.failed')).toHaveLength(1);
});

test('an inspector that is closed under a client does not hurt it', async () => {
  const inspector = await createInspectorServer();
  await using server = createScriptedServer({ ...legacy, handlers: { 'tools/call': () => ({ content: [] }) } });
  await using client = await MCPClient.connect(server.transport, { inspect: inspector });
  const problems: string[] = [];
  client.on('error', ({ code }) => problems.push(code));
  await inspector.close();
  expect(await client.callTool('x')).toEqual({ content: [] });
  server.hangUp();
  await turns();
  expect(problems.filter((code) => code === 'MCP_HANDLER_FAILED')).toEqual([]);
});
