import { entryLine } from '../../src/recording/recording-lines.js';

test('a line of a recording has no character that a terminal obeys or a reader does not see, and says the same', () => {
  const key = 'a\u001b[31m\u009b0m\u202eb\u2028c\u{e0041}';
  const entry = { type: 'message', at: 1, [key]: 'x' } as unknown as Parameters<typeof entryLine>[0];
  const line = entryLine(entry, undefined);
  expect(line).toMatch(/^[\u0020-\u007e]*$/);
  expect(JSON.parse(line)).toHaveProperty([key], 'x');
});
