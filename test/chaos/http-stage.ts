import { setTimeout as sleep } from 'node:timers/promises';
import { HttpTransport } from '../../src/index.js';
import type { JSONRPCMessage } from '../../src/index.js';
import { createScriptedServer } from '../../src/testing/index.js';
import { ScriptedHttpServer } from '../support/servers/http-server.js';
import type { HttpVisit } from '../support/servers/http-server.js';
import { LinkRecorder } from '../support/link-recorder.js';
import { CAPABILITIES, handlersOf } from './handlers.js';
import { MemoryLedger } from './ledger.js';
import { Network } from './network.js';
import type { Stage } from './real-course.js';
import type { Schedule } from './schedule.js';

/** What is in front of a server. */
export interface Gate {
  /** The transport of a client that gets through it. */
  transport(url: string): HttpTransport;
  /** Answers a request in place of the server, unless it returns false. `calm`: nothing may go wrong any more. */
  answers(visit: HttpVisit, calm: boolean): boolean;
}

const OPEN: Gate = { transport: (url) => new HttpTransport(url), answers: () => false };

/** A server of Streamable HTTP in this process. When it dies its port is closed, and its sessions are forgotten. */
export async function httpStage(schedule: Schedule, gate = OPEN): Promise<Stage> {
  const { revision } = schedule;
  const ledger = new MemoryLedger();
  const modern = revision >= '2026';
  let life = 1;
  let sessions = 0;
  let isCalm = (): boolean => true;

  function serve(visit: HttpVisit): void {
    if (gate.answers(visit, isCalm())) return;
    const { method, headers, message } = visit;
    if (method === 'DELETE') visit.status(200);
    else if (method !== 'POST') visit.status(405);
    else if (modern || message.method === 'initialize') answer(visit);
    else if (message.method === 'server/discover') visit.error(400, -32_000, 'Bad Request: not initialized');
    else if (!String(headers['mcp-session-id']).startsWith(`${life}-`)) visit.error(404, -32_001, 'Session not found');
    else answer(visit);
  }

  /** Each exchange has a scripted server of its own. */
  function answer(visit: HttpVisit): void {
    const { message } = visit;
    if (message.id === undefined) {
      visit.status(202);
      return;
    }
    const server = createScriptedServer({ revision, capabilities: CAPABILITIES, handlers: handlersOf(ledger, life) });
    const session: Record<string, string> =
      message.method === 'initialize' ? { 'mcp-session-id': `${life}-${(sessions += 1)}` } : {};
    let streaming = false;
    const events = {
      ...new LinkRecorder().events,
      message: (said: unknown) => {
        const over = (said as { id?: unknown }).id === message.id;
        if (over && !streaming) visit.json(said, 200, session);
        else {
          if (!streaming) visit.stream();
          streaming = true;
          visit.event(said);
          if (over) visit.end();
        }
      },
    };
    visit.response.once('close', () => {
      void server[Symbol.asyncDispose]();
    });
    void server.transport.openLink(events, new AbortController().signal).then((link) => {
      void link.send(message as JSONRPCMessage);
    });
  }

  let server: ScriptedHttpServer | undefined = await ScriptedHttpServer.start(serve);
  const { port, url } = server;
  const network = await Network.before(url, schedule);
  isCalm = () => network.isCalm;
  let restarting = Promise.resolve();

  async function restart(pause: number): Promise<void> {
    const listening = network.hangUp(pause);
    life += 1;
    const old = server;
    server = undefined;
    await old?.close();
    await sleep(pause);
    server = await ScriptedHttpServer.start(serve, port);
    await listening;
  }

  return {
    transport: gate.transport(network.url),
    ledger,
    network,
    hits: (text) => network.hits(text),
    die: (pause) => {
      restarting = restarting.then(() => restart(pause));
    },
    announce: () => undefined,
    back: () => restarting,
    [Symbol.asyncDispose]: async () => {
      await network[Symbol.asyncDispose]();
      await restarting;
      await server?.close();
    },
  };
}
