// Measures the cost of the inspector with 1,000 calls a second: the processor use of the client process without an inspector, with an
// inspector without a page, and with one page.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { WebSocket } from 'ws';
import { interleaved } from './statistics.mjs';

const CLIENT = fileURLToPath(new URL('inspected-client.mjs', import.meta.url));

/** The inspectors, by case. */
const CASES = ['none', 'unseen', 'page'];

async function start(name) {
  const child = fork(CLIENT, [name]);
  const [url] = await once(child, 'message');
  // A page in this process, which reads all records.
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

/** Processor use in percent, and calls per second, by case. */
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
