import { DEFAULT_MAX_MESSAGE_BYTES, LineSplitter } from '../../src/protocol/messages/lines.js';
import type { Oversized } from '../../src/util/bounded-bytes.js';

const TEXT = ['{"text":"é"}', '{"text":"漢字"}', '{"text":"🎉🎉"}', '{"a":"\\n"}', '[1,2]', 'x'];

function feed(splitter: LineSplitter, bytes: Uint8Array, size: number): (string | Oversized)[] {
  const lines: (string | Oversized)[] = [];
  for (let at = 0; at < bytes.length; at += size) lines.push(...splitter.push(bytes.subarray(at, at + size)));
  return lines;
}

describe('LineSplitter', () => {
  test('gives the same lines however the bytes are cut, also within a character', () => {
    const bytes = Buffer.from(`${TEXT.join('\n')}\n`);
    for (let size = 1; size <= bytes.length; size += 1) {
      expect(feed(new LineSplitter(), bytes, size)).toEqual(TEXT);
    }
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const splitter = new LineSplitter();
      expect([...splitter.push(bytes.subarray(0, cut)), ...splitter.push(bytes.subarray(cut))]).toEqual(TEXT);
    }
  });

  test('takes \\r\\n for the end of a line wherever the chunk is cut, and leaves other carriage returns alone', () => {
    const bytes = Buffer.from('{"a":1}\r\n{"b":\r2}\r\n\r\nc\n');
    for (let size = 1; size <= bytes.length; size += 1) {
      expect(feed(new LineSplitter(), bytes, size)).toEqual(['{"a":1}', '{"b":\r2}', 'c']);
    }
  });

  test('skips blank lines', () => {
    expect(new LineSplitter().push(Buffer.from('\n\n  \t\n\r\n{}\n \r\n'))).toEqual(['{}']);
  });

  test('skips byte order marks at the start of every line and nowhere else', () => {
    const bytes = Buffer.from('\ufeff{"a":1}\n\ufeffb\r\n\ufeff\ufeffc\ufeff\n\ufeff\n\ufeff  \n"\ufeff"\n');
    for (const size of [1, 2, 100]) {
      expect(feed(new LineSplitter(), bytes, size)).toEqual(['{"a":1}', 'b', 'c\ufeff', '"\ufeff"']);
    }
  });

  test('holds an unfinished line until its end comes, or the end of the stream', () => {
    const splitter = new LineSplitter();
    expect(splitter.push(Buffer.from('one\ntw'))).toEqual(['one']);
    expect(splitter.push(Buffer.from('o'))).toEqual([]);
    expect(splitter.push(Buffer.from('\nthree'))).toEqual(['two']);
    expect(splitter.end()).toEqual(['three']);
    expect(splitter.end()).toEqual([]);
  });

  test('takes bytes that are no Buffer, and views into the middle of one', () => {
    const whole = new TextEncoder().encode('xx{"é":1}\nyy');
    expect(new LineSplitter().push(whole.subarray(2, whole.length - 2))).toEqual(['{"é":1}']);
  });

  test('does not keep a chunk that the caller writes over', () => {
    const splitter = new LineSplitter();
    const chunk = Buffer.from('half');
    splitter.push(chunk);
    chunk.fill('z');
    expect(splitter.push(Buffer.from('\n'))).toEqual(['half']);
  });

  test('turns bytes that are not UTF-8 into replacement characters and goes on with the next line', () => {
    const bytes = Buffer.from([0x22, 0xe6, 0xbc, 0x0a, 0x7b, 0x7d, 0x0a]);
    for (const size of [1, 100]) expect(feed(new LineSplitter(), bytes, size)).toEqual(['"\ufffd', '{}']);
  });

  test('a line of exactly the limit passes and one byte more does not, however it is cut', () => {
    const bytes = Buffer.from('12345678\n123456789\nok\n1234567é\n123456é\n');
    for (let size = 1; size <= bytes.length; size += 1) {
      expect(feed(new LineSplitter(8), bytes, size)).toEqual([
        '12345678',
        { limit: 8, received: 9, head: '123456789', tail: '123456789' },
        'ok',
        { limit: 8, received: 9, head: '1234567é', tail: '1234567é' },
        '123456é',
      ]);
    }
  });

  test('reports the length and both edges of a line over the limit', () => {
    const line = `head${'x'.repeat(10_000)}tail`;
    for (const size of [1, 7, 300, 999, 100_000]) {
      const lines = feed(new LineSplitter(1_000), Buffer.from(`${line}\nnext\n`), size);
      expect(lines).toEqual([
        { limit: 1_000, received: 10_008, head: line.slice(0, 256), tail: line.slice(-256) },
        'next',
      ]);
    }
  });

  test('reports a line over the limit at the end of the stream', () => {
    const splitter = new LineSplitter(4);
    expect(splitter.push(Buffer.from('123456'))).toEqual([]);
    expect(splitter.end()).toEqual([{ limit: 4, received: 6, head: '123456', tail: '123456' }]);
  });

  test('a gigabyte without an end takes no memory', () => {
    const splitter = new LineSplitter(1024 * 1024);
    const chunk = Buffer.alloc(64 * 1024, 'x');
    const before = process.memoryUsage();
    const told = Array.from({ length: 16 * 1024 }, () => splitter.push(chunk)).flat();
    const after = process.memoryUsage();
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(64 * 1024 * 1024);
    expect(told).toMatchObject([{ received: 2 * 1024 * 1024 + 64 * 1024, ended: false }]);
    expect(splitter.push(Buffer.from('\n'))).toEqual([]);
  });

  test('a long line in small pieces takes time in proportion to its length', () => {
    // Copying at each of 131,072 pieces what came before would move a terabyte: minutes, not milliseconds.
    const line = Buffer.from(`"${'x'.repeat(16 * 1024 * 1024)}"\n`);
    const start = performance.now();
    expect(feed(new LineSplitter(), line, 128)).toHaveLength(1);
    expect(performance.now() - start).toBeLessThan(10_000);
  });

  test('takes lines of up to 32 MiB by default', () => {
    expect(DEFAULT_MAX_MESSAGE_BYTES).toBe(33_554_432);
    const splitter = new LineSplitter();
    const bytes = Buffer.alloc(DEFAULT_MAX_MESSAGE_BYTES + 1, 'x');
    bytes[DEFAULT_MAX_MESSAGE_BYTES] = 0x0a;
    expect(splitter.push(bytes).map((line) => typeof line)).toEqual(['string']);
    expect(splitter.push(Buffer.concat([Buffer.from('y'), bytes])).map((line) => typeof line)).toEqual(['object']);
  });
});
