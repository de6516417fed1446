import { HttpFraming, statusOf } from '../../src/testing/http-framing.js';
import type { Portion } from '../../src/testing/http-framing.js';

const PLAIN = 'POST /mcp HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello';
const BARE = 'GET /mcp HTTP/1.1\r\nHost: x\r\n\r\n';
const CHUNKED =
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nA;x=1\r\n0123456789\r\n0\r\nAge: 1\r\n\r\n';
const ACCEPTED = 'HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n';
const EARLY = 'HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n';
const NONE = 'HTTP/1.1 204 No Content\r\n\r\n';

/** What a framing makes of a text that comes in pieces of some length. */
function read(way: 'request' | 'response', text: string, length: number): Portion[] {
  const framing = new HttpFraming(way);
  const bytes = Buffer.from(text);
  const starts = Array.from({ length: Math.ceil(bytes.length / length) }, (_, index) => index * length);
  return starts.flatMap((start) => framing.read(bytes.subarray(start, start + length)));
}

/** The messages, each as the text of its head and that of its body. */
function messages(portions: Portion[]): [head: string, body: string][] {
  const found: [string, string][] = [];
  let [head, body] = ['', ''];
  for (const { part, bytes, last } of portions) {
    if (part === 'head') head += bytes.toString();
    else body += bytes.toString();
    if (!last) continue;
    found.push([head, body]);
    [head, body] = ['', ''];
  }
  expect([head, body]).toEqual(['', '']);
  return found;
}

describe.each([1, 2, 3, 7, 50, 10_000])('bytes of HTTP that come %d at a time', (length) => {
  test('are requests, with bodies and without', () => {
    const found = messages(read('request', PLAIN + BARE + PLAIN, length));
    expect(found.map((message) => message.join(''))).toEqual([PLAIN, BARE, PLAIN]);
    expect(found.map(([, body]) => body)).toEqual(['hello', '', 'hello']);
  });

  test('are responses, with lengths, in chunks, and without a body', () => {
    const all = [ACCEPTED, CHUNKED, EARLY, NONE, CHUNKED];
    expect(messages(read('response', all.join(''), length)).map((message) => message.join(''))).toEqual(all);
  });

  test('are given out up to the last one when a response has no end', () => {
    const endless = 'HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 is what this is about.\r\n\r\n';
    const portions = read('response', endless, length);
    expect(Buffer.concat(portions.map(({ bytes }) => bytes)).toString()).toBe(endless);
    expect(portions.some(({ last }) => last)).toBe(false);
  });

  test('are of another protocol after the switch to it', () => {
    const switching = `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n${ACCEPTED}`;
    const portions = read('response', switching, length);
    expect(portions.filter(({ part }) => part === 'head')).toHaveLength(1);
    expect(Buffer.concat(portions.map(({ bytes }) => bytes)).toString()).toBe(switching);
  });
});

test('reads the first line, the headers and the status of a head', () => {
  const text = 'HTTP/1.1 503 Not now\r\nRetry-After:  7 \r\nX-Empty:\r\ncontent-length: 0\r\n\r\n';
  const [portion] = new HttpFraming('response').read(Buffer.from(text));
  const { head } = portion as Portion;
  expect(head.line).toBe('HTTP/1.1 503 Not now');
  expect(Object.fromEntries(head.headers)).toEqual({
    'retry-after': '7',
    'x-empty': '',
    'content-length': '0',
  });
  expect(statusOf(head)).toBe(503);
});
