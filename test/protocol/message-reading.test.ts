import { repaired } from '../../src/protocol/checks/repair.js';
import { isFailure } from '../../src/util/failure.js';
import { readParams, readResult } from '../../src/protocol/messages/message-reading.js';
import type { Reading } from '../../src/protocol/messages/message-reading.js';
import { methodEntry, uncheckedEntry } from '../../src/protocol/methods.js';
import type { Era } from '../../src/protocol/revisions.js';
import { LEGACY, MODERN, SHAPES } from '../support/charts/checked-shapes.js';

type Result = Readonly<Record<string, unknown>>;

function reading(method: string, result: Result, era: Era = 'legacy'): Reading {
  const read = readResult(method, methodEntry(method), era, result);
  if (read === undefined || isFailure(read)) throw new Error(`Expected a reading, got ${JSON.stringify(read)}`);
  return read;
}

function refusal(method: string, result: Result, era: Era = 'legacy'): unknown {
  const read = readResult(method, methodEntry(method), era, result);
  if (read === undefined || !isFailure(read)) throw new Error(`Expected a failure, got ${JSON.stringify(read)}`);
  return read;
}

/** Freezes a value and everything in it: a reading must not change what it reads. */
function frozen<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) frozen(inner);
    Object.freeze(value);
  }
  return value;
}

/** All ways to put one of a few wrong values in the place of one of the values in an object. */
function* spoiled(value: unknown, spoil: (wrong: unknown) => unknown = (wrong) => wrong): Generator {
  for (const wrong of ['text', 7, true, [], {}, [{}], { key: 1 }]) yield spoil(wrong);
  if (typeof value !== 'object' || value === null) return;
  for (const key of Object.keys(value)) {
    yield* spoiled((value as Result)[key], (wrong) => {
      const copy = structuredClone(value) as Record<string, unknown>;
      copy[key] = wrong;
      return spoil(copy);
    });
  }
}

describe('a repaired value', () => {
  it.each(SHAPES)('of $definition ($revision) passes its check, and the original is left alone', ({ check, whole }) => {
    let repairs = 0;
    for (const value of spoiled(whole)) {
      const before = check(value);
      const read = repaired(frozen(value), check);
      if (!('faults' in read)) {
        expect(before).toBeDefined();
        continue;
      }
      expect(check(read.value)).toBeUndefined();
      expect(read.faults.length > 0).toBe(before !== undefined);
      repairs += read.faults.length;
    }
    expect(repairs).toBeGreaterThan(0);
  });

  it('keeps a key `__proto__` of the server as a key', () => {
    const result = JSON.parse(
      '{"tools":[{"name":"a","inputSchema":{"__proto__":{"type":"x"}}}],"__proto__":1}',
    ) as Result;
    const { value } = reading('tools/list', result);
    expect(JSON.stringify(value)).toBe(
      '{"tools":[{"name":"a","inputSchema":{"__proto__":{"type":"x"},"type":"object"}}],"__proto__":1}',
    );
  });

  it('is refused when it has more than a hundred faults', () => {
    const broken = Array.from({ length: 101 }, (_, at): [string, number] => [`x/${at}`, 1]);
    const capabilities = { extensions: Object.fromEntries<number>(broken) };
    expect(refusal('initialize', { protocolVersion: LEGACY, capabilities })).toMatchObject({
      details: { path: 'capabilities.extensions' },
    });
  });
});

const text = { type: 'text', text: 'x' };
const link = { type: 'resource_link', uri: 'x:1', name: 'n' };
const schema = { type: 'object' };

describe('decoration of the wrong type', () => {
  it.each<[method: string, result: Result, read: Result]>([
    ['tools/call', { content: [], _meta: [] }, { content: [] }],
    ['tools/call', { content: [text], resultType: 5 }, { content: [text] }],
    [
      'tools/call',
      { content: [{ ...text, annotations: { audience: ['system'] } }] },
      { content: [{ ...text, annotations: {} }] },
    ],
    ['tools/call', { content: [{ ...text, annotations: [] }] }, { content: [text] }],
    [
      'tools/call',
      { content: [{ ...text, annotations: { priority: 'high' } }] },
      { content: [{ ...text, annotations: {} }] },
    ],
    [
      'tools/call',
      { content: [{ ...text, annotations: { lastModified: 5 } }] },
      { content: [{ ...text, annotations: {} }] },
    ],
    [
      'tools/call',
      { content: [{ ...link, size: '5', title: 5, description: 7, icons: 'x', mimeType: null }] },
      { content: [{ ...link, mimeType: null }] },
    ],
    [
      'tools/call',
      { content: [{ type: 'resource', resource: { uri: 'x', text: 't', mimeType: 5, _meta: 1 } }] },
      { content: [{ type: 'resource', resource: { uri: 'x', text: 't' } }] },
    ],
    [
      'tools/list',
      { tools: [{ name: 'a', inputSchema: schema, icons: [{ src: 'x', sizes: '48x48' }] }] },
      { tools: [{ name: 'a', inputSchema: schema }] },
    ],
    [
      'tools/list',
      { tools: [{ name: 'a', inputSchema: schema, title: 5, _meta: [], execution: 'sync' }] },
      { tools: [{ name: 'a', inputSchema: schema }] },
    ],
    ['tools/list', { tools: [], ttlMs: '1000', cacheScope: 5 }, { tools: [] }],
    [
      'tools/list',
      { tools: [{ name: 'a', inputSchema: { ...schema, $schema: 5 }, outputSchema: [] }] },
      { tools: [{ name: 'a', inputSchema: schema }] },
    ],
    ['prompts/list', { prompts: [{ name: 'a', arguments: 'none' }] }, { prompts: [{ name: 'a' }] }],
    [
      'prompts/list',
      { prompts: [{ name: 'a', arguments: [{ name: 'b', required: 'yes', description: 5, title: [] }] }] },
      { prompts: [{ name: 'a', arguments: [{ name: 'b' }] }] },
    ],
    ['prompts/get', { messages: [], description: ['x'] }, { messages: [] }],
    [
      'resources/list',
      { resources: [{ uri: 'x', name: 'n', size: '5 KB', mimeType: ['text/plain'] }] },
      { resources: [{ uri: 'x', name: 'n' }] },
    ],
    [
      'resources/templates/list',
      { resourceTemplates: [{ uriTemplate: 'x', name: 'n', annotations: 'none' }] },
      { resourceTemplates: [{ uriTemplate: 'x', name: 'n' }] },
    ],
    ['resources/read', { contents: [{ uri: 'x', text: 't', _meta: [] }] }, { contents: [{ uri: 'x', text: 't' }] }],
    [
      'completion/complete',
      { completion: { values: ['a'], total: 'many', hasMore: 'no' } },
      { completion: { values: ['a'] } },
    ],
    ['ping', { _meta: 'none' }, {}],
  ])('is left out of the result of %s (%#)', (method, result, read) => {
    const { value, warnings } = reading(method, frozen(result));
    expect(value).toEqual(read);
    expect(warnings.length).toBeGreaterThan(0);
    for (const { code, details } of warnings)
      expect({ code, details }).toMatchObject({ code: 'MCP_INVALID_RESULT', details: { method } });
  });

  it.each<[field: string, value: unknown]>([
    ['readOnlyHint', 'true'],
    ['readOnlyHint', 1],
    ['idempotentHint', 'yes'],
    ['idempotentHint', [true]],
    ['destructiveHint', 'false'],
    ['openWorldHint', 0],
  ])('is no hint: %s of %j is left out, and the tool stays', (field, value) => {
    const tool = { name: 'a', inputSchema: schema, annotations: { [field]: value, title: 't' } };
    expect(reading('tools/list', { tools: [tool] }).value).toEqual({
      tools: [{ ...tool, annotations: { title: 't' } }],
    });
  });

  it.each<[given: unknown, read: unknown]>([
    [
      { tools: true, logging: [], completions: true },
      { tools: {}, logging: {}, completions: {} },
    ],
    [{ tools: false, prompts: 'yes', resources: 1, logging: 'x' }, {}],
    [
      { tools: { listChanged: 'true' }, resources: { subscribe: 1, listChanged: true } },
      { tools: {}, resources: { listChanged: true } },
    ],
    [
      { experimental: { a: {}, b: 'x' }, extensions: { 'a/b': true, 'a/c': {} } },
      { experimental: { a: {} }, extensions: { 'a/c': {} } },
    ],
    [{ experimental: [], extensions: 5, tasks: { list: true, requests: 5 } }, { tasks: {} }],
    [[], {}],
  ])('of capabilities is no capability, unless it says so: %j', (capabilities, read) => {
    const handshake = { protocolVersion: LEGACY, serverInfo: { name: 'n', version: '1' } };
    expect(reading('initialize', { ...handshake, capabilities }).value).toEqual({ ...handshake, capabilities: read });
    const discovered = { resultType: 'complete', supportedVersions: [MODERN] };
    expect(reading('server/discover', { ...discovered, capabilities }, 'modern').value).toEqual({
      ...discovered,
      capabilities: read,
    });
  });

  it.each<[given: unknown, read: unknown]>([
    [{ name: 'n' }, { name: 'n', version: '' }],
    [
      { name: 'n', version: 1.5 },
      { name: 'n', version: '1.5' },
    ],
    [
      { name: 'n', version: '1', websiteUrl: 5, description: {}, title: 1, icons: {} },
      { name: 'n', version: '1' },
    ],
    [{ version: '1' }, undefined],
    ['server', undefined],
    [[], undefined],
  ])('of the server information does not refuse the handshake: %j', (serverInfo, read) => {
    const handshake = { protocolVersion: LEGACY, capabilities: {} };
    expect(reading('initialize', { ...handshake, serverInfo, instructions: 5 }).value).toEqual({
      ...handshake,
      ...(read !== undefined && { serverInfo: read }),
    });
  });

  it.each<[method: string, params: Result, read: Result]>([
    ['notifications/message', { level: 'warn', data: 'x' }, { level: 'warning', data: 'x' }],
    ['notifications/message', { level: 'FATAL', data: 'x' }, { level: 'critical', data: 'x' }],
    ['notifications/message', { level: 'Error ', data: 'x' }, { level: 'error', data: 'x' }],
    ['notifications/message', { level: 30, data: 'x' }, { level: 'info', data: 'x' }],
    ['notifications/message', { level: '__proto__', data: 'x' }, { level: 'info', data: 'x' }],
    ['notifications/message', { data: 'x' }, { level: 'info', data: 'x' }],
    ['notifications/message', { level: 'info', message: 'x' }, { level: 'info', message: 'x', data: null }],
    ['notifications/message', { level: 'info', data: 'x', logger: 5, _meta: [] }, { level: 'info', data: 'x' }],
    [
      'notifications/progress',
      { progressToken: 1, progress: 1, total: {}, message: 5 },
      { progressToken: 1, progress: 1 },
    ],
    ['notifications/cancelled', { requestId: 1, reason: 5 }, { requestId: 1 }],
    ['notifications/tools/list_changed', { _meta: [] }, {}],
    ['notifications/resources/updated', { uri: 'x', _meta: 'none' }, { uri: 'x' }],
    [
      'notifications/subscriptions/acknowledged',
      { notifications: { toolsListChanged: 'true', resourceSubscriptions: [1] } },
      { notifications: {} },
    ],
  ])('is left out of %s (%#)', (method, params, read) => {
    const found = readParams(method, frozen(params));
    expect(found).toMatchObject({ value: read });
    expect((found as Reading).value).toEqual(read);
    expect((found as Reading).warnings[0]).toMatchObject({ code: 'MCP_INVALID_MESSAGE', details: { method } });
  });

  it.each<[method: string, params: unknown]>([
    ['notifications/progress', { progress: 1 }],
    ['notifications/resources/updated', { uri: 5 }],
    ['notifications/message', 'text'],
    ['notifications/tools/list_changed', { _meta: { 'io.modelcontextprotocol/subscriptionId': 1.5 } }],
  ])('is not what %s is about: that is refused (%#)', (method, params) => {
    expect(readParams(method, params)).toHaveProperty('path');
    expect(readParams(method, params)).not.toHaveProperty('value');
  });
});

describe('the input schema of a tool', () => {
  function inputSchema(given: unknown): unknown {
    const { value } = reading('tools/list', { tools: [{ name: 'a', inputSchema: given }] });
    return (value as { tools: { inputSchema: unknown }[] }).tools[0]?.inputSchema;
  }

  it.each<[given: unknown]>([
    [{}],
    [{ $schema: 'http://json-schema.org/draft-07/schema#' }],
    [{ properties: { a: {} } }],
    [{ type: null }],
    [{ type: ['object', 'null'] }],
    [{ anyOf: [{ type: 'object' }, { type: 'null' }] }],
    [{ anyOf: [{ $ref: '#/$defs/a' }], $defs: { a: schema } }],
    [{ oneOf: [{ required: ['a'] }, { required: ['b'] }] }],
    [{ allOf: [{ properties: {} }, true] }],
    [{ $ref: '#/$defs/a', $defs: { a: schema } }],
  ])('that leaves the type open is one of objects, with a warning: %j', (given) => {
    expect(inputSchema(given)).toEqual({ ...(given as object), type: 'object' });
  });

  it('that PHP wrote as an empty array is one of objects', () => {
    expect(inputSchema([])).toEqual(schema);
  });

  it.each<[given: unknown]>([
    [undefined],
    [null],
    ['object'],
    [true],
    [[schema]],
    [{ type: 'string' }],
    [{ type: ['string', 'null'] }],
    [{ anyOf: [{ type: 'string' }, { type: 'number' }] }],
    [{ oneOf: [{ type: 'array' }] }],
    [{ anyOf: [] }],
    [{ allOf: [schema, { type: 'string' }] }],
  ])('that no arguments can fit makes its tool be left out: %j', (given) => {
    expect(inputSchema(given)).toBeUndefined();
  });
});

describe('a list with items that cannot be used', () => {
  it.each<[method: string, field: string, noun: string, good: object, bad: readonly unknown[], named: string]>([
    ['tools/list', 'tools', 'tool', { name: 'good', inputSchema: schema }, [{ name: 'bad' }], 'bad'],
    [
      'tools/list',
      'tools',
      'tool',
      { name: 'good', inputSchema: schema },
      [{ name: 'bad', description: 5, inputSchema: schema }],
      'bad',
    ],
    ['tools/list', 'tools', 'tool', { name: 'good', inputSchema: schema }, [null], 'number 2'],
    ['tools/list', 'tools', 'tool', { name: 'good', inputSchema: schema }, ['bad'], 'number 2'],
    ['tools/list', 'tools', 'tool', { name: 'good', inputSchema: schema }, [{ inputSchema: schema }], 'number 2'],
    ['prompts/list', 'prompts', 'prompt', { name: 'good' }, [{ name: 'bad', arguments: [{}] }], 'bad'],
    ['prompts/list', 'prompts', 'prompt', { name: 'good' }, [{ title: 'bad' }], 'number 2'],
    ['resources/list', 'resources', 'resource', { uri: 'x:1', name: 'good' }, [{ uri: 'x:2' }], 'x:2'],
    ['resources/list', 'resources', 'resource', { uri: 'x:1', name: 'good' }, [{ name: 'bad' }], 'bad'],
    [
      'resources/list',
      'resources',
      'resource',
      { uri: 'x:1', name: 'good' },
      [{ uri: 'x:2', name: 'bad', description: {} }],
      'bad',
    ],
    [
      'resources/templates/list',
      'resourceTemplates',
      'template',
      { uriTemplate: 'x:1', name: 'good' },
      [{ uriTemplate: 'x:2' }],
      'x:2',
    ],
  ])('in %s has the others (%#)', (method, field, noun, good, bad, named) => {
    const { value, warnings } = reading(method, frozen({ [field]: [good, ...bad, good] }));
    expect(value).toEqual({ [field]: [good, good] });
    expect(warnings).toHaveLength(1);
    expect(warnings[0]?.message).toContain(`${method}: the ${noun} ${named} is left out: `);
    expect(warnings[0]?.details).toMatchObject({ method, [noun]: named });
    expect(warnings[0]?.details?.path).toMatch(new RegExp(`^${field}\\[1\\]`));
  });

  it('causes a bounded number of warnings', () => {
    const tools = Array.from({ length: 1_000 }, (_, at) => ({ name: `bad-${at}`, icons: 7 }));
    const { value, warnings } = reading('tools/list', { tools });
    expect(value).toEqual({ tools: [] });
    expect(warnings).toHaveLength(21);
    expect(warnings[20]?.message).toContain('980 more problems');
  });

  it('does not let a name of the server get out of hand in a warning', () => {
    const { warnings } = reading('tools/list', { tools: [{ name: `\u001b[2J${'x'.repeat(10_000)}` }] });
    expect(warnings[0]?.message.length).toBeLessThan(300);
    expect(warnings[0]?.message).not.toContain('\u001b');
  });

  it('is read with a number of checks that grows with its length, not with the square of that', () => {
    let read = 0;
    const counted = {
      get name() {
        read += 1;
        return 'good';
      },
      inputSchema: schema,
    };
    const tools = Array.from({ length: 2_000 }, (_, at) => (at % 2 === 0 ? counted : {}));
    reading('tools/list', { tools });
    expect(read).toBeLessThan(10_000);
  });
});

describe('a result of a tool', () => {
  it.each<[result: Result]>([
    [{}],
    [{ toolResult: { a: 1 } }],
    [{ structuredContent: { a: 1 } }],
    [{ content: null, isError: true }],
    [{ text: 'x', _meta: { a: 1 } }],
  ])('of a legacy server without content has an empty one, and keeps the rest: %j', (result) => {
    expect(reading('tools/call', frozen(result)).value).toEqual({ ...result, content: [] });
  });

  it.each<[result: Result, path: string, era: Era]>([
    [{ structuredContent: {} }, 'content', 'modern'],
    [{ content: 'text' }, 'content', 'legacy'],
    [{ content: {} }, 'content', 'legacy'],
    [{ content: [{ type: 'resource_link', uri: 'x:1' }] }, 'content[0].name', 'legacy'],
    [{ content: [text, null] }, 'content[1]', 'legacy'],
    [{ content: [{ type: 'image', data: 'x' }] }, 'content[0].mimeType', 'modern'],
    [{ content: [], isError: 'true' }, 'isError', 'legacy'],
    [{ content: [{ type: 'text', text: 5, annotations: 5 }], _meta: [] }, 'content[0].text', 'legacy'],
  ])('that is refused is in the details: %j', (result, path, era) => {
    expect(refusal('tools/call', frozen(result), era)).toMatchObject({
      code: 'MCP_INVALID_RESULT',
      delivery: 'answered',
      details: { method: 'tools/call', path, result },
    });
  });

  it.each<[method: string, result: Result]>([
    ['prompts/get', { messages: [{ role: 'system', content: text }] }],
    ['resources/read', { contents: [{ uri: 'x' }] }],
    ['completion/complete', { completion: { values: [1] } }],
    ['tools/list', { tools: {} }],
    ['resources/list', { resources: [], nextCursor: 5 }],
  ])('and one of %s that is refused is in the details, too', (method, result) => {
    expect(refusal(method, result)).toMatchObject({ details: { method, result } });
  });

  it('keeps blocks of types that are not known', () => {
    const content = [text, { type: 'video', url: 'x' }, { type: 'text/html' }];
    expect(readResult('tools/call', methodEntry('tools/call'), 'modern', { content })).toBeUndefined();
  });

  it('is not looked at for a caller who wants it as it is, unless it asks for input', () => {
    const entry = uncheckedEntry('tools/call');
    for (const result of [{}, { content: 5, _meta: [] }, { resultType: 'task' }]) {
      expect(readResult('tools/call', entry, 'modern', result)).toBeUndefined();
    }
    expect(readResult('tools/call', entry, 'modern', { resultType: 'input_required' })).toMatchObject({
      code: 'MCP_CAPABILITY_MISSING',
    });
  });
});
