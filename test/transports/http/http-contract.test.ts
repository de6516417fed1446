import { randomUUID } from 'node:crypto';

import { HttpTransport } from '../../../src/index.js';
import type { Link, LinkEvents } from '../../../src/transports/link.js';
import { ScriptedHttpServer } from '../../support/servers/http-server.js';
import type { HttpVisit } from '../../support/servers/http-server.js';
import { transportContract } from '../contract.js';
import type { TransportHarness } from '../contract.js';

let serve: (message: unknown, peer: { send(message: unknown): void; close(): void }) => void;

beforeAll(async () => {
  ({ serve } = await import('../../fixtures/contract-peer.mjs'));
});

function close(): void {
  // A server has nothing to close: each exchange ends by itself.
}

function harness(answer: (visit: HttpVisit) => void, Transport = HttpTransport): () => Promise<TransportHarness> {
  return async () => {
    const server = await ScriptedHttpServer.start(answer);
    return { transport: new Transport(server.url), dispose: () => server.close() };
  };
}

function asStream(visit: HttpVisit): void {
  visit.stream();
  serve(visit.message, { send: (message) => visit.event(message), close });
  visit.end();
}

function asJson(visit: HttpVisit): void {
  // What is more than one message cannot be said in JSON.
  if (visit.message.method === 'burst') asStream(visit);
  else {
    const send = (message: unknown): void => {
      visit.json(message);
    };
    serve(visit.message, { send, close });
  }
}

/** Shakes hands whenever it is opened, as a client would. */
class SessionTransport extends HttpTransport {
  protected override async open(events: LinkEvents): Promise<Link> {
    const quiet: LinkEvents = {
      ...events,
      message: (message, about) => {
        if (about?.requestId !== 'handshake') events.message(message, about);
      },
    };
    const link = await super.open(quiet);
    await link.send({ jsonrpc: '2.0', id: 'handshake', method: 'initialize' });
    return link;
  }
}

function withSessions(): (visit: HttpVisit) => void {
  const sessions = new Set<string>();
  return (visit) => {
    const { 'mcp-session-id': id = '' } = visit.headers;
    if (visit.method === 'DELETE') visit.status(sessions.delete(String(id)) ? 200 : 404);
    else if (visit.message.method === 'initialize') {
      const fresh = randomUUID();
      sessions.add(fresh);
      visit.result({}, { 'mcp-session-id': fresh });
    } else if (sessions.has(String(id))) asStream(visit);
    else visit.status(404);
  };
}

const options = { serverCanClose: false, ordered: false };

transportContract('HTTP with JSON answers', harness(asJson), options);
transportContract('HTTP with stream answers', harness(asStream), options);
transportContract('HTTP with sessions', harness(withSessions(), SessionTransport), options);
