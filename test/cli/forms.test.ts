import { existsSync, writeFileSync } from 'node:fs';

import { fieldsOf, fits } from '../../src/cli/server-requests/form-fields.js';
import type { ElicitRequestFormParams } from '../../src/protocol/schema/index.js';
import { cliHome, runCli } from '../support/cli.js';
import { KEYS, TerminalProcess } from '../support/pseudo-terminal.js';
import { scratchDirectory, serverFixture } from '../support/servers/fixture-servers.js';

const home = cliHome();
const scratch = scratchDirectory();
const EVERYTHING = ['--', process.execPath, require.resolve('@modelcontextprotocol/server-everything/dist/index.js')];
const ASK = ['call', 'trigger-elicitation-request'];
afterAll(() => {
  home.remove();
});

describe('a form of the server', () => {
  it('is filled in by a person in a terminal, with every kind of field', async () => {
    const terminal = new TerminalProcess([...ASK, ...EVERYTHING], home.env);
    await terminal.answer('What do you want to do?', KEYS.enter);
    await terminal.answer('Your full, legal name', 'Ada', KEYS.enter);
    await terminal.answer('Agree to the terms', KEYS.enter);
    await terminal.answer('Favorite first line', KEYS.enter);
    await terminal.answer('Your email address', 'nonsense', KEYS.enter);
    await terminal.answer('This is not an e-mail address', '@example.com', KEYS.enter);
    await terminal.answer('Portfolio', 'https://example.com/', KEYS.enter);
    await terminal.answer('Your date of birth', '1815-12-10', KEYS.enter);
    await terminal.answer('Your favorite integer', KEYS.enter);
    await terminal.answer('Favorite number', KEYS.enter);
    await terminal.answer('Choose your favorite friend', KEYS.down, KEYS.enter);
    await terminal.answer('Untitled Multiple Select', KEYS.down, KEYS.space, KEYS.enter);
    await terminal.answer('Single Select Enum', KEYS.enter);
    await terminal.answer('Titled Multiple Select', KEYS.down, KEYS.space, KEYS.down, KEYS.space, KEYS.enter);
    await terminal.answer('Legacy Titled', KEYS.enter);
    await terminal.answer('Send this to', KEYS.enter);
    await terminal.answer('User provided the requested information');
    expect(await terminal.end()).toBe(0);
    expect(terminal.text).toContain('"email": "nonsense@example.com"');
    expect(terminal.text).toContain('"integer": 42');
    // It asks for more than a dozen fields, each after the one before.
  }, 90_000);

  it.each([
    ['declined', [KEYS.down, KEYS.enter], 'declined'],
    ['cancelled with Escape', [KEYS.escape], 'cancel'],
    ['cancelled with Ctrl+C', [KEYS.interrupt], 'cancel'],
  ])('is %s, and the server receives it', async (_name, keys, expected) => {
    const terminal = new TerminalProcess([...ASK, ...EVERYTHING], home.env);
    await terminal.answer('What do you want to do?', ...keys);
    expect(await terminal.end()).toBe(0);
    expect(terminal.text.toLowerCase()).toContain(expected);
  });

  it('takes the place of the progress bar', async () => {
    const server = ['--', process.execPath, serverFixture('late-form')];
    const terminal = new TerminalProcess(['call', 'ask', ...server], home.env);
    await terminal.answer(/ask.* 1 s/);
    await terminal.answer('What do you want to do?', KEYS.escape);
    expect(await terminal.end()).toBe(0);
    expect(terminal.text).toMatch(/ask.* 1 s\r+┌/);
  });

  it('is declined at once in a pipe, with a line that says so', async () => {
    const { code, stdout, stderr } = await runCli([...ASK, ...EVERYTHING], { env: home.env });
    expect({ code, stdout: stdout.includes('declined') }).toEqual({ code: 0, stdout: true });
    expect(stderr).toMatch(/wants a form filled in: declined, because no person can answer here/);
  });

  it('is filled in from --answers', async () => {
    const answers = scratch('answers.json');
    writeFileSync(answers, JSON.stringify({ name: 'Ada', integer: 7, other: 'is ignored' }));
    const { code, stdout } = await runCli([...ASK, '--answers', answers, ...EVERYTHING], { env: home.env });
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/"name": "Ada"[^]*"integer": 7/) as string,
    });
    expect(stdout).not.toContain('is ignored');
  });

  it('is declined when --answers lacks a required field', async () => {
    const answers = scratch('answers.json');
    writeFileSync(answers, JSON.stringify({ integer: 7 }));
    const { code, stderr } = await runCli([...ASK, '--answers', answers, ...EVERYTHING], { env: home.env });
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('has no value for "name"') as string });
  });

  it('is declined when a value of --answers does not fit, with the name of the field', async () => {
    const answers = scratch('answers.json');
    writeFileSync(answers, JSON.stringify({ name: 'Ada', integer: 'marker' }));
    const { code, stderr } = await runCli([...ASK, '--answers', answers, ...EVERYTHING], { env: home.env });
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('does not fit "integer"') as string });
    expect(stderr).not.toContain('marker');
  });

  it.each([
    [{ type: 'boolean' }, [true], ['true', 1, null]],
    [{ type: 'integer', maximum: 5 }, [5], [6, 1.5, '5', null]],
    [{ type: 'string', maxLength: 2 }, ['ab', ''], ['abc', 7, {}]],
    [{ type: 'string', enum: ['a'] }, ['a'], ['b', ['a']]],
    [
      { type: 'array', items: { type: 'string', enum: ['a', 'b'] }, maxItems: 1 },
      [['a'], []],
      [['a', 'b'], ['c'], 'a'],
    ],
  ] as const)('with a field %j takes suitable values only', (property, good, bad) => {
    const requestedSchema = { type: 'object', properties: { a: property } };
    const [field] = fieldsOf({ message: '', requestedSchema } as unknown as ElicitRequestFormParams);
    const suits = (value: unknown): boolean => field !== undefined && fits(field, value);
    expect([good.map(suits), bad.map(suits)]).toEqual([good.map(() => true), bad.map(() => false)]);
  });

  it('is never reached when the file of --answers is damaged: nothing is started', async () => {
    const answers = scratch('answers.json');
    writeFileSync(answers, 'not JSON with a secret');
    const proof = scratch('started');
    const server = ['--', process.execPath, '-e', `require('node:fs').writeFileSync(${JSON.stringify(proof)}, '')`];
    const { code, stdout, stderr } = await runCli([...ASK, '--answers', answers, ...server], { env: home.env });
    expect({ code, stdout, started: existsSync(proof) }).toEqual({ code: 2, stdout: '', started: false });
    expect(stderr).toMatch(/--answers is not a JSON object/);
    expect(stderr).not.toContain('secret');
  });
});

it('answers a sampling request with the program of --sampling', async () => {
  const words = ['call', 'trigger-sampling-request', 'prompt=hello', '--sampling', 'cat >/dev/null; echo from a model'];
  const { code, stdout } = await runCli([...words, ...EVERYTHING], { env: home.env });
  expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('from a model') as string });
});
