// What the inspector costs a client that makes 1,000 calls a second: the share of a processor that its process takes, without an inspector, with
// one at which nobody looks, and with one page open.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { WebSocket } from 'ws';
import { interleaved } from './statistics.mjs';

const CLIENT = fileURLToPath(new URL('inspected-client.mjs', import.meta.url));

/** What looks on, by name. */
const CASES = ['none', 'unseen', 'page'];

async function start(name) {
  const child = fork(CLIENT, [name]);
  const [url] = await once(child, 'message');
  // A page reads everything, in this process.
  const page =
    name === 'page' ? new WebSocket(`${url.replace('http', 'ws')}live`, { origin: new URL(url).origin }) : undefined;
  page?.on('message', () => undefined);
  if (page !== undefined) await once(page, 'open');
  return {
    measure: async (milliseconds) => {
      child.send(milliseconds);
      const [found] = await once(child, 'message');
      return found;
    },
    end: async () => {
      page?.terminate();
      child.send(0);
      await once(child, 'exit');
    },
  };
}

/** Percent of one processor, and calls a second, by case. */
export async function measureInspector(rounds, milliseconds) {
  const clients = {};
  try {
    for (const name of CASES) clients[name] = await start(name);
    for (const name of CASES) await clients[name].measure(milliseconds); // The warm-up.
    return await interleaved(CASES, rounds, (name) => clients[name].measure(milliseconds));
  } finally {
    for (const client of Object.values(clients)) await client.end();
  }
}
