// `npm test [-- arguments of jest]`: checks the types while the tests run, because the type checker uses one core only. Fails if either
// fails. What the type checker learned stays in .build, so that its next run takes a few seconds.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const { resolve } = createRequire(import.meta.url);
const jest = resolve('jest/bin/jest');
const tsc = path.join(path.dirname(resolve('typescript/package.json')), 'bin/tsc');

const types = checkTypes();
const tests = run(jest, process.argv.slice(2));
const results = { types: await types, tests: await tests };
// The tests print much after the errors of the type checker.
if (!results.types) console.error('The type check failed: its errors are above.');
process.exitCode = results.types && results.tests ? 0 : 1;

/** Whether everything that is TypeScript has the right types: first what Node runs, then the page of the inspector. */
async function checkTypes() {
  const incremental = (name) => ['--incremental', '--tsBuildInfoFile', `.build/${name}.tsbuildinfo`];
  const node = await run(tsc, ['--noEmit', ...incremental('types')]);
  const page = await run(tsc, ['-p', 'visualizations/inspector', ...incremental('page-types')]);
  return node && page;
}

/** Runs a program of a package. Resolves with whether it succeeded. */
async function run(program, args) {
  const child = spawn(process.execPath, [program, ...args], { cwd: root, stdio: 'inherit' });
  const [code] = await once(child, 'exit');
  return code === 0;
}
