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
  }
});
