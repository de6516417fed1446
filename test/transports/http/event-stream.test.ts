import type { Failure } from '../../../src/util/failure.js';
import { EventStream } from '../../../src/transports/http/event-stream.js';
import type { StreamEvent } from '../../../src/transports/http/event-stream.js';

/** Writes down what a stream tells. */
class Reading {
  readonly events: StreamEvent[] = [];
  readonly problems: Failure[] = [];
  readonly stream: EventStream;

  constructor(limit = 1_000_000) {
    this.stream = new EventStream(
      {
        event: (event) => this.events.push(event),
        tooLarge: (problem) => this.problems.push(problem),
      },
      limit,
    );
  }

  feed(text: string | Uint8Array, size = Infinity): this {
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; at += size) this.stream.feed(bytes.subarray(at, at + size));
    return this;
  }

  get data(): string[] {
    return this.events.map(({ data }) => data);
  }
}

const STREAM = [
  ': welcome',
  '',
  'event: message',
  'data: {"text":"é 漢字 🎉"}',
  '',
  'id: 7',
  'retry: 1500',
  '',
  ': still there',
  ':',
  'event: endpoint',
  'id: 8',
  'data:/post',
  '',
  '',
  'data: one',
  'data: two',
  ': between',
  'data:  three',
  'unknown: field',
  '',
  '',
].join('\n');

const EVENTS = [
  { type: 'message', data: '{"text":"é 漢字 🎉"}' },
  { type: 'endpoint', data: '/post' },
  { type: 'message', data: 'one\ntwo\n three' },
];

describe('EventStream', () => {
  test.each([
    ['line feeds', '\n'],
    ['carriage returns', '\r'],
    ['both', '\r\n'],
  ])('tells the same however the bytes are cut, also within a character, with %s at the ends of lines', (_, end) => {
    const bytes = Buffer.from(`\ufeff${STREAM.replaceAll('\n', end)}`);
    for (let size = 1; size <= bytes.length; size += 1) {
      const { stream, events, problems } = new Reading().feed(bytes, size);
      expect(events).toEqual(EVENTS);
      expect(problems).toEqual([]);
      expect(stream).toMatchObject({ lastEventId: '8', retry: 1_500 });
      expect(stream.end()).toBe(false);
    }
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const reading = new Reading().feed(bytes.subarray(0, cut)).feed(bytes.subarray(cut));
      expect(reading.events).toEqual(EVENTS);
    }
  });

  test('mixed ends of lines do not make an event out of half of one', () => {
    const text = 'data: a\r\ndata: b\rdata: c\ndata: d\r\n\r\ndata: e\r\n\ndata: f\n\r\n';
    for (let size = 1; size <= text.length; size += 1) {
      expect(new Reading().feed(text, size).data).toEqual(['a\nb\nc\nd', 'e', 'f']);
    }
  });

  test.each(['\n', '\r', '\r\n'])('an event is told as soon as its blank line is there, ended by %j', (end) => {
    const reading = new Reading().feed(`data: 1${end}`);
    expect(reading.data).toEqual([]);
    reading.feed(end);
    expect(reading.data).toEqual(['1']);
    reading.feed(`data: 2${end}${end}`);
    expect(reading.data).toEqual(['1', '2']);
  });

  test('a byte order mark counts only at the start, also when it comes in pieces', () => {
    const reading = new Reading().feed('\ufeffdata: a\n\n\ufeffdata: no field\n\ndata: \ufeffb\n\n', 1);
    expect(reading.data).toEqual(['a', '\ufeffb']);
  });

  test('events without data are not told, and their id and retry count', () => {
    const { stream, events } = new Reading().feed('id: first\ndata:\n\n');
    expect(stream.lastEventId).toBe('first');
    stream.feed(Buffer.from('id:second\n\n'));
    expect(stream).toMatchObject({ lastEventId: 'second', retry: undefined });
    stream.feed(Buffer.from('retry: 10\n\n'));
    expect(stream).toMatchObject({ lastEventId: 'second', retry: 10 });
    stream.feed(Buffer.from('event: message\ndata\n\nretry: soon\nretry: -1\n\n'));
    expect(stream).toMatchObject({ lastEventId: 'second', retry: 10 });
    expect(events).toEqual([]);
  });

  test('an id counts only when its event has ended', () => {
    const { stream } = new Reading().feed('id: 1\ndata: a\n\nid: 2\ndata: b\n');
    expect(stream.lastEventId).toBe('1');
    stream.feed(Buffer.from('\n'));
    expect(stream.lastEventId).toBe('2');
  });

  test('an empty id takes the last one back, and one with a zero character is none', () => {
    const { stream } = new Reading().feed('id: 1\n\nid: a\0b\n\n');
    expect(stream.lastEventId).toBe('1');
    stream.feed(Buffer.from('id\ndata: a\n\n'));
    expect(stream.lastEventId).toBeUndefined();
  });

  test('what only looks like an id is data', () => {
    const { stream, data } = new Reading().feed('data: a\u2028id: 1\ndata: id: 2\nidx: 3\nid : 4\n\n');
    expect(data).toEqual(['a\u2028id: 1\nid: 2']);
    expect(stream.lastEventId).toBeUndefined();
  });

  test('whoever hears an event can see its id', () => {
    const seen: (string | undefined)[] = [];
    const stream = new EventStream({ event: () => seen.push(stream.lastEventId), tooLarge: () => undefined }, 1_000);
    stream.feed(Buffer.from('data: a\nid: 1\n\n'));
    expect(seen).toEqual(['1']);
  });

  test('an event may lead to an event of another stream, which is complete before it', () => {
    const order: string[] = [];
    const tooLarge = (): void => undefined;
    const inner = new EventStream({ event: ({ data }) => order.push(`inner ${data}`), tooLarge }, 1_000);
    const outer = new EventStream(
      {
        event: ({ data }) => {
          inner.feed(Buffer.from(`retry: ${data}\ndata: a\ndata: ${data}\n\n`));
          order.push(`outer ${data}`);
        },
        tooLarge,
      },
      1_000,
    );
    outer.feed(Buffer.from('data: 1\n\nretry: 7\ndata: 2\n\n'));
    expect(order).toEqual(['inner a\n1', 'outer 1', 'inner a\n2', 'outer 2']);
    expect([outer.retry, inner.retry]).toEqual([7, 2]);
  });

  test('a receiver that throws harms no other stream', () => {
    const broken = new EventStream(
      {
        event: () => {
          throw new Error('no');
        },
        tooLarge: () => undefined,
      },
      1_000,
    );
    expect(() => {
      broken.feed(Buffer.from('data: 1\ndata: 2\n\ndata: 3\n\n'));
    }).toThrow('no');
    expect(new Reading().feed('data: 4\n\n').data).toEqual(['4']);
  });

  test('an event that begins like a byte order mark in Latin-1 stays as it is', () => {
    expect(new Reading().feed('ï»¿data: no field\ndata: 1\n\n').data).toEqual(['1']);
    expect(new Reading().feed('ï»¿data: no field\n\n').data).toEqual([]);
  });

  test('bytes that are not UTF-8 become replacement characters', () => {
    const reading = new Reading().feed(Buffer.from('data: a\xffb\n\n', 'latin1'));
    expect(reading.data).toEqual(['a\ufffdb']);
  });

  test('an event that the end of the stream cuts off is no event', () => {
    const reading = new Reading().feed('data: a\n\ndata: b\n');
    expect(reading.stream.end()).toBe(true);
    expect(reading.stream.end()).toBe(false);
    expect(reading.data).toEqual(['a']);
    expect(new Reading().feed('data: a\n\n: bye').stream.end()).toBe(false);
  });

  test('takes bytes that are no Buffer, and views into the middle of one, and keeps no chunk', () => {
    const reading = new Reading();
    const chunk = new TextEncoder().encode('xxdata: é\nyy');
    reading.stream.feed(chunk.subarray(2, chunk.length - 2));
    chunk.fill(0);
    reading.stream.feed(new TextEncoder().encode('\n'));
    expect(reading.data).toEqual(['é']);
  });

  describe('with events longer than the limit', () => {
    const answer = `data: {"jsonrpc":"2.0","id":7,"result":{"text":"${'é'.repeat(500)}"}}\n`;

    test.each([1, 7, 100, Infinity])('one is thrown away and told with its numbers, in chunks of %d', (size) => {
      const event = `event: message\nid: 3\n${answer}\n`;
      const { events, problems } = new Reading(300).feed(`data: before\n\n${event}: ping\n\ndata: after\n\n`, size);
      expect(events.map(({ data }) => data)).toEqual(['before', 'after']);
      const received = Buffer.byteLength(event);
      expect(problems).toEqual([
        {
          kind: 'protocol',
          code: 'MCP_MESSAGE_TOO_LARGE',
          message: `A message of the server has ${received} bytes, more than limits.maxMessageBytes, 300`,
          delivery: 'answered',
          details: { field: 'limits.maxMessageBytes', limit: 300, received, requestId: 7 },
        },
      ]);
    });

    test('the limit is the longest that is let through, in bytes', () => {
      const event = `${answer}\n`;
      const bytes = Buffer.byteLength(event);
      for (const size of [10, Infinity]) {
        expect(new Reading(bytes).feed(event.repeat(3), size).events).toHaveLength(3);
        const { events, problems } = new Reading(bytes - 1).feed(event.repeat(3), size);
        expect(events).toEqual([]);
        expect(problems).toHaveLength(3);
      }
    });

    test('one of many lines is one, and nobody guesses whose it was', () => {
      const { events, problems } = new Reading(100).feed(`${'data: line\n'.repeat(1_000)}\ndata: b\n\n`, 50);
      expect(events).toEqual([{ type: 'message', data: 'b' }]);
      expect(problems).toMatchObject([{ details: { limit: 100, received: 11_001 } }]);
      expect(problems[0]?.details).not.toHaveProperty('requestId');
    });

    test('comments between events do not count, however many and however long', () => {
      const { events, problems } = new Reading(100).feed(
        `${': ping\n'.repeat(1_000)}:${'x'.repeat(1_000)}\ndata: a\n\n:${'x'.repeat(1_000)}\n\ndata: b\n\n`,
        9,
      );
      expect(events.map(({ data }) => data)).toEqual(['a', 'b']);
      expect(problems).toEqual([]);
    });

    test('what is held does not grow with what comes', () => {
      const reading = new Reading(64 * 1024).feed('data: ');
      const chunk = Buffer.alloc(1024 * 1024, 'x');
      const before = process.memoryUsage().arrayBuffers;
      for (let megabyte = 0; megabyte < 100; megabyte += 1) reading.stream.feed(chunk);
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(5 * 1024 * 1024);
      reading.feed('\n\ndata: after\n\n');
      expect(reading.data).toEqual(['after']);
      // Told when it was far longer than the limit: its end might never have come.
      expect(reading.problems).toMatchObject([{ details: { received: 2 * 1024 * 1024 + 6 } }]);
    });
  });

  test('the work for an event of many chunks is in proportion to its length', () => {
    const chunk = Buffer.alloc(1_000, 'x');
    // Each of these reads or writes the bytes of its buffer.
    const methods = ['copy', 'indexOf', 'lastIndexOf', 'toString'] as const;
    const buffers = Buffer.prototype as unknown as Record<string, (...given: unknown[]) => unknown>;
    const workFor = (chunks: number): number => {
      let work = 0;
      const reading = new Reading(64 * 1024 * 1024).feed('data: ');
      const originals = methods.map((method) => {
        const { [method]: original } = buffers as Record<typeof method, (...given: unknown[]) => unknown>;
        buffers[method] = function (this: Buffer, ...given) {
          work += this.length;
          return original.apply(this, given);
        };
        return [method, original] as const;
      });
      for (let count = 0; count < chunks; count += 1) reading.stream.feed(chunk);
      reading.feed('\n\n');
      for (const [method, original] of originals) buffers[method] = original;
      expect(reading.data[0]).toHaveLength(chunks * 1_000);
      return work;
    };
    // 12 times the length; quadratic work would be 144 times the work.
    expect(workFor(12_000)).toBeLessThan(workFor(1_000) * 24);
  });
});
