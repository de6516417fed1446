// A server over Streamable HTTP, with sessions in the legacy era, on the loopback interface. Arguments: the revision, the file in which
// it writes down what it was asked, and its port, which it prints when it listens. It ends with its standard input.
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { answerTo, negotiationOf } from '../fixtures/servers/speak.mjs';
import { CAPABILITIES, handlersOf } from './calls.mjs';

const [revision, ledger, port] = process.argv.slice(2);
const modern = revision >= '2026';
const handlers = { ...negotiationOf(revision, CAPABILITIES), ...handlersOf(ledger) };
const sessions = new Set();

/** The status with which a message is turned away, if it is. */
function refusal({ method }, session) {
  if (modern || method === 'initialize') return undefined;
  if (session === undefined) return 400;
  return sessions.has(session) ? undefined : 404;
}

async function serve(request, response) {
  if (request.method !== 'POST') return response.writeHead(405).end();
  const message = JSON.parse(await text(request));
  const refused = refusal(message, request.headers['mcp-session-id']);
  if (refused !== undefined) return response.writeHead(refused).end();
  if (message.id === undefined) return response.writeHead(202).end();
  if (message.method === 'initialize') {
    const session = randomUUID();
    sessions.add(session);
    response.setHeader('mcp-session-id', session);
  }
  const answer = await answerTo(handlers, message);
  response.setHeader('content-type', 'application/json');
  return response.end(JSON.stringify({ jsonrpc: '2.0', ...answer }));
}

const server = createServer((request, response) => void serve(request, response));
server.listen(Number(port), '127.0.0.1', () => process.stdout.write(`${server.address().port}\n`));
process.stdin.on('end', () => process.exit()).resume();
