import { HttpTransport, MCPClient } from '../../src/index.js';
import type { ElicitRequestFormParams, MCPClientOptions, MCPTransport, ServerRequestContext } from '../../src/index.js';
import { ClientRecorder } from '../support/client-recorder.js';
import { endAfterEach } from '../support/endings.js';
import { textOf } from '../support/servers/fixture-servers.js';
import { freePort, HttpProcess } from '../support/servers/http-process.js';
import { referenceServer } from '../support/servers/real-servers.js';

jest.setTimeout(60_000);

const endLater = endAfterEach();

/** How to reach server-everything. */
const ways: [string, () => Promise<MCPTransport>][] = [
  ['stdio', () => Promise.resolve(referenceServer('everything', ['stdio']))],
  [
    'HTTP',
    async () => {
      const server = await HttpProcess.everything('streamableHttp', await freePort());
      endLater(() => server.kill());
      return new HttpTransport(server.url);
    },
  ],
];

describe.each(ways)('what server-everything asks over %s', (_way, reach) => {
  async function connected(options: MCPClientOptions): Promise<{ client: MCPClient; announced: ClientRecorder }> {
    const client = new MCPClient(await reach(), { era: 'legacy', ...options });
    const announced = new ClientRecorder(client, ['log', 'toolsChanged']);
    endLater(() => client.close());
    await client.connect();
    return { client, announced };
  }

  /** Some tools are only there once the server has heard what the client offers. */
  async function has(client: MCPClient, announced: ClientRecorder, name: string): Promise<void> {
    const listed = async (): Promise<boolean> =>
      (await client.listTools({ useCache: false })).some((tool) => tool.name === name);
    while (!(await listed())) await announced.first('toolsChanged', announced.toolsChanged.length + 1);
  }

  test('is answered: a model is sampled', async () => {
    const { client, announced } = await connected({
      sampling: ({ messages, maxTokens, systemPrompt }) => ({
        role: 'assistant',
        model: 'parrot',
        stopReason: 'endTurn',
        content: { type: 'text', text: JSON.stringify({ messages, maxTokens, systemPrompt }) },
      }),
    });
    await has(client, announced, 'trigger-sampling-request');
    const result = await client.callTool('trigger-sampling-request', { prompt: 'Say hi', maxTokens: 12 });
    expect(textOf(result)).toMatch(/parrot/);
    expect(textOf(result)).toContain('Say hi');
    expect(announced.error).toEqual([]);
  });

  test('is answered: the user fills in a form, and its defaults are there', async () => {
    const forms: ElicitRequestFormParams[] = [];
    const { client, announced } = await connected({
      elicitation: (form) => {
        forms.push(form);
        return { action: 'accept', content: { name: 'Ada', integer: 7 } };
      },
    });
    await has(client, announced, 'trigger-elicitation-request');
    const { content } = await client.callTool('trigger-elicitation-request');
    const said = content.map((block) => (block.type === 'text' ? block.text : '')).join('\n');
    expect(said).toContain('Name: Ada');
    expect(said).toContain('Favorite Integer: 7');
    expect(said).toContain('Favorite Number: 3.14');
    expect(said).toContain('fish-1');
    expect(Object.keys(forms[0]?.requestedSchema.properties ?? {})).toContain('legacyTitledEnum');
    expect(announced.error).toEqual([]);
  });

  test.each(['decline', 'cancel'] as const)('is answered with %s, which is no error', async (action) => {
    const { client, announced } = await connected({ elicitation: () => ({ action }) });
    await has(client, announced, 'trigger-elicitation-request');
    const { isError, content } = await client.callTool('trigger-elicitation-request');
    expect(isError ?? false).toBe(false);
    expect(JSON.stringify(content)).toMatch(action === 'decline' ? /declined/ : /cancelled/i);
    expect(announced.error).toEqual([]);
  });

  test('is answered: the user agrees to open a page', async () => {
    const seen: [string, readonly string[]][] = [];
    const { client, announced } = await connected({
      elicitation: {
        url: ({ url }, { warnings }: ServerRequestContext) => {
          seen.push([url, warnings]);
          return { action: 'accept' };
        },
      },
    });
    await has(client, announced, 'trigger-url-elicitation');
    const result = await client.callTool('trigger-url-elicitation', { url: 'http://example.com/pay', message: 'Pay' });
    expect(seen).toEqual([['http://example.com/pay', ['The page is not encrypted']]]);
    expect(JSON.stringify(result.content)).toMatch(/accept|agreed|opened/i);
    expect(announced.error).toEqual([]);
  });

  test('is answered: the roots, and those after they changed', async () => {
    const roots = [{ uri: 'file:///plans', name: 'work' }];
    const asked: string[] = [];
    const { client, announced } = await connected({
      roots: ({ method }) => {
        asked.push(method);
        return roots;
      },
    });
    await has(client, announced, 'get-roots-list');
    expect(textOf(await client.callTool('get-roots-list'))).toContain('file:///plans');
    const before = asked.length;
    roots.push({ uri: 'file:///more', name: 'more' });
    await client.rootsChanged();
    while (asked.length === before) await client.ping();
    await client.ping();
    expect(textOf(await client.callTool('get-roots-list'))).toContain('file:///more');
    expect(announced.error).toEqual([]);
  });

  test('is refused by a handler that fails, and the tool says so', async () => {
    const { client, announced } = await connected({
      sampling: () => {
        throw new Error('the key is sk-secret');
      },
    });
    await has(client, announced, 'trigger-sampling-request');
    const { isError, content } = await client.callTool(
      'trigger-sampling-request',
      { prompt: 'x' },
      { onToolError: 'return' },
    );
    expect(isError).toBe(true);
    expect(JSON.stringify(content)).toContain('The client failed to handle the request');
    expect(JSON.stringify(content)).not.toContain('sk-secret');
    expect(announced.error).toMatchObject([{ code: 'MCP_HANDLER_FAILED', cause: { message: 'the key is sk-secret' } }]);
  });
});
