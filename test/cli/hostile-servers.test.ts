import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';

import { builtCli, CliProcess, cliHome, runCli } from '../support/cli.js';
import { scratchDirectory, serverFixture } from '../support/servers/fixture-servers.js';
import { modernServer, ScriptedHttpServer } from '../support/servers/http-server.js';

const home = cliHome();
const scratch = scratchDirectory();
afterAll(() => {
  home.remove();
});

/** Characters that a terminal obeys, hides or reorders: an 8-bit control sequence, a text direction mark, a zero-width character, and a tag. */
const HARMFUL = 'a\u009b2Jb\u202ec\u200bd\u{e0041}e';

/** Calls a tool whose response has this result. */
async function callWith(result: object, words: readonly string[], tool: object = {}) {
  const tools = [{ name: 'evil', inputSchema: { type: 'object' }, ...tool }];
  const server = await ScriptedHttpServer.start(
    modernServer((visit) => {
      if (visit.message.method !== 'tools/call') return false;
      visit.result({ resultType: 'complete', ...result });
      return true;
    }, tools),
  );
  const { code, stdout, stderr } = await runCli(['call', server.url, 'evil', '--no-input', ...words], {
    env: home.env,
  });
  await server.close();
  return { code, stdout, stderr, calls: server.asked('tools/call').length };
}

/** A result with structured content and one text. */
function resultOf(value: object) {
  return { content: [{ type: 'text', text: 'x' }], structuredContent: value };
}

describe('output', () => {
  it.each([
    ['--json', ['--json']],
    ['--output ndjson', ['--output', 'ndjson']],
    ['text with structured content', []],
  ])('of %s contains no character that a terminal obeys, and the value stays the same', async (_name, words) => {
    const { code, stdout } = await callWith(resultOf({ [HARMFUL]: HARMFUL }), words);
    expect(code).toBe(0);
    // eslint-disable-next-line no-control-regex -- this is what must not be there
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b\u202e]|\udb40/);
    expect(stdout).toContain(String.raw`"a\u009b2Jb\u202ec\u200bd\udb40\udc41e"`);
    const [json] =
      /\{[^]*\}/.exec(
        stdout
          .trim()
          .split(/\n(?=\{"event":"result")/)
          .at(-1) ?? '',
      ) ?? [];
    expect(JSON.stringify(JSON.parse(json ?? ''))).toContain(JSON.stringify(HARMFUL));
  });

  it('of --select contains no control characters', async () => {
    expect(await callWith(resultOf({ a: `${HARMFUL}\u001b[31m` }), ['--select', 'a'])).toMatchObject({
      code: 0,
      stdout: 'abcde\n',
    });
  });

  it('goes into files whose names the server cannot choose', async () => {
    const folder = scratch('saved');
    const types = ['constructor', '__proto__', '../../x', 'image/../../y', 'image/png'];
    const content = types.map((mimeType) => ({ type: 'image', mimeType, data: 'aGk=' }));
    expect(await callWith({ content }, ['--save', folder])).toMatchObject({ code: 0 });
    const expected = ['evil-1.bin', 'evil-1.png', 'evil-2.bin', 'evil-3.bin', 'evil-4.bin'];
    expect(readdirSync(folder).sort()).toEqual(expected);
  });

  it('shows no secret of the server that it prints to stderr, with --verbose', async () => {
    const script = "process.stderr.write('using ' + process.env.DB + '\\n'); setTimeout(() => process.exit(1), 50)";
    const words = ['list', '--verbose', '--env', 'DB=postgres://me:marker-of-db@host/', '--'];
    const { stderr } = await runCli([...words, process.execPath, '-e', script], { env: home.env });
    expect(stderr).toContain('stderr: using');
    expect(stderr).not.toContain('marker-of-db');
  });
});

describe('a call that was sent, and whose result cannot be printed', () => {
  const READ_ONLY = { annotations: { readOnlyHint: true } };

  it.each([
    ['--select of a value that is not there', resultOf({ a: 1 }), ['--select', 'b'], /the result has no "b"/],
    ['--output raw of several blocks', { content: [] }, ['--output', 'raw'], /prints one block/],
    ['a result that is invalid', { content: [5] }, [], /content\[0\] must be an object/],
  ])('ends with exit code 8 for %s', async (_name, result, words, message) => {
    const { code, stderr, calls } = await callWith(result, words);
    expect({ code, calls }).toEqual({ code: 8, calls: 1 });
    expect(stderr).toMatch(message);
  });

  it('ends with exit code 1 if the tool only reads', async () => {
    expect(await callWith(resultOf({ a: 1 }), ['--select', 'b'], READ_ONLY)).toMatchObject({ code: 1, calls: 1 });
  });

  it.each([
    ['a malformed path of --select', ['--select', 'a..[']],
    ['--save with a file', ['--save', __filename]],
    ['malformed --meta', ['--meta', 'x']],
  ])('is not sent at all for %s', async (_name, words) => {
    expect(await callWith(resultOf({ a: 1 }), words)).toMatchObject({ code: 2, calls: 0 });
  });
});

if (existsSync('/dev/full')) {
  it('ends with exit code 8 when the result of a call finds no room on the disk', () => {
    const command = [
      process.execPath,
      builtCli(),
      'call',
      'echo',
      'text=x',
      '--',
      process.execPath,
      serverFixture('tools'),
    ];
    const env = { ...process.env, ...home.env };
    const { status, stderr } = spawnSync('sh', ['-c', '"$@" > /dev/full', 'sh', ...command], { env, encoding: 'utf8' });
    expect({ status, stderr }).toMatchObject({ status: 8, stderr: expect.stringContaining('ENOSPC') as string });
  });
}

it('watch ends when the reader of its output is gone', async () => {
  const script = `
    const send = (message) => process.stdout.write(JSON.stringify({ jsonrpc: '2.0', ...message }) + '\\n');
    require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
      const { id, method } = JSON.parse(line);
      if (method === 'initialize') send({ id, result: { protocolVersion: '2025-11-25', capabilities: { logging: {} }, serverInfo: { name: 'x', version: '1' } } });
      else if (method === 'server/discover') send({ id, error: { code: -32601, message: 'unknown' } });
      else if (id !== undefined) send({ id, result: {} });
    });
    setInterval(() => send({ method: 'notifications/message', params: { level: 'error', data: 'tick' } }), 20);`;
  const watch = new CliProcess(['watch', '--', process.execPath, '-e', script], { env: home.env });
  await watch.printed(/tick/);
  watch.closeStdout();
  expect(await watch.end()).toMatchObject({ code: 0 });
});
