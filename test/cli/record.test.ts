import { readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { buildFirst, newHome, runCli } from '../support/cli.js';
import type { CliHome, CliResult } from '../support/cli.js';
import { endAfterEach } from '../support/endings.js';
import { freePort, HttpProcess } from '../support/servers/http-process.js';
import { EVERYTHING } from '../support/servers/real-servers.js';

jest.setTimeout(120_000);

buildFirst();
const endLater = endAfterEach();
let home: CliHome;
let file: string;

beforeEach(() => {
  home = newHome();
  endLater(async () => home.remove());
  file = path.join(home.folder, 'session.ndjson');
});

const run = (...args: readonly string[]): Promise<CliResult> => runCli(args, { env: home.env });

test('another command is recorded without secrets, with its own output, and the recording replays without a difference', async () => {
  const called = await run('record', file, 'call', 'echo', 'message=mark3r', '--json', '--', ...EVERYTHING);
  expect(called.code).toBe(0);
  expect(JSON.parse(called.stdout)).toMatchObject({ content: [{ type: 'text', text: 'Echo: mark3r' }] });
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const text = readFileSync(file, 'utf8');
  expect(text).toContain('tools/call');
  expect(text).not.toContain('mark3r');
  const replayed = await run('replay', file);
  expect(replayed).toMatchObject({ code: 0, stderr: '' });
  expect(replayed.stdout).toMatch(/^States {2}connecting → .* → closed$/m);
  expect(replayed.stdout).toMatch(/submit tools\/call {2}ok/);
  expect(replayed.stdout).toContain('without a difference');
  const { stdout } = await run('replay', file, '--json');
  expect(JSON.parse(stdout)).toMatchObject({
    calls: expect.arrayContaining([]) as unknown[],
    states: expect.any(Array) as unknown,
  });
  const diagram = await run('replay', file, '--diagram');
  expect(diagram.stdout).toMatch(/^sequenceDiagram\n/);
  expect(diagram.stdout).toContain('tools/call');
});

test('a command over HTTP is recorded with its contents only with --no-redact, which other commands do not have', async () => {
  const server = await HttpProcess.everything('streamableHttp', await freePort());
  endLater(() => server.kill());
  const { code, stderr } = await run('record', '--no-redact', file, 'call', server.url, 'echo', 'message=mark3r');
  expect(code).toBe(0);
  expect(stderr).toContain('contains secrets');
  expect(readFileSync(file, 'utf8')).toContain('mark3r');
  const json = await run('replay', file, '--json');
  expect(json).toMatchObject({ code: 0 });
  expect(json.stdout).not.toContain('mark3r');
  for (const args of [
    ['call', server.url, 'echo', '--no-redact'],
    ['record', file, 'call', server.url, 'echo', '--no-redact'],
  ])
    expect(await run(...args)).toMatchObject({ code: 2, stderr: expect.stringContaining('--no-redact') as string });
});

test('a recording that was changed ends with exit code 6 and the line of the difference', async () => {
  await run('record', file, 'list', '--tools', '--', ...EVERYTHING);
  const lines = readFileSync(file, 'utf8').split('\n');
  const at = lines.findIndex((line) => line.includes('"type":"state"'));
  expect(at).toBeGreaterThan(0);
  writeFileSync(file, [...lines.slice(0, at), ...lines.slice(at + 1)].join('\n'));
  const { code, stdout } = await run('replay', file);
  expect({ code, stdout }).toEqual({ code: 6, stdout: expect.stringContaining('diverged at line') as string });
});

test('wrong use ends with exit code 2, and --help belongs to the command it follows', async () => {
  for (const [args, text] of [
    [['record'], 'Record into which file?'],
    [['record', file], 'After the file there must be a command'],
    [['record', file, 'login', 'http://127.0.0.1:1/mcp'], 'After the file there must be a command'],
    [['record', '/no/such/folder/a.ndjson', 'list', '--', 'true'], 'does not exist'],
    [['replay'], 'replay takes one file'],
    [['replay', path.join(home.folder, 'missing')], 'cannot be read'],
  ] as const) {
    const { code, stderr } = await run(...args);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(text) as string });
  }
  expect((await run('record', '--help')).stdout).toContain('The file comes first');
  expect((await run('record', file, 'call', '--help')).stdout).toContain('key=value');
});
