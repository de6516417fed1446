import { HttpTransport, MCPClient, MCPToolError, SseTransport, StdioTransport } from '../../src/index.js';
import type { MCPTransport, Progress } from '../../src/index.js';
import { ClientRecorder } from '../support/client-recorder.js';
import { sample } from '../support/long-form.js';
import { endAfterEach } from '../support/endings.js';
import { serverFixture, textOf } from '../support/servers/fixture-servers.js';
import { HttpProcess } from '../support/servers/http-process.js';
import { errorFrom } from '../support/outcomes.js';

// Processes start slowly on a machine that is busy.
jest.setTimeout(60_000);

const endLater = endAfterEach();

type Framework = 'fastmcp' | 'mcp-lite';
type Endpoint = (server: HttpProcess) => MCPTransport;
const streamable: Endpoint = ({ url }) => new HttpTransport(url);
const sse: Endpoint = ({ url }) => new SseTransport(new URL('/sse', url));

/** A way to serve that a framework has. The modes are those of the fixtures. */
interface Way {
  readonly framework: Framework;
  readonly served: string;
  readonly mode: string;
}
/** Under Node 26 fastmcp 4.20 accepts posts over HTTP+SSE and never answers them, whichever client sends them. */
const FASTMCP_READS_POSTS = Number.parseInt(process.versions.node) < 26;
const OVER_STDIO: readonly Way[] = [{ framework: 'fastmcp', served: 'stdio', mode: 'stdio' }];
const OVER_HTTP: readonly (Way & { readonly endpoint: Endpoint })[] = [
  {
    framework: 'fastmcp',
    served: 'Streamable HTTP with sessions',
    mode: 'http',
    endpoint: streamable,
  },
  {
    framework: 'fastmcp',
    served: 'Streamable HTTP without sessions',
    mode: 'stateless',
    endpoint: streamable,
  },
  {
    framework: 'fastmcp',
    served: 'Streamable HTTP with JSON responses',
    mode: 'json',
    endpoint: streamable,
  },
  ...(FASTMCP_READS_POSTS ? [{ framework: 'fastmcp', served: 'HTTP+SSE', mode: 'http', endpoint: sse } as const] : []),
  {
    framework: 'mcp-lite',
    served: 'Streamable HTTP with sessions',
    mode: 'sessions',
    endpoint: streamable,
  },
  {
    framework: 'mcp-lite',
    served: 'Streamable HTTP without sessions',
    mode: 'stateless',
    endpoint: streamable,
  },
];

async function start(framework: Framework, mode: string, port?: number): Promise<HttpProcess> {
  const server = await HttpProcess.framework(framework, mode, port);
  endLater(() => server.kill());
  return server;
}

async function transportTo({
  framework,
  mode,
  endpoint,
}: Way & { readonly endpoint?: Endpoint }): Promise<MCPTransport> {
  if (endpoint !== undefined) return endpoint(await start(framework, mode));
  return new StdioTransport(process.execPath, [serverFixture(framework), `--mode=${mode}`]);
}

function clientOf(transport: MCPTransport): MCPClient {
  const client = new MCPClient(transport, { autoReconnect: true });
  endLater(() => client.close());
  return client;
}

describe.each(sample([...OVER_STDIO, ...OVER_HTTP], 3))(
  'pain 45: a server built with $framework, over $served',
  (way) => {
    const { framework, mode } = way;

    test('is connected, listed, called and read without a warning', async () => {
      const client = clientOf(await transportTo(way));
      const recorder = new ClientRecorder(client, ['warning', 'error']);
      const progress: Progress[] = [];

      expect(await client.connect()).toMatchObject({
        name: `${framework}-fixture`,
        version: '1.2.3',
        era: 'legacy',
      });
      expect((await client.listTools()).map(({ name }) => name)).toEqual(['add', 'count', 'fail']);
      expect((await client.listPrompts()).map(({ name }) => name)).toEqual(['greet']);
      expect((await client.listResources()).map(({ uri }) => uri)).toEqual(['file:///log.txt']);
      expect((await client.listResourceTemplates()).map((one) => one.uriTemplate)).toEqual(['file:///logs/{name}.txt']);
      const sum = await client.callTool('add', { a: 1, b: 2 });
      expect(textOf(sum)).toBe('3');
      expect(sum.structuredContent).toEqual(framework === 'mcp-lite' ? { sum: 3 } : undefined);
      const counted = await client.callTool('count', { to: 3 }, { onProgress: (report) => progress.push(report) });
      expect(textOf(counted)).toBe('3');
      // A response that is JSON has no room for them.
      expect(progress.map((report) => report.progress)).toEqual(mode === 'json' ? [] : [1, 2, 3]);
      expect((await client.getPrompt('greet', { name: 'Ann' })).messages).toMatchObject([
        { content: { text: 'Hello, Ann' } },
      ]);
      expect((await client.readResource('file:///log.txt')).contents).toMatchObject([{ text: 'grün 👍 \u2028' }]);
      expect((await client.readResource('file:///logs/a.txt')).contents).toMatchObject([{ text: 'log of a' }]);
      await client.close();
      expect([...recorder.error, ...recorder.warning]).toEqual([]);
    });

    test('rejects calls that are refused or fail with an MCPToolError that names the tool, and goes on', async () => {
      const client = clientOf(await transportTo(way));
      await client.connect();
      const calls: readonly (readonly [string, Record<string, unknown>?])[] = [
        ['does-not-exist', { a: 1 }],
        ['add', { a: 'wrong type' }],
        ['fail'],
      ];
      for (const [tool, args] of calls) {
        const error = await errorFrom(client.callTool(tool, args));
        expect(error).toBeInstanceOf(MCPToolError);
        expect(error.message).toContain(tool);
        expect(error.details?.tool).toBe(tool);
      }
      expect(textOf(await client.callTool('add', { a: 1, b: 2 }))).toBe('3');
    });

    test('says where the names are when a prompt or a resource does not exist', async () => {
      const client = clientOf(await transportTo(way));
      await client.connect();
      // Both frameworks refuse some of these with the code of an unknown method.
      for (const refused of [client.getPrompt('none'), client.readResource('file:///none')]) {
        const error = await errorFrom(refused);
        expect(error.message).toContain('none');
        expect(error.explain()).not.toContain('does not support this method');
      }
    });
  },
);

test.each(sample(OVER_HTTP, 1))(
  'pain 45: a server built with $framework, over $served, may restart between two calls',
  async ({ framework, mode, endpoint }) => {
    const server = await start(framework, mode);
    const client = clientOf(endpoint(server));
    await client.connect();
    expect(textOf(await client.callTool('add', { a: 1, b: 2 }))).toBe('3');
    await server.kill();
    await start(framework, mode, server.port);
    expect(textOf(await client.callTool('add', { a: 2, b: 2 }))).toBe('4');
  },
);
