// What the servers of schedules do that are processes. Each call is written down before anything else happens.
import { appendFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

export const CAPABILITIES = { tools: { listChanged: true }, resources: { subscribe: true }, logging: {} };

const about = { resultType: 'complete', ttlMs: 0, cacheScope: 'private' };
const tool = (name, readOnlyHint) => ({ name, inputSchema: { type: 'object' }, annotations: { readOnlyHint } });

/** By method. `ledger` is the file to write to, `send` what sends a notification if there is a way to. */
export function handlersOf(ledger, send = () => undefined) {
  const enter = (key, id) => appendFileSync(ledger, `${JSON.stringify({ key, server: process.pid, id })}\n`);
  return {
    'tools/list': ({ cursor }) =>
      cursor === undefined
        ? { ...about, tools: [tool('look', true), tool('act', false)], nextCursor: 'more' }
        : { ...about, tools: [tool('fail', false)] },
    'tools/call': async ({ name, arguments: { key, takes }, _meta }, { id }) => {
      enter(key, id);
      const progressToken = _meta?.progressToken;
      const progress = (done) =>
        progressToken !== undefined &&
        send({ method: 'notifications/progress', params: { progressToken, progress: done, total: 2 } });
      await progress(1);
      if (takes > 0) await wait(takes);
      await progress(2);
      return { ...about, content: [{ type: 'text', text: key }], ...(name === 'fail' && { isError: true }) };
    },
    'resources/read': async ({ uri }, { id }) => {
      const [, key, takes] = /^chaos:\/\/(.*)\?(.*)$/.exec(uri);
      enter(key, id);
      if (takes > 0) await wait(Number(takes));
      return { ...about, contents: [{ uri, text: key }] };
    },
    'resources/subscribe': () => ({}),
    'resources/unsubscribe': () => ({}),
    'logging/setLevel': () => ({}),
  };
}
