// Builds the package twice from one source: dist/cjs for Node and dist/esm for bundlers, each with its own declarations. `--clean` starts
// from nothing.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { bundleCli } from './bundle-cli.mjs';
import { bundleConfig } from './bundle-config.mjs';
import { ENTRIES } from './entries.cjs';
import { writeLicences } from './licences.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(import.meta.url);
const tsc = require.resolve('typescript/bin/tsc');

if (process.argv.includes('--clean')) rmSync(`${root}dist`, { recursive: true, force: true });

for (const [format, type] of [
  ['cjs', 'commonjs'],
  ['esm', 'module'],
]) {
  mkdirSync(`${root}dist/${format}`, { recursive: true });
  // Node reads the module format from the nearest package.json, and bundlers read `sideEffects`.
  writeFileSync(`${root}dist/${format}/package.json`, `${JSON.stringify({ type, sideEffects: false }, null, 2)}\n`);
  const { status } = spawnSync(process.execPath, [tsc, '-p', `tsconfig.${format}.json`], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(status ?? 1);
}

const inConfig = await bundleConfig(root);

// In Node, `import` loads wrappers of the CommonJS build. This takes two thirds of the time of as many ES modules, and programs that use
// both `import` and `require` get the same classes.
for (const entry of ENTRIES.values()) {
  const names = Object.keys(require(`${root}dist/cjs/${entry}.js`));
  const text = `import entry from './index.js';\n\nexport const { ${names.join(', ')} } = entry;\n`;
  writeFileSync(`${root}dist/cjs/${entry}.mjs`, text);
}

const inCli = await bundleCli(root);
writeLicences(root, new Set([...inConfig, ...inCli]));
