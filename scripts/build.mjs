// Builds the package twice from one source: dist/cjs for Node and dist/esm for bundlers, each with its own declarations. `--clean` starts
// from nothing.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(import.meta.url);
const tsc = require.resolve('typescript/bin/tsc');

if (process.argv.includes('--clean')) rmSync(`${root}dist`, { recursive: true, force: true });

for (const [format, type] of [
  ['cjs', 'commonjs'],
  ['esm', 'module'],
]) {
  mkdirSync(`${root}dist/${format}`, { recursive: true });
  // Node and the bundlers ask the nearest package.json: for the module format the former, for side effects the latter.
  writeFileSync(`${root}dist/${format}/package.json`, `${JSON.stringify({ type, sideEffects: false }, null, 2)}\n`);
  const { status } = spawnSync(process.execPath, [tsc, '-p', `tsconfig.${format}.json`], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(status ?? 1);
}

// What `import` loads in Node is the CommonJS build behind its names: that takes two thirds of the time of as many ES modules, and
// those who import the package and those who require it get the same classes.
for (const entry of ['index', 'inspect/index', 'testing/index']) {
  const names = Object.keys(require(`${root}dist/cjs/${entry}.js`));
  const text = `import entry from './index.js';\n\nexport const { ${names.join(', ')} } = entry;\n`;
  writeFileSync(`${root}dist/cjs/${entry}.mjs`, text);
}
