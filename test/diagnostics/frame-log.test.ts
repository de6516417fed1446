import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { describeFrame, FrameLog } from '../../src/diagnostics/frame-log.js';

describe('the last messages', () => {
  test('are kept in their order, without what they carried', () => {
    const log = new FrameLog();
    log.asked('tools/call', 7, 1_000);
    log.add('notification from the server', 'notifications/progress', 1_500);
    log.add('request from the server', 'sampling/createMessage', 1_600);
    log.add('answer', 'the server', 1_600, undefined, -32_601);
    log.answered('tools/call', 7, 3_000);
    log.asked('tools/list', 8, 3_000);
    log.add('error', 'tools/list', 4_000, 8, -32_603);
    log.asked('prompts/get', 9, 4_000);
    log.add('undelivered', 'prompts/get', 4_250, 9, 503);
    log.add('notification', 'notifications/cancelled', 4_500);
    expect(log.count).toBe(10);
    expect(log.last(32).map(describeFrame)).toEqual([
      '→ tools/call #7',
      '← notifications/progress',
      '← sampling/createMessage',
      '→ error -32601 to the server',
      '← result of tools/call #7',
      '→ tools/list #8',
      '← error -32603 to tools/list #8',
      '→ prompts/get #9',
      '✗ prompts/get #9: HTTP 503',
      '→ notifications/cancelled',
    ]);
  });

  test('are no more than 32, and no more than asked for', () => {
    const log = new FrameLog();
    for (let id = 1; id <= 100; id += 1) log.asked('ping', id, id);
    expect(log.last(1_000).map(({ id }) => id)).toEqual(Array.from({ length: 32 }, (_, at) => 69 + at));
    expect(log.last(2).map(({ id }) => id)).toEqual([99, 100]);
    expect(new FrameLog().last(8)).toEqual([]);
  });

  test('have names of a length that can be shown, whatever a server calls its methods', () => {
    const log = new FrameLog();
    log.add('notification from the server', 'x'.repeat(10_000), 0);
    expect(log.last(1)[0]?.method).toHaveLength(60);
  });

  test('that do not say more are told as what they are', () => {
    const log = new FrameLog();
    log.add('error', 'tools/call', 0, 1);
    log.add('undelivered', 'tools/call', 0, 2);
    log.add('answer', 'the server', 0);
    expect(log.last(3).map(describeFrame)).toEqual([
      '← invalid response to tools/call #1',
      '✗ tools/call #2',
      '→ response to the server',
    ]);
  });
});

test('keeps nothing of a long name but its beginning', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const log = new FrameLog();
  collect();
  const before = process.memoryUsage().heapUsed;
  const text = JSON.stringify('x'.repeat(2_000_000));
  for (let at = 0; at < 32; at += 1) log.add('notification from the server', JSON.parse(text) as string, at);
  collect();
  expect(log.last(1)[0]?.method).toBe('x'.repeat(60));
  // 64 million characters came by.
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(20_000_000);
});
