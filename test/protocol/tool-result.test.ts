import { repeatsStructured } from '../../src/protocol/tool-result.js';

describe('repeatsStructured', () => {
  it.each([
    ['the same JSON', { a: 1 }, ['{ "a": 1 }'], true],
    ['each value as a block', { content: 'x\n' }, ['x\n'], true],
    ['a value that no block has', { content: 'x', size: 1 }, ['x'], false],
    ['an empty object', {}, ['x'], false],
    ['an empty object as JSON', {}, ['{}'], true],
    ['a text', 'x', ['x'], true],
    ['a number', 5, ['5'], true],
    ['null', null, ['nothing'], false],
    ['a list', [1, 2], ['1', '2'], false],
  ])('knows %s', (_name, structuredContent, texts, expected) => {
    const content = texts.map((text) => ({ type: 'text' as const, text }));
    expect(repeatsStructured({ content, structuredContent })).toBe(expected);
  });
});
