// The minimum of a JSON-RPC client: ids, a map of promises and, over stdio, lines of JSON; over HTTP, exchanges. It has no deadlines, no
// cancellation, no checks and no states. A client that takes less time than this does less.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { answerTo, REVISIONS, VERSION_KEY } from '../echo.mjs';

const INFO = { name: 'floor', version: '1.0.0' };

/** The common part of all floors. */
export class FloorClient {
  #lastId = 0;
  #meta;

  constructor(era) {
    if (era === 'modern') {
      this.#meta = {
        [VERSION_KEY]: REVISIONS.modern,
        'io.modelcontextprotocol/clientInfo': INFO,
        'io.modelcontextprotocol/clientCapabilities': {},
      };
    }
  }

  async connect() {
    if (this.#meta !== undefined) {
      await this.request('server/discover', {});
      return;
    }
    await this.request('initialize', { protocolVersion: REVISIONS.legacy, capabilities: {}, clientInfo: INFO });
    this.notify({ jsonrpc: '2.0', method: 'notifications/initialized' });
  }

  request(method, params) {
    return new Promise((resolve, reject) => {
      this.#lastId += 1;
      const sent = this.#meta === undefined ? params : { _meta: this.#meta, ...params };
      this.ask({ jsonrpc: '2.0', id: this.#lastId, method, params: sent }, { resolve, reject });
    });
  }

  async callTool(name, args) {
    const result = await this.request('tools/call', { name, arguments: args });
    if (result.isError) throw new Error(result.content[0]?.text);
    return result;
  }
}

/** Settles a request with its response. */
export function settle(pending, message) {
  if (message.error === undefined) pending.resolve(message.result);
  else pending.reject(new Error(message.error.message));
}

/** A client with one channel for all messages, and one for all responses. */
class SharedFloorClient extends FloorClient {
  #pending = new Map();
  #send;

  connect(send) {
    this.#send = send;
    return super.connect();
  }

  notify(message) {
    this.#send(message);
  }

  ask(message, pending) {
    this.#pending.set(message.id, pending);
    this.#send(message);
  }

  receive(message) {
    const pending = this.#pending.get(message.id);
    if (pending === undefined) return;
    this.#pending.delete(message.id);
    settle(pending, message);
  }
}

/** Collects messages until `schedule` calls back, and passes them on as one batch. */
function batch(schedule, deliver) {
  let waiting = [];
  const flush = () => {
    const messages = waiting;
    waiting = [];
    deliver(messages);
  };
  return (message) => {
    if (waiting.push(message) === 1) schedule(flush);
  };
}

/** A client whose server is a function in this process. Neither runs inside of a call of the other. */
export async function memory(era) {
  const client = new SharedFloorClient(era);
  const answers = batch(queueMicrotask, (messages) => {
    for (const message of messages) client.receive(message);
  });
  const requests = batch(queueMicrotask, (messages) => {
    for (const message of messages) {
      const answer = answerTo(message);
      if (answer !== undefined) answers(answer);
    }
  });
  await client.connect(requests);
  return { call: (message) => client.callTool('echo', { message }), close: async () => undefined };
}

/** A client whose server is a process. */
export async function stdio(era, server) {
  const client = new SharedFloorClient(era);
  const child = spawn(process.execPath, [server], { stdio: ['pipe', 'pipe', 'inherit'] });
  let unfinished = '';
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (chunk) => {
    const lines = (unfinished + chunk).split('\n');
    unfinished = lines.pop();
    for (const line of lines) client.receive(JSON.parse(line));
  });
  await client.connect(
    batch(process.nextTick, (messages) => {
      child.stdin.write(messages.map((message) => `${JSON.stringify(message)}\n`).join(''));
    }),
  );
  return {
    call: (message) => client.callTool('echo', { message }),
    close: async () => {
      child.stdin.end();
      await once(child, 'exit');
    },
  };
}

const DATA = 'data: ';

/** One request over undici's `dispatch`. Its response is parsed when it is complete. */
class FloorExchange {
  #pending;
  #stream = false;
  #body;

  constructor(pending) {
    this.#pending = pending;
  }

  onRequestStart() {}

  onResponseStart(_controller, status, headers) {
    if (status >= 300) this.#pending.reject(new Error(`HTTP ${status}`));
    this.#stream = headers['content-type'] === 'text/event-stream';
  }

  onResponseData(_controller, chunk) {
    this.#body = this.#body === undefined ? chunk : Buffer.concat([this.#body, chunk]);
  }

  onResponseEnd() {
    const text = this.#body?.toString() ?? '';
    if (!this.#stream) {
      if (text !== '') settle(this.#pending, JSON.parse(text));
      return;
    }
    for (const line of text.split('\n')) {
      if (line.startsWith(DATA)) settle(this.#pending, JSON.parse(line.slice(DATA.length)));
    }
  }

  onResponseError(_controller, error) {
    this.#pending.reject(error);
  }
}

/** A client with an HTTP exchange for each request. */
class HttpFloorClient extends FloorClient {
  #pool;
  #path;
  #headers;
  #modern;

  constructor(era, url, Pool) {
    super(era);
    const { origin, pathname } = new URL(url);
    this.#pool = new Pool(origin);
    this.#path = pathname;
    this.#modern = era === 'modern';
    const fixed = {
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
      'mcp-protocol-version': REVISIONS[era],
    };
    this.#headers = Object.entries(fixed).flat();
  }

  notify(message) {
    this.ask(message, { resolve: () => undefined, reject: () => undefined });
  }

  ask(message, pending) {
    let headers = this.#headers;
    if (this.#modern) {
      headers = [...headers, 'mcp-method', message.method];
      if (message.params.name !== undefined) headers.push('mcp-name', message.params.name);
    }
    const request = { path: this.#path, method: 'POST', headers, body: JSON.stringify(message) };
    this.#pool.dispatch(request, new FloorExchange(pending));
  }

  close() {
    return this.#pool.close();
  }
}

/** A client whose server has a URL. */
export async function http(era, url) {
  // What stdio does not need is not loaded for it.
  const { default: Pool } = await import('undici/lib/dispatcher/pool.js');
  const client = new HttpFloorClient(era, url, Pool);
  await client.connect();
  return { call: (message) => client.callTool('echo', { message }), close: () => client.close() };
}
