import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { buildFirst, CliProcess, newHome, runCli } from '../support/cli.js';
import type { CliHome, CliResult } from '../support/cli.js';
import { endAfterEach } from '../support/endings.js';
import { browseForms } from '../support/form-browser.js';
import { HttpProcess } from '../support/servers/http-process.js';
import { isAlive } from '../support/servers/processes.js';

jest.setTimeout(120_000);

buildFirst();
const endLater = endAfterEach();
const BROWSER = path.resolve(__dirname, '../fixtures/hosts/browser.mjs');

let server: HttpProcess;
let home: CliHome;
/** Everything that the commands of a test have printed. */
let printed: string;

beforeEach(async () => {
  server = await HttpProcess.oidcProvider({ SECONDS: '60' });
  endLater(() => server.kill());
  home = newHome();
  endLater(async () => home.remove());
  printed = '';
});

/** The environment of a person whose browser is a script that agrees to everything. */
function withBrowser(): Record<string, string> {
  const bin = path.join(home.folder, 'bin');
  mkdirSync(bin);
  const opener = path.join(bin, 'xdg-open');
  writeFileSync(opener, `#!/bin/sh\nexec '${process.execPath}' '${BROWSER}' "$1"\n`);
  chmodSync(opener, 0o755);
  return { ...home.env, PATH: `${bin}:${process.env.PATH ?? ''}`, DISPLAY: ':99' };
}

async function run(args: readonly string[], env: Record<string, string> = home.env): Promise<CliResult> {
  const result = await runCli(args, { env });
  printed += result.stdout + result.stderr;
  return result;
}

function start(args: readonly string[]): CliProcess {
  const command = new CliProcess(args, { env: home.env, open: true });
  endLater(() => command.kill());
  return command;
}

const storeFolder = (): string => path.join(home.folder, '.local/state/mcp-actors');

/** The tokens in the store. */
function storedSecrets(): string[] {
  return readdirSync(storeFolder())
    .filter((name) => name.startsWith('grant-') && name.endsWith('.json'))
    .flatMap((name) => {
      const { value } = JSON.parse(readFileSync(path.join(storeFolder(), name), 'utf8')) as { value?: string };
      const grant = JSON.parse(value ?? '{}') as { accessToken?: string; refreshToken?: string };
      return [grant.accessToken, grant.refreshToken].filter((token) => token !== undefined);
    });
}

function expectNoSecret(): void {
  const secrets = storedSecrets();
  expect(secrets.length).toBeGreaterThan(0);
  for (const secret of secrets) expect(printed).not.toContain(secret);
}

test('a command without a token ends with exit code 3 and the command to sign in', async () => {
  const { code, stdout, stderr } = await run(['list', server.url]);
  expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
  expect(stderr.trimEnd().split('\n').at(-1)?.trim()).toBe(`sign in: mcp-actors login ${server.url}`);
  const json = await run(['call', server.url, 'do', '--json', '--account', 'at work']);
  expect(json.code).toBe(3);
  expect(JSON.parse(json.stderr)).toMatchObject({
    exitCode: 3,
    login: `mcp-actors login ${server.url} --account 'at work'`,
  });
});

test('a sign-in in the browser is used by later commands, is listed without a token, and is revoked by logout', async () => {
  const signedIn = await run(['login', server.url], withBrowser());
  expect(signedIn).toMatchObject({ code: 0 });
  expect(signedIn.stdout).toContain(`Signed in to ${server.url} (account default, scopes`);
  expect(await run(['list', server.url, '--json'])).toMatchObject({ code: 0, stderr: '' });
  expect(await run(['call', server.url, 'do'])).toEqual({ code: 0, stdout: 'done\n', stderr: '' });
  expect(server.count('registered')).toBe(1);

  const { stdout } = await run(['auth', 'list', '--json']);
  const [grant, ...others] = JSON.parse(stdout) as Record<string, unknown>[];
  expect(others).toEqual([]);
  expect(grant).toMatchObject({
    server: server.url,
    account: 'default',
    issuer: new URL(server.url).origin,
    renewable: true,
  });
  expect(grant?.scopes).toContain('mcp');
  expect(Date.parse(String(grant?.expiresAt))).toBeGreaterThan(Date.now());
  expect((await run(['auth', 'list'])).stdout).toMatch(
    /account default, at http:\/\/127\S+, scopes \S.*, expires in \d/,
  );
  expectNoSecret();
  for (const name of readdirSync(storeFolder())) expect(statSync(path.join(storeFolder(), name)).mode & 0o077).toBe(0);

  expect(await run(['logout', server.url])).toMatchObject({ code: 0, stderr: '' });
  expect(server.count('revoked')).toBe(1);
  expect(await run(['auth', 'list', '--json'])).toMatchObject({ code: 0, stdout: '[]\n' });
  expect(await run(['call', server.url, 'do'])).toMatchObject({ code: 3, stdout: '' });
  expect((await run(['logout', server.url])).stdout).toContain('There is no sign-in');
});

test('a person without a browser pastes the address at which the browser on another machine ended', async () => {
  const command = start(['login', server.url, '--no-browser', '--account', 'work']);
  const [, page = ''] = await command.printed(/^ {2}(http\S+)$/m, 'stderr');
  command.write('http://127.0.0.1:1/callback?code=stolen&state=wrong\n');
  await command.printed(/This is not the address/, 'stderr');
  let address = page;
  const cookies = new Map<string, string>();
  while (new URL(address).origin === new URL(page).origin) {
    const cookie = [...cookies].map((pair) => pair.join('=')).join('; ');
    const { headers } = await fetch(address, { redirect: 'manual', headers: { cookie } });
    for (const line of headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      cookies.set(name, value);
    }
    address = new URL(headers.get('location') ?? '', address).href;
  }
  command.write(`${address}\n`);
  const { code, stdout, stderr } = await command.end();
  expect(code).toBe(0);
  expect(stdout).toContain('account work');
  const pasted = new URL(address).searchParams.get('code') ?? '';
  expect(pasted).not.toBe('');
  expect(stdout + stderr).not.toContain(pasted);
  expect(await run(['call', server.url, 'do', '--account', 'work'])).toMatchObject({ code: 0, stdout: 'done\n' });
  expect(await run(['call', server.url, 'do'])).toMatchObject({ code: 3 });
  expectNoSecret();
});

test('a person signs in on another device with a code', async () => {
  const command = start(['login', server.url, '--device', '--json']);
  const [, page = ''] = await command.printed(/^ {2}(http\S+)$/m, 'stderr');
  await command.printed(/the code [A-Z]{4}-[A-Z]{4}/, 'stderr');
  expect(await browseForms(page)).toContain('Sign-in Success');
  const { code, stdout } = await command.end();
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ server: server.url, account: 'default' });
  expect(await run(['call', server.url, 'do'])).toMatchObject({ code: 0, stdout: 'done\n' });
  expectNoSecret();
});

test('later commands renew the token of a client that was given by its id', async () => {
  await server.kill();
  const given = { client_id: 'mine', token_endpoint_auth_method: 'none', application_type: 'native' };
  const grants = { grant_types: ['authorization_code', 'refresh_token'], redirect_uris: ['http://127.0.0.1/callback'] };
  server = await HttpProcess.oidcProvider({ SECONDS: '60', CLIENTS: JSON.stringify([{ ...given, ...grants }]) });
  const scopes = ['--scope', 'mcp', '--scope', 'offline_access'];
  const signedIn = await run(['login', server.url, '--client-id', 'mine', ...scopes], withBrowser());
  expect(signedIn).toMatchObject({ code: 0, stderr: expect.stringContaining('Opening the browser') as string });
  await server.command('expire');
  expect(await run(['call', server.url, 'do'])).toMatchObject({ code: 0, stdout: 'done\n' });
  expect(server.count('refreshed')).toBeGreaterThan(0);
  expect(server.count('registered')).toBe(0);
  expectNoSecret();
});

test('a server of a config file is signed in to and out of by its name, with the client of its entry', async () => {
  const config = path.join(home.folder, 'servers.json');
  writeFileSync(config, JSON.stringify({ mcpServers: { tracker: { url: server.url } } }));
  const named = ['tracker', '--config', config] as const;
  const refused = await run(['call', ...named, 'do']);
  expect(refused).toMatchObject({ code: 3, stderr: expect.stringContaining('mcp-actors login tracker') as string });
  expect(await run(['login', ...named], withBrowser())).toMatchObject({ code: 0 });
  expect(await run(['call', ...named, 'do'])).toMatchObject({ code: 0, stdout: 'done\n' });
  // The same server by its URL has the same sign-in.
  expect(await run(['call', server.url, 'do'])).toMatchObject({ code: 0, stdout: 'done\n' });
  expectNoSecret();
  expect(await run(['logout', ...named])).toMatchObject({ code: 0 });
  expect(await run(['call', ...named, 'do'])).toMatchObject({ code: 3 });
});

test('wrong use ends with exit code 2 before anything is sent', async () => {
  const both = ['--client-id', 'a', '--client-metadata-url', 'https://example.com/client'];
  for (const [args, text] of [
    [['login'], 'Which server?'],
    [['login', server.url, 'more'], 'login takes one target'],
    [['login', '--', 'node', '-v'], 'node has no sign-in'],
    [['login', 'ws://127.0.0.1:1/mcp'], 'has no sign-in'],
    [['login', server.url, ...both], 'not both'],
    [['auth'], 'mcp-actors auth list'],
  ] as const) {
    const { code, stderr } = await run([...args]);
    expect(code).toBe(2);
    expect(stderr).toContain(text);
  }
});

test('Ctrl+C ends a sign-in that waits for a person with exit code 130, and leaves nothing', async () => {
  const command = start(['login', server.url, '--no-browser']);
  await command.printed(/^ {2}http\S+$/m, 'stderr');
  const began = performance.now();
  command.signal();
  expect((await command.end()).code).toBe(130);
  expect(performance.now() - began).toBeLessThan(4_000);
  expect(isAlive(command.pid)).toBe(false);
  expect(await run(['auth', 'list', '--json'])).toMatchObject({ stdout: '[]\n' });
});
