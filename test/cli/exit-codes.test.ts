import { readFileSync, writeFileSync } from 'node:fs';

import { CliProcess, cliHome, runCli } from '../support/cli.js';
import { readLog, scratchDirectory, serverFixture } from '../support/servers/fixture-servers.js';
import { ScriptedHttpServer } from '../support/servers/http-server.js';

const home = cliHome();
const scratch = scratchDirectory();
afterAll(() => {
  home.remove();
});

/** Runs a command with the server that has a tool for each thing that can go wrong, and returns it with what the server received. */
async function withTools(words: readonly string[], flags: readonly string[] = []) {
  const log = scratch('log');
  writeFileSync(log, '');
  const server = ['--', process.execPath, serverFixture('tools'), `--log=${log}`];
  const result = await runCli([...words, ...flags, ...server], { env: home.env });
  return { ...result, calls: readLog(log).filter((message) => 'method' in message && message.method === 'tools/call') };
}

describe('the exit code', () => {
  it('is 0 when the call is done', async () => {
    expect(await withTools(['call', 'echo', 'text=hi'])).toMatchObject({ code: 0, stdout: 'hi\n', stderr: '' });
  });

  it('is 1 when the result of a tool that only reads cannot be printed', async () => {
    const first = scratch('first');
    writeFileSync(first, '');
    const server = ['--', process.execPath, serverFixture('tools'), `--first=${first}`];
    const result = await runCli(['call', 'look', '--select', 'a', ...server], { env: home.env });
    expect(result).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^error: --select a: the result has no/) as string,
    });
    expect(result.stderr).not.toContain('    at ');
  });

  it.each([
    ['an unknown flag', ['call', 'echo', '--jsno'], /unknown option '--jsno'.*--json/is],
    ['an unknown command', ['clal', 'echo'], /unknown command 'clal'.*call/is],
    ['an unknown tool', ['call', 'ecko'], /no tool "ecko"\. Did you mean "echo"/],
    ['a word that is no argument', ['call', 'echo', 'hello'], /"hello" is not an argument/],
    ['a duration without a unit', ['call', 'echo', '--timeout', '30'], /--timeout needs a unit: 30s/],
    ['JSON in place of arguments', ['call', 'echo', '{"text": "x"}'], /is not an argument of a call.*--args/s],
    [
      'a header for a server that is started',
      ['call', 'echo', '--header', 'a: b'],
      /--header is for a server at a URL/,
    ],
    ['a bad duration', ['call', 'echo', '--timeout', 'soon'], /--timeout must be a duration/],
    ['no tool', ['call'], /Which tool/],
    ['a file that does not exist', ['call', 'echo', 'text=@no-such-file'], /no-such-file cannot be read \(ENOENT\)/],
    ['a folder in place of a file', ['call', 'echo', 'text=@.'], /cannot be read \(EISDIR\)/],
    ['a file without an end', ['call', 'echo', 'text=@/dev/zero'], /\/dev\/zero is longer than 33554432 characters/],
  ])('is 2 for %s, and nothing is called', async (_name, words, message) => {
    const { code, stderr, stdout, calls } = await withTools(words);
    expect({ code, stdout, calls }).toEqual({ code: 2, stdout: '', calls: [] });
    expect(stderr).toMatch(message);
  });

  it('is 3 when the server wants a sign-in', async () => {
    const server = await ScriptedHttpServer.start((visit) => {
      visit.status(401, { 'www-authenticate': 'Bearer' });
    });
    const words = ['call', server.url, 'echo', '--header', 'Authorization: Bearer x'];
    const { code, stderr } = await runCli(words, { env: home.env });
    await server.close();
    expect({ code, stderr }).toEqual({ code: 3, stderr: expect.stringContaining('401') as string });
  });

  it.each([
    ['a port that is closed', ['http://127.0.0.1:9/mcp', 'echo']],
    ['a program that does not exist', ['echo', '--', 'no-such-program-here']],
    ['a program that exits', ['echo', '--', process.execPath, '-e', 'process.exit(3)']],
  ])('is 4 for %s', async (_name, words) => {
    const { code, stdout } = await runCli(['call', ...words], { env: home.env });
    expect({ code, stdout }).toEqual({ code: 4, stdout: '' });
  });

  it('is 5 when the tool reports an error, which is still printed', async () => {
    const { code, stdout, stderr } = await withTools(['call', 'fail', 'words=no luck']);
    expect({ code, stdout }).toEqual({ code: 5, stdout: 'no luck\n' });
    expect(stderr).toMatch(/^error: The tool fail reported an error/);
  });

  it('is 6 when list --check finds a server that does not work', async () => {
    const config = scratch('mcp.json');
    writeFileSync(
      config,
      JSON.stringify({ mcpServers: { broken: { command: process.execPath, args: ['-e', 'process.exit(1)'] } } }),
    );
    const { code, stdout } = await runCli(['list', '--check', '--trust', '--config', config, '--json'], {
      env: home.env,
    });
    expect(code).toBe(6);
    expect(JSON.parse(stdout)).toMatchObject([{ name: 'broken', state: 'failed', code: 'MCP_PROCESS_EXITED' }]);
  });

  it('is 7 when the server does not answer in time and nothing was called', async () => {
    const silent = ['--', process.execPath, '-e', 'setInterval(() => undefined, 1000)'];
    const { code, stderr } = await runCli(['call', 'echo', '--connect-timeout', '500ms', ...silent], { env: home.env });
    expect({ code, stderr }).toEqual({ code: 7, stderr: expect.stringContaining('MCP_TIMEOUT') as string });
  });

  it('is 8 when the server dies in the call, which ran once', async () => {
    const { code, stderr, calls } = await withTools(['call', 'die', 'code:=1']);
    expect({ code, calls: calls.length }).toEqual({ code: 8, calls: 1 });
    expect(stderr).toContain('may have run');
    expect(stderr).not.toMatch(/`(?:details|autoReconnect)`/);
  });

  it('is 8, not 7, when a call that may have run gets no answer in time', async () => {
    const { code, calls, stderr } = await withTools(['call', 'hang', '--timeout', '700ms']);
    expect({ code, calls: calls.length }).toEqual({ code: 8, calls: 1 });
    // The flag, not the option of the library.
    expect(stderr).toContain('raise --timeout, or let');
  });

  it('is 7 when a call that only reads gets no answer in time', async () => {
    const first = scratch('first');
    const server = ['--', process.execPath, serverFixture('tools'), `--first=${first}`];
    expect(await runCli(['call', 'look', '--timeout', '700ms', ...server], { env: home.env })).toMatchObject({
      code: 7,
    });
  });

  it('is 130 after Ctrl+C: the server receives the cancellation and ends', async () => {
    const log = scratch('log');
    writeFileSync(log, '');
    const command = new CliProcess(
      ['call', 'hang', '--output', 'ndjson', '--', process.execPath, serverFixture('tools'), `--log=${log}`],
      { env: home.env },
    );
    await command.printed(/"event":"sent"/);
    // Only then has the server received it for sure.
    while (!readFileSync(log, 'utf8').includes('"tools/call"')) await new Promise((resolve) => setTimeout(resolve, 20));
    command.signal('SIGINT');
    expect(await command.end()).toMatchObject({ code: 130 });
    expect(readLog(log)).toContainEqual(expect.objectContaining({ method: 'notifications/cancelled' }));
  });
});

describe('an error with --json', () => {
  it('is one line on stderr with code, delivery, hint and explanation', async () => {
    const { code, stdout, stderr } = await withTools(['call', 'die', 'code:=1', '--json']);
    expect({ code, stdout, lines: stderr.trimEnd().split('\n').length }).toEqual({ code: 8, stdout: '', lines: 1 });
    expect(JSON.parse(stderr)).toMatchObject({
      code: 'MCP_PROCESS_EXITED',
      delivery: 'unknown',
      exitCode: 8,
      explain: expect.stringContaining('exited with code 1') as string,
    });
  });

  it('is one line for wrong use, too', async () => {
    const { code, stderr } = await runCli(['call', '--json', '--nonsense'], { env: home.env });
    expect(code).toBe(2);
    expect(JSON.parse(stderr)).toMatchObject({ code: 'CLI_USAGE', exitCode: 2 });
  });
});
