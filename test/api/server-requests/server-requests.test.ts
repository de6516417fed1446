import { MCPClient, MCPConnection, MCPProtocol } from '../../../src/index.js';
import type { ElicitResult, MCPClientOptions, ServerRequestContext } from '../../../src/index.js';
import { ClientRecorder } from '../../support/client-recorder.js';
import { errorFrom, turns } from '../../support/outcomes.js';
import { answer, inTurn, legacyScript, modernScript, scriptedServer, silence } from '../../support/servers/scripts.js';
import type { Script, ScriptedServer } from '../../support/servers/scripts.js';
import { SimulatedEnvironment } from '../../support/simulated-environment.js';

const form = {
  message: 'Who are you?',
  requestedSchema: {
    type: 'object',
    properties: { name: { type: 'string' }, colour: { type: 'string', default: 'red' } },
  },
};
const spoken = { role: 'assistant', content: { type: 'text', text: 'hi' }, model: 'm' } as const;
const roots = [{ uri: 'file:///plans', name: 'work' }];

let server: ScriptedServer;
let client: MCPClient | undefined;

async function connected(options: MCPClientOptions = {}, script: Script = legacyScript()): Promise<MCPClient> {
  server = await scriptedServer(script, options.environment);
  client = await MCPClient.connect(server.transport, options);
  return client;
}

afterEach(async () => {
  await client?.close();
  client = undefined;
  await server[Symbol.asyncDispose]();
});

let asked = 0;

/** The server asks, and this is what it is told. */
async function told(method: string, params?: object): Promise<unknown> {
  asks(method, params);
  const { result, error } = (await server.receiveResponse()) as { result?: unknown; error?: unknown };
  return result ?? { error };
}

/** The server asks; returns the id of the question. */
function asks(method: string, params?: object): number {
  const id = (asked += 1);
  server.send({ jsonrpc: '2.0', id, method, ...(params !== undefined && { params }) });
  return id;
}

/** A handler that answers when the test says so. */
function patient(): {
  readonly elicitation: (params: unknown, context: ServerRequestContext) => Promise<ElicitResult>;
  readonly contexts: ServerRequestContext[];
  readonly answers: ((answered: ElicitResult) => void)[];
} {
  const contexts: ServerRequestContext[] = [];
  const answers: ((answered: ElicitResult) => void)[] = [];
  const elicitation = (_params: unknown, context: ServerRequestContext): Promise<ElicitResult> => {
    contexts.push(context);
    return new Promise((resolve) => answers.push(resolve));
  };
  return { elicitation, contexts, answers };
}

describe('what a client offers', () => {
  test('follows from its handlers, in the handshake', async () => {
    await connected({ sampling: () => spoken, elicitation: { form: () => ({ action: 'decline' }) }, roots });
    const { params } = server.received.find(({ method }) => method === 'initialize') ?? {};
    expect(params?.['capabilities']).toEqual({ roots: { listChanged: true }, sampling: {}, elicitation: { form: {} } });
  });

  test('follows from its handlers, with every modern request', async () => {
    const script = modernScript({ 'tools/list': answer({ tools: [] }) });
    const connection = await connected({ sampling: { createMessage: () => spoken, tools: true }, roots }, script);
    await connection.listTools();
    const capabilities = server.received.map(
      ({ params }) => (params?.['_meta'] as Record<string, unknown>)['io.modelcontextprotocol/clientCapabilities'],
    );
    expect(capabilities).toEqual(Array(2).fill({ roots: {}, sampling: { tools: {} } }));
  });

  test('is nothing without them', async () => {
    await connected();
    const { params } = server.received.find(({ method }) => method === 'initialize') ?? {};
    expect(params?.['capabilities']).toEqual({});
  });
});

describe('a request of a legacy server', () => {
  test('is answered by its handler', async () => {
    await connected({
      sampling: () => spoken,
      elicitation: () => ({ action: 'accept', content: { name: 'Ada' } }),
      roots,
    });
    expect(await told('sampling/createMessage', { messages: [], maxTokens: 5 })).toEqual(spoken);
    expect(await told('elicitation/create', form)).toEqual({
      action: 'accept',
      content: { name: 'Ada', colour: 'red' },
    });
    expect(await told('roots/list')).toEqual({ roots });
    expect(await told('ping')).toEqual({});
    expect(await told('tasks/list')).toEqual({
      error: { code: -32601, message: 'This client does not support tasks/list' },
    });
  });

  test('is answered for MCPProtocol and MCPConnection, too, and the handler gets the name of the server', async () => {
    server = await scriptedServer(legacyScript());
    const protocol = await MCPProtocol.connect(server.transport, { roots });
    expect(await told('roots/list')).toEqual({ roots });
    await protocol.shutdown();
    const names: unknown[] = [];
    const connection = await MCPConnection.connect('files', server.transport, {
      roots: ({ connection: name, serverInfo, protocolVersion }) => {
        names.push(name, serverInfo?.name, protocolVersion);
        return roots;
      },
    });
    expect(await told('roots/list')).toEqual({ roots });
    expect(names).toEqual(['files', 'scripted', '2025-11-25']);
    await connection.disconnect();
  });

  test('that comes as soon as there is a session is answered, also while that is put in order', async () => {
    const script = legacyScript('2025-11-25', { 'logging/setLevel': inTurn(answer({}), silence) });
    const reconnecting = await connected({ roots, autoReconnect: true, reconnectDelay: 1 }, script);
    await server.receive('notifications/initialized');
    expect(await told('roots/list')).toEqual({ roots });
    await reconnecting.setLogLevel('info');
    server.hangUp();
    await server.receive('notifications/initialized');
    expect(await told('roots/list')).toEqual({ roots });
    expect(reconnecting.state).toBe('initializing');
  });

  test('that comes before there is a session is refused', async () => {
    const script = legacyScript('2025-11-25', {
      initialize: [
        { say: { jsonrpc: '2.0', id: 'early', method: 'roots/list' } },
        ...answer({ protocolVersion: '2025-11-25', capabilities: {}, serverInfo: { name: 'eager', version: '1' } }),
      ],
    });
    await connected({ roots }, script);
    expect(await server.receiveResponse()).toMatchObject({
      id: 'early',
      error: { code: -32600, message: 'There is no session yet' },
    });
  });

  test('of the modern era is not answered, since there are none', async () => {
    const recorder = new ClientRecorder(await connected({ roots }, modernScript()));
    asks('roots/list');
    const [warning] = await recorder.first('warning');
    expect(warning?.message).toBe('The server sent the request roots/list, which modern servers must not');
    expect(server.methods).toEqual(['server/discover']);
  });

  test('may have any id, and 0 and the text of a number are two of them', async () => {
    await connected({ roots });
    for (const id of [0, '0', '', 'a']) {
      server.send({ jsonrpc: '2.0', id, method: 'roots/list' });
      expect(await server.receiveResponse()).toMatchObject({ id, result: { roots } });
    }
  });

  test('that repeats the id of one that is being answered is not answered, since both would be', async () => {
    const { elicitation, answers } = patient();
    const recorder = new ClientRecorder(await connected({ elicitation }));
    const question = { jsonrpc: '2.0', id: 'same', method: 'elicitation/create', params: form };
    server.send(question);
    server.send(question);
    const [warning] = await recorder.first('warning');
    expect(warning?.message).toContain('another request with its id is being handled');
    answers[0]?.({ action: 'cancel' });
    expect(await server.receiveResponse()).toMatchObject({ id: 'same', result: { action: 'cancel' } });
    expect(answers).toHaveLength(1);
    server.send(question);
    await turns();
    expect(answers).toHaveLength(2);
  });

  test('that comes in a batch of 2025-03-26 is answered, too', async () => {
    await connected({ roots }, legacyScript('2025-03-26'));
    server.send([1, 2].map((id) => ({ jsonrpc: '2.0', id, method: 'roots/list' })));
    expect(await server.receiveResponse()).toMatchObject({ id: 1, result: { roots } });
    expect(await server.receiveResponse()).toMatchObject({ id: 2, result: { roots } });
  });

  test('can be seen while it is being answered', async () => {
    const environment = new SimulatedEnvironment();
    const { elicitation, answers } = patient();
    const watched = await connected({ elicitation, environment });
    expect(watched.explain()).not.toContain('for an answer to');
    asks('elicitation/create', form);
    asks('elicitation/create', form);
    await turns();
    await environment.advance(5_000);
    expect(watched.explain()).toContain(
      'The server has waited 5.0 s for a response to elicitation/create, and to 1 more.',
    );
    for (const settle of answers) settle({ action: 'decline' });
    await server.receiveResponse();
    await server.receiveResponse();
    expect(watched.explain()).not.toContain('for an answer to');
  });
});

describe('a handler is cancelled', () => {
  test('when the server cancels its request, which gets no response', async () => {
    const { elicitation, contexts, answers } = patient();
    const recorder = new ClientRecorder(await connected({ elicitation }));
    const id = asks('elicitation/create', form);
    await turns();
    server.notify('notifications/cancelled', { requestId: id, reason: 'enough' });
    await turns();
    expect(contexts[0]?.signal.aborted).toBe(true);
    answers[0]?.({ action: 'cancel' });
    expect(await told('ping')).toEqual({});
    expect(
      server.received.some((message) => (message as { id?: unknown }).id === id && message.result !== undefined),
    ).toBe(false);
    expect([recorder.error, recorder.warning]).toEqual([[], []]);
  });

  test('but goes on being asked when something else was called off', async () => {
    const { elicitation, contexts, answers } = patient();
    const calling = await connected({ elicitation }, legacyScript('2025-11-25', { 'tools/call': silence }));
    const call = calling.callTool('x');
    const { id: own } = await server.receive('tools/call');
    // The server numbers its questions by itself: this one has the number of a call of ours.
    server.send({ jsonrpc: '2.0', id: own, method: 'elicitation/create', params: form });
    server.notify('notifications/cancelled', { requestId: 'unknown' });
    server.notify('notifications/cancelled', { requestId: String(own) });
    await turns();
    expect(contexts[0]?.signal.aborted).toBe(false);
    answers[0]?.({ action: 'cancel' });
    expect(await server.receiveResponse()).toMatchObject({ id: own, result: { action: 'cancel' } });
    server.send({ jsonrpc: '2.0', id: own, result: { content: [] } });
    expect(await call).toEqual({ content: [] });
  });

  test('when the link is lost, and no answer reaches the next one', async () => {
    const { elicitation, contexts, answers } = patient();
    const reconnecting = await connected({ elicitation, autoReconnect: true, reconnectDelay: 1 });
    const recorder = new ClientRecorder(reconnecting);
    asks('elicitation/create', form);
    await turns();
    server.hangUp();
    await recorder.until(() => recorder.state.includes('ready'));
    expect(contexts[0]?.signal.aborted).toBe(true);
    answers[0]?.({ action: 'accept', content: {} });
    await turns();
    expect(server.methods.filter((method) => method === '(result)')).toEqual([]);
    expect(recorder.error).toEqual([]);
    asks('elicitation/create', form);
    await turns();
    answers[1]?.({ action: 'decline' });
    expect(await server.receiveResponse()).toMatchObject({ result: { action: 'decline' } });
  });

  test.each(['close', 'suspend'] as const)('after %s, in that very call', async (end) => {
    const { elicitation, contexts } = patient();
    const closing = await connected({ elicitation });
    asks('elicitation/create', form);
    await turns();
    const closed = closing[end]();
    expect(contexts[0]?.signal.aborted).toBe(true);
    await closed;
  });

  test('by a handler that closes the client itself', async () => {
    const closing = await connected({
      roots: async () => {
        await closing.close();
        return [];
      },
    });
    asks('roots/list');
    const recorder = new ClientRecorder(closing);
    await recorder.until(() => recorder.state.includes('closed'));
    await closing.close();
    expect(server.methods).not.toContain('(result)');
  });
});

describe('the time of a call', () => {
  const script = legacyScript('2025-11-25', { 'tools/call': silence });

  test('does not run while the server waits for an answer', async () => {
    const environment = new SimulatedEnvironment();
    const { elicitation, answers } = patient();
    const calling = await connected({ elicitation, environment, timeout: 1_000 }, script);
    const call = errorFrom(calling.callTool('x'));
    let over = false;
    void call.then(() => (over = true));
    await server.receive('tools/call');
    await environment.advance(600);
    asks('elicitation/create', form);
    await turns();
    await environment.advance(1_000_000);
    expect(over).toBe(false);
    answers[0]?.({ action: 'cancel' });
    await server.receiveResponse();
    await environment.advance(399);
    expect(over).toBe(false);
    await environment.advance(1);
    expect(await call).toMatchObject({ code: 'MCP_TIMEOUT', details: { timeout: 1_000 } });
  });

  test('continues when the server cancels its request, and is paused while another request is open', async () => {
    const environment = new SimulatedEnvironment();
    const { elicitation, answers } = patient();
    const calling = await connected({ elicitation, environment, timeout: 1_000 }, script);
    const call = errorFrom(calling.callTool('x'));
    let over = false;
    void call.then(() => (over = true));
    await server.receive('tools/call');
    const first = asks('elicitation/create', form);
    asks('elicitation/create', form);
    await turns();
    await environment.advance(5_000);
    server.notify('notifications/cancelled', { requestId: first });
    await turns();
    await environment.advance(5_000);
    expect(over).toBe(false);
    answers[1]?.({ action: 'cancel' });
    await server.receiveResponse();
    await environment.advance(1_000);
    expect(await call).toMatchObject({ code: 'MCP_TIMEOUT' });
  });

  test('ends it at maxTotalTimeout all the same', async () => {
    const environment = new SimulatedEnvironment();
    const { elicitation } = patient();
    const calling = await connected({ elicitation, environment, timeout: 1_000 }, script);
    const call = errorFrom(calling.callTool('x', {}, { maxTotalTimeout: 3_000 }));
    await server.receive('tools/call');
    asks('elicitation/create', form);
    await turns();
    await environment.advance(3_000);
    expect(await call).toMatchObject({ code: 'MCP_TIMEOUT', details: { timeout: 3_000 } });
  });

  test('is not paused for a call that was made after the server request', async () => {
    const environment = new SimulatedEnvironment();
    const { elicitation } = patient();
    const calling = await connected({ elicitation, environment, timeout: 1_000 }, script);
    asks('elicitation/create', form);
    await turns();
    const call = errorFrom(calling.callTool('x'));
    await server.receive('tools/call');
    await environment.advance(1_000);
    expect(await call).toMatchObject({ code: 'MCP_TIMEOUT' });
  });

  test('is no latency while the server waited, nor silence', async () => {
    const environment = new SimulatedEnvironment();
    const { elicitation, answers } = patient();
    const calling = await connected({ elicitation, environment, timeout: 1_000_000 }, script);
    const call = calling.callTool('x');
    const question = await server.receive('tools/call');
    asks('elicitation/create', form);
    await turns();
    await environment.advance(60_000);
    expect(calling.explain()).not.toContain('no response for');
    answers[0]?.({ action: 'cancel' });
    await server.receiveResponse();
    expect(calling.explain()).not.toContain('no response for');
    await environment.advance(500);
    server.respond(question, { content: [] });
    await call;
    expect((await calling.healthCheck()).latencies?.p99).toBeLessThanOrEqual(500);
  });

  test('restarts with progress, from the end of the pause', async () => {
    const environment = new SimulatedEnvironment();
    const { elicitation, answers } = patient();
    const calling = await connected({ elicitation, environment, timeout: 1_000 }, script);
    const call = errorFrom(calling.callTool('x', {}, { onProgress: () => undefined }));
    let over = false;
    void call.then(() => (over = true));
    const { id } = await server.receive('tools/call');
    await environment.advance(900);
    asks('elicitation/create', form);
    await turns();
    await environment.advance(5_000);
    server.notify('notifications/progress', { progressToken: id, progress: 1 });
    await turns();
    await environment.advance(5_000);
    answers[0]?.({ action: 'cancel' });
    await server.receiveResponse();
    await environment.advance(999);
    expect(over).toBe(false);
    await environment.advance(1);
    expect(await call).toMatchObject({ code: 'MCP_TIMEOUT' });
  });
});

describe('roots that change', () => {
  const isTold = (): boolean => server.methods.includes('notifications/roots/list_changed');

  test('are announced to a legacy server, which asks again', async () => {
    const changing = [...roots];
    const rooted = await connected({ roots: changing });
    changing.push({ uri: 'file:///more', name: 'more' });
    await rooted.rootsChanged();
    await rooted.protocol.rootsChanged();
    await server.receive('notifications/roots/list_changed');
    await server.receive('notifications/roots/list_changed');
    expect(await told('roots/list')).toEqual({ roots: changing });
  });

  test('are not announced to a modern server, nor to none', async () => {
    const rooted = await connected({ roots }, modernScript());
    await rooted.rootsChanged();
    await rooted.close();
    await rooted.rootsChanged();
    expect(isTold()).toBe(false);
  });

  test('are a mistake when there are none', async () => {
    const rootless = await connected();
    expect(await errorFrom(rootless.rootsChanged())).toMatchObject({ code: 'MCP_INVALID_PARAMS' });
    expect(isTold()).toBe(false);
  });
});
