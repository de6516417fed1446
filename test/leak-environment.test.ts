import { execFile } from 'node:child_process';
import path from 'node:path';

interface Report {
  readonly testResults: readonly { readonly name: string; readonly status: string; readonly message: string }[];
}

const root = path.join(__dirname, '..');

/** Runs jest on the files of test/fixtures/leaks. By file: undefined when it passed, else why it failed. */
async function runLeakyFiles(): Promise<Record<string, string | undefined>> {
  const jest = path.join(path.dirname(require.resolve('jest/package.json')), 'bin/jest.js');
  const args = [jest, '--json', '--maxWorkers=2', '--forceExit', '--testMatch', '**/test/fixtures/leaks/*.ts'];
  args.push('--testEnvironmentOptions', JSON.stringify({ settleTime: 500 }));
  const output = await new Promise<string>((resolve) => {
    // It exits with 1, because tests fail.
    execFile(process.execPath, [...process.execArgv, ...args], { cwd: root, timeout: 60_000 }, (_error, stdout) => {
      resolve(stdout);
    });
  });
  const { testResults } = JSON.parse(output) as Report;
  return Object.fromEntries(
    testResults.map(({ name, status, message }) => [path.basename(name), status === 'passed' ? undefined : message]),
  );
}

it('a test file fails when it leaves something behind, and only then', async () => {
  const left = (what: string): unknown =>
    expect.stringMatching(new RegExp(`The test file left behind, 500 ms after its end: ${what}\\s*$`));
  expect(await runLeakyFiles()).toEqual({
    'clean.ts': undefined,
    'timer.ts': left('Timeout'),
    'socket.ts': left('TCPServerWrap'),
    'process.ts': left('process \\d+: sleep 60'),
    'grandchild.ts': left('process \\d+: sleep 60'),
    'listener.ts': left('listener for exit on process'),
    'rejection.ts': expect.stringContaining('nobody handles this') as unknown,
  });
}, 90_000);
