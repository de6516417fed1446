// Builds the package: its declarations, the library for Node and for bundlers, the schema of config files, and the command line. `--clean`
// starts from nothing.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { bundleCli } from './bundle-cli.mjs';
import { bundleDeclarations, bundleModules } from './bundle-library.mjs';
import { writeConfigSchema } from './config-schema.mjs';
import { ENTRIES } from './entries.cjs';
import { writeLicences } from './licences.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(import.meta.url);
const tsc = require.resolve('typescript/bin/tsc');
const types = `${root}.build/types`;

if (process.argv.includes('--clean')) {
  for (const folder of ['dist', '.build/types']) rmSync(`${root}${folder}`, { recursive: true, force: true });
  rmSync(`${root}.build/declarations.tsbuildinfo`, { force: true });
}

const { status } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.types.json'], { cwd: root, stdio: 'inherit' });
if (status !== 0) process.exit(status ?? 1);

for (const [format, type] of [
  ['cjs', 'commonjs'],
  ['esm', 'module'],
]) {
  rmSync(`${root}dist/${format}`, { recursive: true, force: true });
  mkdirSync(`${root}dist/${format}`, { recursive: true });
  // Node reads the module format from the nearest package.json, and bundlers read `sideEffects`.
  writeFileSync(`${root}dist/${format}/package.json`, `${JSON.stringify({ type, sideEffects: false }, null, 2)}\n`);
}
await bundleDeclarations(root, types);
const inLibrary = await bundleModules(root);

// In Node, `import` loads wrappers of the CommonJS build. This takes less time than as many ES modules, and programs that use both `import`
// and `require` get the same classes.
for (const entry of ENTRIES.values()) {
  const names = Object.keys(require(`${root}dist/cjs/${entry}.js`));
  const text = `import entry from './index.js';\n\nexport const { ${names.join(', ')} } = entry;\n`;
  writeFileSync(`${root}dist/cjs/${entry}.mjs`, text);
}

await writeConfigSchema(root);
const inCli = await bundleCli(root);
writeLicences(root, new Set([...inLibrary, ...inCli]));
