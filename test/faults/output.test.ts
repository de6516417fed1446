import { MCPClient, MCPProtocolError, MCPTimeoutError } from '../../src/index.js';
import { ClientRecorder } from '../support/client-recorder.js';
import { textOf, toolsServer } from '../support/servers/fixture-servers.js';
import { errorFrom } from '../support/outcomes.js';

jest.setTimeout(30_000);

describe('what a server writes that it should not', () => {
  let client: MCPClient;
  let recorder: ClientRecorder;

  beforeEach(async () => {
    client = new MCPClient(toolsServer({}, { maxMessageBytes: 1024 * 1024 }));
    recorder = new ClientRecorder(client);
    await client.connect();
  });

  afterEach(async () => {
    await client.disconnect();
  });

  /** Has the server write this before it answers, and checks that calls go on as before. */
  async function hears(output: string): Promise<void> {
    expect(textOf(await client.callTool('say', { output }))).toBe('said');
    expect(textOf(await client.callTool('echo', { text: 'still here' }))).toBe('still here');
    expect(client.state).toBe('ready');
  }

  test.each([
    ['a line of text', 'listening on port 3000\n', 'MCP_INVALID_JSON', /listening on port 3000/],
    ['broken JSON', '{"jsonrpc":"2.0","id":\n', 'MCP_INVALID_JSON', /not JSON/],
    ['JSON that is no message', '{"hello":"world"}\n', 'MCP_INVALID_MESSAGE', /jsonrpc must be "2.0"/],
    ['a number', '42\n', 'MCP_INVALID_MESSAGE', /must be an object, got a number/],
    ['an empty batch', '[]\n', 'MCP_INVALID_MESSAGE', /A batch of 0 messages/],
    [
      'an answer with an unknown id',
      '{"jsonrpc":"2.0","id":4711,"result":{}}\n',
      'MCP_UNKNOWN_RESPONSE',
      /unknown or already settled request id/,
    ],
    [
      'an answer with a text for an id',
      '{"jsonrpc":"2.0","id":"1","result":{}}\n',
      'MCP_UNKNOWN_RESPONSE',
      /unknown or already settled request id/,
    ],
    [
      'a notification with wrong parameters',
      '{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1,"progress":"half"}}\n',
      'MCP_INVALID_MESSAGE',
      /progress must be/,
    ],
  ])('%s is a warning, and calls go on', async (_what, output, code, message) => {
    await hears(output);
    expect(recorder.warning).toEqual([expect.objectContaining({ code })]);
    expect(recorder.warning[0]?.message).toMatch(message);
    expect(recorder.warning[0]).toBeInstanceOf(MCPProtocolError);
    expect(recorder.error).toEqual([]);
  });

  test('empty lines are nothing at all', async () => {
    await hears('\n\r\n   \n');
    expect(recorder.warning).toEqual([]);
  });

  test('an error without an id is reported, since it is about a message of ours', async () => {
    await hears('{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"Parse error"}}\n');
    expect(recorder.error).toEqual([expect.objectContaining({ code: 'MCP_RPC_ERROR', errorCode: -32700 })]);
  });

  test('a repeated answer is a warning; the first one counts', async () => {
    const first = '{"jsonrpc":"2.0","id":3,"result":{"content":[{"type":"text","text":"first"}]}}\n';
    // Discovery and handshake had the ids before.
    expect(textOf(await client.callTool('say', { output: first }))).toBe('first');
    await recorder.first('warning');
    expect(recorder.warning).toEqual([expect.objectContaining({ code: 'MCP_UNKNOWN_RESPONSE', details: { id: 3 } })]);
  });

  test('requests of the server are answered: ping with a result, others with -32601', async () => {
    const answers = client.callTool('ask', { methods: ['ping', 'sampling/createMessage', 'roots/list', 'no/such'] });
    expect(JSON.parse(textOf(await answers))).toEqual([{}, -32601, -32601, -32601]);
  });

  test('an answer of the wrong shape fails its call and no other', async () => {
    const echo = client.callTool('echo', { text: 'meanwhile' });
    const error = await errorFrom(client.callTool('misshapen'));
    expect(error).toBeInstanceOf(MCPProtocolError);
    expect(error).toMatchObject({
      code: 'MCP_INVALID_RESULT',
      delivery: 'answered',
      details: { method: 'tools/call', path: 'content' },
    });
    expect(error.message).toMatch(/^Invalid result of tools\/call "misshapen": content must be /);
    expect(textOf(await echo)).toBe('meanwhile');
  });

  test('an answer longer than the limit fails its call at once and no other', async () => {
    const echo = client.callTool('echo', { text: 'meanwhile' });
    const error = await errorFrom(client.callTool('huge', { mebibytes: 2 }, { timeout: 3_600_000 }));
    expect(error).toMatchObject({
      code: 'MCP_MESSAGE_TOO_LARGE',
      delivery: 'answered',
      details: { limit: 1024 * 1024 },
    });
    expect(error.explain()).toMatch(/Hint: Raise `maxMessageBytes`/);
    expect(textOf(await echo)).toBe('meanwhile');
    await hears('');
    expect(recorder.error).toEqual([]);
    expect(recorder.warning).toEqual([]);
  });

  test('an answer that comes after its call timed out is a warning', async () => {
    const error = await errorFrom(client.callTool('late', {}, { timeout: 50 }));
    expect(error).toBeInstanceOf(MCPTimeoutError);
    expect(error).toMatchObject({
      delivery: 'unknown',
      details: { operation: 'tools/call', timeout: 50, phase: 'waiting' },
    });
    expect(textOf(await client.callTool('release'))).toBe('released');
    expect(recorder.warning).toEqual([expect.objectContaining({ code: 'MCP_UNKNOWN_RESPONSE' })]);
    expect(recorder.error).toEqual([]);
    await hears('');
  });
});

test('pain 28: a line of 64 MiB is refused by the limit that holds unless one says otherwise', async () => {
  await using client = await MCPClient.connect(toolsServer());
  const recorder = new ClientRecorder(client);
  const error = await errorFrom(client.callTool('huge', { mebibytes: 64 }));
  expect(error).toMatchObject({
    code: 'MCP_MESSAGE_TOO_LARGE',
    details: { field: 'maxMessageBytes', limit: 33_554_432 },
  });
  expect(error.details['received']).toBeGreaterThan(64 * 1024 * 1024);
  expect(textOf(await client.callTool('echo', { text: 'hi' }))).toBe('hi');
  expect(recorder.error).toEqual([]);
});

test('pain 28: a line of 64 MiB is read when the limit is raised', async () => {
  await using client = await MCPClient.connect(toolsServer({}, { maxMessageBytes: 65 * 1024 * 1024 }));
  expect(textOf(await client.callTool('huge', { mebibytes: 64 }))).toHaveLength(64 * 1024 * 1024);
});

test('megabytes on standard error hold nothing up', async () => {
  let heard = 0;
  const transport = toolsServer({}, { onStderr: (text) => (heard += text.length) });
  await using client = await MCPClient.connect(transport);
  expect(textOf(await client.callTool('chatter', { mebibytes: 8 }))).toBe('done');
  expect(heard).toBe(8 * 1024 * 1024);
  expect(transport.stderrTail).toHaveLength(64 * 1024);
});
