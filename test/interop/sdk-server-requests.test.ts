import { HttpTransport, MCPClient, StdioTransport } from '../../src/index.js';
import type { MCPClientOptions, MCPTransport, ServerRequestContext } from '../../src/index.js';
import { ClientRecorder } from '../support/client-recorder.js';
import { serverFixture, textOf } from '../support/servers/fixture-servers.js';
import { HttpProcess } from '../support/servers/http-process.js';
import { errorFrom } from '../support/outcomes.js';

// Processes start slowly on a machine that is busy.
jest.setTimeout(30_000);

const contexts: ServerRequestContext[] = [];

/** Somebody who answers everything. */
const willing: MCPClientOptions = {
  elicitation: {
    form: (_form, context) => {
      contexts.push(context);
      return { action: 'accept', content: { name: 'Ada' } };
    },
    url: () => ({ action: 'accept' }),
  },
  sampling: ({ messages, maxTokens }) => {
    const asked = JSON.stringify(messages[0]?.content);
    return { role: 'assistant', model: 'none', content: { type: 'text', text: `${maxTokens}: ${asked}` } };
  },
  roots: [{ uri: 'file:///plans', name: 'work' }],
};

const BOOKED = {
  round: 2,
  who: { name: 'Ada', bags: 1 },
  roots: [{ uri: 'file:///plans', name: 'work' }],
  to: 'Bern',
  paid: 'accept',
  greeting: '50: {"type":"text","text":"Greet Ada"}',
};

describe.each([
  ['stdio', 'modern'],
  ['HTTP', 'modern'],
  ['stdio', 'legacy'],
] as const)('an official server over %s that asks its client, in the %s era', (over, era) => {
  let server: HttpProcess | undefined;
  const open: AsyncDisposable[] = [];

  beforeAll(async () => {
    if (over === 'HTTP') server = await HttpProcess.asking();
  });

  afterEach(async () => {
    for (const one of open.splice(0)) await one[Symbol.asyncDispose]();
  });

  afterAll(async () => {
    await server?.kill();
  });

  async function connected(options: MCPClientOptions): Promise<{ client: MCPClient; announced: ClientRecorder }> {
    const transport: MCPTransport =
      server === undefined
        ? new StdioTransport(process.execPath, [serverFixture('sdk-asking')])
        : new HttpTransport(server.url);
    const client = new MCPClient(transport, { ...options, era });
    open.push(client);
    const announced = new ClientRecorder(client);
    await client.connect();
    return { client, announced };
  }

  test('gets the input of every round, and its state as it sent it', async () => {
    const { client, announced } = await connected(willing);
    contexts.length = 0;
    for (const size of [0, 1 << 20]) {
      const booked: unknown = JSON.parse(textOf(await client.callTool('book', { to: 'Bern', size })));
      expect(booked).toEqual({ ...BOOKED, ballast: size });
    }
    expect(contexts[0]).toMatchObject({ method: 'elicitation/create', serverInfo: { name: 'sdk-asking' } });
    expect([...announced.warning, ...announced.error]).toEqual([]);
  });

  test('asks for prompts and resources, too', async () => {
    const { client } = await connected(willing);
    expect((await client.getPrompt('greet')).messages).toEqual([
      { role: 'user', content: { type: 'text', text: 'Greet Ada' } },
    ]);
    expect((await client.readResource('diary://monday')).contents).toMatchObject([{ text: 'Dear Ada' }]);
  });

  test('does not mix the calls of one client', async () => {
    let asked = 0;
    const { client } = await connected({
      elicitation: async () => {
        const name = `N${(asked += 1)}`;
        // The first that is asked answers last.
        for (let turn = 0; turn < 40 - asked; turn += 1) await new Promise((resolve) => setImmediate(resolve));
        return { action: 'accept', content: { name } };
      },
    });
    const names = await Promise.all(Array.from({ length: 20 }, async () => textOf(await client.callTool('ask'))));
    expect(new Set(names)).toEqual(new Set(Array.from({ length: 20 }, (_, at) => `N${at + 1}`)));
  });

  test.each(['decline', 'cancel'] as const)('gets the action %s of the user', async (action) => {
    const { client } = await connected({
      ...willing,
      elicitation: { form: () => ({ action }), url: () => ({ action: 'accept' }) },
    });
    expect(textOf(await client.callTool('book', { to: 'Bern', size: 0 }))).toBe(action);
  });

  test('which is never content is left after some rounds', async () => {
    const { client } = await connected({
      elicitation: () => ({ action: 'accept', content: {} }),
      limits: { maxInputRounds: 3 },
    });
    const error = await errorFrom(client.callTool('nag'));
    // In the legacy era it is the server that gives up.
    if (era === 'modern') expect(error).toMatchObject({ code: 'MCP_INPUT_LIMIT' });
    expect(error.delivery).toBe('answered');
    expect(client.state).toBe('ready');
  });

  test('refuses a call of a client that offers nothing, and says so', async () => {
    const { client } = await connected({});
    const error = await errorFrom(client.callTool('ask'));
    expect(error.delivery).toBe('answered');
    if (era === 'modern') {
      expect(error.errorCode).toBe(-32021);
      expect(error.explain()).toContain('`elicitation`');
    }
    expect(client.state).toBe('ready');
  });
});
