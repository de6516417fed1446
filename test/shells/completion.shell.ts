import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { buildFirst, builtCli, newHome, runCli } from '../support/cli.js';
import type { CliHome } from '../support/cli.js';
import { endAfterEach } from '../support/endings.js';
import { EVERYTHING } from '../support/servers/real-servers.js';
import { Waiting } from '../support/waiting.js';

jest.setTimeout(180_000);

buildFirst();
const endLater = endAfterEach();
let home: CliHome;
let ran: string;

// The program on the PATH completes as the real one does, and writes down how it was called otherwise.
beforeEach(async () => {
  home = newHome();
  endLater(async () => home.remove());
  ran = path.join(home.folder, 'ran');
  const bin = path.join(home.folder, 'bin');
  mkdirSync(bin);
  const program = path.join(bin, 'mcp-actors');
  const real = `'${process.execPath}' '${builtCli()}'`;
  writeFileSync(
    program,
    `#!/bin/sh\ncase "$1" in complete|completion) exec ${real} "$@";; esac\nfor word in "$@"; do printf '<%s>' "$word"; done > '${ran}.new'\nmv '${ran}.new' '${ran}'\n`,
  );
  chmodSync(program, 0o755);
  const [command, ...args] = EVERYTHING;
  const folder = path.join(home.folder, '.config/mcp-actors');
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'mcp.json'), JSON.stringify({ mcpServers: { demo: { command, args } } }));
  const listed = await runCli(['list', 'demo'], { env: home.env, cwd: home.folder });
  expect(listed).toMatchObject({ code: 0 });
});

interface ShellProgram {
  readonly command: string;
  /** What is typed first. */
  readonly setup: string;
}

const SHELLS: readonly (readonly [string, ShellProgram])[] = [
  ['bash', { command: 'bash --norc --noprofile -i', setup: 'source <(mcp-actors completion bash)' }],
  [
    'zsh',
    {
      command: 'zsh -f -i',
      setup: 'autoload -Uz compinit && compinit -u && source <(mcp-actors completion zsh)',
    },
  ],
  ['fish', { command: 'fish --no-config -i', setup: 'mcp-actors completion fish | source' }],
];

/** A shell in a pseudo-terminal, with a person who types. */
class Typist {
  readonly #child;
  readonly #waiting = new Waiting();
  readonly #closed: Promise<void>;
  output = '';

  constructor({ command }: ShellProgram) {
    const env = {
      ...home.env,
      PATH: `${path.join(home.folder, 'bin')}:${process.env.PATH ?? ''}`,
      TERM: 'xterm',
      PS1: '> ',
      LANG: 'C.UTF-8',
    };
    this.#child = spawn('script', ['-qfc', command, '/dev/null'], { env, cwd: home.folder, detached: true });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
        // fish asks the terminal what it is, and waits for the response.
        if (text.includes('\u001b[c') || text.includes('\u001b[0c')) this.#child.stdin.write('\u001b[?62;22c');
        this.#waiting.wake();
      });
    this.#closed = new Promise((resolve) => {
      this.#child.on('close', () => {
        resolve();
      });
    });
  }

  type(text: string): void {
    this.#child.stdin.write(text);
  }

  async sees(text: string): Promise<void> {
    await this.#waiting.until(
      () => this.output.includes(text),
      () => `for ${JSON.stringify(text)} in ${JSON.stringify(this.output)}`,
      60_000,
    );
    this.output = this.output.slice(this.output.indexOf(text) + text.length);
  }

  async end(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.pid !== undefined) process.kill(-this.#child.pid, 'SIGKILL');
    await this.#closed;
  }
}

describe.each(SHELLS)('completion in %s', (_name, program) => {
  test('completes command, server, tool, argument and value', async () => {
    const typist = new Typist(program);
    endLater(() => typist.end());
    typist.type(`${program.setup}\n`);
    // The echo of the line has quotes in it, its output has none.
    typist.type("echo rea''dy\n");
    await typist.sees('ready');
    typist.type('mcp-actors cal\t');
    await typist.sees('call');
    typist.type('dem\t');
    await typist.sees('demo');
    typist.type('get-ann\t');
    await typist.sees('get-annotated-message');
    typist.type('messageT\t');
    await typist.sees('messageType=');
    typist.type('succ\t');
    await typist.sees('success');
    typist.type('\n');
    await untilFile(ran);
    expect(readFileSync(ran, 'utf8')).toBe('<call><demo><get-annotated-message><messageType=success>');
  });
});

async function untilFile(file: string): Promise<void> {
  for (const deadline = Date.now() + 60_000; !existsSync(file); await new Promise((resolve) => setTimeout(resolve, 50)))
    if (Date.now() > deadline) throw new Error(`${file} was not written`);
}
