import type { ScriptedHandler } from '../../src/testing/index.js';
import type { MemoryLedger } from './ledger.js';

/** What the servers of schedules can do. */
export const CAPABILITIES = { tools: { listChanged: true }, resources: { subscribe: true }, logging: {} };

/** What they do. Each call is written down before anything else happens; `server` is the number of the server, if not that of the link. */
export function handlersOf(ledger: Pick<MemoryLedger, 'add'>, server?: number): Record<string, ScriptedHandler> {
  const about = { resultType: 'complete', ttlMs: 0, cacheScope: 'private' };
  const tool = (name: string, readOnlyHint: boolean): object => ({
    name,
    inputSchema: { type: 'object' },
    annotations: { readOnlyHint },
  });
  return {
    'tools/list': ({ cursor }) =>
      cursor === undefined
        ? { ...about, tools: [tool('look', true), tool('act', false)], nextCursor: 'more' }
        : { ...about, tools: [tool('fail', false)] },
    'tools/call': async ({ name, arguments: args }, { id, link, wait, progress }) => {
      const { key, takes } = args as { key: string; takes: number };
      ledger.add({ key, server: server ?? link, id });
      progress(1, 2);
      if (takes > 0) await wait(takes);
      progress(2, 2);
      return { ...about, content: [{ type: 'text', text: key }], ...(name === 'fail' && { isError: true }) };
    },
    'resources/read': async ({ uri }, { id, link, wait }) => {
      const [, key = '', takes] = /^chaos:\/\/(.*)\?(.*)$/.exec(String(uri)) ?? [];
      ledger.add({ key, server: server ?? link, id });
      if (Number(takes) > 0) await wait(Number(takes));
      return { ...about, contents: [{ uri, text: key }] };
    },
    'resources/subscribe': () => ({}),
    'resources/unsubscribe': () => ({}),
    'logging/setLevel': () => ({}),
  };
}
