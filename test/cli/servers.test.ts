import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { cliHome, runCli } from '../support/cli.js';
import { scratchDirectory } from '../support/servers/fixture-servers.js';
import { freePort, HttpProcess } from '../support/servers/http-process.js';
import { modernServer, ScriptedHttpServer } from '../support/servers/http-server.js';

const home = cliHome();
const scratch = scratchDirectory();
const PACKAGES = path.resolve(__dirname, '../../node_modules/@modelcontextprotocol');

jest.setTimeout(120_000);

afterAll(() => {
  home.remove();
});

/** Runs a command, which must end well, and returns what it printed. */
async function printed(...words: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runCli(words, { env: home.env });
  expect({ words, code, stderr }).toEqual({ words, code: 0, stderr: '' });
  return stdout;
}

it('uses server-everything over HTTP: list, call, read, prompt', async () => {
  const server = await HttpProcess.everything('streamableHttp', await freePort());
  try {
    const { url } = server;
    expect(await printed('list', url)).toMatch(/Tools \(\d+\)[^]*echo\(message: string\)[^]*Prompts \(4\)/);
    expect(await printed('call', url, 'echo', 'message=hi')).toBe('Echo: hi\n');
    const structured = ['get-structured-content', 'location=Chicago', '--select', 'conditions'];
    expect(await printed('call', url, ...structured)).toMatch(/^\S.*\n$/);
    expect(await printed('read', url, 'demo://resource/dynamic/text/1')).toMatch(/^Resource 1/);
    expect(await printed('prompt', url, 'args-prompt', 'city=Ulm')).toMatch(/Ulm/);
  } finally {
    await server.kill();
  }
});

it('uses server-filesystem over stdio: list, call, and a refusal of the server', async () => {
  const folder = scratch('files');
  mkdirSync(folder);
  const file = path.join(folder, 'a.txt');
  writeFileSync(file, 'content\n');
  const server = ['--', process.execPath, path.join(PACKAGES, 'server-filesystem/dist/index.js'), folder];
  const { stdout } = await runCli(['list', '--json', ...server], { env: home.env });
  expect(Object.keys(JSON.parse(stdout) as object)).toEqual(['tools']);
  const read = await runCli(['call', 'read_text_file', `path=${file}`, ...server], { env: home.env });
  expect(read).toMatchObject({ code: 0, stdout: 'content\n' });
  const refused = await runCli(['call', 'read_text_file', 'path=/etc/hostname', ...server], { env: home.env });
  expect(refused).toMatchObject({ code: 5, stdout: expect.stringMatching(/denied/i) as string });
});

it('uses a modern server over HTTP: list, call, read, prompt', async () => {
  const complete = { resultType: 'complete', ttlMs: 0, cacheScope: 'private' };
  const answers: Readonly<Record<string, object>> = {
    'resources/list': { resources: [{ uri: 'file:///a', name: 'a' }] },
    'resources/templates/list': { resourceTemplates: [] },
    'resources/read': { contents: [{ uri: 'file:///a', text: 'content' }] },
    'prompts/list': { prompts: [{ name: 'greet', arguments: [{ name: 'who', required: true }] }] },
    'prompts/get': { messages: [{ role: 'user', content: { type: 'text', text: 'Hello' } }] },
  };
  const server = await ScriptedHttpServer.start(
    modernServer(
      (visit) => {
        const answer = answers[visit.message.method ?? ''];
        if (answer !== undefined) visit.result({ ...complete, ...answer });
        return answer !== undefined;
      },
      [{ name: 'do', inputSchema: { type: 'object' } }],
    ),
  );
  try {
    const { url } = server;
    const listed = await printed('list', url);
    expect(listed).toMatch(/Tools \(1\)\n {2}do\(\)\n.*file:\/\/\/a.*greet\(who: string\)/s);
    expect(await printed('call', url, 'do', '--no-input')).toBe('done\n');
    expect(await printed('read', url, 'file:///a')).toBe('content\n');
    expect(await printed('prompt', url, 'greet', 'who=Ada')).toBe('user:\nHello\n');
    // The era is kept, so no command after the first one detects it with a request of its own.
    expect(server.asked('initialize')).toEqual([]);
  } finally {
    await server.close();
  }
});
