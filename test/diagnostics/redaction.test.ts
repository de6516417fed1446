import { Ajv2020 } from 'ajv/dist/2020.js';
import { failure } from '../../src/util/failure.js';
import { classifyMessage } from '../../src/protocol/messages/json-rpc.js';
import { Redaction } from '../../src/diagnostics/redaction.js';
import { LEGACY, MODERN, SHAPES } from '../support/charts/checked-shapes.js';
import { readExamples, readSchema } from '../support/official-schema.js';
import type { Example } from '../support/official-schema.js';

const ajv = new Ajv2020({ strict: false, validateFormats: false });
for (const revision of [MODERN, LEGACY]) ajv.addSchema(readSchema(revision), revision);

function officialProblems(definition: string, revision: string, value: unknown): unknown {
  const validate = ajv.getSchema(`${revision}#/$defs/${definition}`);
  if (validate === undefined) throw new Error(`Revision ${revision} does not define ${definition}`);
  return validate(value) === true ? [] : validate.errors;
}

/** A part of a result, looked at where it belongs. */
function partOfResult(field: string): (redaction: Redaction, value: unknown) => unknown {
  return (redaction, value) => (redaction.result({ [field]: value }) as Record<string, unknown>)[field];
}

function paramsOf(method: string): (redaction: Redaction, value: unknown) => unknown {
  return (redaction, value) => redaction.params(method, value);
}

const asField = (redaction: Redaction, value: unknown): unknown => {
  const params = redaction.params('elicitation/create', { requestedSchema: { properties: { field: value } } });
  return (params as { requestedSchema: { properties: { field: unknown } } }).requestedSchema.properties.field;
};

/** How each official type is redacted that is neither a message nor a result. */
const PARTS: Readonly<Record<string, (redaction: Redaction, value: unknown) => unknown>> = {
  AudioContent: partOfResult('content'),
  BlobResourceContents: partOfResult('contents'),
  CallToolRequestParams: paramsOf('tools/call'),
  CancelledNotificationParams: paramsOf('notifications/cancelled'),
  ClientCapabilities: partOfResult('capabilities'),
  CompleteRequestParams: paramsOf('completion/complete'),
  CreateMessageRequestParams: paramsOf('sampling/createMessage'),
  ElicitRequestFormParams: paramsOf('elicitation/create'),
  ElicitRequestURLParams: paramsOf('elicitation/create'),
  EmbeddedResource: partOfResult('content'),
  GetPromptRequestParams: paramsOf('prompts/get'),
  ImageContent: partOfResult('content'),
  InputRequests: partOfResult('inputRequests'),
  InputResponses: (redaction, value) =>
    (redaction.params('tools/call', { inputResponses: value }) as { inputResponses: unknown }).inputResponses,
  LoggingMessageNotificationParams: paramsOf('notifications/message'),
  ModelPreferences: (redaction, value) =>
    (redaction.params('sampling/createMessage', { modelPreferences: value }) as { modelPreferences: unknown })
      .modelPreferences,
  PaginatedRequestParams: paramsOf('tools/list'),
  ProgressNotificationParams: paramsOf('notifications/progress'),
  ReadResourceRequestParams: paramsOf('resources/read'),
  Resource: partOfResult('resources'),
  ResourceLink: partOfResult('content'),
  ResourceUpdatedNotificationParams: paramsOf('notifications/resources/updated'),
  Root: partOfResult('roots'),
  SamplingMessage: partOfResult('messages'),
  ServerCapabilities: partOfResult('capabilities'),
  SubscriptionsListenRequestParams: paramsOf('subscriptions/listen'),
  TextContent: partOfResult('content'),
  TextResourceContents: partOfResult('contents'),
  Tool: partOfResult('tools'),
  ToolResultContent: partOfResult('content'),
  ToolUseContent: partOfResult('content'),
};

function redactExample(redaction: Redaction, { type, value }: Pick<Example, 'type' | 'value'>): unknown {
  const part = PARTS[type];
  if (part !== undefined) return part(redaction, value);
  if (type.endsWith('Schema')) return asField(redaction, value);
  if (type.endsWith('Result')) return redaction.result(value);
  if (type.endsWith('Error') && !('jsonrpc' in value)) {
    return (redaction.message({ jsonrpc: '2.0', id: 1, error: value }) as { error: unknown }).error;
  }
  if (!/(Request|Notification|Response|Error)$/.test(type)) throw new Error(`How is a ${type} redacted?`);
  return redaction.message(value);
}

/** A copy in which every text has been replaced, which is told where it stands. */
function withTexts(value: unknown, replace: (text: string, place: string) => string, place = ''): unknown {
  if (typeof value === 'string') return replace(value, place);
  if (Array.isArray(value)) return value.map((item) => withTexts(item, replace, place));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withTexts(inner, replace, key)]));
}

function keysOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(keysOf);
  if (typeof value !== 'object' || value === null) return typeof value;
  return Object.entries(value).map(([key, inner]) => [key, keysOf(inner)]);
}

const EXAMPLES = readExamples();

describe('every official example', () => {
  it.each(EXAMPLES)('$file stays valid, with the same keys and kinds of values', (example) => {
    const redacted = redactExample(new Redaction(), example);
    expect(officialProblems(example.type, MODERN, redacted)).toEqual([]);
    expect(keysOf(redacted)).toEqual(keysOf(example.value));
  });

  it.each(EXAMPLES)('$file shows no secret, wherever it holds one', ({ type, value }) => {
    const planted: string[] = [];
    // The method decides what the rest is.
    const secrets = withTexts(value, (text, place) => {
      if (place === 'method' || place === 'type') return text;
      return planted[planted.push(`A planted secret, no. ${planted.length}!`) - 1] ?? '';
    });
    const shown = JSON.stringify(redactExample(new Redaction(), { type, value: secrets as Example['value'] }));
    expect(planted.filter((secret) => shown.includes(secret))).toEqual([]);
  });

  it('shows secrets that look like names only where a name is expected', () => {
    const shown = new Set<string>();
    for (const { type, value } of EXAMPLES) {
      const places = new Map<string, string>();
      const secrets = withTexts(value, (text, place) => {
        if (place === 'method' || place === 'type') return text;
        const secret = `hunter-${places.size}`;
        places.set(secret, place);
        return secret;
      });
      withTexts(redactExample(new Redaction(), { type, value: secrets as Example['value'] }), (text) => {
        const place = places.get(text);
        if (place !== undefined) shown.add(place);
        return text;
      });
    }
    expect([...shown].sort()).toEqual([
      'id',
      'io.modelcontextprotocol/protocolVersion',
      'io.modelcontextprotocol/subscriptionId',
      'name',
      'progressToken',
      'requestId',
      'requested',
      'required',
      'supported',
      'supportedVersions',
      'version',
    ]);
  });
});

describe('every result and notification with all its fields', () => {
  it.each(SHAPES)('stays what the client takes: $definition of $revision', (shape) => {
    const redaction = new Redaction();
    const { definition, revision, check, whole } = shape;
    const redacted = definition.endsWith('Params')
      ? redaction.params(METHOD_OF[definition] ?? 'any', whole)
      : redaction.result(whole);
    expect(check(redacted)).toBeUndefined();
    expect(officialProblems(definition, revision, redacted)).toEqual([]);
  });
});

const METHOD_OF: Readonly<Record<string, string>> = {
  CancelledNotificationParams: 'notifications/cancelled',
  LoggingMessageNotificationParams: 'notifications/message',
  ProgressNotificationParams: 'notifications/progress',
  ResourceUpdatedNotificationParams: 'notifications/resources/updated',
  SubscriptionsAcknowledgedNotificationParams: 'notifications/subscriptions/acknowledged',
};

describe('a message', () => {
  it('keeps what controls the protocol', () => {
    const request = {
      jsonrpc: '2.0',
      id: 'r-7',
      method: 'tools/call',
      params: {
        _meta: { progressToken: 7, 'io.modelcontextprotocol/protocolVersion': MODERN, traceparent: '00-abc' },
        name: 'charge',
        arguments: { card: '4111 1111', pin: 1234, amount: 9.5, times: 2, now: true, note: '' },
      },
    };
    expect(new Redaction().message(request)).toEqual({
      ...request,
      params: {
        _meta: { ...request.params._meta, traceparent: '‹s1:6›' },
        name: 'charge',
        arguments: { card: '‹s2:9›', pin: 9_000_001, amount: 9_000_002.5, times: 2, now: true, note: '' },
      },
    });
  });

  it('gives equal secrets equal pseudonyms, so that a cursor comes back as it went', () => {
    const redaction = new Redaction();
    const page = { jsonrpc: '2.0', id: 1, result: { tools: [], nextCursor: 'c-1' } };
    const next = { jsonrpc: '2.0', id: 2, method: 'tools/list', params: { cursor: 'c-1' } };
    expect(redaction.message(page)).toMatchObject({ result: { nextCursor: '‹s1:3›' } });
    expect(redaction.message(next)).toMatchObject({ params: { cursor: '‹s1:3›' } });
    expect(redaction.text('c-1')).toBe('‹s1:3›');
    expect(redaction.text('c-2')).toBe('‹s2:3›');
  });

  it('has URIs that are URIs', () => {
    const [first, second] = [{ uri: 'file:///home/ada' }, { uri: 'file:///home/bob' }].map(
      new Redaction().params.bind(new Redaction(), 'resources/read'),
    ) as { uri: string }[];
    expect([first?.uri, second?.uri]).toEqual(['redacted:s1:16', 'redacted:s2:16']);
    expect(new URL(first?.uri ?? '').protocol).toBe('redacted:');
  });

  it('is hidden where it is none', () => {
    const redaction = new Redaction();
    expect(redaction.message('token')).toBe('‹s1:5›');
    expect(redaction.message({ name: 'token', jsonrpc: 'token' })).toEqual({ name: '‹s1:5›', jsonrpc: '‹s1:5›' });
    expect(redaction.message({ jsonrpc: '2.0', method: 'x', params: { name: 'token' } })).toEqual({
      jsonrpc: '2.0',
      method: 'x',
      params: { name: '‹s1:5›' },
    });
  });

  it('is looked at one by one in a batch', () => {
    const batch = [
      { jsonrpc: '2.0', method: 'ping', id: 1 },
      { jsonrpc: '2.0', id: 1, error: { code: -32603, message: 'token', data: { supported: [MODERN], at: 'token' } } },
    ];
    expect(new Redaction().message(batch)).toEqual([
      batch[0],
      {
        jsonrpc: '2.0',
        id: 1,
        error: { code: -32603, message: '‹s1:5›', data: { supported: [MODERN], at: '‹s1:5›' } },
      },
    ]);
  });

  it('keeps the structure of a schema, and values of an enum equal to those they allow', () => {
    const redaction = new Redaction();
    const outputSchema = {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      properties: { type: { type: 'string', enum: ['red'] }, count: { type: ['integer', 'null'], maximum: 1000 } },
      required: ['type'],
      $defs: { inner: { $ref: '#/$defs/inner', description: 'red' } },
    };
    const listed = redaction.result({ tools: [{ name: 'paint', description: 'red', inputSchema: {}, outputSchema }] });
    expect(listed).toEqual({
      tools: [
        {
          name: 'paint',
          description: '‹s1:3›',
          inputSchema: {},
          outputSchema: {
            ...outputSchema,
            properties: { ...outputSchema.properties, type: { type: 'string', enum: ['‹s1:3›'] } },
            $defs: { inner: { $ref: '#/$defs/inner', description: '‹s1:3›' } },
          },
        },
      ],
    });
    expect(redaction.result({ content: [], structuredContent: { type: 'red' } })).toMatchObject({
      structuredContent: { type: '‹s1:3›' },
    });
  });
});

describe('a failure', () => {
  it('keeps its codes and facts, and so does what led to it', () => {
    const broken = Object.assign(new Error('connect ECONNREFUSED ada@host'), { code: 'ECONNREFUSED', address: 'host' });
    const found = failure('transport', 'MCP_PROCESS_EXITED', 'It said: token', {
      delivery: 'unknown',
      errorCode: 7,
      details: {
        exitCode: 17,
        signal: 'SIGKILL',
        stderr: 'token',
        command: 'serve --key token',
        url: 'http://ada@host',
      },
      cause: broken,
    });
    expect(new Redaction().failure(found)).toEqual({
      kind: 'transport',
      code: 'MCP_PROCESS_EXITED',
      message: '‹s1:14›',
      delivery: 'unknown',
      errorCode: 7,
      details: {
        exitCode: 17,
        signal: 'SIGKILL',
        stderr: '‹s2:5›',
        command: '‹s3:17›',
        url: 'redacted:s4:15',
      },
      cause: { code: 'ECONNREFUSED', address: '‹s5:4›', name: 'Error', message: '‹s6:29›' },
    });
  });

  it('may be anything that somebody threw', () => {
    const redaction = new Redaction();
    expect([redaction.failure('token'), redaction.failure(undefined), redaction.failure(null)]).toEqual([
      '‹s1:5›',
      undefined,
      null,
    ]);
  });
});

test('of what an actor holds, messages and failures are known by their looks', () => {
  const seen = new Redaction().internal({
    type: 'xstate.done.actor.0.connection',
    epoch: 12,
    note: 'token',
    pin: 1234,
    message: { jsonrpc: '2.0', id: 12, method: 'tools/call', params: { name: 'pay', arguments: { name: 'ada' } } },
    failure: failure('timeout', 'MCP_TIMEOUT', 'No answer from token', { details: { phase: 'queued' } }),
    spec: { method: 'tools/call', params: { name: 'pay', arguments: { name: 'ada' } } },
  });
  expect(seen).toEqual({
    type: 'xstate.done.actor.0.connection',
    epoch: 12,
    note: '‹s1:5›',
    pin: 9_000_001,
    message: { jsonrpc: '2.0', id: 12, method: 'tools/call', params: { name: 'pay', arguments: { name: '‹s2:3›' } } },
    failure: { kind: 'timeout', code: 'MCP_TIMEOUT', message: '‹s3:20›', details: { phase: 'queued' } },
    spec: { method: 'tools/call', params: { name: 'pay', arguments: { name: '‹s2:3›' } } },
  });
});

describe('a value that is not JSON', () => {
  it('is treated as JSON.stringify treats it', () => {
    const given = { date: new Date(0), none: undefined, fn: () => 1, nan: NaN, list: [undefined, Infinity], self: 1 };
    expect(new Redaction().value(given)).toEqual({ date: '‹s1:24›', nan: null, list: [null, null], self: 1 });
  });

  it('never throws', () => {
    const cycle: Record<string, unknown> = { big: 12n, bytes: new Uint8Array(3) };
    cycle.again = { cycle };
    const shared = { a: 'x' };
    const odd = {
      get thrower(): string {
        throw new Error('getter');
      },
      proxy: new Proxy(
        {},
        {
          ownKeys: () => {
            throw new Error('proxy');
          },
        },
      ),
      toJSON: 'no function',
      itself: {
        toJSON() {
          return this;
        },
        secret: 'x',
      },
      broken: {
        toJSON: () => {
          throw new Error('toJSON');
        },
      },
      shared: [shared, shared],
      cycle,
    };
    const redaction = new Redaction();
    for (const copy of [
      redaction.value(odd),
      redaction.message(odd),
      redaction.failure(odd),
      redaction.internal(odd),
    ]) {
      expect(copy).toMatchObject({
        thrower: '‹unreadable›',
        proxy: '‹unreadable›',
        broken: '‹unreadable›',
        cycle: { again: { cycle: '‹cycle›' } },
      });
      expect((copy as typeof odd).shared[1]).toEqual((copy as typeof odd).shared[0]);
      expect(JSON.stringify(copy)).not.toContain('"x"');
    }
  });

  it('keeps a key that would be a prototype', () => {
    const copy = new Redaction().value(JSON.parse('{"__proto__": {"admin": "x"}}'));
    expect(JSON.stringify(copy)).toBe('{"__proto__":{"admin":"‹s1:1›"}}');
    expect((copy as { admin?: unknown }).admin).toBeUndefined();
  });
});

describe('limits', () => {
  it('leave out what is too deep, or too much', () => {
    const deep = { a: { b: { c: 'x' } } };
    expect(new Redaction({ maxDepth: 2 }).value(deep)).toEqual({ a: { b: '‹too deep›' } });
    const copy = new Redaction({ maxNodes: 3 }).value(['a', 'b', 'c', 'd']) as unknown[];
    expect(copy).toEqual(['‹s1:1›', '‹s2:1›', '‹too long›']);
  });

  it('forget the oldest secrets, but not those in use', () => {
    const redaction = new Redaction({ remember: 2 });
    const seen = ['kept', 'a', 'kept', 'b', 'kept', 'c', 'kept', 'a'].map((text) => redaction.text(text));
    expect(seen.filter((_, index) => index % 2 === 0 && index < 7)).toEqual(Array(4).fill('‹s1:4›'));
    expect([seen[1], seen[7]]).toEqual(['‹s2:1›', '‹s5:1›']);
  });

  it('tell long texts apart all the same', () => {
    const redaction = new Redaction();
    const long = 'x'.repeat(100_000);
    const names = [`${long}a`, `${long}b`, `${long}a`].map((text) => redaction.text(text));
    expect(names).toEqual(['‹s1:100001›', '‹s2:100001›', '‹s1:100001›']);
  });
});

test('a redacted message is of the same kind', () => {
  const messages = EXAMPLES.filter(({ value }) => value.jsonrpc === '2.0').map(({ value }) => value);
  expect(messages.length).toBeGreaterThan(20);
  const redaction = new Redaction();
  for (const message of messages) {
    expect(classifyMessage(redaction.message(message))).toEqual(classifyMessage(message));
  }
});
