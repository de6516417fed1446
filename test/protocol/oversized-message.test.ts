import type { Oversized } from '../../src/util/bounded-bytes.js';
import { LineSplitter } from '../../src/protocol/messages/lines.js';
import { answeredBy, answeredIn, tooLarge } from '../../src/protocol/messages/oversized-message.js';

/** What the splitter tells of a message that is longer than its limit. */
function oversized(text: string): Oversized {
  const [line] = new LineSplitter(300).push(Buffer.from(`${text}\n`));
  if (typeof line !== 'object') throw new Error('the line was not too long');
  return line;
}

const askAbout = (text: string): unknown => answeredBy(oversized(text));

const big = { content: [{ type: 'text', text: 'x'.repeat(1_000) }], id: 99 };

describe('answeredBy', () => {
  test.each([
    ['the id first', { jsonrpc: '2.0', id: 7, result: big }, 7],
    ['the id before the version', { id: 7, jsonrpc: '2.0', result: big }, 7],
    ['the id last', { result: big, jsonrpc: '2.0', id: 7 }, 7],
    ['the id between the answer and the version', { result: big, id: 7, jsonrpc: '2.0' }, 7],
    ['the version first and the id last', { jsonrpc: '2.0', result: big, id: 0 }, 0],
    ['an id that is a string', { jsonrpc: '2.0', id: 'a"\\é', result: big }, 'a"\\é'],
    ['an error', { jsonrpc: '2.0', id: 7, error: { code: 1, message: 'x'.repeat(1_000) } }, 7],
  ])('knows whose answer it was: %s', (_, message, id) => {
    expect(askAbout(JSON.stringify(message))).toBe(id);
    expect(askAbout(JSON.stringify(message, null, 2).replaceAll('\n', ' '))).toBe(id);
  });

  test.each([
    ['a question of the server', { jsonrpc: '2.0', id: 7, method: 'sampling/createMessage', params: big }],
    ['a question with its id last', { jsonrpc: '2.0', method: 'roots/list', params: { result: big }, id: 7 }],
    ['a notification', { jsonrpc: '2.0', method: 'notifications/message', params: big }],
    ['a message with something else last', { result: big, id: 7, extra: 'x'.repeat(300) }],
    ['an id inside the answer', { jsonrpc: '2.0', result: { text: 'x'.repeat(1_000), id: 7 } }],
    ['an id that is no id', { jsonrpc: '2.0', id: null, result: big }],
  ])('does not guess: %s', (_, message) => {
    expect(askAbout(JSON.stringify(message))).toBeUndefined();
  });

  test('text that only looks like the end of a message is not taken for it', () => {
    expect(askAbout(`{"result":"${'x'.repeat(1_000)},\\"id\\":7}"}`)).toBeUndefined();
    expect(askAbout(`{"id":"\\x","result":"${'x'.repeat(1_000)}"}`)).toBeUndefined();
    expect(askAbout(`junk ${'x'.repeat(1_000)},"id":7}`)).toBeUndefined();
  });
});

describe('answeredIn', () => {
  // Results often have JSON as text, so each of their quotes is escaped.
  const cut = `{"jsonrpc":"2.0","id":7,"result":{"text":"${String.raw`\"name\": 1, `.repeat(40_000)}`;

  test.each([
    ['in the middle of a string', cut],
    ['behind a backslash', `${cut}\\`],
    ['behind an escaped quote', `${cut}\\"`],
  ])('reads 500 KB that are cut off %s in a moment', (_, text) => {
    const before = performance.now();
    expect(answeredIn(text)).toEqual([7]);
    expect(performance.now() - before).toBeLessThan(3_000);
  });
});

describe('tooLarge', () => {
  const detailsOf = (message: object): unknown => tooLarge(oversized(JSON.stringify(message)), 'limit').details;

  test.each([
    ['the version first', { jsonrpc: '2.0', method: 'notifications/message', params: big }],
    ['the method first', { method: 'notifications/message', params: big, jsonrpc: '2.0' }],
    ['the id first', { jsonrpc: '2.0', id: 7, method: 'notifications/message', params: big }],
    ['the id before the version', { id: 7, jsonrpc: '2.0', method: 'notifications/message', params: big }],
  ])('names the method of a message that is not a response: %s', (_, message) => {
    expect(detailsOf(message)).toMatchObject({ method: 'notifications/message' });
  });

  test.each([
    ['an answer', { jsonrpc: '2.0', id: 7, result: { ...big, method: 'a' } }],
    ['something else', { text: 'x'.repeat(1_000), method: 'a' }],
    ['a method that is none', { jsonrpc: '2.0', method: 7, text: 'x'.repeat(1_000) }],
  ])('does not guess: %s', (_, message) => {
    expect(detailsOf(message)).not.toHaveProperty('method');
  });
});

describe('a message whose end does not come', () => {
  const begun = '{"jsonrpc":"2.0","id":7,"result":{"text":"';
  const more = Buffer.alloc(100_000, 'x');

  /** What the splitter tells of a message of many chunks, and of its end. */
  function toldOf(beginning: string, end: string): unknown[][] {
    const splitter = new LineSplitter(300);
    splitter.push(Buffer.from(beginning));
    const told = Array.from({ length: 20 }, () => splitter.push(more)).flat();
    return [told, splitter.push(Buffer.from(end))];
  }

  test('is reported once, when it is far longer than the limit', () => {
    expect(toldOf(begun, '"}}\n')).toEqual([[expect.objectContaining({ ended: false, limit: 300 })], []]);
  });

  test('is reported again at its end when only the end contains its id', () => {
    const [told, end] = toldOf('{"result":{"text":"', '"},"jsonrpc":"2.0","id":7}\n');
    expect(told).toHaveLength(1);
    expect(answeredBy((end as Oversized[])[0] as Oversized)).toBe(7);
  });

  test('does not prevent the report of the next one', () => {
    const splitter = new LineSplitter(300);
    for (let at = 0; at < 20; at += 1) splitter.push(more);
    expect(splitter.push(Buffer.from('\n'))).toEqual([]);
    expect(splitter.push(Buffer.from(`${'y'.repeat(400)}\n`))).toMatchObject([{ received: 400 }]);
  });

  test('is said to have at least so many bytes', () => {
    const [[early]] = toldOf(begun, '\n') as [[Oversized], unknown[]];
    expect(tooLarge(early, 'maxMessageBytes')).toMatchObject({
      message: expect.stringMatching(/has at least \d+ bytes, more than maxMessageBytes, 300$/) as string,
      details: { requestId: 7 },
    });
  });
});
