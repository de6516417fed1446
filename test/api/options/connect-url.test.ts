import { inspect } from 'node:util';

import { HttpTransport, MCPClient, SseTransport, WebSocketTransport } from '../../../src/index.js';
import type { ConnectTarget } from '../../../src/index.js';
import { transportFor } from '../../../src/api/connect-target.js';
import { legacyServer, ScriptedHttpServer } from '../../support/servers/http-server.js';
import { errorThrownBy } from '../../support/outcomes.js';
import { SseServer } from '../../support/servers/sse-server.js';
import { ScriptedWebSocketServer } from '../../support/servers/websocket-server.js';

/** The transport for a target, which it would speak over. */
function made(target: ConnectTarget): [name: string, url: string | undefined, headers: unknown] {
  const transport = transportFor(target);
  if (transport instanceof SseTransport) return ['SseTransport', transport.sseUrl, transport.headers];
  if (transport instanceof HttpTransport || transport instanceof WebSocketTransport) {
    return [transport.constructor.name, transport.url, transport.headers];
  }
  return [transport.constructor.name, undefined, undefined];
}

describe('the transport for a target', () => {
  const headers = { 'X-Key': 'one' };
  test.each<[ConnectTarget, string, string, object]>([
    ['http://a.invalid/mcp', 'HttpTransport', 'http://a.invalid/mcp', {}],
    [new URL('https://a.invalid/mcp'), 'HttpTransport', 'https://a.invalid/mcp', {}],
    ['ws://a.invalid/mcp', 'WebSocketTransport', 'ws://a.invalid/mcp', {}],
    [new URL('WSS://a.invalid/mcp'), 'WebSocketTransport', 'wss://a.invalid/mcp', {}],
    [{ url: 'http://a.invalid/', headers }, 'HttpTransport', 'http://a.invalid/', headers],
    [{ url: 'http://a.invalid/', type: 'streamable-http' }, 'HttpTransport', 'http://a.invalid/', {}],
    [{ url: 'http://a.invalid/', headers, type: 'sse' }, 'SseTransport', 'http://a.invalid/', headers],
    [{ url: 'wss://a.invalid/', headers }, 'WebSocketTransport', 'wss://a.invalid/', headers],
    [{ url: 'ws://a.invalid/', type: 'ws' }, 'WebSocketTransport', 'ws://a.invalid/', {}],
    [{ url: new URL('http://a.invalid/'), type: null }, 'HttpTransport', 'http://a.invalid/', {}],
    [{ url: 'http://a.invalid/', command: null, headers: null }, 'HttpTransport', 'http://a.invalid/', {}],
    [{ url: 'http://a.invalid/', type: 'streamableHttp' }, 'HttpTransport', 'http://a.invalid/', {}],
    [{ url: 'http://a.invalid/', type: 'SSE' }, 'SseTransport', 'http://a.invalid/', {}],
    [{ serverUrl: 'http://a.invalid/', headers }, 'HttpTransport', 'http://a.invalid/', headers],
    [{ serverUrl: 'ws://a.invalid/' }, 'WebSocketTransport', 'ws://a.invalid/', {}],
    [{ serverUrl: 'http://a.invalid/', type: 'sse' }, 'SseTransport', 'http://a.invalid/', {}],
    [{ httpUrl: 'http://a.invalid/', headers }, 'HttpTransport', 'http://a.invalid/', headers],
    [{ httpUrl: 'http://a.invalid/', url: undefined }, 'HttpTransport', 'http://a.invalid/', {}],
    [' http://a.invalid/mcp\n', 'HttpTransport', 'http://a.invalid/mcp', {}],
  ])('%p is reached over %s', (target, name, url, given) => {
    expect(made(target)).toEqual([name, url, given]);
  });

  const expectedUrl = 'a URL that begins with http://, https://, ws:// or wss://';
  const program = 'a URL, or to start a program an entry such as ';
  const noScheme = 'a string that does not begin with http:// or https://';
  const entry = 'an entry with `command` (a program) or `url`';
  const anything = 'a URL, a server entry or a transport';

  test.each<[what: string, target: unknown, expected: string, received: string]>([
    ['an address', 'localhost:3000/mcp', 'a URL such as "http://localhost:3000/mcp"', noScheme],
    ['an address alone', 'localhost', 'a URL such as "http://localhost"', noScheme],
    ['a number of IPv4', '127.0.0.1:8080', 'a URL such as "http://127.0.0.1:8080"', noScheme],
    ['a number of IPv6', '[::1]:3000/mcp', 'a URL such as "http://[::1]:3000/mcp"', noScheme],
    ['a host and a path', 'example.com/mcp', 'a URL such as "https://example.com/mcp"', noScheme],
    ['a host', 'mcp.example.com', 'a URL such as "https://mcp.example.com"', noScheme],
    ['a host and a port', 'example.com:8443/mcp', 'a URL such as "https://example.com:8443/mcp"', noScheme],
    ['an address with a key', 'localhost:3000/mcp?key=hunter22', 'a URL such as "http://localhost:3000/mcp"', noScheme],
    ['a scheme with a typo', 'htps://a.invalid/mcp', 'a URL such as "https://a.invalid/mcp"', noScheme],
    ['an empty string', '', anything, 'an empty string'],
    ['spaces', '  ', anything, 'an empty string'],
    ['a word', 'hunter22', expectedUrl, 'another string'],
    ['half a URL', 'https://', expectedUrl, 'another string'],
    ['another scheme', 'ftp://hunter22.invalid', expectedUrl, 'another string'],
    [
      'a URL of a file',
      'file:///srv/server.js',
      `${program}{ command: "node", args: [path] }`,
      'a string that is not a URL',
    ],
    ['a script', './server.mjs', `${program}{ command: "node", args: [path] }`, 'a string that is not a URL'],
    ['a Python script', 'server.py', `${program}{ command: "python", args: [path] }`, 'a string that is not a URL'],
    ['a program', '/usr/bin/server', `${program}{ command: path, args: […] }`, 'a string that is not a URL'],
    ['a command line', 'npx -y hunter22', `${program}{ command: "npx", args: […] }`, 'a string that is not a URL'],
    ['JSON', '{"url":"http://hunter22"}', `${anything}: parse it with JSON.parse`, 'a string of JSON'],
    ['nothing', undefined, anything, 'undefined'],
    ['null', null, anything, 'null'],
    ['a number', 7, anything, '7'],
    ['a class', HttpTransport, anything, 'a function'],
    ['a list', ['npx', 'hunter22'], `${anything}; an entry has \`command\` and \`args\``, 'an array'],
    ['an empty entry', {}, entry, 'one with neither'],
    ['an entry of nulls', { url: null, command: undefined }, entry, 'one with neither'],
    ['a misspelt command', { comand: 'npx' }, entry, 'one with "comand": did you mean "command"?'],
    ['a misspelt URL', { URL: 'http://hunter22' }, entry, 'one with "URL": did you mean "url"?'],
    [
      'a file',
      { mcpServers: { github: { command: 'npx' }, 'my files': { url: 'http://a' } } },
      'one of its entries, such as file.mcpServers["github"]',
      'all servers of a file: "github", "my files"',
    ],
    [
      'a file of an editor',
      { inputs: [], servers: { github: { command: 'npx' } } },
      'one of its entries, such as file.servers["github"]',
      'all servers of a file: "github"',
    ],
    ['a map of entries', { github: { httpUrl: 'http://a' } }, 'one of its entries', 'all servers of a file: "github"'],
  ])('%s is refused with what to write instead', (_what, target, expected, received) => {
    const error = errorThrownBy(() => transportFor(target as ConnectTarget));
    expect(error).toMatchObject({
      code: 'MCP_INVALID_PARAMS',
      delivery: 'not-sent',
      message: `Invalid target: expected ${expected}, got ${received}`,
      details: { field: 'target', expected, received },
    });
    expect(inspect(error, { depth: 10 })).not.toContain('hunter22');
  });

  test.each<[what: string, entry: unknown, name: string, expected: string]>([
    [
      'a URL for a command',
      { command: 'https://hunter22/mcp' },
      'command',
      'a program: a URL goes into `url` of an entry',
    ],
    ['both', { command: 'npx', url: 'http://a' }, 'entry', '`command` or `url`, or a `type` that selects one of them'],
    ['another type', { url: 'http://a', type: 'hunter22' }, 'type', 'one of "stdio", "http", "sse", "ws"'],
    ['a type that is a number', { url: 'http://a', type: 7 }, 'type', 'one of "stdio", "http", "sse", "ws"'],
    ['a type without its command', { url: 'http://a', type: 'stdio' }, 'command', 'the name of a program'],
    ['a type without its URL', { command: 'npx', type: 'http' }, 'url', 'a URL, because `type` is "http"'],
    ['two URLs', { url: 'http://a', serverUrl: 'http://b' }, 'serverUrl', 'the same value as `url`'],
    [
      'an address',
      { url: 'localhost:3000/mcp' },
      'url',
      'a URL with http:// or https://, such as "http://localhost:3000/mcp"',
    ],
    [
      'a URL for a socket',
      { url: 'http://a.invalid/', type: 'ws' },
      'url',
      'a URL with ws:// or wss://, such as "ws://a.invalid/"',
    ],
    [
      'a socket for a URL',
      { url: 'wss://u:hunter22@a.invalid', type: 'http' },
      'url',
      'a URL with http:// or https://',
    ],
    ['a socket for a stream', { url: 'ws://a.invalid/x', type: 'sse' }, 'sseUrl', 'such as "http://a.invalid/x"'],
    ['a URL that is a number', { serverUrl: 7 }, 'url', 'a URL with http:// or https://'],
  ])('an entry with %s is refused with what to write instead', (_what, given, name, expected) => {
    const error = errorThrownBy(() => transportFor(given as ConnectTarget));
    expect(error).toMatchObject({ code: 'MCP_INVALID_PARAMS', delivery: 'not-sent', details: { field: name } });
    expect(error.message).toContain(expected);
    expect(inspect(error, { depth: 10 })).not.toContain('hunter22');
  });

  test('is chosen by its type when an entry has both a command and a URL', () => {
    const both = { command: 'npx', url: 'http://a.invalid/' };
    expect(made({ ...both, type: 'stdio' } as object as ConnectTarget)[0]).toBe('StdioTransport');
    expect(made({ ...both, type: 'http' } as object as ConnectTarget)[0]).toBe('HttpTransport');
  });
});

describe('MCPClient.connect() with a URL', () => {
  test('speaks over HTTP', async () => {
    const server = await ScriptedHttpServer.start(legacyServer(() => undefined));
    try {
      await using client = await MCPClient.connect(server.url);
      expect(await client.getServerInfo()).toMatchObject({ era: 'legacy', name: 'scripted' });
    } finally {
      await server.close();
    }
  });

  const serverInfo = { name: 'scripted', version: '1' };
  const answerTo = ({ id, method }: { readonly id?: unknown; readonly method?: string }): object | undefined => {
    if (id === undefined) return undefined;
    const result = method === 'ping' ? {} : { protocolVersion: '2024-11-05', capabilities: {}, serverInfo };
    return method === 'initialize' || method === 'ping'
      ? { jsonrpc: '2.0', id, result }
      : { jsonrpc: '2.0', id, error: { code: -32_601, message: 'Unknown method' } };
  };

  test('speaks over a WebSocket', async () => {
    const server = await ScriptedWebSocketServer.start({
      serve: (text, { socket }) => {
        const answer = answerTo(JSON.parse(text) as object);
        if (answer !== undefined) socket.send(JSON.stringify(answer));
      },
    });
    try {
      await using client = await MCPClient.connect(server.url);
      expect(await client.getServerInfo()).toMatchObject({ era: 'legacy', name: 'scripted' });
      await client.ping();
    } finally {
      await server.close();
    }
  });

  test('speaks over HTTP+SSE when an entry says so', async () => {
    const server = await SseServer.start({
      serve: (message, stream) => {
        const answer = answerTo(message);
        if (answer !== undefined) stream.event(answer);
      },
    });
    try {
      await using client = await MCPClient.connect({ url: server.url, type: 'sse' });
      expect(await client.getServerInfo()).toMatchObject({ era: 'legacy', name: 'scripted' });
      await client.ping();
    } finally {
      await server.close();
    }
  });
});
