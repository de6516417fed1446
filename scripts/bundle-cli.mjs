// Bundles the command line into dist/cli: it starts faster than as single files, and users of the library do not install what only it needs.
import { rmSync } from 'node:fs';
import { build } from 'esbuild';
import { inlinedPackages } from './licences.mjs';

/** What users have installed anyway, and what is loaded only when it is needed. */
const EXTERNAL = [
  ...['ajv', 'ajv/*', 'cross-spawn', 'oauth4webapi', 'undici', 'undici/*', 'ws', 'yaml'],
  // The package itself, for commands that need not start fast.
  ...['mcp-actors', 'mcp-actors/*'],
];

/** Writes the bundle, and returns the names of the packages in it. */
export async function bundleCli(root, outdir = 'dist/cli') {
  if (outdir === 'dist/cli') rmSync(`${root}dist/cli`, { recursive: true, force: true });
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: { 'mcp-actors': 'src/cli/bin.ts' },
    outdir,
    outExtension: { '.js': '.mjs' },
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.18',
    // The CommonJS form of jsonc-parser cannot be bundled.
    mainFields: ['module', 'main'],
    minify: true,
    keepNames: false,
    legalComments: 'none',
    external: EXTERNAL,
    // Commander is CommonJS and requires modules of Node.
    banner: {
      js: "import { createRequire as cliRequire } from 'node:module'; const require = cliRequire(import.meta.url);",
    },
    metafile: true,
    logLevel: 'warning',
  });
  return inlinedPackages(Object.keys(metafile.inputs));
}
