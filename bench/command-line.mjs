// npm run bench:cli [-- NAME=COMMAND …]: processor time of the command line, with those of peers in the same rounds. COMMAND is a command line in
// which URL stands for the address of the server; it calls the tool `echo` there. Needs bash, which measures the time.
import { spawn, spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { median } from './statistics.mjs';

const ROUNDS = 15;
const bin = fileURLToPath(new URL('../dist/cli/mcp-actors.mjs', import.meta.url));
const require = createRequire(import.meta.url);

const port = await new Promise((resolve) => {
  const probe = createServer().listen(0, '127.0.0.1', () => {
    const { port: free } = probe.address();
    probe.close(() => resolve(free));
  });
});
const everything = require.resolve('@modelcontextprotocol/server-everything/dist/index.js');
const server = spawn(process.execPath, [everything, 'streamableHttp'], {
  env: { ...process.env, PORT: String(port) },
  stdio: ['ignore', 'ignore', 'pipe'],
});
await new Promise((resolve) => server.stderr.once('data', resolve));
server.stderr.resume();
const url = `http://127.0.0.1:${port}/mcp`;

const node = JSON.stringify(process.execPath);
const commands = [
  ['node -e 0', `${node} -e 0`],
  ['mcp-actors --version', `${node} ${bin} --version`],
  ['mcp-actors call', `${node} ${bin} call ${url} echo message=hi`],
  ...process.argv.slice(2).map((word) => {
    const [, name, command] = /^([^=]+)=([^]*)$/.exec(word) ?? [];
    return [name, command.replaceAll('URL', url)];
  }),
];

/** Processor time of a command with all processes that it waits for, in ms. */
function measure([name, command]) {
  const { status, stderr } = spawnSync(
    'bash',
    ['-c', `TIMEFORMAT='%U %S'; time ${command} </dev/null >/dev/null 2>&1`],
    {
      encoding: 'utf8',
      timeout: 60_000,
    },
  );
  const [user, system] = (stderr.trim().split('\n').at(-1) ?? '').split(' ').map(Number);
  if (status !== 0 || !(user >= 0)) throw new Error(`${name} failed: exit code ${status}, ${stderr}`);
  return (user + system) * 1_000;
}

try {
  const times = commands.map(() => []);
  // The first round fills caches.
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [index, command] of commands.entries()) {
      const time = measure(command);
      if (round > 0) times[index].push(time);
    }
  }
  const medians = times.map(median);
  const [floor, , ours] = medians;
  for (const [index, [name]] of commands.entries()) {
    const ratio = index < 2 ? medians[index] / floor : ours / medians[index];
    const words = index < 2 ? 'times node -e 0' : 'of it is the time of mcp-actors call';
    console.log(`${name.padEnd(24)} ${medians[index].toFixed(0).padStart(5)} ms   ${ratio.toFixed(2)} ${words}`);
  }
} finally {
  server.kill();
}
