import {
  checkElicitationCompleteParams,
  checkListChangedParams,
  checkLoggingMessageParams,
} from '../../src/protocol/checks/notification-checks.js';
import {
  checkCallToolResult,
  checkDiscoverResult,
  checkGetPromptResult,
  checkInitializeResult,
  checkInputRequiredResult,
  checkListToolsResult,
  checkReadResourceResult,
  checkSubscriptionsListenResult,
} from '../../src/protocol/checks/result-checks.js';
import type { ResultCheck } from '../../src/protocol/checks/result-checks.js';
import { LEGACY, MODERN, serverInfo } from '../support/charts/checked-shapes.js';

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
    expect(check(value)).toMatchObject({ path, expected, received });
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
    ['whose questions are a text, though it has state', { inputRequests: 'text', requestState: 's' }, 'inputRequests'],
    ['whose state is an object', { inputRequests: {}, requestState: {} }, 'requestState'],
    ['that is complete', { resultType: 'complete', requestState: 's' }, 'resultType'],
  ])('is refused %s', (_what, fields, path) => {
    expect(checkInputRequiredResult({ resultType: 'input_required', ...fields })?.path).toBe(path);
  });

  it('is refused when it is no object', () => {
    expect(checkInputRequiredResult(null)).toEqual({ path: '', expected: 'an object', received: 'null' });
  });
});

describe('a notification', () => {
  it('of a finished URL elicitation names it', () => {
    expect(checkElicitationCompleteParams({ elicitationId: 'e' })).toBeUndefined();
    expect(checkElicitationCompleteParams(undefined)?.path).toBe('');
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
