import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { Ajv2020 } from 'ajv/dist/2020.js';

import { cliHome, runCli } from '../support/cli.js';
import type { CliOptions } from '../support/cli.js';
import { readSchema } from '../support/official-schema.js';
import { scratchDirectory } from '../support/servers/fixture-servers.js';
import { modernServer, ScriptedHttpServer } from '../support/servers/http-server.js';

const home = cliHome();
const scratch = scratchDirectory();
const PACKAGES = path.resolve(__dirname, '../../node_modules/@modelcontextprotocol');
const EVERYTHING = ['--', process.execPath, path.join(PACKAGES, 'server-everything/dist/index.js')];
afterAll(() => {
  home.remove();
});

function run(words: readonly string[], options?: CliOptions) {
  return runCli(words, { ...options, env: { ...home.env, ...options?.env } });
}

/** Checks JSON against a type of the official schema. */
function expectOfficial(type: string, text: string): unknown {
  const value: unknown = JSON.parse(text);
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  const { $defs } = readSchema('2025-11-25');
  const validate = ajv.compile({ $defs, $ref: `#/$defs/${type}` });
  validate(value);
  expect(validate.errors ?? []).toEqual([]);
  return value;
}

describe('call', () => {
  it('prints the bare text in a pipe', async () => {
    expect(await run(['call', 'echo', 'message=hällo', ...EVERYTHING])).toEqual({
      code: 0,
      stdout: 'Echo: hällo\n',
      stderr: '',
    });
  });

  it('prints with --json the result of the specification and nothing else', async () => {
    const { stdout, stderr } = await run([
      'call',
      'get-structured-content',
      'location=Chicago',
      '--json',
      ...EVERYTHING,
    ]);
    expectOfficial('CallToolResult', stdout);
    expect(stderr).toBe('');
  });

  it('prints with --output ndjson every event', async () => {
    const long = ['call', 'trigger-long-running-operation', 'duration=0.2', 'steps=2', '--output', 'ndjson'];
    const { stdout } = await run([...long, ...EVERYTHING]);
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { event: string });
    expect(events.map(({ event }) => event)).toEqual(['queued', 'sent', 'progress', 'progress', 'result']);
  });

  it('picks a value with --select', async () => {
    const words = ['call', 'get-structured-content', 'location=Chicago', '--select', 'temperature'];
    expect(await run([...words, ...EVERYTHING])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+\n$/) as string,
    });
    const wrong = await run([
      'call',
      'get-structured-content',
      'location=Chicago',
      '--select',
      'no.such',
      ...EVERYTHING,
    ]);
    // The tool has run: a script must not take the exit code for a call that was not sent.
    expect(wrong).toMatchObject({ code: 1, stdout: '' });
    expect(wrong.stderr).toMatch(/the result has no "no"\.\n +The tool get-structured-content was called/);
    expect(wrong.stderr).toMatch(/hint: There are: temperature, conditions, humidity/);
  });

  it('refuses a malformed --select before the tool is called', async () => {
    const { code, stderr } = await run(['call', 'echo', 'message=x', '--select', 'a[', ...EVERYTHING]);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('not a path') as string });
  });

  it('--output raw says that the tool ran, and how to get several blocks', async () => {
    const { code, stderr } = await run(['call', 'get-tiny-image', '--output', 'raw', ...EVERYTHING]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/the result has 3\.\n +The tool get-tiny-image was called[\s\S]*--save DIR/);
    // The text form does not suggest what cannot work.
    expect((await run(['call', 'get-tiny-image', ...EVERYTHING])).stderr).not.toContain('raw');
  });

  it('names an image, saves it with --save, and never overwrites a file', async () => {
    const folder = scratch('images');
    const words = ['call', 'get-tiny-image', '--save', folder, ...EVERYTHING];
    expect((await run(['call', 'get-tiny-image', ...EVERYTHING])).stderr).toMatch(
      /^image\/png, \d+(?:\.\d)? kB: not printed/,
    );
    await run(words);
    await run(words);
    expect(readdirSync(folder).sort()).toEqual(['get-tiny-image-1.png', 'get-tiny-image-2.png']);
    expect(readFileSync(path.join(folder, 'get-tiny-image-1.png')).subarray(1, 4).toString()).toBe('PNG');
  });

  it('reads arguments from standard input when there are no others', async () => {
    const { code, stdout } = await run(['call', 'get-sum', ...EVERYTHING], { input: '{"a": 2, "b": 3}' });
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'The sum of 2 and 3 is 5.\n' });
  });

  it('takes server.tool in one word, for an entry of a config file', async () => {
    const config = scratch('mcp.json');
    const [, command, script] = EVERYTHING;
    writeFileSync(config, JSON.stringify({ mcpServers: { 'my.every': { command, args: [script] } } }));
    const words = ['call', 'my.every.echo', 'message=x', '--config', config, '--trust'];
    expect(await run(words)).toMatchObject({ code: 0, stdout: 'Echo: x\n' });
  });

  it('removes control characters of a server, in text and in names', async () => {
    const evil = '\u001b]0;title\u0007\u001b[31mred\u202e';
    const tools = [{ name: 'evil', description: evil, inputSchema: { type: 'object', properties: { [evil]: {} } } }];
    const server = await ScriptedHttpServer.start(
      modernServer((visit) => {
        if (visit.message.method !== 'tools/call') return false;
        visit.result({ resultType: 'complete', content: [{ type: 'text', text: evil }] });
        return true;
      }, tools),
    );
    const called = await run(['call', server.url, 'evil', '--no-input']);
    const listed = await run(['list', server.url, '--tools']);
    await server.close();
    expect(called).toEqual({ code: 0, stdout: 'red\n', stderr: '' });
    expect(listed.stdout).toBe('Tools (1)\n  evil(red?: any)\n      red\n');
  });

  it('sends metadata with --meta and headers with a variable, which is in no output', async () => {
    const tools = [{ name: 'echo', inputSchema: { type: 'object' } }];
    const server = await ScriptedHttpServer.start(modernServer(() => false, tools));
    const words = ['call', server.url, 'echo', '--no-input', '--meta', 'com.example/a=b', '--verbose', '--header'];
    const result = await run([...words, 'Authorization: Bearer ${env:TOKEN}'], { env: { TOKEN: 'marker-of-a-token' } });
    await server.close();
    const [visit] = server.asked('tools/call');
    expect(visit?.headers.authorization).toBe('Bearer marker-of-a-token');
    expect(visit?.message.params?._meta).toMatchObject({ 'com.example/a': 'b' });
    expect(result.code).toBe(0);
    expect(result.stdout + result.stderr).not.toContain('marker');
  });
});

describe('list, read and prompt', () => {
  it('list prints signatures, and with --json the lists of the specification', async () => {
    const { stdout } = await run(['list', '--tools', '--json', ...EVERYTHING]);
    expectOfficial('ListToolsResult', stdout);
    const text = await run(['list', ...EVERYTHING]);
    expect(text.stdout).toMatch(/Tools \(\d+\)\n {2}echo\(message: string\)\n[^]*Prompts \(4\)/);
  });

  it('read prints a resource of a template as text, JSON and bytes', async () => {
    const uri = 'demo://resource/dynamic/text/1';
    expect((await run(['read', uri, ...EVERYTHING])).stdout).toMatch(/^Resource 1/);
    expectOfficial('ReadResourceResult', (await run(['read', uri, '--json', ...EVERYTHING])).stdout);
    const blob = await run(['read', 'demo://resource/dynamic/blob/1', '--output', 'raw', ...EVERYTHING]);
    expect(blob.stdout).toMatch(/^Resource 1/);
  });

  it('read says that a resource does not exist, with exit code 5', async () => {
    expect(await run(['read', 'demo://nothing', ...EVERYTHING])).toMatchObject({ code: 5, stdout: '' });
  });

  it('prompt fills in arguments, and refuses missing and unknown ones', async () => {
    const { stdout } = await run(['prompt', 'args-prompt', 'city=Ulm', ...EVERYTHING]);
    expect(stdout).toMatch(/^user:\n.*Ulm/);
    expectOfficial(
      'GetPromptResult',
      (await run(['prompt', 'args-prompt', 'city=Ulm', '--json', ...EVERYTHING])).stdout,
    );
    const missing = await run(['prompt', 'args-prompt', ...EVERYTHING]);
    expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining('Missing argument "city"') as string });
  });

  it('list without a target shows each server with its state and its place in the file', async () => {
    const folder = scratch('project');
    mkdirSync(folder);
    const config = path.join(folder, 'servers.json');
    const [, command, script] = EVERYTHING;
    const silent = ['-e', 'setInterval(() => undefined, 1000)'];
    const entries = {
      good: { command, args: [script], env: { SECRET: 'marker-of-a-variable' } },
      exits: { command, args: ['-e', "console.error('DATABASE_URL is not set'); process.exit(1)"] },
      // Its stderr ends with a stack and the version of Node.
      throws: { command, args: ['-e', "throw new TypeError('no settings')"] },
      silent: { command, args: silent },
      unset: { url: 'https://example.com/${NO_SUCH_VARIABLE}' },
      down: { url: 'http://127.0.0.1:9/mcp', headers: { 'x-key': 'marker-of-a-header' } },
    };
    writeFileSync(config, JSON.stringify({ mcpServers: entries }, null, 1));
    const { code, stdout, stderr } = await run(['list', '--config', config, '--trust', '--json']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject([
      { name: 'good', state: 'ready', source: { line: 3 } },
      { name: 'exits', state: 'failed', reason: expect.stringContaining('DATABASE_URL is not set') as string },
      { name: 'throws', state: 'failed', reason: expect.stringMatching(/TypeError: no settings$/) as string },
      { name: 'silent', state: 'slow', code: 'MCP_TIMEOUT' },
      { name: 'unset', state: 'invalid', reason: expect.stringContaining('NO_SUCH_VARIABLE') as string },
      { name: 'down', state: 'failed', code: 'MCP_TRANSPORT_FAILED' },
    ]);
    expect(stdout).not.toContain('marker');
  });
});
