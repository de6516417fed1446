// Bundles `mcp-actors/config` after the compiler has run: its parsers are inlined, so that users install nothing for it. Modules of this package
// outside of src/config stay separate files, because the classes of errors and transports must be the ones of the root. Also writes the JSON
// Schema of our files for editors.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import ts from 'typescript';
import { inlinedPackages } from './licences.mjs';

/**
 * @param {string} root the folder of the package
 * @returns {Promise<Set<string>>} the names of the inlined packages
 */
export async function bundleConfig(root) {
  const inlined = new Set();
  for (const [folder, format] of [
    ['cjs', 'cjs'],
    ['esm', 'esm'],
  ]) {
    const dist = path.join(root, 'dist', folder, 'config');
    const { metafile } = await build({
      ...common(root),
      entryPoints: [path.join(root, 'src/config/index.ts')],
      outfile: path.join(dist, 'index.js'),
      format,
      // Names stay, so that stack traces can be read: a source map would be larger than the bundle.
      minifySyntax: true,
      minifyWhitespace: true,
      plugins: [siblings(root)],
    });
    for (const name of inlinedPackages(metafile)) inlined.add(name);
    removeUnused(dist);
  }
  await writeSchema(root);
  return inlined;
}

function common(root) {
  return {
    absWorkingDir: root,
    bundle: true,
    platform: 'node',
    target: 'node20.18',
    // The ES modules of the packages: only what is used of them is inlined.
    mainFields: ['module', 'main'],
    conditions: ['module', 'import'],
    // A dependency of the package, loaded for the first file in YAML.
    external: ['yaml'],
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
  };
}

/** Leaves imports of modules outside of src/config as they are: the compiler puts them to the same places. */
function siblings(root) {
  const config = path.join(root, 'src/config');
  return {
    name: 'siblings',
    setup(given) {
      given.onResolve({ filter: /^\.{1,2}\// }, ({ path: name, importer }) => {
        const target = path.resolve(path.dirname(importer), name);
        if (!importer.startsWith(config) || target.startsWith(`${config}${path.sep}`)) return undefined;
        return { path: path.relative(config, target).split(path.sep).join('/'), external: true };
      });
    },
  };
}

/** Removes the single files of the compiler, except the declarations that the entry needs. */
function removeUnused(dist) {
  const needed = new Set([path.join(dist, 'index.js'), path.join(dist, 'index.mjs')]);
  const waiting = [path.join(dist, 'index.d.ts')];
  for (const file of waiting) {
    if (needed.has(file)) continue;
    // The compiler does not write again what was removed here before.
    if (!existsSync(file)) throw new Error(`${file} is missing: run the build with --clean`);
    needed.add(file);
    const { importedFiles } = ts.preProcessFile(readFileSync(file, 'utf8'));
    for (const { fileName } of importedFiles) {
      const target = path.resolve(path.dirname(file), fileName.replace(/\.js$/, '.d.ts'));
      if (fileName.startsWith('.') && target.startsWith(dist)) waiting.push(target);
    }
  }
  for (const name of readdirSync(dist, { recursive: true, withFileTypes: true })) {
    const file = path.join(name.parentPath, name.name);
    if (name.isFile() && !needed.has(file)) rmSync(file);
  }
  removeEmpty(dist);
}

function removeEmpty(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (entry.isDirectory()) removeEmpty(path.join(folder, entry.name));
  if (readdirSync(folder).length === 0) rmSync(folder, { recursive: true });
}

/** Makes the schema from the source, because the bundle exports only what users need. */
async function writeSchema(root) {
  const folder = mkdtempSync(path.join(root, 'dist/schema-'));
  try {
    const outfile = path.join(folder, 'schema.cjs');
    await build({ ...common(root), entryPoints: [path.join(root, 'src/config/schema.ts')], outfile, format: 'cjs' });
    const { jsonSchema } = createRequire(pathToFileURL(outfile))(outfile);
    writeFileSync(path.join(root, 'dist/mcp-actors.schema.json'), `${JSON.stringify(jsonSchema(), null, 2)}\n`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
