import { handleServerRequest } from '../../src/protocol/server-requests/handle-server-request.js';
import type {
  Asker,
  HandlerResponse,
  ServerRequestContext,
  ServerRequestHandlers,
} from '../../src/protocol/server-requests/server-requests.js';
import { modernCapabilities, offeredCapabilities } from '../../src/protocol/server-requests/server-requests.js';
import type { CreateMessageResult, ElicitResult } from '../../src/protocol/schema/index.js';

const asker: Asker = { serverInfo: { name: 'asker', version: '1' }, connection: 'mine', protocolVersion: '2025-11-25' };
const spoken: CreateMessageResult = { role: 'assistant', content: { type: 'text', text: 'hi' }, model: 'm' };
const messages = [{ role: 'user', content: { type: 'text', text: 'hello' } }];
const requestedSchema = {
  type: 'object',
  properties: { name: { type: 'string' }, age: { type: 'integer', default: 30 } },
  required: ['name'],
};
const form = { message: 'Who are you?', requestedSchema };
const page = { mode: 'url', message: 'Sign in', url: 'https://example.com/in?x=1', elicitationId: 'e' };

function answer(
  method: string,
  params: Record<string, unknown> | undefined,
  handlers: ServerRequestHandlers,
  { signal = new AbortController().signal, about = asker } = {},
): Promise<HandlerResponse> {
  return handleServerRequest({ method, params }, handlers, about, signal);
}

const sampling = (
  createMessage: NonNullable<ServerRequestHandlers['sampling']>['createMessage'] = () => spoken,
  parts: { tools?: boolean; context?: boolean } = {},
): ServerRequestHandlers => ({ sampling: { createMessage, tools: false, context: false, ...parts } });

const forms = (answered: unknown): ServerRequestHandlers => ({ elicitation: { form: () => answered as ElicitResult } });

describe('a server request with a handler', () => {
  test('is answered with what the handler says, at once or later', async () => {
    for (const returned of [spoken, Promise.resolve(spoken)]) {
      expect(
        await answer(
          'sampling/createMessage',
          { messages, maxTokens: 1 },
          sampling(() => returned),
        ),
      ).toEqual({
        result: spoken,
      });
    }
    const roots = [{ uri: 'file:///plans', name: 'work' }];
    expect(await answer('roots/list', undefined, { roots })).toEqual({ result: { roots } });
    expect(await answer('roots/list', {}, { roots: async () => Promise.resolve(roots) })).toEqual({
      result: { roots },
    });
  });

  test('reaches the handler with its parameters and with who asks', async () => {
    const seen: unknown[] = [];
    await answer('elicitation/create', form, {
      elicitation: {
        form: (params, { signal, ...context }) => {
          seen.push(params, context, signal.aborted);
          return { action: 'decline' };
        },
      },
    });
    expect(seen).toEqual([
      form,
      { ...asker, method: 'elicitation/create', warnings: [], refuse: expect.any(Function) as unknown },
      false,
    ]);
  });

  test.each(['accept', 'decline', 'cancel'] as const)('may be answered with %s by a page', async (action) => {
    const handlers: ServerRequestHandlers = { elicitation: { url: () => ({ action, content: { never: 'sent' } }) } };
    expect(await answer('elicitation/create', page, handlers)).toEqual({ result: { action } });
  });

  test('reaches the handler without malformed decoration, which refuses nothing', async () => {
    const seen: unknown[] = [];
    const odd = { annotations: { audience: ['system'], priority: 1 }, _meta: [] };
    const tools = [{ name: 'a', inputSchema: {}, icons: 'none', title: 5 }];
    const said = [{ role: 'user', content: [{ type: 'text', text: 'hello', ...odd }], _meta: 'none' }];
    const asked = sampling(
      (params) => {
        seen.push(params);
        return spoken;
      },
      { tools: true },
    );
    expect(await answer('sampling/createMessage', { messages: said, maxTokens: 1, tools, _meta: [] }, asked)).toEqual({
      result: spoken,
    });
    expect(seen).toEqual([
      {
        messages: [{ role: 'user', content: [{ type: 'text', text: 'hello', annotations: { priority: 1 } }] }],
        maxTokens: 1,
        tools: [{ name: 'a', inputSchema: { type: 'object' } }],
      },
    ]);
    expect(await answer('elicitation/create', { ...form, _meta: [] }, forms({ action: 'decline' }))).toEqual({
      result: { action: 'decline' },
    });
  });

  test('is answered with a copy, so that what the handler changes later does not matter', async () => {
    const roots = [{ uri: 'file:///a' }];
    const answered = await answer('roots/list', undefined, { roots: () => roots });
    roots.pop();
    expect(answered).toEqual({ result: { roots: [{ uri: 'file:///a' }] } });
  });
});

describe('a form', () => {
  test('that was accepted is completed with its defaults', async () => {
    expect(await answer('elicitation/create', form, forms({ action: 'accept', content: { name: 'Ada' } }))).toEqual({
      result: { action: 'accept', content: { name: 'Ada', age: 30 } },
    });
  });

  test.each(['decline', 'cancel'])('that was answered with %s has no content', async (action) => {
    expect(await answer('elicitation/create', form, forms({ action, content: { name: 'Ada' } }))).toEqual({
      result: { action },
    });
  });

  test.each([
    [{ action: 'accept' }, 'content.name must be there, since it is required, got nothing'],
    [{ action: 'accept', content: { name: 7 } }, 'content.name must be a string, got a number'],
    [{ action: 'accept', content: { name: 'Ada', age: 1.5 } }, 'content.age must be an integer, got a fraction'],
    [{ action: 'accept', content: [] }, 'content must be an object, got an array'],
    [{ action: 'decline', _meta: 7 }, '_meta must be an object, got a number'],
    [{ action: 'yes' }, 'action must be "accept", "decline" or "cancel", got a string'],
    [undefined, 'what it returned must be an object, got nothing'],
  ])('that was answered with %j is no answer', async (returned, why) => {
    expect(await answer('elicitation/create', form, forms(returned))).toEqual({
      error: { code: -32603, message: 'The client failed to handle the request' },
      failure: expect.objectContaining({
        code: 'MCP_HANDLER_FAILED',
        message: `The handler for elicitation/create returned an invalid result: ${why}`,
      }) as unknown,
    });
  });
});

describe('a handler that does not answer', () => {
  const secret = 'the password is hunter2';
  const failing: [string, () => never | Promise<never>][] = [
    [
      'because it throws',
      () => {
        throw new Error(secret);
      },
    ],
    ['because it rejects', () => Promise.reject(new Error(secret))],
  ];

  test.each(failing)(
    '%s sends the server only that it failed, and reports the reason to the user',
    async (_how, fail) => {
      const answered = await answer('roots/list', {}, { roots: fail });
      expect(answered).toMatchObject({
        error: { code: -32603, message: 'The client failed to handle the request' },
        failure: { code: 'MCP_HANDLER_FAILED', details: { handler: 'roots/list' }, cause: { message: secret } },
      });
      expect(JSON.stringify((answered as { error: unknown }).error)).not.toContain('hunter2');
    },
  );

  test('may refuse, and say with which words and number', async () => {
    const refusing = (...words: Parameters<ServerRequestContext['refuse']>): ServerRequestHandlers =>
      sampling((_params, context) => {
        throw context.refuse(...words);
      });
    const question = { messages, maxTokens: 1 };
    expect(await answer('sampling/createMessage', question, refusing('Not today'))).toMatchObject({
      error: { code: -1, message: 'Not today' },
      failure: { code: 'MCP_SERVER_REQUEST_REFUSED', errorCode: -1 },
    });
    expect(await answer('sampling/createMessage', question, refusing('Too long', -32602))).toMatchObject({
      error: { code: -32602, message: 'Too long' },
    });
  });

  const circular: Record<string, unknown> = { ...spoken };
  circular['self'] = circular;
  test.each([
    ['nothing', undefined],
    ['a function', () => undefined],
    ['a circle', circular],
    ['a big integer', { ...spoken, _meta: { n: 1n } }],
    ['no model', { ...spoken, model: undefined }],
    ['no content', { role: 'assistant', model: 'm' }],
    ['odd metadata', { ...spoken, _meta: 'x' }],
    ['a block without its text', { ...spoken, content: { type: 'text' } }],
  ])('with anything that can be sent, but with %s, fails', async (_what, returned) => {
    const handlers = sampling(() => returned as unknown as CreateMessageResult);
    expect(await answer('sampling/createMessage', { messages, maxTokens: 1 }, handlers)).toMatchObject({
      error: { code: -32603 },
      failure: { code: 'MCP_HANDLER_FAILED' },
    });
  });

  test('in time is not awaited after the request was cancelled', async () => {
    const controller = new AbortController();
    let heard = false;
    const answering = answer(
      'roots/list',
      {},
      {
        roots: ({ signal }) => {
          signal.addEventListener('abort', () => (heard = true));
          return new Promise(() => undefined);
        },
      },
      { signal: controller.signal },
    );
    controller.abort();
    expect(await answering).toMatchObject({ failure: { code: 'MCP_SERVER_REQUEST_WITHDRAWN' } });
    expect(heard).toBe(true);
  });

  test('before it was withdrawn is not even asked', async () => {
    const roots = jest.fn(() => []);
    const answered = await answer('roots/list', {}, { roots }, { signal: AbortSignal.abort() });
    expect(answered).toMatchObject({ failure: { code: 'MCP_SERVER_REQUEST_WITHDRAWN' } });
    expect(roots).not.toHaveBeenCalled();
  });

  test('because it rejects after the request was cancelled is ignored', async () => {
    const controller = new AbortController();
    let fail: (reason: Error) => void = () => undefined;
    const late = new Promise<never>((_resolve, reject) => (fail = reject));
    const answering = answer('roots/list', {}, { roots: () => late }, { signal: controller.signal });
    controller.abort();
    await answering;
    fail(new Error('too late'));
    await expect(late).rejects.toThrow('too late');
  });
});

describe('what was not offered is refused', () => {
  const everything: ServerRequestHandlers = { ...sampling(), ...forms({ action: 'decline' }), roots: [] };
  test.each<[string, Record<string, unknown>, ServerRequestHandlers, number, string]>([
    ['sampling/createMessage', { messages, maxTokens: 1 }, {}, -32601, 'sampling'],
    ['elicitation/create', form, {}, -32601, 'elicitation'],
    ['roots/list', {}, {}, -32601, 'roots'],
    ['tasks/list', {}, everything, -32601, 'tasks'],
    ['elicitation/create', page, everything, -32602, 'elicitation.url'],
    ['elicitation/create', form, { elicitation: { url: () => ({ action: 'accept' }) } }, -32602, 'elicitation.form'],
    ['sampling/createMessage', { messages, maxTokens: 1, tools: [] }, everything, -32602, 'sampling.tools'],
    ['sampling/createMessage', { messages, maxTokens: 1, toolChoice: {} }, everything, -32602, 'sampling.tools'],
  ])('%s %j', async (method, params, handlers, code, required) => {
    expect(await answer(method, params, handlers)).toMatchObject({
      error: { code },
      failure: { kind: 'capability', code: 'MCP_CAPABILITY_MISSING', details: { method, required } },
    });
  });

  test('except a context other than the own, which counts as none', async () => {
    const included = async (handlers: (seen: unknown[]) => ServerRequestHandlers): Promise<unknown[]> => {
      const seen: unknown[] = [];
      await answer('sampling/createMessage', { messages, maxTokens: 1, includeContext: 'allServers' }, handlers(seen));
      return seen;
    };
    const keep =
      (parts: { context?: boolean }) =>
      (seen: unknown[]): ServerRequestHandlers =>
        sampling(({ includeContext }) => {
          seen.push(includeContext);
          return spoken;
        }, parts);
    expect(await included(keep({}))).toEqual(['none']);
    expect(await included(keep({ context: true }))).toEqual(['allServers']);
  });
});

describe('a server request with wrong parameters is refused', () => {
  const use = { type: 'tool_use', id: 'u', name: 'x', input: {} };
  const result = { type: 'tool_result', toolUseId: 'u', content: [] };
  const text = { type: 'text', text: 'x' };
  const talk = (...contents: unknown[]): Record<string, unknown> => ({
    maxTokens: 1,
    messages: contents.map((content, index) => ({ role: index % 2 === 0 ? 'user' : 'assistant', content })),
  });
  const field = (schema: unknown): Record<string, unknown> => ({
    message: 'm',
    requestedSchema: { type: 'object', properties: { secret_name: schema } },
  });

  test.each<[string, Record<string, unknown>, string]>([
    ['sampling/createMessage', { messages }, 'maxTokens must be a number, got nothing'],
    ['sampling/createMessage', { maxTokens: 1 }, 'messages must be an array, got nothing'],
    ['sampling/createMessage', talk({ type: 'text' }), 'messages[0].content.text must be a string, got nothing'],
    ['sampling/createMessage', talk([text, { type: 'image' }]), 'messages[0].content[1].data must be a string'],
    ['sampling/createMessage', { messages: [{ role: 'robot' }], maxTokens: 1 }, 'messages[0].role must be'],
    ['sampling/createMessage', { ...talk(text), includeContext: 'world' }, 'includeContext must be'],
    ['sampling/createMessage', { ...talk(text), stopSequences: [1] }, 'stopSequences[0] must be a string'],
    [
      'sampling/createMessage',
      { ...talk(text), modelPreferences: { hints: [7] } },
      'modelPreferences.hints[0] must be',
    ],
    [
      'sampling/createMessage',
      { ...talk(text), modelPreferences: { costPriority: 'x' } },
      'modelPreferences.costPriority',
    ],
    ['sampling/createMessage', talk(text, use, text), 'messages[2].content must be the results of all tools'],
    ['sampling/createMessage', talk(text, use, [result, text]), 'messages[2].content must be nothing but tool results'],
    ['sampling/createMessage', talk(text, text, result), 'messages[2].content must be results of tools'],
    ['sampling/createMessage', talk(text, use), 'messages must be a conversation that ends with the results'],
    ['sampling/createMessage', { ...talk(text), toolChoice: { mode: 'maybe' } }, 'toolChoice.mode must be "auto"'],
    ['elicitation/create', { requestedSchema }, 'message must be a string, got nothing'],
    ['elicitation/create', { message: 'm' }, 'requestedSchema must be an object, got nothing'],
    ['elicitation/create', { ...form, mode: 'voice' }, 'mode must be "form" or "url", got a string'],
    ['elicitation/create', field(7), 'requestedSchema.properties.* must be an object, got a number'],
    ['elicitation/create', field({ type: 'object' }), 'requestedSchema.properties.*.type must be'],
    ['elicitation/create', field({ type: 'string', enum: [1] }), 'requestedSchema.properties.*.enum[0] must be'],
    ['elicitation/create', field({ type: 'array' }), 'requestedSchema.properties.*.items must be an object'],
    ['elicitation/create', field({ type: 'number', default: '1' }), 'requestedSchema.properties.*.default must be'],
    ['elicitation/create', field({ type: 'string', maxLength: 'x' }), 'requestedSchema.properties.*.maxLength must be'],
    ['elicitation/create', { ...page, url: 'javascript:alert(1)' }, 'url must be an absolute http: or https: URL'],
    ['elicitation/create', { ...page, url: 'file:///etc/passwd' }, 'url must be an absolute http: or https: URL'],
    ['elicitation/create', { ...page, url: '/relative' }, 'url must be an absolute http: or https: URL'],
  ])('%s %j', async (method, params, why) => {
    const never = jest.fn();
    const handlers: ServerRequestHandlers = {
      ...sampling(never, { tools: true }),
      elicitation: { form: never, url: never },
    };
    expect(await answer(method, params, handlers)).toMatchObject({
      error: { code: -32602, message: expect.stringContaining(`Invalid params of ${method}: ${why}`) as unknown },
      failure: { code: 'MCP_INVALID_MESSAGE', details: { method } },
    });
    expect(never).not.toHaveBeenCalled();
  });

  test('but a conversation in which all tools were answered is none', async () => {
    const other = { ...use, id: 'v' };
    const params = talk(text, [text, use, other], [{ ...result, toolUseId: 'v' }, result], text);
    expect(await answer('sampling/createMessage', params, sampling(undefined, { tools: true }))).toEqual({
      result: spoken,
    });
  });
});

describe('before 2025-11-25', () => {
  const about: Asker = { protocolVersion: '2025-06-18' };
  const several = (...texts: string[]): ServerRequestHandlers =>
    sampling(() => ({ ...spoken, content: texts.map((text) => ({ type: 'text', text })) }));
  const question = { messages, maxTokens: 1 };

  test('an answer has one block, also when the handler put it into an array', async () => {
    expect(await answer('sampling/createMessage', question, several('hi'), { about })).toEqual({ result: spoken });
    expect(await answer('sampling/createMessage', question, several('hi', 'ho'), { about })).toMatchObject({
      failure: { message: expect.stringContaining('content must be one block in this revision') as unknown },
    });
    expect(await answer('sampling/createMessage', question, several('hi', 'ho'))).toMatchObject({
      result: { content: [{ text: 'hi' }, { text: 'ho' }] },
    });
  });
});

describe('roots', () => {
  test.each([
    ['https://example.com/', 'roots[1].uri'],
    ['/etc', 'roots[1].uri'],
    ['file:///plans/../etc', 'roots[1].uri'],
    ['file:///plans/%2e%2e/etc', 'roots[1].uri'],
    ['file:///plans/..%2fetc', 'roots[1].uri'],
    ['file:///%', 'roots[1].uri'],
    [7, 'roots[1].uri'],
  ])('that are not below a path of their own are not sent: %j', async (uri, field) => {
    const roots = (): { uri: string }[] => [{ uri: 'file:///a..b/..c' }, { uri: uri as string }];
    expect(await answer('roots/list', {}, { roots })).toMatchObject({
      error: { message: 'The client failed to handle the request' },
      failure: {
        code: 'MCP_HANDLER_FAILED',
        message: expect.stringContaining(`${field} must be a file: URI`) as unknown,
      },
    });
  });
});

describe('a person is warned', () => {
  async function warnings(params: Record<string, unknown>): Promise<readonly string[]> {
    const seen: (readonly string[])[] = [];
    const look = (_params: unknown, context: ServerRequestContext): ElicitResult => {
      seen.push(context.warnings);
      return { action: 'cancel' };
    };
    await answer('elicitation/create', params, { elicitation: { form: look, url: look } });
    return seen[0] ?? [];
  }

  test.each([
    ['https://example.com/', []],
    ['http://example.com/', ['The page is not encrypted']],
    ['https://xn--pple-43d.com/', ['The host xn--pple-43d.com has letters that may imitate others']],
    ['https://аpple.com/', ['The host xn--pple-43d.com has letters that may imitate others']],
    ['https://bank.com@evil.com/', ['The URL has a user name in it: its host is evil.com']],
  ])('of the page %s', async (url, expected) => {
    expect(await warnings({ ...page, url })).toEqual(expected);
  });

  test('of a form that asks for secrets', async () => {
    const properties = {
      user: { type: 'string' },
      apiKey: { type: 'string' },
      field: { type: 'string', title: 'Your password' },
      passage: { type: 'string' },
    };
    expect(await warnings({ message: 'm', requestedSchema: { type: 'object', properties } })).toEqual([
      'The field apiKey seems to ask for a secret, which a form must not',
      'The field field seems to ask for a secret, which a form must not',
    ]);
  });
});

describe('what is offered follows from the handlers', () => {
  const nothing = jest.fn();
  test.each<[ServerRequestHandlers, unknown]>([
    [{}, {}],
    [{ roots: [] }, { roots: { listChanged: true } }],
    [sampling(), { sampling: {} }],
    [sampling(nothing, { tools: true, context: true }), { sampling: { tools: {}, context: {} } }],
    [{ elicitation: { form: nothing } }, { elicitation: { form: {} } }],
    [{ elicitation: { url: nothing } }, { elicitation: { url: {} } }],
    [{ elicitation: { form: nothing, url: nothing } }, { elicitation: { form: {}, url: {} } }],
  ])('%j', (handlers, capabilities) => {
    expect(offeredCapabilities(handlers)).toEqual(capabilities);
  });

  test('and in the modern era no change of roots is announced', () => {
    expect(modernCapabilities({ roots: { listChanged: true }, sampling: {} })).toEqual({ roots: {}, sampling: {} });
    expect(modernCapabilities({ sampling: {} })).toEqual({ sampling: {} });
  });
});
