// Measures the cost of a client until its first call: the time of its import and of a whole program that makes one call, in fresh processes,
// and the memory of open connections.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { withHttpServer } from './measure-calls.mjs';
import { interleaved } from './statistics.mjs';

const IDLE = fileURLToPath(new URL('idle-connections.mjs', import.meta.url));
const FIRST_CALL = fileURLToPath(new URL('first-call.mjs', import.meta.url));
const STDIO_SERVER = fileURLToPath(new URL('echo-server.mjs', import.meta.url));
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

/** From the start of a process to the result of its first call, in ms: `wall`, and `cpu`, the processor time of the client's process. */
export function measureFirstCalls(clients, rounds) {
  return withHttpServer(async (origin) => {
    const rows = [];
    for (const [transport, server] of [
      ['stdio', STDIO_SERVER],
      ['http', `${origin}/json`],
    ]) {
      const measure = (client) => run(FIRST_CALL, client, transport, server);
      rows.push({ transport, clients: await interleaved(clients, rounds, measure) });
    }
    return rows;
  });
}

/** KiB of heap and of resident memory for each idle connection over memory, measured with 100. */
export function measureIdle(clients, rounds) {
  return interleaved(clients, rounds, (client) => run('--expose-gc', IDLE, client, 'legacy'));
}
