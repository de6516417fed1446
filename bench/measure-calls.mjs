// Tool calls: how long each takes, by client, transport, era and calls in flight.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { interleaved } from './statistics.mjs';

const CONTESTANT = fileURLToPath(new URL('contestant.mjs', import.meta.url));
const HTTP_SERVER = fileURLToPath(new URL('http-server.mjs', import.meta.url));

/** The process of one client. */
class Contestant {
  #child;

  static async start(client, { transport, era, server = '' }) {
    const contestant = new Contestant();
    // The official client warns of the listeners that it adds when it has 1,000 calls in flight.
    contestant.#child = fork(CONTESTANT, [client, transport, era, server], { execArgv: ['--no-warnings'] });
    await contestant.#hear();
    return contestant;
  }

  /** Microseconds per call, by the clock and of processor time. */
  async measure(calls, inFlight) {
    this.#child.send({ calls, inFlight });
    return this.#hear();
  }

  async end() {
    this.#child.send({ calls: 0 });
    if (this.#child.exitCode === null) await once(this.#child, 'exit');
  }

  async #hear() {
    const stop = new AbortController();
    const { signal } = stop;
    const exited = once(this.#child, 'exit', { signal }).then(([code]) => {
      throw new Error(`A contestant exited with code ${code}`);
    });
    exited.catch(() => undefined);
    try {
      const [message] = await Promise.race([once(this.#child, 'message', { signal }), exited]);
      return message;
    } finally {
      stop.abort();
    }
  }
}

/** How many calls are needed for a round to take as long as it should. The calls that find it out are the warm-up. */
async function callsPerRound(contestant, inFlight, { warmUp, roundTime }) {
  await contestant.measure(Math.max(warmUp, inFlight), inFlight);
  const { wall } = await contestant.measure(Math.max(warmUp / 4, inFlight), inFlight);
  return Math.max(Math.round((roundTime * 1_000) / wall), 4 * inFlight);
}

/** Lets a function make use of the HTTP server: it is given its origin. */
export async function withHttpServer(use) {
  const child = fork(HTTP_SERVER);
  const [origin] = await once(child, 'message');
  try {
    return await use(origin);
  } finally {
    child.disconnect();
    await once(child, 'exit');
  }
}

/**
 * One row for each number of calls in flight. `transport` is the function of the clients that connects, `server` what it connects to: a
 * program or a URL.
 */
export async function measureCalls({ title, clients, levels, rounds, warmUp, roundTime, ...connection }) {
  const contestants = {};
  const rows = [];
  try {
    for (const client of clients) contestants[client] = await Contestant.start(client, connection);
    for (const inFlight of levels) {
      const calls = {};
      for (const client of clients) {
        calls[client] = await callsPerRound(contestants[client], inFlight, { warmUp, roundTime });
      }
      const found = await interleaved(clients, rounds, (client) =>
        contestants[client].measure(calls[client], inFlight),
      );
      rows.push({ inFlight, clients: found });
    }
  } finally {
    for (const contestant of Object.values(contestants)) await contestant.end();
  }
  return { title, era: connection.era, rows };
}
