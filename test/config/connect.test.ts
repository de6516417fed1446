import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { loadServers } from '../../src/config/index.js';
import type { ConfiguredServer, SourceName } from '../../src/config/index.js';
import { MCPClient } from '../../src/index.js';
import { textOf } from '../support/servers/fixture-servers.js';
import { freePort, HttpProcess } from '../support/servers/http-process.js';
import { load } from './support/machine.js';

const SERVER = path.resolve(__dirname, '../../node_modules/@modelcontextprotocol/server-everything/dist/index.js');
const COMMAND = process.execPath;
const ARGS = [SERVER, 'stdio'];
const mcpServers = (entry: object): string => JSON.stringify({ mcpServers: { it: entry } });

/** For each program a file with a server over stdio, whose variable GIVEN has the value of SECRET. */
const FILES: Readonly<Record<SourceName, readonly [file: string, text: string]>> = {
  'mcp-actors': ['.mcp.json', mcpServers({ command: COMMAND, args: ARGS, env: { GIVEN: '${SECRET}' } })],
  'claude-code': ['~/.claude.json', mcpServers({ command: COMMAND, args: ARGS, env: { GIVEN: '${SECRET}' } })],
  'claude-desktop': [
    '~/.config/Claude/claude_desktop_config.json',
    mcpServers({ command: COMMAND, args: ARGS, env: { GIVEN: 'value of it' } }),
  ],
  vscode: [
    '.vscode/mcp.json',
    JSON.stringify({ servers: { it: { command: COMMAND, args: ARGS, env: { GIVEN: '${env:SECRET}' } } } }),
  ],
  copilot: [
    '~/.copilot/mcp-config.json',
    mcpServers({ type: 'local', command: COMMAND, args: ARGS, env: { GIVEN: '${SECRET}' }, tools: ['*'] }),
  ],
  cursor: ['~/.cursor/mcp.json', mcpServers({ command: COMMAND, args: ARGS, env: { GIVEN: '${env:SECRET}' } })],
  windsurf: [
    '~/.codeium/windsurf/mcp_config.json',
    mcpServers({ command: COMMAND, args: ARGS, env: { GIVEN: '${env:SECRET}' } }),
  ],
  cline: [
    '~/.cline/data/settings/cline_mcp_settings.json',
    mcpServers({ command: COMMAND, args: ARGS, env: { GIVEN: '${env:SECRET}' } }),
  ],
  zed: [
    '~/.config/zed/settings.json',
    JSON.stringify({ context_servers: { it: { command: COMMAND, args: ARGS, env: { GIVEN: 'value of it' } } } }),
  ],
  codex: [
    '~/.codex/config.toml',
    `[mcp_servers.it]\ncommand = ${JSON.stringify(COMMAND)}\nargs = ${JSON.stringify(ARGS)}\nenv_vars = ["SECRET"]\n[mcp_servers.it.env]\nGIVEN = "value of it"\n`,
  ],
  gemini: ['~/.gemini/settings.json', mcpServers({ command: COMMAND, args: ARGS, env: { GIVEN: '$SECRET' } })],
  opencode: [
    'opencode.json',
    JSON.stringify({
      mcp: { it: { type: 'local', command: [COMMAND, ...ARGS], environment: { GIVEN: '{env:SECRET}' } } },
    }),
  ],
  continue: [
    '~/.continue/config.yaml',
    `mcpServers:\n  - name: it\n    command: ${COMMAND}\n    args: ${JSON.stringify(ARGS)}\n    env:\n      GIVEN: \${{ secrets.SECRET }}\n`,
  ],
  goose: [
    '~/.config/goose/config.yaml',
    `extensions:\n  it:\n    type: stdio\n    cmd: ${COMMAND}\n    args: ${JSON.stringify(ARGS)}\n    envs: { GIVEN: value of it }\n    env_keys: [SECRET]\n`,
  ],
  mcporter: ['config/mcporter.json', mcpServers({ command: [COMMAND, ...ARGS], env: { GIVEN: '$env:SECRET' } })],
  inspector: ['~/.mcp-inspector/mcp.json', mcpServers({ command: COMMAND, args: ARGS, env: { GIVEN: 'value of it' } })],
};

async function connect(server: ConfiguredServer | undefined): Promise<MCPClient> {
  if (server?.target === undefined) throw new Error(`cannot be started: ${JSON.stringify(server)}`);
  return MCPClient.connect(server.target, server.options);
}

describe('an entry of each program', () => {
  let cwd: string;
  beforeAll(() => {
    cwd = mkdtempSync(path.join(tmpdir(), 'config-connect-'));
  });
  afterAll(() => {
    rmSync(cwd, { recursive: true });
  });

  it.each(Object.entries(FILES))(
    'of %s starts server-everything with its environment',
    async (source, [file, text]) => {
      const env = { SECRET: 'value of it' };
      // The folder of the project exists, because servers of project files run there.
      const inFolder = file.startsWith('~') ? file : path.join(cwd, file);
      const { servers, problems } = await load({ [inFolder]: text }, { cwd, env });
      expect(problems).toEqual([]);
      expect(servers.get('it')?.source.client).toBe(source);
      await using client = await connect(servers.get('it'));
      const variables = JSON.parse(textOf(await client.callTool('get-env', {}))) as Record<string, string>;
      expect(variables['GIVEN']).toBe('value of it');
      expect(variables['SECRET']).toBe(
        text.includes('["SECRET"]') || text.includes('[SECRET]') ? 'value of it' : undefined,
      );
    },
    60_000,
  );

  it.each([
    ['streamableHttp', 'mcp', 'http'],
    ['sse', 'sse', 'sse'],
  ] as const)(
    'reaches server-everything over %s',
    async (mode, end, type) => {
      const server = await HttpProcess.everything(mode, await freePort());
      try {
        const url = `http://127.0.0.1:${server.port}/${end}`;
        const remote = (entry: object): string => JSON.stringify({ mcpServers: { it: entry } });
        const { servers } = await load({
          '~/.claude.json': remote({ type, url }),
          '~/.config/goose/config.yaml': `extensions:\n  goose:\n    type: streamable_http\n    uri: ${url}\n`,
          '~/.codex/config.toml': `[mcp_servers.codex]\nurl = "${url}"\n`,
          '~/.codeium/windsurf/mcp_config.json': JSON.stringify({ mcpServers: { windsurf: { serverUrl: url } } }),
        });
        expect(servers.size).toBe(4);
        for (const name of type === 'http' ? servers.keys() : ['it', 'codex', 'windsurf']) {
          await using client = await connect(servers.get(name));
          expect(textOf(await client.callTool('echo', { message: name }))).toContain(name);
        }
      } finally {
        await server.kill();
      }
    },
    60_000,
  );
});

describe('headersHelper', () => {
  it('runs its command when a client connects, and not before', async () => {
    const cwd = mkdtempSync(path.join(tmpdir(), 'config-helper-'));
    const received: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      received.push(`${String(request.headers['x-static'])} ${String(request.headers['x-token'])}`);
      response.writeHead(403).end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const script = path.join(cwd, 'headers.sh');
      writeFileSync(
        script,
        `#!/bin/sh\ntouch ran\necho "{\\"X-Token\\": \\"marker-of $CLAUDE_CODE_MCP_SERVER_NAME\\"}"\n`,
      );
      chmodSync(script, 0o700);
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
      const entry = { type: 'http', url, headers: { 'X-Static': 'kept' }, headersHelper: './headers.sh' };
      const bad = { type: 'http', url, headersHelper: 'echo marker-output; echo marker-error >&2; exit 3' };
      const file = path.join(cwd, '.mcp.json');
      const { servers } = await load({ [file]: { mcpServers: { it: entry, bad } } }, { cwd, env: { ...process.env } });
      const { target } = servers.get('it') ?? {};
      expect(target).toBeDefined();
      expect(existsSync(path.join(cwd, 'ran'))).toBe(false);
      const refused: unknown = await connect(servers.get('it')).catch((thrown: unknown) => thrown);
      expect(refused).toMatchObject({ code: 'MCP_HTTP_STATUS' });
      expect(existsSync(path.join(cwd, 'ran'))).toBe(true);
      expect(received[0]).toBe('kept marker-of it');
      expect(String(JSON.stringify(refused))).not.toContain('marker');
      const failed: unknown = await connect(servers.get('bad')).catch((thrown: unknown) => thrown);
      expect(failed).toMatchObject({ message: expect.stringContaining('headersHelper failed (3)') as string });
      expect(JSON.stringify(failed)).not.toContain('marker');
      const untrusted = await load({ [file]: { mcpServers: { it: entry } } }, { cwd, trust: undefined });
      expect(untrusted.servers.get('it')?.target).toBeUndefined();
    } finally {
      server.close();
      rmSync(cwd, { recursive: true });
    }
  }, 60_000);
});

describe('a cloned project with a hostile .mcp.json', () => {
  it('starts nothing without trust, and nothing after one argument has changed', async () => {
    const home = mkdtempSync(path.join(tmpdir(), 'config-hostile-'));
    try {
      const cwd = path.join(home, 'clone');
      const written = path.join(home, 'written');
      mkdirSync(path.join(cwd, '.git'), { recursive: true });
      const write = (end: string): void => {
        const program = `require("node:fs").writeFileSync(${JSON.stringify(written)}, "")${end}`;
        writeFileSync(
          path.join(cwd, '.mcp.json'),
          mcpServers({ command: COMMAND, args: ['-e', program], headersHelper: `touch ${written}` }),
        );
      };
      const options = { cwd, home, platform: 'linux', env: {} } as const;
      /** Starts all servers that can be started, as every command does. */
      const startAll = async (trust?: () => boolean): Promise<number> => {
        const { servers } = await loadServers({ ...options, ...(trust && { trust }) });
        const targets = [...servers.values()].flatMap((server) => (server.target === undefined ? [] : [server]));
        for (const server of targets) await connect(server).catch(() => undefined);
        return targets.length;
      };
      write('');
      expect(await startAll()).toBe(0);
      expect(await startAll(() => false)).toBe(0);
      expect(existsSync(written)).toBe(false);
      // It does start once the user has agreed: the test can fail.
      expect(await startAll(() => true)).toBe(1);
      expect(existsSync(written)).toBe(true);
      rmSync(written);
      expect(await startAll()).toBe(1);
      expect(existsSync(written)).toBe(true);
      rmSync(written);
      write(';');
      expect(await startAll()).toBe(0);
      expect(existsSync(written)).toBe(false);
    } finally {
      rmSync(home, { recursive: true });
    }
  }, 60_000);
});
