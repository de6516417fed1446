// Measures the time of tool calls, by client, transport, era and calls in flight.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { interleaved } from './statistics.mjs';

/** The bench of this checkout. */
const HERE = fileURLToPath(new URL('.', import.meta.url));
const HTTP_SERVER = fileURLToPath(new URL('http-server.mjs', import.meta.url));

/** The process of one client. */
export class Contestant {
  #child;

  /** @param bench the folder `bench` of the checkout that the client is taken from */
  static async start(client, { transport, era, server = '' }, bench = HERE) {
    const contestant = new Contestant();
    // The official client prints a warning about its listeners with 1,000 calls in flight.
    contestant.#child = fork(path.join(bench, 'contestant.mjs'), [client, transport, era, server], {
      execArgv: ['--no-warnings'],
    });
    await contestant.#receive();
    return contestant;
  }

  /** Microseconds per call: elapsed time and processor time. */
  async measure(calls, inFlight) {
    this.#child.send({ calls, inFlight });
    return this.#receive();
  }

  async end() {
    this.#child.send({ calls: 0 });
    if (this.#child.exitCode === null) await once(this.#child, 'exit');
  }

  async #receive() {
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

/** The number of calls for a round of the given time. Its own calls are the warm-up. */
export async function callsPerRound(contestant, inFlight, { warmUp, roundTime }) {
  await contestant.measure(Math.max(warmUp, inFlight), inFlight);
  const { wall } = await contestant.measure(Math.max(warmUp / 4, inFlight), inFlight);
  return Math.max(Math.round((roundTime * 1_000) / wall), 4 * inFlight);
}

/** Runs a function with the HTTP server, whose origin is its argument. */
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
 * One row for each number of calls in flight. `transport` is the name of the function of the clients that connects, `server` its argument:
 * a program or a URL.
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
