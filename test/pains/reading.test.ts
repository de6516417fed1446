import { MCPClient } from '../../src/index.js';
import type { MCPClientOptions } from '../../src/index.js';
import { ClientRecorder } from '../support/client-recorder.js';
import { endAfterEach } from '../support/endings.js';
import { EVERY_TRANSPORT, scriptedServerOver } from '../support/every-transport.js';
import type { ReachableServer, TransportName } from '../support/every-transport.js';
import { textOf } from '../support/servers/fixture-servers.js';
import { RecordedLines, replayed } from '../support/recordings.js';
import { errorFrom } from '../support/outcomes.js';
import { answer, initializeResult, legacyScript } from '../support/servers/scripts.js';
import type { ReceivedMessage, Script, Step } from '../support/servers/scripts.js';

jest.setTimeout(30_000);

const endLater = endAfterEach();

interface Scene {
  readonly client: MCPClient;
  readonly server: ReachableServer;
  readonly recorder: ClientRecorder;
}

/** A client that has connected over this transport to a legacy server, which does this when a tool is called. */
async function meet(
  name: TransportName,
  onCall: readonly Step[],
  more: Script = {},
  options: MCPClientOptions = {},
): Promise<Scene> {
  const server = await scriptedServerOver(name, legacyScript('2025-11-25', { 'tools/call': onCall, ...more }));
  endLater(server.close);
  const client = new MCPClient(server.transport, { era: 'legacy', timeout: 20_000, ...options });
  endLater(() => client.close());
  const recorder = new ClientRecorder(client, ['notification', 'log']);
  await client.connect();
  return { client, server, recorder };
}

/** What the client answered to the request of the server that has this id. */
async function answerTo({ client, server }: Scene, id: unknown): Promise<ReceivedMessage> {
  for (let times = 0; times < 200; times += 1) {
    const found = server.received().find((message) => message.method === undefined && message.id === id);
    if (found !== undefined) return found;
    await client.ping();
  }
  throw new Error(`No answer to ${String(id)}; heard ${JSON.stringify(server.received())}`);
}

const done = { content: [{ type: 'text', text: 'done' }] };

describe('pain 31: "servers write null, arrays or odd ids in the envelope, and the client drops the message"', () => {
  describe.each(EVERY_TRANSPORT)('over %s', (transport) => {
    test.each<[what: string, request: object, reply: object]>([
      ['a ping with params null', { id: 'q', method: 'ping', params: null }, { result: {} }],
      ['a ping with an array for params', { id: 'q', method: 'ping', params: [] }, { result: {} }],
      [
        'a ping with every member of the envelope null',
        { id: 'q', method: 'ping', params: null, result: null, error: null },
        { result: {} },
      ],
      ['a ping without a version', { jsonrpc: undefined, id: 'q', method: 'ping' }, { result: {} }],
      [
        'a question about the roots with params null',
        { id: 'q', method: 'roots/list', params: null },
        { result: { roots: [{ uri: 'file:///srv' }] } },
      ],
      [
        'a question about the roots with an array for params',
        { id: 'q', method: 'roots/list', params: [] },
        { result: { roots: [{ uri: 'file:///srv' }] } },
      ],
      [
        'an unknown request with params null',
        { id: 'q', method: 'no/such', params: null },
        { error: { code: -32601 } },
      ],
      ['a ping with parameters by position', { id: 'q', method: 'ping', params: [1] }, { error: { code: -32602 } }],
      ['a ping with a text for params', { id: 'q', method: 'ping', params: 'x' }, { error: { code: -32602 } }],
      ['a request whose method is a number', { id: 'q', method: 5 }, { error: { code: -32600 } }],
      ['a request with a result', { id: 'q', method: 'ping', result: {} }, { error: { code: -32600 } }],
      ['a ping whose id is a fraction', { id: 1.5, method: 'ping' }, { error: { code: -32600 } }],
    ])('%s is answered', async (_what, request, reply) => {
      const scene = await meet(
        transport,
        [{ say: { jsonrpc: '2.0', ...request } }, { answer: done }],
        {},
        {
          roots: [{ uri: 'file:///srv' }],
        },
      );
      expect(textOf(await scene.client.callTool('go'))).toBe('done');
      const { id } = request as { id: unknown };
      expect(await answerTo(scene, id)).toMatchObject({ jsonrpc: '2.0', id, ...reply });
    });

    test.each<[what: string, response: string]>([
      ['a result beside error null', '"error":null,"result":$DONE'],
      ['a result beside an error that says nothing', '"result":$DONE,"error":{"code":0,"message":""}'],
      ['a result beside method null', '"method":null,"result":$DONE'],
      ['a result beside an empty method', '"method":"","params":null,"result":$DONE'],
      ['a result that repeats the method', '"method":"tools/call","result":$DONE'],
    ])('%s is the result', async (_what, members) => {
      const text = members.replace('$DONE', JSON.stringify(done));
      const { client } = await meet(transport, [{ write: `{"jsonrpc":"2.0","id":$ID,${text}}` }]);
      expect(textOf(await client.callTool('go'))).toBe('done');
    });

    test.each<[what: string, response: string]>([
      ['without a version', `{"id":$ID,"result":${JSON.stringify(done)}}`],
      ['of version 1.0', `{"jsonrpc":"1.0","id":$ID,"result":${JSON.stringify(done)}}`],
      ['whose id is a text', `{"jsonrpc":"2.0","id":"$ID","result":${JSON.stringify(done)}}`],
    ])('a response %s is the response', async (_what, write) => {
      const { client } = await meet(transport, [{ write }]);
      expect(textOf(await client.callTool('go'))).toBe('done');
    });

    test.each<[what: string, members: string, message: RegExp, errorCode: number]>([
      ['beside result null', '"result":null,"error":{"code":-32000,"message":"disk is full"}', /disk is full/, -32000],
      ['that is a text', '"error":"disk is full"', /disk is full/, -32603],
      ['whose code is a text', '"error":{"code":"E_FULL","message":"disk is full"}', /disk is full \(E_FULL\)/, -32603],
      ['whose code is a number as text', '"error":{"code":"-32000","message":"disk is full"}', /disk is full/, -32000],
      ['whose code is a fraction', '"error":{"code":1.5,"message":"disk is full"}', /disk is full \(1\.5\)/, -32603],
      ['without a code', '"error":{"message":"disk is full"}', /disk is full/, -32603],
      ['without a message', '"error":{"code":-32000}', /no message/, -32000],
      ['whose text is in its data', '"error":{"code":-32000,"data":"disk is full"}', /disk is full/, -32000],
      ['whose text is elsewhere', '"error":{"code":-32000,"detail":"disk is full"}', /disk is full/, -32000],
      ['that is a list', '"error":["disk is full"]', /disk is full/, -32603],
    ])('an error %s is that error, with its text', async (_what, members, message, errorCode) => {
      const { client } = await meet(transport, [{ write: `{"jsonrpc":"2.0","id":$ID,${members}}` }]);
      const error = await errorFrom(client.callTool('go'));
      expect(error).toMatchObject({ errorCode, delivery: 'answered' });
      expect(error.message).toMatch(message);
    });

    test.each(['null', '[]', 'true', '"ok"'])('a ping whose result is %s was answered', async (result) => {
      const { client } = await meet(transport, [], {
        ping: [{ write: `{"jsonrpc":"2.0","id":$ID,"result":${result}}` }],
      });
      await client.ping({ timeout: 10_000 });
    });

    test.each<[what: string, notification: object]>([
      ['null', { params: null }],
      ['an array', { params: [] }],
      ['a text', { params: 'x' }],
      ['an object with odd metadata', { params: { _meta: [] } }],
      ['absent beside id null', { id: null }],
    ])('the announcement that the tools changed counts when its params are %s', async (_what, members) => {
      const scene = await meet(transport, [
        { say: { jsonrpc: '2.0', method: 'notifications/tools/list_changed', ...members } },
        { answer: done },
      ]);
      const { client, recorder } = scene;
      await client.callTool('go');
      await recorder.first('notification');
      expect(recorder.notification).toEqual([
        expect.objectContaining({ method: 'notifications/tools/list_changed' }) as unknown,
      ]);
    });

    test.each<[what: string, params: string]>([
      ['numbers as text', '"progressToken":"$ID","progress":"5","total":"10"'],
      ['null for what is absent', '"progressToken":$ID,"progress":5,"total":10,"message":null,"_meta":null'],
      ['a message that is none', '"progressToken":$ID,"progress":5,"total":10,"message":7,"_meta":[]'],
    ])('progress with %s is reported', async (_what, params) => {
      const progress = `{"jsonrpc":"2.0","method":"notifications/progress","params":{${params}}}`;
      const { client } = await meet(transport, [{ write: progress }, { answer: done }]);
      const reports: unknown[] = [];
      await client.callTool('go', {}, { onProgress: (one) => reports.push(one) });
      expect(reports).toEqual([{ progress: 5, total: 10, attempt: 1 }]);
    });
  });

  test('a fault that the client can read past is reported once', async () => {
    const { client, recorder } = await meet('stdio', [{ write: `{"id":$ID,"result":${JSON.stringify(done)}}` }]);
    await client.callTool('go');
    await client.callTool('go');
    expect(recorder.warning).toEqual([
      expect.objectContaining({
        code: 'MCP_INVALID_MESSAGE',
        details: expect.objectContaining({ field: 'jsonrpc' }) as unknown,
      }),
    ]);
    expect(recorder.warning[0]?.message).toMatch(/could still read: jsonrpc must be "2\.0", got nothing/);
  });

  test('null for an absent member is not even worth a warning', async () => {
    const { client, recorder } = await meet('stdio', [
      { say: { jsonrpc: '2.0', method: 'notifications/tools/list_changed', params: null, id: null } },
      { write: `{"jsonrpc":"2.0","id":$ID,"method":null,"params":null,"error":null,"result":${JSON.stringify(done)}}` },
    ]);
    await client.callTool('go');
    expect(recorder.warning).toEqual([]);
    expect(recorder.error).toEqual([]);
  });

  test('a redacted recording of such a session goes as the session went', async () => {
    const lines = new RecordedLines();
    const { client } = await meet(
      'stdio',
      [
        { say: { jsonrpc: '2.0', id: 'q', method: 'ping', params: [], result: null } },
        { say: { jsonrpc: '1.0', id: 'r', method: 5 } },
        { write: '{"method":"notifications/progress","params":{"progressToken":"$ID","progress":"50","total":"100"}}' },
        { write: '{"id":"$ID","error":{"code":"-32000","message":"disk is full"},"result":null}' },
      ],
      { ping: [{ write: '{"jsonrpc":"2.0","id":$ID,"result":null}' }] },
      { record: lines },
    );
    const seen: unknown[] = [];
    expect(await errorFrom(client.callTool('go', {}, { onProgress: (one) => seen.push(one) }))).toMatchObject({
      errorCode: -32000,
    });
    expect(seen).toHaveLength(1);
    await client.ping();
    await client.close();
    await replayed(lines.read());
  });

  test('a list whose change notification had params null is read again', async () => {
    const list = { tools: [{ name: 'a', inputSchema: { type: 'object' } }] };
    const { client, server } = await meet(
      'stdio',
      [{ say: { jsonrpc: '2.0', method: 'notifications/tools/list_changed', params: null } }, { answer: done }],
      { 'tools/list': answer(list) },
    );
    await client.listTools();
    await client.callTool('go');
    await client.listTools();
    expect(server.received().filter(({ method }) => method === 'tools/list')).toHaveLength(2);
  });
});

describe('pain 34: "a byte order mark, a line that is not JSON, or U+2028 loses an answer"', () => {
  const broken: [what: string, answer: string][] = [
    ['NaN', '{"jsonrpc":"2.0","id":$ID,"result":{"x":NaN}}'],
    ['NaN, and the id last', '{"result":{"x":NaN},"jsonrpc":"2.0","id":$ID}'],
    ['a control character', '{"jsonrpc":"2.0","id":$ID,"result":{"text":"a\u0001b"}}'],
    ['something behind its end', '{"result":{"content":[]},"jsonrpc":"2.0","id":$ID} done'],
    ['a quotation mark in a text', '{"jsonrpc":"2.0","id":$ID,"result":{"text":"say "hi""}}'],
    ['an end too early', '{"jsonrpc":"2.0","id":$ID,"result":{"content":[{"type":"text","text":"lin'],
    ['undefined, in an error', '{"jsonrpc":"2.0","id":$ID,"error":{"code":1,"message":"No","data":undefined}}'],
  ];

  describe.each(EVERY_TRANSPORT.filter((name) => name !== 'memory'))('over %s', (transport) => {
    test.each(broken)('an answer with %s fails its call at once, and no other', async (_what, write) => {
      const { client } = await meet(transport, [{ write }]);
      const error = await errorFrom(client.callTool('go'));
      expect(error).toMatchObject({ name: 'MCPProtocolError', code: 'MCP_INVALID_JSON', delivery: 'answered' });
      await client.ping();
    });

    test('an answer behind a byte order mark is read', async () => {
      const { client } = await meet(transport, [
        { write: `\ufeff{"jsonrpc":"2.0","id":$ID,"result":${JSON.stringify(done)}}` },
      ]);
      expect(textOf(await client.callTool('go'))).toBe('done');
      expect(textOf(await client.callTool('go'))).toBe('done');
    });
  });

  test('two answers on one line fail both their calls', async () => {
    const { client } = await meet(
      'stdio',
      [{ write: '{"jsonrpc":"2.0","id":3,"result":{}}{"jsonrpc":"2.0","id":4,"result":{}}' }],
      {
        'resources/list': [],
      },
      { era: 'auto' },
    );
    const [one, other] = [errorFrom(client.listResources()), errorFrom(client.callTool('go'))];
    expect(await one).toMatchObject({ code: 'MCP_INVALID_JSON', details: { requestId: 3 } });
    expect(await other).toMatchObject({ code: 'MCP_INVALID_JSON', details: { requestId: 4 } });
  });

  test('a body over HTTP that is not JSON fails its call at once', async () => {
    const { client } = await meet('HTTP', [{ write: 'oops' }]);
    expect(await errorFrom(client.callTool('go'))).toMatchObject({ code: 'MCP_INVALID_JSON', delivery: 'answered' });
  });
});

describe('pain 34, while connecting', () => {
  test.each<[what: string, id: string]>([
    ['an empty id', '"id":"",'],
    ['id null', '"id":null,'],
    ['no id', ''],
    ['the id as text', '"id":"$ID",'],
    ['an unknown id', '"id":"4711",'],
    ['an id that is an object', '"id":{},'],
  ])('an error with %s refuses server/discover, and the handshake follows at once', async (_what, id) => {
    const server = await scriptedServerOver('stdio', {
      'server/discover': [{ write: `{"jsonrpc":"2.0",${id}"error":{"code":-32603,"message":"Internal error"}}` }],
      initialize: answer(initializeResult()),
    });
    endLater(server.close);
    const client = new MCPClient(server.transport, { probeTimeout: 3_600_000 });
    endLater(() => client.close());
    expect(await client.connect()).toMatchObject({ era: 'legacy' });
    expect(server.received().map(({ method }) => method)).toEqual(['server/discover', 'initialize']);
  });
});
