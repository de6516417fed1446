// The least that a client of a JSON-RPC server has to do: ids, a map of promises and, over stdio, lines of JSON; over HTTP, exchanges.
// No deadlines, no cancellation, no checks, no states: what costs less than this does less.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Pool } from 'undici';
import { answerTo, REVISIONS, VERSION_KEY } from '../echo.mjs';

const INFO = { name: 'floor', version: '1.0.0' };

class FloorClient {
  #pending = new Map();
  #lastId = 0;
  #send;
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

  async connect(send) {
    this.#send = send;
    if (this.#meta !== undefined) {
      await this.request('server/discover', {});
      return;
    }
    await this.request('initialize', { protocolVersion: REVISIONS.legacy, capabilities: {}, clientInfo: INFO });
    this.#send({ jsonrpc: '2.0', method: 'notifications/initialized' });
  }

  request(method, params) {
    return new Promise((resolve, reject) => {
      this.#lastId += 1;
      const id = this.#lastId;
      this.#pending.set(id, { resolve, reject });
      const sent = this.#meta === undefined ? params : { _meta: this.#meta, ...params };
      this.#send({ jsonrpc: '2.0', id, method, params: sent });
    });
  }

  receive(message) {
    const pending = this.#pending.get(message.id);
    if (pending === undefined) return;
    this.#pending.delete(message.id);
    if (message.error === undefined) pending.resolve(message.result);
    else pending.reject(new Error(message.error.message));
  }

  /** The connection is of no use any more. */
  fail(error) {
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }

  async callTool(name, args) {
    const result = await this.request('tools/call', { name, arguments: args });
    if (result.isError) throw new Error(result.content[0]?.text);
    return result;
  }
}

/** Collects what is sent until `schedule` calls back, and hands it on as one batch. */
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

/** A client whose server is a function in this process. Neither runs inside a call of the other. */
export async function memory(era) {
  const client = new FloorClient(era);
  const answers = batch(queueMicrotask, (messages) => {
    for (const message of messages) client.receive(message);
  });
  const questions = batch(queueMicrotask, (messages) => {
    for (const message of messages) {
      const answer = answerTo(message);
      if (answer !== undefined) answers(answer);
    }
  });
  await client.connect(questions);
  return { call: (message) => client.callTool('echo', { message }), close: async () => undefined };
}

/** A client whose server is a process. */
export async function stdio(era, server) {
  const client = new FloorClient(era);
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

/** One request over undici's `dispatch`, which is over when its answer is. */
class FloorExchange {
  #receive;
  #fail;
  #stream = false;
  #body;

  constructor(receive, fail) {
    this.#receive = receive;
    this.#fail = fail;
  }

  onRequestStart() {}

  onResponseStart(_controller, status, headers) {
    if (status >= 300) this.#fail(new Error(`HTTP ${status}`));
    this.#stream = headers['content-type'] === 'text/event-stream';
  }

  onResponseData(_controller, chunk) {
    this.#body = this.#body === undefined ? chunk : Buffer.concat([this.#body, chunk]);
  }

  onResponseEnd() {
    if (this.#body === undefined) return;
    const text = this.#body.toString();
    if (!this.#stream) {
      this.#receive(JSON.parse(text));
      return;
    }
    for (const line of text.split('\n')) {
      if (line.startsWith(DATA)) this.#receive(JSON.parse(line.slice(DATA.length)));
    }
  }

  onResponseError(_controller, error) {
    this.#fail(error);
  }
}

/** A client whose server has a URL. */
export async function http(era, url) {
  const client = new FloorClient(era);
  const { origin, pathname } = new URL(url);
  const pool = new Pool(origin);
  const headers = [
    'accept',
    'application/json, text/event-stream',
    'content-type',
    'application/json',
    'mcp-protocol-version',
    REVISIONS[era],
  ];
  const receive = (message) => client.receive(message);
  const fail = (error) => client.fail(error);
  await client.connect((message) => {
    const named = era === 'modern' ? [...headers, 'mcp-method', message.method] : headers;
    if (message.params?.name !== undefined && era === 'modern') named.push('mcp-name', message.params.name);
    const request = { path: pathname, method: 'POST', headers: named, body: JSON.stringify(message) };
    pool.dispatch(request, new FloorExchange(receive, fail));
  });
  return { call: (message) => client.callTool('echo', { message }), close: () => pool.close() };
}
