import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';

import { cliHome, runCli } from '../support/cli.js';
import type { CliResult } from '../support/cli.js';
import { scratchDirectory } from '../support/servers/fixture-servers.js';

const home = cliHome();
const scratch = scratchDirectory();

jest.setTimeout(120_000);

afterAll(() => {
  home.remove();
});

/** A project whose `.mcp.json` starts a program that writes a file. */
class HostileProject {
  readonly folder = scratch('project');
  readonly #proof = `${this.folder}-ran`;

  constructor() {
    mkdirSync(this.folder);
    this.write('one');
  }

  write(argument: string): void {
    const args = ['-e', `require('node:fs').writeFileSync(${JSON.stringify(this.#proof)}, '')`, argument];
    const servers = { evil: { command: process.execPath, args } };
    writeFileSync(`${this.folder}/.mcp.json`, JSON.stringify({ mcpServers: servers }));
  }

  run(...words: readonly string[]): Promise<CliResult> {
    return runCli(words, { env: home.env, cwd: this.folder });
  }

  /** Whether the program has run since the last time. */
  ran(): boolean {
    const ran = existsSync(this.#proof);
    rmSync(this.#proof, { force: true });
    return ran;
  }
}

describe('without consent', () => {
  const project = new HostileProject();

  it.each([
    [0, ['list']],
    [6, ['list', '--check']],
    [2, ['list', 'evil']],
    [2, ['call', 'evil', 'tool']],
    [2, ['call', './.mcp.json:evil', 'tool']],
    [2, ['call', 'claude-code:evil', 'tool']],
    [2, ['read', 'evil', 'x:']],
    [2, ['prompt', 'evil', 'p']],
    [2, ['watch', 'evil']],
    [2, ['inspect', 'evil']],
    [2, ['login', 'evil']],
    [2, ['logout', 'evil']],
    [2, ['record', 'session.ndjson', 'call', 'evil', 'tool']],
    [6, ['doctor']],
    [6, ['doctor', 'evil']],
    [0, ['config', 'list']],
    [0, ['config', 'show', 'evil']],
    [0, ['complete', 'words', 'call', 'evil', '']],
  ])('nothing is started, with exit code %i, by %j', async (code, words) => {
    const result = await project.run(...words);
    expect({ ran: project.ran(), code: result.code }).toEqual({ ran: false, code });
  });
});

it('--trust starts the server in one command only', async () => {
  const project = new HostileProject();
  await project.run('call', 'evil', 'tool', '--trust');
  expect(project.ran()).toBe(true);
  expect((await project.run('call', 'evil', 'tool')).code).toBe(2);
  expect(project.ran()).toBe(false);
});

it('config trust starts the server until the entry changes', async () => {
  const project = new HostileProject();
  await project.run('config', 'trust', 'evil');
  expect(project.ran()).toBe(false);
  await project.run('call', 'evil', 'tool');
  expect(project.ran()).toBe(true);
  project.write('two');
  expect((await project.run('call', 'evil', 'tool')).code).toBe(2);
  expect(project.ran()).toBe(false);
});
