// The minimum of a round trip over HTTP in Node: text that is written to a socket, and the JSON in the response. It works only with this
// server and does not parse HTTP, so a real HTTP client cannot be as fast.
import { once } from 'node:events';
import { connect } from 'node:net';
import { REVISIONS } from '../echo.mjs';
import { FloorClient, settle } from './floor.mjs';

/** Whether a response is complete: it ends with the brace of its JSON or with the last chunk of a stream, or has no body. */
function isWhole(answer) {
  return answer.endsWith('}') || answer.endsWith('0\r\n\r\n') || answer.includes(' 202 ');
}

/** A connection, which carries at most one request at a time. */
class Line {
  #socket;
  #pending;
  #unread = '';

  constructor(origin, free) {
    const { hostname, port } = origin;
    this.#socket = connect({ host: hostname, port: Number(port), noDelay: true });
    this.#socket.setEncoding('utf8');
    this.#socket.on('data', (text) => {
      this.#unread += text;
      if (!isWhole(this.#unread)) return;
      const answer = this.#unread.slice(this.#unread.indexOf('{'), this.#unread.lastIndexOf('}') + 1);
      const pending = this.#pending;
      this.#unread = '';
      free(this);
      if (answer !== '') settle(pending, JSON.parse(answer));
    });
  }

  ask(request, pending) {
    this.#pending = pending;
    this.#socket.write(request);
  }

  async close() {
    this.#socket.end();
    await once(this.#socket, 'close');
  }
}

class SocketClient extends FloorClient {
  #origin;
  #head;
  #lines = [];
  #free = [];

  constructor(era, url) {
    super(era);
    this.#origin = new URL(url);
    this.#head = [
      `POST ${this.#origin.pathname} HTTP/1.1`,
      `host: ${this.#origin.host}`,
      'accept: application/json, text/event-stream',
      'content-type: application/json',
      `mcp-protocol-version: ${REVISIONS[era]}`,
      'content-length: ',
    ].join('\r\n');
  }

  notify(message) {
    this.ask(message, undefined);
  }

  ask(message, pending) {
    const body = JSON.stringify(message);
    this.#line().ask(`${this.#head}${Buffer.byteLength(body)}\r\n\r\n${body}`, pending);
  }

  #line() {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    const line = new Line(this.#origin, (one) => this.#free.push(one));
    this.#lines.push(line);
    return line;
  }

  async close() {
    await Promise.all(this.#lines.map((line) => line.close()));
  }
}

/** A client whose server has a URL. */
export async function http(era, url) {
  const client = new SocketClient(era, url);
  await client.connect();
  return { call: (message) => client.callTool('echo', { message }), close: () => client.close() };
}
