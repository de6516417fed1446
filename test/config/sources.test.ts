import type { ConfiguredServer } from '../../src/config/index.js';
import { SOURCES } from '../../src/config/sources/index.js';
import { allFixtures, FIXTURES } from './support/fixtures.js';
import { DARWIN, fileOf, LINUX, load, WIN32 } from './support/machine.js';
import type { Machine } from './support/machine.js';

const ENV = { TOKEN: 't0k3n', MCP_INPUT_PERPLEXITY_KEY: 'typed' };

async function serversOf(machine: Machine): Promise<ReadonlyMap<string, ConfiguredServer>> {
  const { servers } = await load(allFixtures(machine), { env: { ...machine.env, ...ENV } }, machine);
  return servers;
}

/** The parts of a server that its entry decides. */
function summary(server: ConfiguredServer | undefined): object | undefined {
  if (server === undefined) return undefined;
  const { transport, target, options, tools, auth, enabled } = server;
  const shown = transport === 'stdio' || server.description.headersHelper === undefined ? target : 'with a helper';
  return { transport, target: shown, options, tools, ...(auth && { auth }), ...(!enabled && { enabled }) };
}

const stdio = (target: object, rest: object = {}): object => ({
  transport: 'stdio',
  target,
  options: {},
  tools: {},
  ...rest,
});
const remote = (target: object, rest: object = {}): object => ({
  transport: 'http',
  target,
  options: {},
  tools: {},
  ...rest,
});

/** What each owner would start, with which environment, headers, limits in ms and filters. */
function expected({ project, home, path }: Machine): Record<string, object> {
  const project_ = { cwd: project };
  return {
    'own-files': stdio(
      { command: 'node', args: ['server.js', '--root', '/srv'], env: { TOKEN: 't0k3n' } },
      { options: { timeout: 45_000 } },
    ),
    'own-remote': remote({ url: 'https://own.example.com/mcp' }, { enabled: false, tools: { include: ['search'] } }),
    'cc-postgres': stdio({
      command: 'npx',
      args: ['-y', '@example/postgres', 'postgres://localhost/db'],
      env: { PGPASSWORD: 't0k3n' },
    }),
    'cc-sentry': remote(
      { type: 'http', url: 'https://mcp.sentry.example/mcp', headers: { Authorization: 'Bearer t0k3n' } },
      {
        options: { timeout: 600_000 },
        auth: { enabled: true, clientId: 'client', callbackPort: 8_080, scopes: ['read', 'write'] },
      },
    ),
    'cc-asana': remote({ type: 'sse', url: 'https://asana.example/sse' }, { transport: 'sse' }),
    'cc-events': remote({ type: 'ws', url: 'wss://events.example/mcp' }, { transport: 'websocket' }),
    'cc-internal': { transport: 'http', target: 'with a helper', options: {}, tools: {} },
    'cc-local': stdio({ command: 'local-server', args: [] }),
    'cd-filesystem': stdio({
      command: 'npx',
      args: ['-y', '@modelcontextprotocol/server-filesystem', '/Users/ada/Desktop'],
    }),
    'cd-weather': stdio({ command: 'uv', args: ['run', 'weather.py'], env: { API_KEY: 'literal ${TOKEN}' } }),
    'vs-perplexity': stdio({
      command: 'npx',
      args: ['-y', 'server-perplexity'],
      env: { FROM_FILE: 'a b', TOKEN: 'from-file', KEY: 'typed', ROOT: project },
      ...project_,
    }),
    'vs-github': remote(
      { type: 'http', url: 'https://api.githubcopilot.example/mcp', headers: { 'X-Token': 't0k3n' } },
      { auth: { enabled: true, clientId: 'client' } },
    ),
    'vs-legacy': remote({ type: 'sse', url: 'https://legacy.example/sse' }, { transport: 'sse' }),
    'cp-playwright': stdio(
      { command: 'npx', args: ['@playwright/mcp@latest'], env: { TOKEN: 't0k3n' } },
      { options: { timeout: 20_000 } },
    ),
    'cp-context7': remote(
      { type: 'http', url: 'https://context7.example/mcp', headers: { CONTEXT7_API_KEY: 'key' } },
      { tools: { include: ['resolve-library-id', 'get-library-docs'] } },
    ),
    'cu-python': stdio({
      command: 'python',
      args: [`${project}/server.py`],
      env: { KEY: 't0k3n', HOME_DIR: home },
      ...project_,
    }),
    'cu-remote': remote(
      { url: 'https://api.example.com/mcp', headers: { Authorization: 'Bearer t0k3n' } },
      { auth: { enabled: true, clientId: 'client', clientSecret: 't0k3n', scopes: ['read'] } },
    ),
    'ws-github': stdio(
      { command: 'npx', args: ['-y', 'server-github'], env: { TOKEN: 't0k3n' } },
      { tools: { exclude: ['delete_repository'] } },
    ),
    'ws-figma': remote({ url: 'https://figma.example/mcp', headers: { 'X-Key': 't0k3n' } }, { enabled: false }),
    'cl-local': stdio(
      { command: 'node', args: ['/path/to/server.js'], env: { API_KEY: 'key' } },
      { options: { timeout: 90_000 } },
    ),
    'cl-remote': remote(
      { url: 'https://remote.example/mcp', headers: { Authorization: 'Bearer key' } },
      { enabled: false },
    ),
    'cl-http': remote({ type: 'http', url: 'https://http.example/mcp' }, { options: { timeout: 60_000 } }),
    'cl-old': remote({ type: 'http', url: 'https://old.example/mcp' }),
    'zd-local': stdio({ command: 'some-command', args: ['arg-1'], env: { A: '1' } }, { options: { timeout: 30_000 } }),
    'zd-old': stdio({ command: 'old-command', args: ['x'], env: { B: '2' } }),
    'zd-remote': remote({ url: 'https://zed.example/mcp', headers: { Authorization: 'Bearer x' } }, { enabled: false }),
    'cx-docs': stdio(
      { command: 'npx', args: ['-y', 'docs-server'], env: { MY_VAR: 'value', TOKEN: 't0k3n' } },
      {
        options: { connectTimeout: 20_000, timeout: 45_500 },
        tools: { include: ['search', 'open'], exclude: ['open'] },
      },
    ),
    'cx-figma': remote(
      {
        url: 'https://figma.example/mcp',
        headers: { 'X-Region': 'us-east-1', 'X-Second': 't0k3n', Authorization: 'Bearer t0k3n' },
      },
      { enabled: false, auth: { enabled: true, scopes: ['files:read'] } },
    ),
    'cx old': stdio({ command: 'old', args: [] }, { options: { connectTimeout: 1_500 } }),
    'gm-python': stdio(
      {
        command: 'python',
        args: ['-m', 'server'],
        env: { A: 't0k3n', B: 't0k3n', C: 't0k3n' },
        cwd: path.join(project, 'tools'),
      },
      { options: { timeout: 15_000 }, tools: { include: ['a', 'b'], exclude: ['b'] } },
    ),
    'gm-http': remote({
      type: 'http',
      url: 'https://gemini.example/mcp',
      headers: { Authorization: 'Bearer t0k3n' },
    }),
    'gm-sse': remote({ type: 'sse', url: 'https://gemini.example/sse' }, { transport: 'sse' }),
    'gm-any': remote({ url: 'https://gemini.example/any' }, { auth: { enabled: true, scopes: ['x'] } }),
    'gm-excluded': stdio({ command: 'excluded', args: [], ...project_ }, { enabled: false }),
    'oc-local': stdio(
      { command: 'bun', args: ['x', 'server'], env: { KEY: 't0k3n' } },
      { options: { connectTimeout: 8_000 } },
    ),
    'oc-remote': remote(
      { url: 'https://opencode.example/mcp', headers: { Authorization: 'Bearer token-of-file' } },
      { enabled: false, auth: { enabled: false } },
    ),
    'ag-local': stdio({ command: 'agent-server', args: ['x'], env: { A: '1' }, ...project_ }),
    'ag-remote': remote({ url: 'https://agents.example/mcp' }),
    'ct-sqlite': stdio(
      { command: 'npx', args: ['-y', 'mcp-sqlite'], env: { KEY: 't0k3n' } },
      { options: { connectTimeout: 5_000 } },
    ),
    'ct-remote': remote({
      type: 'http',
      url: 'https://continue.example/mcp',
      headers: { Authorization: 'Bearer t0k3n' },
    }),
    'ct-sse': remote({ type: 'sse', url: 'https://continue.example/sse' }, { transport: 'sse' }),
    'gs-github': stdio(
      { command: 'npx', args: ['-y', 'server-github'], env: { MODE: 'safe', TOKEN: 't0k3n' } },
      { options: { timeout: 120_000 }, tools: { include: ['search'] } },
    ),
    'gs-remote': remote(
      { type: 'http', url: 'https://goose.example/mcp', headers: { Authorization: 'Bearer t0k3n' } },
      { enabled: false, options: { timeout: 30_000 } },
    ),
    'mp-linear': remote(
      { url: 'https://linear.example/mcp', headers: { Authorization: 't0k3n' } },
      { tools: { include: ['list_issues'] }, auth: { enabled: true, scopes: ['read'] } },
    ),
    'mp-chrome': stdio(
      { command: 'npx', args: ['-y', 'chrome-devtools-mcp'], env: { KEY: 't0k3n' }, ...project_ },
      { tools: { exclude: ['evaluate_script'] } },
    ),
    'in-stdio': stdio({ command: 'node', args: ['build/index.js'], env: { A: '1' } }, { options: { era: 'modern' } }),
    'in-http': remote({ type: 'http', url: 'http://localhost:3000/mcp' }, { options: { connectTimeout: 4_000 } }),
  };
}

describe.each([LINUX, DARWIN, WIN32])('the files of all programs on $platform', (machine) => {
  it('are found, with every entry as its owner has it', async () => {
    const servers = await serversOf(machine);
    const found = Object.fromEntries([...servers].map(([name, server]) => [name, summary(server)]));
    expect(found).toEqual(expected(machine));
  });

  it('belong to the program that wrote them', async () => {
    const servers = await serversOf(machine);
    const places = new Set([...servers.values()].map(({ source }) => `${source.client} ${source.file}`));
    const platform = machine.platform as 'linux' | 'darwin' | 'win32';
    expect(places).toEqual(
      new Set(FIXTURES.map((fixture) => `${fixture.source} ${fileOf(machine, fixture[platform])}`)),
    );
    expect(new Set(FIXTURES.map(({ source }) => source))).toEqual(new Set(SOURCES.map(({ name }) => name)));
  });

  it('have no problem but the text that looks like a variable, and extensions of Zed and Goose are not servers', async () => {
    const { problems } = await load(allFixtures(machine), { env: { ...machine.env, ...ENV } }, machine);
    expect(problems.map(({ server, code }) => `${server}: ${code}`)).toEqual(['cd-weather: foreign-variable']);
  });
});

describe('timeouts in seconds become ms', () => {
  it.each([
    ['Zed', '~/.config/zed/settings.json', '{ "context_servers": { "a": { "command": "a", "timeout": 7 } } }'],
    [
      'Cline',
      '~/.cline/data/settings/cline_mcp_settings.json',
      '{ "mcpServers": { "a": { "command": "a", "timeout": 7 } } }',
    ],
    ['Goose', '~/.config/goose/config.yaml', 'extensions:\n  a:\n    type: stdio\n    cmd: a\n    timeout: 7\n'],
  ])('of %s', async (_, file, text) => {
    const { servers } = await load({ [file]: text });
    expect(servers.get('a')?.options).toEqual({ timeout: 7_000 });
  });
});

describe('the line of an entry', () => {
  it.each([
    ['~/.codex/config.toml', 'cx-docs', 3],
    ['~/.codex/config.toml', 'cx-figma', 15],
    ['~/.codex/config.toml', 'cx old', 23],
    ['~/.config/goose/config.yaml', 'gs-github', 9],
    ['~/.continue/config.yaml', 'ct-remote', 14],
    ['~/.config/zed/settings.json', 'zd-old', 6],
  ])('in %s of %s is right', async (file, name, line) => {
    const servers = await serversOf(LINUX);
    expect(servers.get(name)?.source).toMatchObject({ file: fileOf(LINUX, file), line });
  });
});
