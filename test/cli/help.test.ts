import { buildFirst, runCli } from '../support/cli.js';

jest.setTimeout(120_000);

buildFirst();

test('each command that --help lists has help of its own, with its flags and an explanation', async () => {
  const { code, stdout } = await runCli(['--help']);
  expect(code).toBe(0);
  const names = [...stdout.matchAll(/^ {2}([a-z]+) /gm)].map(([, name = '']) => name).filter((name) => name !== 'help');
  expect(names).toEqual(
    expect.arrayContaining(['login', 'logout', 'auth', 'inspect', 'watch', 'record', 'replay', 'completion']),
  );
  // Completion calls it, and people do not.
  expect(names).not.toContain('complete');
  for (const name of names) {
    const help = await runCli([name, '--help']);
    expect({ name, code: help.code, stderr: help.stderr }).toEqual({ name, code: 0, stderr: '' });
    expect(help.stdout).toMatch(new RegExp(`^Usage: mcp-actors ${name}\\b`));
    expect(help.stdout).toContain('--help');
    // Help that is wider than a terminal breaks in the middle of words.
    expect(help.stdout.split('\n').filter((line) => line.length > 100)).toEqual([]);
  }
});

test('without a command the help is printed, and the exit code says that nothing was done', async () => {
  const { code, stdout, stderr } = await runCli([]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(/^Usage: mcp-actors <command>[\s\S]*\n {2}doctor +Find out[\s\S]*Exit codes:/);
});

test('the usage of a command has a line of its own for a server after "--"', async () => {
  const { stdout } = await runCli(['call', '--help']);
  expect(stdout).toMatch(/^Usage: mcp-actors call <target> <tool> \[arguments\] \[flags\]\n/);
  expect(stdout).toContain('\n       mcp-actors call <tool> [arguments] [flags] -- <command line>\n');
});

test.each([
  [['tools', 'linear'], 'mcp-actors list <target>'],
  [['remove', 'linear'], 'mcp-actors config remove <name>'],
  [['add', 'linear'], 'mcp-actors config add <name> <url>'],
])('%j names the command for it', async (words, command) => {
  const { code, stderr } = await runCli(words);
  expect({ code, stderr }).toEqual({
    code: 2,
    stderr: `error: Unknown command '${words[0]}'.\n  hint: Use: ${command}\n`,
  });
});

test('the hint for an unknown flag of call says how arguments are written', async () => {
  const { code, stderr } = await runCli(['call', 'linear', 'search', '--customer.name', 'Ann']);
  expect({ code, hint: stderr.includes('Arguments of the tool have no dashes: key=value.') }).toEqual({
    code: 2,
    hint: true,
  });
});
