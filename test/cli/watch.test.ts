import { writeFileSync } from 'node:fs';
import path from 'node:path';

import { buildFirst, CliProcess, expectInterrupted, newHome } from '../support/cli.js';
import type { CliHome } from '../support/cli.js';
import { endAfterEach } from '../support/endings.js';
import { serverFixture } from '../support/servers/fixture-servers.js';
import { HttpProcess } from '../support/servers/http-process.js';

jest.setTimeout(120_000);

buildFirst();
const endLater = endAfterEach();
let home: CliHome;

beforeEach(() => {
  home = newHome();
  endLater(async () => home.remove());
});

function watch(...args: readonly string[]): CliProcess {
  const command = new CliProcess(['watch', ...args], { env: home.env });
  endLater(() => command.kill());
  return command;
}

const noisy = ['--', process.execPath, serverFixture('noisy')];

test('changes, logs and progress of a server over stdio are one line each, and go on after it crashed', async () => {
  const exits = path.join(home.folder, 'exits');
  const command = watch('file:///a.md', '--env', `EXITS=${exits}`, ...noisy);
  await command.printed(/tools list changed$/m);
  for (const line of [
    /^\d\d:\d\d:\d\d warning disk: text is full$/m,
    /^\d\d:\d\d:\d\d progress 3\/10 text$/m,
    /^\d\d:\d\d:\d\d resources updated file:\/\/\/a\.md$/m,
  ])
    expect(command.stdout).toMatch(line);
  writeFileSync(exits, '');
  await command.printed(/→ reconnecting$[\s\S]*→ ready$/m);
  // The subscription was renewed.
  await command.printed(/(?:updated file:\/\/\/a\.md[\s\S]*){2}/);
  await expectInterrupted(command);
});

test('with --json each event is an object in a line', async () => {
  const command = watch('file:///a.md', '--json', ...noisy);
  await command.printed(/list_changed/);
  const events = command.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(events).toContainEqual(
    expect.objectContaining({ event: 'progress', progress: 3, total: 10, message: 'text' }),
  );
  expect(events).toContainEqual(expect.objectContaining({ event: 'log', level: 'warning', logger: 'disk' }));
  expect(events).toContainEqual(
    expect.objectContaining({
      event: 'notification',
      method: 'notifications/resources/updated',
      params: { uri: 'file:///a.md' },
    }),
  );
  await expectInterrupted(command);
});

test.each([[[]], [['--json']]])('shows no secret of the server that it logs, with the flags %j', async (flags) => {
  const command = watch('file:///a.md', ...flags, '--env', 'TEXT=Bearer marker-of-a-token', ...noisy);
  await command.printed(/list.changed/);
  expect(command.stdout).toMatch(/\[redacted\].* is full/);
  expect(command.stdout).toMatch(/3\/10 \[redacted\]|"message":"\[redacted\]"/);
  expect(command.stdout + command.stderr).not.toContain('marker');
  await expectInterrupted(command);
});

test('changes of a server over HTTP are printed before and after it was restarted', async () => {
  let server = await HttpProcess.official('sessions');
  endLater(() => server.kill());
  const command = watch(server.url);
  await command.printed(/Watching/, 'stderr');
  await server.command('notify');
  await command.printed(/tools list changed/);
  const { port } = server;
  await server.kill();
  await command.printed(/→ reconnecting/);
  server = await HttpProcess.official('sessions', port);
  await command.printed(/→ reconnecting[\s\S]*→ ready/);
  await expectInterrupted(command);
});

test('a server that cannot be reached, or has no subscriptions, ends the command with its exit code', async () => {
  const unreachable = watch('http://127.0.0.1:1/mcp');
  expect(await unreachable.end()).toMatchObject({ code: 4, stdout: '' });
  const server = await HttpProcess.official('dual');
  endLater(() => server.kill());
  const { code, stderr } = await watch(server.url, 'file:///a.md').end();
  expect(code).toBe(5);
  expect(stderr).toContain('does not announce changes of resources');
});
