// Packs the package and checks the tarball: both module systems, their types, and a light import. Prints only problems. The consumers are
// in test/fixtures/package.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { ENTRIES } from './entries.cjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const temporary = mkdtempSync(path.join(tmpdir(), 'mcp-actors-package-'));
const consumer = path.join(temporary, 'consumer');
const installed = path.join(consumer, 'node_modules/mcp-actors');

const { peerDependencies } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
const bin = (name) => path.join(root, 'node_modules/.bin', name);
const problems = [];

/** Runs a command. If it fails, adds a problem with its output and returns false. */
function run(problem, cwd, command, ...args) {
  const { status, signal, error, stdout, stderr } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    // A bound for what hangs: packing builds everything, and the machine may be slow.
    timeout: 600_000,
  });
  if (status === 0) return true;
  problems.push(`${problem} (${error?.message ?? signal ?? `exit code ${status}`})\n${stdout}${stderr}`);
  return false;
}

/** The path of the tarball, or undefined if packing failed. */
function pack() {
  if (!run('npm pack fails', root, 'npm', 'pack', '--pack-destination', temporary)) return undefined;
  const name = readdirSync(temporary).find((file) => file.endsWith('.tgz'));
  return name && path.join(temporary, name);
}

/** The packages whose types the declarations reachable from `entry` import, each with a file that imports it. */
function packagesInTypes(entry) {
  const files = new Set([entry]);
  const packages = new Map();
  for (const file of files) {
    if (!existsSync(file)) {
      problems.push(`The tarball has no ${path.relative(installed, file)}, which its types need`);
      continue;
    }
    const { importedFiles, typeReferenceDirectives } = ts.preProcessFile(readFileSync(file, 'utf8'));
    for (const { fileName } of [...importedFiles, ...typeReferenceDirectives]) {
      if (fileName.startsWith('.')) files.add(path.resolve(path.dirname(file), fileName.replace(/\.js$/, '.d.ts')));
      else packages.set(fileName, path.relative(installed, file));
    }
  }
  return packages;
}

/** Public types must not use types of other packages, except those of Node, and of the optional peer of a subpath. */
function testTypes(format) {
  for (const entry of ENTRIES.values()) {
    for (const [name, file] of packagesInTypes(path.join(installed, `dist/${format}/${entry}.d.ts`))) {
      const isPeer = Object.keys(peerDependencies).some((peer) => name.startsWith(`${peer}/`));
      if (!name.startsWith('node:') && name !== 'node' && !isPeer)
        problems.push(`${file} takes public types from "${name}"`);
    }
  }
}

/** What is bundled must not be in the declarations, nor be installed; and its licences and the schema of config files are in the package. */
function testBundle() {
  for (const format of ['cjs', 'esm']) {
    const folder = path.join(installed, `dist/${format}/config`);
    for (const file of readdirSync(folder, { recursive: true }).filter((name) => name.endsWith('.d.ts'))) {
      const [name] = /zod|jsonc-parser|smol-toml/.exec(readFileSync(path.join(folder, file), 'utf8')) ?? [];
      if (name !== undefined) problems.push(`dist/${format}/config/${file} mentions ${name}`);
    }
  }
  for (const name of ['zod', 'jsonc-parser', 'smol-toml', 'commander', '@clack/prompts', 'esbuild']) {
    if (existsSync(path.join(consumer, 'node_modules', name))) problems.push(`${name} is installed with the package`);
  }
  const licences = readFileSync(path.join(installed, 'dist/THIRD-PARTY-LICENSES.txt'), 'utf8');
  for (const name of ['zod', 'jsonc-parser', 'smol-toml', 'commander', '@clack/prompts', 'xstate'])
    if (!licences.includes(`\n${name} `)) problems.push(`THIRD-PARTY-LICENSES.txt has no licence of ${name}`);
  const schema = JSON.parse(readFileSync(path.join(installed, 'dist/mcp-actors.schema.json'), 'utf8'));
  if (schema.properties?.mcpServers === undefined) problems.push('mcp-actors.schema.json does not describe mcpServers');
}

/** The files that the README links must be in the package, except pictures. */
function testLinks() {
  const text = readFileSync(path.join(installed, 'README.md'), 'utf8');
  for (const [, target] of text.matchAll(/\]\(([^)\s#]+)[^)]*\)/g)) {
    if (/^https?:/.test(target) || /\.png$/.test(target)) continue;
    if (!existsSync(path.join(installed, target)))
      problems.push(`README.md points at ${target}, which is not in the tarball`);
  }
}

async function testConsumers(tarball) {
  cpSync(path.join(root, 'test/fixtures/package'), consumer, { recursive: true });
  writeFileSync(path.join(consumer, 'package.json'), JSON.stringify({ private: true }));
  const nodeTypes = JSON.parse(readFileSync(path.join(root, 'node_modules/@types/node/package.json'), 'utf8')).version;
  const quiet = ['--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'];
  if (!run('npm install fails', consumer, 'npm', 'install', ...quiet, tarball, `@types/node@${nodeTypes}`)) return;
  testLinks();
  testBundle();
  testTypes('cjs');
  testTypes('esm');
  for (const file of ['light.cjs', 'light.mjs', 'skills.mjs', 'config.mjs'])
    run(`${file} fails`, consumer, process.execPath, file);
  if (!run('The consumers do not compile', consumer, bin('tsc'), '-p', '.')) return;
  for (const file of ['out/consumer.cjs', 'out/consumer.mjs']) {
    run(`${file} fails`, consumer, process.execPath, file, bin('mcp-server-everything'));
  }
  testCommand();
  await testSignIn();
}

/** The command of the package, in a project that has nothing else: what is bundled, what is installed with it, and what it loads by its own name. */
function testCommand() {
  const command = path.join(consumer, 'node_modules/.bin/mcp-actors');
  const { version } = JSON.parse(readFileSync(path.join(installed, 'package.json'), 'utf8'));
  const printed = spawnSync(command, ['--version'], { encoding: 'utf8' }).stdout;
  if (printed !== `${version}\n`) problems.push(`mcp-actors --version prints ${JSON.stringify(printed)}`);
  const server = ['--', process.execPath, bin('mcp-server-everything')];
  const file = 'session.ndjson';
  const structured = ['call', 'get-structured-content', 'location=Chicago', '--json'];
  for (const words of [['list'], structured, ['record', file, ...structured], ['doctor']])
    run(`mcp-actors ${words.join(' ')} fails`, consumer, command, ...words, ...server);
  run('mcp-actors replay fails', consumer, command, 'replay', file);
  run('mcp-actors config path fails', consumer, command, 'config', 'path');
}

/** Sign-in loads a package that is only an ES module, also from CommonJS, and where `require` cannot load such packages. */
async function testSignIn() {
  const server = spawn(process.execPath, ['protected-server.mjs'], { cwd: consumer });
  try {
    const [printed] = await once(server.stdout, 'data');
    const url = String(printed).trim();
    const flag = '--no-experimental-require-module';
    const withoutRequire = process.allowedNodeEnvironmentFlags.has(flag) ? [flag] : [];
    for (const file of ['out/sign-in.cjs', 'out/sign-in.mjs'])
      run(`${file} fails`, consumer, process.execPath, ...withoutRequire, file, url);
  } finally {
    server.kill();
  }
}

try {
  const tarball = pack();
  if (tarball !== undefined) {
    run('publint complains', root, bin('publint'), 'run', tarball, '--strict');
    run('@arethetypeswrong/cli complains', root, bin('attw'), tarball, '--no-definitely-typed');
    await testConsumers(tarball);
  }
} finally {
  rmSync(temporary, { recursive: true, force: true });
}
if (problems.length > 0) {
  console.error(problems.join('\n\n'));
  process.exitCode = 1;
}
