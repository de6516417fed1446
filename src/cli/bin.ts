#!/usr/bin/env node
// The command `mcp-actors`. What answers without a server answers without loading the rest: `--version` costs little more than Node itself.
import module from 'node:module';
import { PACKAGE } from '../util/package.js';

if (process.argv.length === 3 && ['--version', '-V'].includes(process.argv[2] ?? '')) {
  process.stdout.write(`${PACKAGE.version}\n`);
} else {
  // Node 22.1 and later keep compiled code on disk, so that the next command starts faster.
  (module as { enableCompileCache?: () => unknown }).enableCompileCache?.();
  void import('./main.js').then(({ main }) => main());
}
