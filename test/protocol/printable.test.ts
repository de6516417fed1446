import { printable } from '../../src/protocol/printable.js';

test.each([
  ['plain text, with tabs\tand lines\n', 'plain text, with tabs\tand lines\n'],
  ['grün 👍 \u2028', 'grün 👍 \u2028'],
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
  for (const piece of ['\u001b]', '\u001b[', '\u001b[1', '\u009b', '\u001b ']) printable(piece.repeat(200_000));
  expect(performance.now() - start).toBeLessThan(5_000);
});
