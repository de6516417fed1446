import { HttpTransport } from '../../../src/index.js';
import type { JSONRPCMessage } from '../../../src/protocol/messages/json-rpc.js';
import { ScriptedHttpServer } from '../../support/servers/http-server.js';
import type { HttpVisit } from '../../support/servers/http-server.js';
import { turns } from '../../support/outcomes.js';
import type { Desk } from './desk.js';
import type { Stage } from './stage.js';

/** A server of Streamable HTTP in this process. While it is down its port is closed. */
export async function httpStage(desk: Desk, changed: () => void): Promise<Stage> {
  const sessions = new Set<string>();
  const exchanges = new Set<HttpVisit>();
  let count = 0;

  function serve(visit: HttpVisit): void {
    const { method, headers, message } = visit;
    const session = String(headers['mcp-session-id']);
    if (method === 'DELETE') visit.status(sessions.delete(session) ? 200 : 404);
    else if (method !== 'POST') visit.status(405);
    else if (desk.modern || message.method === 'initialize' || message.method === 'server/discover') take(visit);
    else if (sessions.has(session)) take(visit);
    else visit.error(404, -32_001, 'Session not found');
  }

  function take(visit: HttpVisit): void {
    const message = visit.message as JSONRPCMessage;
    exchanges.add(visit);
    visit.response.once('close', () => {
      exchanges.delete(visit);
      desk.leave(visit);
      changed();
    });
    desk.hear(message, visit, (answer) => {
      visit.json(answer, 200, visit.message.method === 'initialize' ? { 'mcp-session-id': newSession() } : {});
    });
    if (!('id' in message)) visit.status(202);
  }

  function newSession(): string {
    if (desk.modern) return '';
    const id = `session-${(count += 1)}`;
    sessions.add(id);
    return id;
  }

  let server: ScriptedHttpServer | undefined = await ScriptedHttpServer.start(serve);
  const { port, url } = server;

  return {
    transport: new HttpTransport(url),
    die: async () => {
      await server?.close();
      server = undefined;
      sessions.clear();
      // The client learns in the next turn of the event loop that its idle connections are gone.
      await turns();
    },
    comeBack: async () => {
      server = await ScriptedHttpServer.start(serve, port);
    },
    drop: async () => {
      server?.dropConnections();
      await turns();
    },
    forget: () => {
      sessions.clear();
    },
    get connections() {
      return exchanges.size;
    },
    [Symbol.asyncDispose]: async () => {
      await server?.close();
    },
  };
}
