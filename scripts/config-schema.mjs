// Writes the JSON Schema of our config files, for editors.
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { build } from 'esbuild';

/** Makes the schema from its source, because the package exports only what users need. */
export async function writeConfigSchema(root) {
  const outfile = path.join(root, '.build/config-schema.cjs');
  await build({
    absWorkingDir: root,
    entryPoints: ['src/config/schema.ts'],
    outfile,
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node20.18',
    // The CommonJS form of jsonc-parser cannot be bundled.
    mainFields: ['module', 'main'],
    external: ['yaml'],
    logLevel: 'warning',
  });
  const { jsonSchema } = createRequire(import.meta.url)(outfile);
  writeFileSync(path.join(root, 'dist/mcp-actors.schema.json'), `${JSON.stringify(jsonSchema(), null, 2)}\n`);
}
