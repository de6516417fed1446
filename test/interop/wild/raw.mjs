// Speaks to a server by hand, in lines over stdio or with fetch over Streamable HTTP: what this says is what the client is compared with.
import { spawn } from 'node:child_process';

export const LISTS = [
  { name: 'tools', method: 'tools/list', capability: 'tools', items: 'tools' },
  { name: 'prompts', method: 'prompts/list', capability: 'prompts', items: 'prompts' },
  { name: 'resources', method: 'resources/list', capability: 'resources', items: 'resources' },
  { name: 'templates', method: 'resources/templates/list', capability: 'resources', items: 'resourceTemplates' },
];

const PAGES = 100;
const CLIENT = { name: 'by-hand', version: '1.0.0' };

/**
 * The handshake, every list that the capabilities promise, and a call.
 * @param wire sends a request and resolves with the response, as it is; or sends a notification
 * @param revision the era and the revision of the protocol to speak
 * @param call the name and the arguments of a tool
 */
export async function rawExchange({ request, notify }, { era, protocolVersion }, [tool, args]) {
  const modern = era === 'modern';
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': protocolVersion,
    'io.modelcontextprotocol/clientInfo': CLIENT,
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const ask = (method, params) => request(method, modern ? { ...params, _meta } : params, protocolVersion);

  const hello = modern
    ? await ask('server/discover', {})
    : await ask('initialize', { protocolVersion, capabilities: {}, clientInfo: CLIENT });
  if (hello.result === undefined) throw new Error(`The server refuses by hand: ${JSON.stringify(hello.error)}`);
  if (!modern) await notify('notifications/initialized', protocolVersion);

  const lists = {};
  for (const { name, method, capability, items } of LISTS) {
    if (hello.result.capabilities?.[capability] === undefined) continue;
    lists[name] = await allPages((cursor) => ask(method, cursor === undefined ? {} : { cursor }), items);
  }
  const { result, error } = await ask('tools/call', { name: tool, arguments: args });
  return { lists, call: error === undefined ? result : { errorCode: error.code } };
}

/** The items of all pages, or the code of the error. */
async function allPages(page, items) {
  const all = [];
  let cursor;
  for (let count = 0; count < PAGES; count += 1) {
    const { result, error } = await page(cursor);
    if (error !== undefined) return { errorCode: error.code };
    all.push(...(result[items] ?? []));
    cursor = result.nextCursor ?? undefined;
    if (cursor === undefined || cursor === '') break;
  }
  return all;
}

/** A process in a group of its own, so that `end` ends what it started, too. */
export function startProcess({ command, args, cwd, env }) {
  const child = spawn(command, args, { cwd, env, stdio: 'pipe', detached: process.platform !== 'win32' });
  let stderr = '';
  child.stderr.on('data', (text) => (stderr = `${stderr}${text}`.slice(-4_000)));
  child.stdin.on('error', () => undefined);
  const closed = new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) =>
      resolve(`it ended with ${signal ?? `exit code ${code}`}: ${stderr.trim().slice(-500)}`),
    );
  });
  const end = async () => {
    try {
      process.kill(process.platform === 'win32' ? child.pid : -child.pid, 'SIGKILL');
    } catch {
      child.kill('SIGKILL');
    }
    await closed;
  };
  return { child, closed, end };
}

/** Messages as lines of a process. */
export function rawStdio({ child, closed }) {
  const pending = new Map();
  let rest = Buffer.alloc(0);
  let id = 0;
  const send = (message) => child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  child.stdout.on('data', (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    for (let end = rest.indexOf(10); end !== -1; end = rest.indexOf(10)) {
      receive(rest.subarray(0, end).toString());
      rest = rest.subarray(end + 1);
    }
  });
  function receive(line) {
    let message;
    try {
      message = JSON.parse(line);
    } catch {
      return; // not a message
    }
    if (message.method === undefined) pending.get(message.id)?.(message);
    else if (message.method === 'ping') send({ id: message.id, result: {} });
    else if (message.id !== undefined) send({ id: message.id, error: { code: -32601, message: 'Method not found' } });
  }
  return {
    notify: (method) => void send({ method }),
    request: (method, params) => {
      id += 1;
      send({ id, method, params });
      const answered = new Promise((resolve) => pending.set(id, resolve));
      return Promise.race([
        answered,
        closed.then((why) => {
          throw new Error(why);
        }),
      ]);
    },
  };
}

/** Messages that are posted. The stream of the server is left out: it carries no response. */
export function rawHttp(url) {
  let id = 0;
  let session;
  async function post(message, protocolVersion) {
    const headers = {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-method': message.method,
      ...(message.method !== 'initialize' && { 'mcp-protocol-version': protocolVersion }),
      ...(message.method === 'tools/call' && { 'mcp-name': message.params.name }),
      ...(session !== undefined && { 'mcp-session-id': session }),
    };
    const body = JSON.stringify({ jsonrpc: '2.0', ...message });
    const response = await fetch(url, { method: 'POST', headers, body });
    session = response.headers.get('mcp-session-id') ?? session;
    const text = await response.text();
    const type = response.headers.get('content-type') ?? '';
    if (text === '' && response.ok) return [];
    if (type.startsWith('application/json')) return [JSON.parse(text)];
    if (!type.startsWith('text/event-stream')) throw new Error(`HTTP ${response.status}: ${text.slice(0, 500)}`);
    return text.split(/\r?\n\r?\n/).flatMap(messageOf);
  }
  return {
    notify: async (method, protocolVersion) => void (await post({ method }, protocolVersion)),
    request: async (method, params, protocolVersion) => {
      id += 1;
      const messages = await post({ id, method, params }, protocolVersion);
      const response = messages.find((message) => message.id === id && message.method === undefined);
      if (response === undefined)
        throw new Error(`No response to ${method}: ${JSON.stringify(messages).slice(0, 500)}`);
      return response;
    },
  };
}

/** The message in an event of a stream, or none. */
function messageOf(event) {
  const lines = event.split(/\r?\n/).filter((line) => line.startsWith('data:'));
  const data = lines.map((line) => line.slice(5).trim()).join('\n');
  return data === '' ? [] : [JSON.parse(data)];
}
