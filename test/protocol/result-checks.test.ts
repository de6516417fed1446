import { Ajv2020 } from 'ajv/dist/2020.js';
import {
  checkCancelledParams,
  checkElicitationCompleteParams,
  checkListChangedParams,
  checkLoggingMessageParams,
  checkProgressParams,
  checkResourceUpdatedParams,
  checkSubscriptionsAcknowledgedParams,
} from '../../src/protocol/notification-checks.js';
import {
  checkCallToolResult,
  checkCompleteResult,
  checkDiscoverResult,
  checkEmptyResult,
  checkGetPromptResult,
  checkInitializeResult,
  checkInputRequiredResult,
  checkListPromptsResult,
  checkListResourcesResult,
  checkListResourceTemplatesResult,
  checkListToolsResult,
  checkReadResourceResult,
  checkSubscriptionsListenResult,
} from '../../src/protocol/result-checks.js';
import type { ResultCheck } from '../../src/protocol/result-checks.js';
import { readExamples, readSchema } from '../support/official-schema.js';

const MODERN = '2026-07-28';
const LEGACY = '2025-11-25';

const meta = { 'io.modelcontextprotocol/serverInfo': { name: 'server', version: '1' }, traceparent: 'x' };
const complete = { resultType: 'complete', _meta: meta };
const cacheable = { ...complete, ttlMs: 1000, cacheScope: 'public' };
const page = { ...cacheable, nextCursor: '' };
const icons = [{ src: 'https://example.com/i.png', mimeType: 'image/png', sizes: ['48x48', 'any'], theme: 'light' }];
const annotations = { audience: ['user', 'assistant'], priority: 0.5, lastModified: '2026-07-28T00:00:00Z' };
const named = { name: 'n', title: 't', description: 'd', icons, _meta: { key: 'value' } };
const serverInfo = { name: 'n', version: '1', title: 't', description: 'd', icons, websiteUrl: 'https://example.com' };
const resource = { ...named, uri: 'file:///r', mimeType: 'text/plain', annotations, size: 3 };
const capabilities = {
  experimental: { feature: { on: true } },
  logging: {},
  completions: {},
  prompts: { listChanged: true },
  resources: { subscribe: true, listChanged: true },
  tools: { listChanged: false },
};
const textContents = { uri: 'file:///r', mimeType: 'text/plain', text: 'x', _meta: {} };
const content = [
  { type: 'text', text: 'x', annotations, _meta: {} },
  { type: 'image', data: 'eA==', mimeType: 'image/png', annotations, _meta: {} },
  { type: 'audio', data: 'eA==', mimeType: 'audio/wav', annotations, _meta: {} },
  { type: 'resource_link', ...resource },
  { type: 'resource', resource: textContents, annotations, _meta: {} },
  { type: 'resource', resource: { uri: 'file:///b', blob: 'eA==' } },
];
const subscription = { 'io.modelcontextprotocol/subscriptionId': 'listen-1' };

interface Shape {
  /** Name and revision of the official definition. */
  readonly definition: string;
  readonly revision: string;
  readonly check: ResultCheck;
  /** A value with every field that the check looks at. */
  readonly whole: Readonly<Record<string, unknown>>;
}

const SHAPES: Shape[] = [
  {
    definition: 'InitializeResult',
    revision: LEGACY,
    check: checkInitializeResult,
    whole: {
      protocolVersion: LEGACY,
      capabilities: { ...capabilities, tasks: { list: {}, cancel: {}, requests: { tools: { call: {} } } } },
      serverInfo,
      instructions: 'i',
      _meta: {},
    },
  },
  {
    definition: 'DiscoverResult',
    revision: MODERN,
    check: checkDiscoverResult,
    whole: {
      supportedVersions: [MODERN, LEGACY],
      capabilities: { ...capabilities, extensions: { 'com.example/a': { setting: [1, 'x'] } } },
      instructions: 'i',
      ...cacheable,
      _meta: { 'io.modelcontextprotocol/serverInfo': serverInfo },
    },
  },
  {
    definition: 'ListToolsResult',
    revision: MODERN,
    check: checkListToolsResult,
    whole: {
      tools: [
        {
          ...named,
          inputSchema: { $schema: 'https://json-schema.org/draft/2020-12/schema', type: 'object', properties: {} },
          outputSchema: { $schema: 'https://json-schema.org/draft/2020-12/schema', type: 'array' },
          annotations: {
            title: 't',
            readOnlyHint: true,
            destructiveHint: false,
            idempotentHint: true,
            openWorldHint: false,
          },
        },
        { name: 'plain', inputSchema: { type: 'object' } },
      ],
      ...page,
    },
  },
  {
    definition: 'ListToolsResult',
    revision: LEGACY,
    check: checkListToolsResult,
    whole: { tools: [{ name: 'n', inputSchema: { type: 'object' }, execution: { taskSupport: 'optional' } }] },
  },
  {
    definition: 'CallToolResult',
    revision: MODERN,
    check: checkCallToolResult,
    whole: { content, structuredContent: { any: 'thing' }, isError: false, ...complete },
  },
  {
    definition: 'ListPromptsResult',
    revision: MODERN,
    check: checkListPromptsResult,
    whole: {
      prompts: [
        { ...named, arguments: [{ name: 'a', title: 't', description: 'd', required: true }, { name: 'b' }] },
        { name: 'plain' },
      ],
      ...page,
    },
  },
  {
    definition: 'GetPromptResult',
    revision: MODERN,
    check: checkGetPromptResult,
    whole: {
      description: 'd',
      messages: [
        ...content.map((block) => ({ role: 'user', content: block })),
        { role: 'assistant', content: content[0] },
      ],
      ...complete,
    },
  },
  {
    definition: 'ListResourcesResult',
    revision: MODERN,
    check: checkListResourcesResult,
    whole: { resources: [resource, { uri: 'file:///p', name: 'plain' }], ...page },
  },
  {
    definition: 'ListResourceTemplatesResult',
    revision: MODERN,
    check: checkListResourceTemplatesResult,
    whole: {
      resourceTemplates: [
        { ...named, uriTemplate: 'file:///{path}', mimeType: 'text/plain', annotations },
        { uriTemplate: 'file:///{p}', name: 'plain' },
      ],
      ...page,
    },
  },
  {
    definition: 'ReadResourceResult',
    revision: MODERN,
    check: checkReadResourceResult,
    whole: { contents: [textContents, { uri: 'file:///b', mimeType: 'image/png', blob: 'eA==' }], ...cacheable },
  },
  {
    definition: 'CompleteResult',
    revision: MODERN,
    check: checkCompleteResult,
    whole: { completion: { values: ['a', ''], total: 2, hasMore: false }, ...complete },
  },
  { definition: 'EmptyResult', revision: MODERN, check: checkEmptyResult, whole: complete },
  { definition: 'EmptyResult', revision: LEGACY, check: checkEmptyResult, whole: { _meta: {} } },
  {
    definition: 'SubscriptionsListenResult',
    revision: MODERN,
    check: checkSubscriptionsListenResult,
    whole: { resultType: 'complete', _meta: subscription },
  },
  {
    definition: 'NotificationParams',
    revision: MODERN,
    check: checkListChangedParams,
    whole: { _meta: subscription },
  },
  {
    definition: 'ProgressNotificationParams',
    revision: MODERN,
    check: checkProgressParams,
    whole: { progressToken: 0, progress: 0.5, total: 1.5, message: 'm', _meta: {} },
  },
  {
    definition: 'CancelledNotificationParams',
    revision: MODERN,
    check: checkCancelledParams,
    whole: { requestId: 'r', reason: 'x', _meta: subscription },
  },
  {
    definition: 'LoggingMessageNotificationParams',
    revision: MODERN,
    check: checkLoggingMessageParams,
    whole: { level: 'emergency', logger: 'l', data: 'anything', _meta: {} },
  },
  {
    definition: 'ResourceUpdatedNotificationParams',
    revision: MODERN,
    check: checkResourceUpdatedParams,
    whole: { uri: 'file:///r', _meta: subscription },
  },
  {
    definition: 'SubscriptionsAcknowledgedNotificationParams',
    revision: MODERN,
    check: checkSubscriptionsAcknowledgedParams,
    whole: {
      notifications: {
        toolsListChanged: true,
        promptsListChanged: false,
        resourcesListChanged: true,
        resourceSubscriptions: ['file:///r'],
      },
      _meta: subscription,
    },
  },
];

const ajv = new Ajv2020({ strict: false, validateFormats: false });
for (const revision of [MODERN, LEGACY]) ajv.addSchema(readSchema(revision), revision);

function officialVerdict(definition: string, revision: string): (value: unknown) => boolean {
  const validate = ajv.getSchema(`${revision}#/$defs/${definition}`);
  if (validate === undefined) throw new Error(`Revision ${revision} does not define ${definition}`);
  return (value) => validate(value) === true;
}

type Path = readonly (string | number)[];

/** Every place in a value, the value itself left out. */
function* places(value: unknown, at: Path = []): Generator<Path> {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    const here = [...at, Array.isArray(value) ? Number(key) : key];
    yield here;
    yield* places(inner, here);
  }
}

const REMOVED = Symbol('removed');

/** A copy of `value` with another value at `at`. */
function changed(value: unknown, at: Path, to: unknown): unknown {
  const [key, ...rest] = at;
  if (key === undefined) return to;
  const copy = structuredClone(value) as Record<string | number, unknown>;
  const inner = rest.length === 0 ? to : changed(copy[key], rest, to);
  if (inner !== REMOVED) copy[key] = inner;
  else if (Array.isArray(copy)) copy.splice(Number(key), 1);
  else delete copy[key];
  return copy;
}

const REPLACEMENTS: [string, unknown][] = [
  ['removed', REMOVED],
  ['null', null],
  ['a text', 'another text'],
  ['a negative number', -1],
  ['a fraction', 1.5],
  ['true', true],
  ['an array', [1]],
  ['an empty array', []],
  ['an object', { key: 'value' }],
  ['an empty object', {}],
];

const dotted = (at: Path): string =>
  at
    .map((key) => (typeof key === 'number' ? `[${key}]` : key.includes('.') ? `["${key}"]` : `.${key}`))
    .join('')
    .replace(/^\./, '');

/** What the checks let pass although the official schema does not, and why. Besides `null` for an optional field. */
const LENIENCIES: { readonly why: string; readonly place: RegExp; readonly to: RegExp }[] = [
  { why: 'servers before 2026-07-28 do not send it', place: /^(resultType|ttlMs|cacheScope)$/, to: /^removed$/ },
  { why: 'a scope we do not know means private', place: /^cacheScope$/, to: /^a text$/ },
  { why: 'a negative time to live means 0', place: /^ttlMs$/, to: /^a (negative number|fraction)$/ },
  { why: 'a later revision may have other content', place: /\bcontent(\[\d+\])?\.type$/, to: /^a text$/ },
  { why: 'an odd number breaks no reader', place: /\.(size|total)$/, to: /^a fraction$/ },
  { why: 'an odd priority breaks no reader', place: /\.priority$/, to: /^(a (negative number|fraction))$/ },
  { why: 'an icon for another theme breaks no reader', place: /icons\[\d+\]\.theme$/, to: /^a text$/ },
  { why: 'another kind of task support breaks no reader', place: /\.taskSupport$/, to: /^a text$/ },
  { why: 'only discovery reads who the server is', place: /^_meta\["io\.modelcontextprotocol\/serverInfo"\]/, to: /./ },
  {
    why: 'the id of the answer says which stream it ends',
    place: /^_meta(\["io\.modelcontextprotocol\/subscriptionId"\])?$/,
    to: /^(removed|an object|an empty object)$/,
  },
  // The official schema leaves fractions out of "any JSON value".
  {
    why: 'settings are any JSON value',
    place: /^capabilities\.(experimental|extensions)\b.+\.(on|setting)/,
    to: /^a fraction$/,
  },
];

describe('a check and the official schema', () => {
  const used = new Set<string>();

  it.each(SHAPES)('agree on $definition of $revision', ({ definition, revision, check, whole }) => {
    const isOfficial = officialVerdict(definition, revision);
    expect({ ours: check(whole), official: isOfficial(whole) }).toEqual({ ours: undefined, official: true });
    const disagreements: string[] = [];
    for (const at of places(whole)) {
      for (const [to, replacement] of REPLACEMENTS) {
        const value = changed(whole, at, replacement);
        const found = check(value);
        if ((found === undefined) === isOfficial(value)) continue;
        const place = dotted(at);
        // `null` for an optional field is the same as none.
        if (found === undefined && to === 'null' && check(changed(whole, at, REMOVED)) === undefined) continue;
        const leniency = LENIENCIES.find((one) => one.place.test(place) && one.to.test(to));
        if (found === undefined && leniency !== undefined) used.add(leniency.why);
        else disagreements.push(`${place}, ${to}: ${found === undefined ? 'accepted' : `must be ${found.expected}`}`);
      }
    }
    expect(disagreements).toEqual([]);
  });

  it('differ in every listed leniency', () => {
    expect([...used].sort()).toEqual(LENIENCIES.map(({ why }) => why).sort());
  });
});

describe('every check', () => {
  it.each(SHAPES)('of $definition ($revision) lets unknown fields pass anywhere', ({ check, whole }) => {
    const add = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(add);
      if (typeof value !== 'object' || value === null) return value;
      const fields = Object.entries(value).map(([key, inner]): [string, unknown] => [key, add(inner)]);
      // An object, since settings and capabilities hold objects under the keys of others.
      return { ...Object.fromEntries(fields), unknownField: {} };
    };
    expect(check(add(whole))).toBeUndefined();
  });

  it.each(SHAPES)('of $definition ($revision) takes null for every field that may be missing', ({ check, whole }) => {
    const strict = [...places(whole)].filter(
      (at) => check(changed(whole, at, REMOVED)) === undefined && check(changed(whole, at, null)) !== undefined,
    );
    // Items of an array may be missing, but not be null.
    expect(strict.map(dotted).filter((place) => !place.endsWith(']'))).toEqual([]);
  });

  it.each(SHAPES)(
    'of $definition ($revision) names the field that is wrong, but never its value',
    ({ check, whole }) => {
      const secret = { secret: 's3cret' };
      for (const at of places(whole)) {
        for (const wrong of ['s3cret', secret, [secret]]) {
          const found = check(changed(whole, at, wrong));
          if (found === undefined) continue;
          expect(JSON.stringify(found)).not.toContain('s3cret');
          // The problem may show beside the changed field, since what a block holds decides which block it is, or around it.
          const nearby = found.path.startsWith(dotted(at.slice(0, -1))) || dotted(at).startsWith(found.path);
          expect({ changed: dotted(at), path: found.path, nearby }).toMatchObject({ nearby: true });
        }
      }
    },
  );

  it.each(SHAPES)('of $definition ($revision) refuses what is no object', ({ definition, check }) => {
    for (const [value, received] of [
      ['text', 'a string'],
      [0, 'a number'],
      [false, 'a boolean'],
      [[], 'an array'],
    ]) {
      expect(check(value)).toEqual({ path: '', expected: 'an object', received });
    }
    // Only a list_changed may come without parameters.
    expect(check(undefined) === undefined).toBe(definition === 'NotificationParams');
  });
});

describe('the official examples', () => {
  const checks: Readonly<Record<string, ResultCheck>> = {
    ...Object.fromEntries(
      SHAPES.filter(({ revision }) => revision === MODERN).map((shape) => [shape.definition, shape.check]),
    ),
    InputRequiredResult: checkInputRequiredResult,
    CancelledNotification: checkCancelledParams,
    LoggingMessageNotification: checkLoggingMessageParams,
    ProgressNotification: checkProgressParams,
    PromptListChangedNotification: checkListChangedParams,
    ResourceListChangedNotification: checkListChangedParams,
    ResourceUpdatedNotification: checkResourceUpdatedParams,
    SubscriptionsAcknowledgedNotification: checkSubscriptionsAcknowledgedParams,
    ToolListChangedNotification: checkListChangedParams,
  };
  /** Results that a client sends. */
  const ofClients = ['CreateMessageResult', 'ElicitResult', 'ListRootsResult'];
  const examples = readExamples().filter(
    ({ type }) => /(Result|ResultResponse|Notification|NotificationParams)$/.test(type) && !ofClients.includes(type),
  );

  it('are there', () => {
    expect(examples.length).toBeGreaterThan(30);
  });

  it.each(examples)('$file passes its check', ({ type, value }) => {
    const check = checks[type.replace(/Response$/, '')];
    const checked = type.endsWith('Response') ? value.result : type.endsWith('Notification') ? value.params : value;
    expect(check).toBeDefined();
    expect(checked).toBeDefined();
    expect(check?.(checked)).toBeUndefined();
  });
});

describe('the path of a problem', () => {
  const tools = [{ name: 'a', inputSchema: { type: 'object' } }];
  const text = { type: 'text', text: 'x' };
  it.each([
    [
      checkListToolsResult,
      { tools: [...tools, { name: 'b', inputSchema: {} }] },
      'tools[1].inputSchema.type',
      '"object"',
      'nothing',
    ],
    [checkListToolsResult, { tools: [...tools, null] }, 'tools[1]', 'an object', 'null'],
    [checkListToolsResult, { tools, nextCursor: 3 }, 'nextCursor', 'a string', 'a number'],
    [
      checkListToolsResult,
      { tools: [{ ...tools[0], annotations: { readOnlyHint: 'false' } }] },
      'tools[0].annotations.readOnlyHint',
      'a boolean',
      'a string',
    ],
    [checkCallToolResult, {}, 'content', 'an array', 'nothing'],
    [
      checkCallToolResult,
      { content: [text, { type: 'image', data: '' }] },
      'content[1].mimeType',
      'a string',
      'nothing',
    ],
    [checkCallToolResult, { content: [{ text: 'x' }] }, 'content[0].type', 'a string', 'nothing'],
    [
      checkCallToolResult,
      { content: [{ ...text, annotations: { audience: ['user', 'robot'] } }] },
      'content[0].annotations.audience[1]',
      '"user" or "assistant"',
      'a string',
    ],
    [
      checkCallToolResult,
      { content: [{ type: 'resource', resource: { uri: 'file:///x' } }] },
      'content[0].resource.text',
      'a string (or one in blob)',
      'nothing',
    ],
    [checkCallToolResult, { content: [], isError: 'yes' }, 'isError', 'a boolean', 'a string'],
    [
      checkGetPromptResult,
      { messages: [{ role: 'system', content: text }] },
      'messages[0].role',
      '"user" or "assistant"',
      'a string',
    ],
    [
      checkGetPromptResult,
      { messages: [{ role: 'user', content: [text] }] },
      'messages[0].content',
      'an object',
      'an array',
    ],
    [
      checkReadResourceResult,
      { contents: [{ uri: 'file:///x', blob: 1 }] },
      'contents[0].blob',
      'a string',
      'a number',
    ],
    [
      checkInitializeResult,
      { protocolVersion: LEGACY, capabilities: { tools: true }, serverInfo },
      'capabilities.tools',
      'an object',
      'a boolean',
    ],
    [
      checkInitializeResult,
      { protocolVersion: LEGACY, capabilities: {}, serverInfo: { name: 'n' } },
      'serverInfo.version',
      'a string',
      'nothing',
    ],
    [
      checkSubscriptionsListenResult,
      { _meta: { 'io.modelcontextprotocol/subscriptionId': 1.5 } },
      '_meta["io.modelcontextprotocol/subscriptionId"]',
      'a string or an integer',
      'a number',
    ],
  ] as const)('leads to the field (%#)', (check: ResultCheck, value, path, expected, received) => {
    expect(check(value)).toEqual({ path, expected, received });
  });
});

describe('a result of tools/call', () => {
  it.each([null, false, 0, '', [], {}])('may have %j as its structured content', (structuredContent) => {
    expect(checkCallToolResult({ content: [], structuredContent })).toBeUndefined();
  });

  it('keeps a content block of an unknown type, whatever it looks like', () => {
    const content = [{ type: 'video', text: 7, annotations: 'none', _meta: 1 }];
    expect(checkCallToolResult({ content })).toBeUndefined();
  });
});

describe('a result of server/discover', () => {
  const discovered = { supportedVersions: [MODERN], capabilities: {} };

  it.each([
    ['in _meta', { _meta: { 'io.modelcontextprotocol/serverInfo': serverInfo } }],
    ['on top', { serverInfo }],
    ['nowhere', {}],
  ])('may say who the server is %s', (_where, more) => {
    expect(checkDiscoverResult({ ...discovered, ...more })).toBeUndefined();
  });

  it('may not say it in the wrong shape, which the official schema lets pass on top', () => {
    expect(checkDiscoverResult({ ...discovered, serverInfo: { name: 'n' } })?.path).toBe('serverInfo.version');
    expect(checkDiscoverResult({ ...discovered, _meta: { 'io.modelcontextprotocol/serverInfo': {} } })?.path).toBe(
      '_meta["io.modelcontextprotocol/serverInfo"].version',
    );
  });
});

describe('a result that asks for input', () => {
  const question = { method: 'roots/list' };

  it.each([
    ['questions', { inputRequests: { 'a key': question } }],
    ['no questions at all but the field for them', { inputRequests: {} }],
    ['state', { requestState: '' }],
    ['both', { inputRequests: { a: { method: 'elicitation/create', params: {} } }, requestState: 's' }],
  ])('may have %s', (_what, fields) => {
    expect(checkInputRequiredResult({ resultType: 'input_required', ...fields })).toBeUndefined();
  });

  it.each([
    ['without either', {}, 'inputRequests'],
    ['whose questions are an array', { inputRequests: [question] }, 'inputRequests'],
    ['with a question without a method', { inputRequests: { a: {} } }, 'inputRequests'],
    ['with parameters that are no object', { inputRequests: { a: { ...question, params: [] } } }, 'inputRequests'],
    ['whose state is an object', { inputRequests: {}, requestState: {} }, 'requestState'],
    ['that is complete', { resultType: 'complete', requestState: 's' }, 'resultType'],
  ])('is refused %s', (_what, fields, path) => {
    expect(checkInputRequiredResult({ resultType: 'input_required', ...fields })?.path).toBe(path);
  });
});

describe('a notification', () => {
  it('of a finished URL elicitation names it', () => {
    expect(checkElicitationCompleteParams({ elicitationId: 'e' })).toBeUndefined();
    expect(checkElicitationCompleteParams({})).toEqual({
      path: 'elicitationId',
      expected: 'a string',
      received: 'nothing',
    });
  });

  it('may log null, but not nothing', () => {
    expect(checkLoggingMessageParams({ level: 'info', data: null })).toBeUndefined();
    expect(checkLoggingMessageParams({ level: 'info' })?.path).toBe('data');
  });

  it('of a changed list may come without parameters', () => {
    expect(checkListChangedParams(undefined)).toBeUndefined();
    expect(checkListChangedParams(null)).toBeUndefined();
  });
});
