import { StderrTail } from '../../../src/transports/stdio/stderr-tail.js';

describe('StderrTail', () => {
  test('is what was written as long as that fits', () => {
    const tail = new StderrTail(8);
    expect(tail.toString()).toBe('');
    tail.push(Buffer.from('1234'));
    tail.push(Buffer.from(''));
    tail.push(Buffer.from('5678'));
    expect(tail).toMatchObject({ truncated: false });
    expect(tail.toString()).toBe('12345678');
  });

  test('is the end of what was written, in whatever pieces it came', () => {
    const text = 'abcdefghijklmnopqrstuvwxyz';
    for (let capacity = 1; capacity <= text.length; capacity += 1) {
      for (let size = 1; size <= text.length; size += 1) {
        const tail = new StderrTail(capacity);
        for (let at = 0; at < text.length; at += size) tail.push(Buffer.from(text.slice(at, at + size)));
        expect(tail.toString()).toBe(text.slice(-capacity));
        expect(tail.truncated).toBe(capacity < text.length);
      }
    }
  });

  test('does not begin with a piece of a character', () => {
    for (const [capacity, kept] of [
      [8, '🎉🎉'],
      [7, '🎉'],
      [6, '🎉'],
      [5, '🎉'],
      [4, '🎉'],
    ] as const) {
      const tail = new StderrTail(capacity);
      tail.push(Buffer.from('🎉🎉🎉'));
      expect(tail.toString()).toBe(kept);
    }
  });

  test('does not keep a chunk that is written over', () => {
    const tail = new StderrTail(8);
    const chunk = Buffer.from('said');
    tail.push(chunk);
    chunk.fill('z');
    expect(tail.toString()).toBe('said');
  });
});
