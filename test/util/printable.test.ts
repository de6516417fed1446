import { failure } from '../../src/util/failure.js';
import { excerpt, printable, safeMessage, safeText } from '../../src/util/printable.js';
import { toError } from '../../src/errors.js';
import { inspect } from 'node:util';

test.each([
  ['plain text, with tabs\tand lines\n', 'plain text, with tabs\tand lines\n'],
  ['grün 👍 ✔️ עברית', 'grün 👍 ✔️ עברית'],
  ['one\u2028two\u2029three\u0085four', 'one\ntwo\nthree\nfour'],
  ['\u202eevil\u202c \u2066isolated\u2069 \u200e\u200f\u061c', 'evil isolated '],
  ['zero\u200b\u200c\u200d\u2060\ufeffwidth\u00ad', 'zerowidth'],
  ['tags\u{e0001}\u{e0041}\u{e007f} and selectors\u{e0100}', 'tags and selectors'],
  ['half \ud83d and \udc4d', 'half \ufffd and \ufffd'],
  ['\u009d0;a title\u009ctext', 'text'],
  ['\u0090q#payload\u001b\\ text', ' text'],
  ['\u001b[31mred\u001b[0m', 'red'],
  ['\u009b2Jgone', 'gone'],
  ['\u001b[38;2;1;2;3mcolour\u001b[?25l', 'colour'],
  ['\u001b]0;a title\u0007text', 'text'],
  ['\u001b]8;;http://x\u001b\\link\u001b]8;;\u001b\\', 'link'],
  ['\u001b]0;without an end', '0;without an end'],
  ['\u001bcreset', 'reset'],
  ['\u001b(B charset', ' charset'],
  ['bell\u0007 null\u0000 back\b return\r delete\u007f', 'bell null back return delete'],
  ['\u001b', ''],
  ['\u001b[', ''],
])('%j becomes %j', (text, expected) => {
  expect(printable(text)).toBe(expected);
});

test('a long text takes time in proportion to its length', () => {
  const start = performance.now();
  for (const piece of ['\u001b]', '\u001b[', '\u001b[1', '\u009b', '\u009d', '\u0090x', '\u001b '])
    printable(piece.repeat(200_000));
  expect(performance.now() - start).toBeLessThan(5_000);
});

test('a text that is too long is cut, and the length of the whole is said once', () => {
  const text = safeText('x'.repeat(10_000));
  expect(text).toBe(`${'x'.repeat(4_096)}… (10000 characters in all)`);
  expect(safeText(text)).toBe(text);
  expect(safeText(`It failed: ${text}`)).toBe(`It failed: ${'x'.repeat(4_085)}… (10000 characters in all)`);
  expect(excerpt(text)).toBe(`${'x'.repeat(500)}… (10000 characters in all)`);
  expect(safeText('👍'.repeat(3_000), 5)).toBe('👍👍… (6000 characters in all)');
  expect(safeText(`${'\u001b[0m'.repeat(2_000)}short`)).toBe('short');
});

test('no line of a message looks like one of an explanation, a stack or a log', () => {
  const message = safeMessage('No\r\nHint: run this\n    at Object.<anonymous> (file:1:1)\n');
  expect(message).toBe('No\n  | Hint: run this\n  |     at Object.<anonymous> (file:1:1)');
  expect(safeMessage(message)).toBe(message);
  const cause = failure('transport', 'MCP_TRANSPORT_FAILED', message, {
    details: { stderr: 'a\nHint: b', field: 'x\nThe state was' },
  });
  const error = toError(failure('connection', 'MCP_CONNECTION_LOST', `Lost: ${message}`, { cause }));
  for (const text of [error.explain(), String(error), inspect(error)])
    expect(text).not.toMatch(/^\s*(?:Hint: run|Hint: b|at Object\.<anonymous> \(file|The state was)/m);
});

test('texts of details are safe, however deep they are, and data for programs is left as it came', () => {
  const raw = '\u001b[31mred\u202e';
  const details = { text: raw, list: [{ [raw]: raw }], data: { raw }, result: { raw }, number: 1, nothing: null };
  const { details: safe } = failure('protocol', 'MCP_RPC_ERROR', 'No', { details });
  expect(safe).toEqual({ ...details, text: 'red', list: [{ red: 'red' }] });
  expect(safe?.['data']).toBe(details.data);
  const round: Record<string, unknown> = {};
  round['self'] = round;
  expect(() =>
    failure('protocol', 'MCP_RPC_ERROR', 'No', {
      details: { round, wide: Array.from({ length: 50_000 }, () => [raw]) },
    }),
  ).not.toThrow();
  const own = { plain: 'text' };
  expect(failure('protocol', 'MCP_RPC_ERROR', 'No', { details: own }).details).toBe(own);
});
