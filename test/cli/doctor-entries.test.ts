import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { builtCli, runCli } from '../support/cli.js';
import type { CliResult } from '../support/cli.js';

jest.setTimeout(120_000);

const FIXTURE = path.join(__dirname, 'fixtures/broken-server.mjs');
const MARKER = 'plain-secret-of-the-file-3141';

const folder = mkdtempSync(path.join(tmpdir(), 'doctor-entries-'));

beforeAll(() => {
  builtCli();
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const entry = (fault: string, more: object = {}): object => ({
  command: process.execPath,
  args: [FIXTURE, fault],
  ...more,
});

/** Runs `doctor` in a project with these entries. */
function doctorWith(entries: Record<string, object>, ...args: string[]): Promise<CliResult> {
  writeFileSync(path.join(folder, '.mcp.json'), JSON.stringify({ mcpServers: entries }, null, 2));
  return runCli(['doctor', ...args], { cwd: folder, env: { HOME: folder } });
}

const lastLine = (stdout: string): string | undefined => stdout.trimEnd().split('\n').at(-1);

describe('doctor on the entry of a config file', () => {
  it('names file, line and variable when a variable is not set, and starts nothing', async () => {
    const { code, stdout } = await doctorWith(
      { db: entry('none', { env: { TOKEN: '${NOT_SET_HERE}' } }) },
      'db',
      '--trust',
    );
    expect(stdout).toMatch(/✗ entry +\S+\.mcp\.json:\d+: the variable NOT_SET_HERE/);
    expect(lastLine(stdout)).toMatch(/^db: entry: .*NOT_SET_HERE.* Fix: Set the variable/);
    expect(stdout).toContain('not checked: command, start');
    expect(code).toBe(6);
  });

  it('names the program that has an unknown key', async () => {
    const { code, stdout } = await doctorWith({ db: entry('none', { envFile: '.env' }) }, 'db', '--trust');
    expect(stdout).toMatch(/! entry .*"envFile" is not a key of this program\..* It is a key of .*Cursor/);
    expect(lastLine(stdout)).toMatch(/^db: works, with a warning: entry:/);
    expect(code).toBe(0);
  });

  it('refuses an entry without consent, and names the command for it', async () => {
    const { code, stdout } = await doctorWith({ fresh: entry('none') }, 'fresh');
    expect(lastLine(stdout)).toMatch(/^fresh: entry: .* Fix: .*mcp-actors config trust fresh/);
    expect(stdout).toContain('not checked: command, start');
    expect(code).toBe(6);
  });

  it('warns of a secret in a file that git tracks, and does not show it', async () => {
    const servers = { db: entry('none', { env: { API_KEY: MARKER, MODE: 'read' } }) };
    const before = await doctorWith(servers, 'db', '--trust');
    expect(before.stdout).toMatch(/✓ entry/);
    const git = (...args: string[]): unknown => spawnSync('git', args, { cwd: folder });
    git('init', '-q');
    git('add', '.mcp.json');
    const { code, stdout, stderr } = await doctorWith(servers, 'db', '--trust', '--verbose');
    expect(stdout).toMatch(/! entry .*the value of env\.API_KEY stands in plain text in a file that git tracks/);
    expect(stdout + stderr).not.toContain(MARKER);
    expect(code).toBe(0);
  });

  it('checks all servers without a target, and names the most important problem last', async () => {
    const servers = { good: entry('none'), exits: entry('exit'), off: entry('exit', { disabled: true }) };
    const { code, stdout } = await doctorWith(servers, '--trust');
    expect(stdout).toMatch(/^good \(/m);
    expect(stdout).toMatch(/^exits \(/m);
    expect(lastLine(stdout)).toMatch(
      /^\d of \d servers have a problem\. exits: start: the server exited with code 1: Error: DATABASE_URL/,
    );
    expect(code).toBe(6);
  });

  it('says what to do when there is no server', async () => {
    const { code, stderr } = await doctorWith({});
    expect(stderr).toMatch(/There are no servers in your config files/);
    expect(code).toBe(2);
  });
});
