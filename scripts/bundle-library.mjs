// Bundles the library from its sources: for each entry of the package one file, and chunks that entries share or that are loaded when they
// are needed. dist/cjs is for Node, dist/esm for bundlers; each has its own declarations. Few files load faster than many, and names stay as
// they are, so that stack traces can be read.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { builtinModules, createRequire } from 'node:module';
import path from 'node:path';
import nodeResolve from '@rollup/plugin-node-resolve';
import { transform } from 'esbuild';
import { rollup } from 'rollup';
import { dts } from 'rollup-plugin-dts';
import { ENTRIES } from './entries.cjs';
import { inlinedPackages } from './licences.mjs';

const { dependencies, peerDependencies } = createRequire(import.meta.url)('../package.json');
/** What users install with the package or have, and what Node has. Other packages are inlined. */
const INSTALLED = new Set([...Object.keys(dependencies), ...Object.keys(peerDependencies), ...builtinModules]);
const FORMATS = ['cjs', 'esm'];

/**
 * Writes the modules of each format.
 * @param {string} root the folder of the package
 * @returns {Promise<Set<string>>} the names of the packages that were inlined
 */
export async function bundleModules(root) {
  const bundle = await rollup({
    input: entriesIn(path.join(root, 'src'), '.ts'),
    external: isInstalled,
    plugins: [typescript(), nodeResolve({ mainFields: ['module', 'main'], preferBuiltins: true })],
    // As `sideEffects` of package.json says.
    treeshake: { moduleSideEffects: false },
    logLevel: 'warn',
    onwarn: refuse,
  });
  for (const format of FORMATS) {
    await bundle.write({
      ...filesIn(path.join(root, 'dist', format), '.js'),
      format,
      manualChunks: sharedBy(path.join(root, 'src'), '.ts'),
      // `import()` of what Node cannot require stays; our own chunks are required.
      interop: 'auto',
      externalLiveBindings: false,
      freeze: false,
      generatedCode: { preset: 'es2015', symbols: false },
      exports: 'named',
      minifyInternalExports: false,
      experimentalMinChunkSize: 20_000,
    });
  }
  await bundle.close();
  return inlinedPackages(bundle.watchFiles);
}

/** Writes the declarations of each format, from what the compiler has written into `types`. */
export async function bundleDeclarations(root, types) {
  const bundle = await rollup({
    input: entriesIn(types, '.d.ts'),
    external: (name) => !/^[./]/.test(name),
    plugins: [dts()],
    onwarn: refuse,
  });
  for (const format of FORMATS) {
    await bundle.write({
      ...filesIn(path.join(root, 'dist', format), '.d.ts'),
      manualChunks: sharedBy(types, '.d.ts'),
      minifyInternalExports: false,
    });
  }
  await bundle.close();
}

function entriesIn(folder, extension) {
  return Object.fromEntries([...ENTRIES.values()].map((entry) => [entry, path.join(folder, `${entry}${extension}`)]));
}

function filesIn(dir, extension) {
  const chunkFileNames = ({ name }) => `chunks/${name.replace(/\.d$/, '')}${extension}`;
  return { dir, entryFileNames: `[name]${extension}`, chunkFileNames };
}

/** What the root imports is one chunk, which all entries share, and what the adapters share is another one. */
function sharedBy(folder, extension) {
  const entries = new Set(Object.values(entriesIn(folder, extension)));
  const adapters = path.join(folder, 'adapters', path.sep);
  let core;
  return (id, { getModuleInfo }) => {
    core ??= staticImports(path.join(folder, `index${extension}`), getModuleInfo);
    if (entries.has(id)) return undefined;
    if (core.has(id)) return 'core';
    return id.startsWith(adapters) ? 'adapters' : undefined;
  };
}

function staticImports(entry, getModuleInfo) {
  const found = new Set([entry]);
  for (const id of found) for (const imported of getModuleInfo(id)?.importedIds ?? []) found.add(imported);
  return found;
}

function isInstalled(name) {
  if (/^[./]/.test(name) || path.isAbsolute(name)) return false;
  const [scope, second] = name.split('/');
  return name.startsWith('node:') || INSTALLED.has(scope.startsWith('@') ? `${scope}/${second}` : scope);
}

/** Takes the types away. The compiler checks them elsewhere. */
function typescript() {
  return {
    name: 'typescript',
    resolveId(name, importer) {
      if (importer === undefined || !name.startsWith('.')) return null;
      const source = path.resolve(path.dirname(importer), name.replace(/\.js$/, '.ts'));
      return source.endsWith('.ts') && existsSync(source) ? source : null;
    },
    async load(file) {
      if (!file.endsWith('.ts')) return null;
      const { code } = await transform(await readFile(file, 'utf8'), { loader: 'ts', target: 'node20.18' });
      return code;
    },
  };
}

/** A warning about our own code is a mistake, such as modules that import each other. */
function refuse({ code, message, id, ids = [id] }) {
  if (ids.some((file) => file?.includes('node_modules'))) return;
  throw new Error(`${code ?? ''} ${message}`);
}
