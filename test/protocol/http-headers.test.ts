import {
  bodyKind,
  encodeHeaderText,
  isHeaderValue,
  isSessionId,
  isToken,
  lastEventIdValue,
  legacyVersionHeaders,
  modernHeaders,
  retryAfterOf,
  statedVersion,
} from '../../src/protocol/http-headers.js';

describe('text in a header', () => {
  test.each([
    ['us-west1', 'us-west1'],
    ['', ''],
    ['two words', 'two words'],
    ['Hello, 世界', '=?base64?SGVsbG8sIOS4lueVjA==?='],
    [' padded ', '=?base64?IHBhZGRlZCA=?='],
    ['line1\nline2', '=?base64?bGluZTEKbGluZTI=?='],
    ['a\tb', '=?base64?YQli?='],
    ['=?base64?literal?=', '=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?='],
    ['=?BASE64?literal?=', '=?BASE64?literal?='],
    ['\u007f', '=?base64?fw==?='],
  ])('%j is written %j', (text, value) => {
    expect(encodeHeaderText(text)).toBe(value);
    expect(isHeaderValue(value)).toBe(true);
  });
});

test('line breaks, other control characters and what Latin-1 does not have cannot stand in a header', () => {
  expect(['a\rb', 'a\nb', 'a\0b', '€', '\u007f'].map(isHeaderValue)).toEqual([false, false, false, false, false]);
  expect(['a\tb', 'é', ''].map(isHeaderValue)).toEqual([true, true, true]);
});

test('tokens and session ids are distinguished from similar text', () => {
  expect(['X-Region', 'a~b', '', 'a b', 'a:b', 'é', 'a\r'].map(isToken)).toEqual([
    true,
    true,
    false,
    false,
    false,
    false,
    false,
  ]);
  expect(['a!~', '', 'a b', 'é', 'a\n', 5].map(isSessionId)).toEqual([true, false, false, false, false, false]);
});

test('a content type is read without its parameters; a missing one may be JSON', () => {
  expect(bodyKind('Text/Event-Stream; charset=utf-8')).toBe('events');
  expect(bodyKind('application/json;charset=utf-8')).toBe('json');
  expect(bodyKind('application/problem+json')).toBe('json');
  expect(bodyKind(undefined)).toBe('json');
  expect(['text/html', 'application/jsonp', 'text/event-stream-x', ''].map(bodyKind)).toEqual([
    'other',
    'other',
    'other',
    'other',
  ]);
});

test.each([
  ['7', 7_000],
  [' 0 ', 0],
  ['Sun, 22 Nov 2026 18:00:10 GMT', 10_000],
  ['Sun, 22 Nov 2026 17:00:00 GMT', 0],
  ['-1', undefined],
  ['1.5', 1_500],
  ['0.0004', 1],
  ['1e3', undefined],
  ['Sunday, 22-Nov-26 18:00:10 GMT', 10_000],
  ['Sun Nov 22 18:00:10 2026', 10_000],
  ['soon', undefined],
  ['', undefined],
  [undefined, undefined],
])('Retry-After %j means %j ms', (value, expected) => {
  expect(retryAfterOf(value, Date.parse('2026-11-22T18:00:00Z'))).toBe(expected);
});

test('a date in Retry-After is compared with the date of the answer, where that has one', () => {
  const now = Date.parse('2026-11-22T18:00:00Z');
  const value = 'Sun, 22 Nov 2026 15:00:10 GMT';
  expect(retryAfterOf(value, now, 'Sun, 22 Nov 2026 15:00:00 GMT')).toBe(10_000);
  expect(retryAfterOf(value, now, 'yesterday')).toBe(0);
  expect(retryAfterOf('7', now, 'Sun, 22 Nov 2026 15:00:00 GMT')).toBe(7_000);
});

describe('the headers of a modern message', () => {
  test.each([
    ['tools/call', { name: 'a', uri: 'b' }, 'a'],
    ['prompts/get', { name: 'a' }, 'a'],
    ['resources/read', { uri: 'file:///ü' }, '=?base64?ZmlsZTovLy/DvA==?='],
    ['tasks/get', { taskId: 't' }, 't'],
    ['tools/list', { name: 'a' }, undefined],
    ['tools/call', {}, undefined],
  ])('of %s with %j name %j', (method, params, name) => {
    const headers = modernHeaders({ jsonrpc: '2.0', id: 1, method, params }, '2026-07-28');
    const expected = ['mcp-protocol-version', '2026-07-28', 'mcp-method', method];
    expect(headers).toEqual(name === undefined ? expected : [...expected, 'mcp-name', name]);
  });

  test('name the revision that the message itself names', () => {
    const _meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' };
    expect(statedVersion({ jsonrpc: '2.0', id: 1, method: 'x', params: { _meta } })).toBe('2026-07-28');
    expect(statedVersion({ jsonrpc: '2.0', id: 1, method: 'initialize', params: {} })).toBeUndefined();
    expect(statedVersion({ jsonrpc: '2.0', id: 1, result: {} })).toBeUndefined();
  });
});

test('legacy revisions are named from 2025-06-18 on', () => {
  expect(['2024-11-05', '2025-03-26', undefined].map(legacyVersionHeaders)).toEqual([[], [], []]);
  expect(legacyVersionHeaders('2025-06-18')).toEqual(['mcp-protocol-version', '2025-06-18']);
});

test.each([
  ['e1', 'e1'],
  ['a b', 'a b'],
  ['é漢', Buffer.from('é漢').toString('latin1')],
  ['', undefined],
  [' a', undefined],
  ['a\u0007', undefined],
])('the id %j of an event is said as %j in a header', (id, value) => {
  expect(lastEventIdValue(id)).toBe(value);
});
