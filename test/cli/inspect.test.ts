import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import path from 'node:path';

import { buildFirst, CliProcess, expectInterrupted, newHome, runCli } from '../support/cli.js';
import type { CliHome } from '../support/cli.js';
import { endAfterEach } from '../support/endings.js';
import { EVERYTHING } from '../support/servers/real-servers.js';
import { HttpProcess } from '../support/servers/http-process.js';

jest.setTimeout(120_000);

buildFirst();
const endLater = endAfterEach();
let home: CliHome;

beforeEach(() => {
  home = newHome();
  endLater(async () => home.remove());
});

function inspect(...args: readonly string[]): CliProcess {
  const command = new CliProcess(['inspect', ...args], { env: { ...home.env, TOKEN: 'mark3r' } });
  endLater(() => command.kill());
  return command;
}

/** The status of the page, whose address is the first line. */
async function pageOf(command: CliProcess): Promise<number> {
  const [, url = ''] = await command.printed(/^(http:\/\/127\.0\.0\.1:\d+\/\S+)$/m);
  return (await fetch(url)).status;
}

test('shows a server over stdio on a page of this machine', async () => {
  const command = inspect('--', ...EVERYTHING);
  expect(await pageOf(command)).toBe(200);
  await command.printed(/Connected to mcp-servers\/everything .* tools: echo/, 'stderr');
  await expectInterrupted(command);
});

test('shows servers over HTTP and WebSocket, and no header', async () => {
  const http = await HttpProcess.official('dual');
  endLater(() => http.kill());
  const socket = await HttpProcess.webSocket();
  endLater(() => socket.kill());
  for (const url of [http.url, socket.webSocketUrl]) {
    const command = inspect(url, '--header', 'X-Secret: ${env:TOKEN}', '--json');
    await command.printed(/Connected to/, 'stderr');
    expect(JSON.parse(command.stdout)).toEqual({ url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:/) as string });
    expect(command.stdout + command.stderr).not.toContain('mark3r');
    await expectInterrupted(command);
  }
});

test('the page opens before the client connects, and stays when that fails, with one clear line', async () => {
  for (const args of [['http://127.0.0.1:1/mcp'], ['--', 'no-such-program'], ['ws://127.0.0.1:1/mcp']]) {
    const command = inspect(...args);
    await command.printed(/The page stays open/, 'stderr');
    expect(await pageOf(command)).toBe(200);
    expect(command.stderr).toMatch(/^error: \S/m);
    expect(command.stderr).not.toMatch(/^\s+at /m);
    await expectInterrupted(command);
  }
});

test('a recording is shown, and one that is none is refused', async () => {
  const file = path.join(home.folder, 'session.ndjson');
  const recorded = await runCli(['record', file, 'list', '--', ...EVERYTHING], home);
  expect(recorded.code).toBe(0);
  const command = inspect(file);
  await command.printed(/session\.ndjson: connecting/, 'stderr');
  expect(await pageOf(command)).toBe(200);
  await expectInterrupted(command);
  writeFileSync(file, 'no recording\n');
  expect(await inspect(file).end()).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/error: .*Line 1/) as string,
  });
  const missing = await inspect(path.join(home.folder, 'missing.ndjson')).end();
  expect(missing).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('does not exist') as string });
});

test('a port that is taken, or is none, is refused with one line', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  endLater(() => new Promise((resolve) => taken.close(resolve)));
  const { port } = taken.address() as AddressInfo;
  const refused = await inspect('http://127.0.0.1:1/mcp', '--port', String(port)).end();
  expect(refused).toMatchObject({
    code: 2,
    stderr: expect.stringContaining(`Port ${port} of 127.0.0.1 is in use`) as string,
  });
  expect(await inspect('http://127.0.0.1:1/mcp', '--port', 'x').end()).toMatchObject({ code: 2 });
  expect(await inspect('a', 'b').end()).toMatchObject({ code: 2 });
});
