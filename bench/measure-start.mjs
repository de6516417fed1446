// Measures the cost of a client before its first call: the time of its import, in fresh processes, and the memory of open connections.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { interleaved } from './statistics.mjs';

const IDLE = fileURLToPath(new URL('idle-connections.mjs', import.meta.url));
const HERE = fileURLToPath(new URL('.', import.meta.url));

const PACKAGES = { ours: 'mcp-actors', official: '@modelcontextprotocol/client' };

/** A program that prints the time to load a package, in ms. */
const LOADERS = {
  import: (name) => `const start = performance.now(); await import('${name}'); console.log(performance.now() - start);`,
  require: (name) => `const start = performance.now(); require('${name}'); console.log(performance.now() - start);`,
};

async function run(...args) {
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: HERE });
  return JSON.parse(stdout);
}

/** The time of `import` and `require` of the package, in ms. */
export async function measureLoading(rounds) {
  const rows = [];
  for (const [how, type] of [
    ['import', 'module'],
    ['require', 'commonjs'],
  ]) {
    const clients = await interleaved(Object.keys(PACKAGES), rounds, async (client) => ({
      time: await run(`--input-type=${type}`, '-e', LOADERS[how](PACKAGES[client])),
    }));
    rows.push({ how, clients });
  }
  return rows;
}

/** KiB of heap and of resident memory for each idle connection over memory, measured with 100. */
export function measureIdle(clients, rounds) {
  return interleaved(clients, rounds, (client) => run('--expose-gc', IDLE, client, 'legacy'));
}
