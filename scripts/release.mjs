// Makes a release commit and its tag: `npm run release -- <patch|minor|major|version> [--dry-run]`. With `--dry-run` it prints the steps
// and changes nothing; the bump is then `patch` by default. Pushing and publishing are left to the maintainer.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';

const USAGE = 'Usage: npm run release -- <patch|minor|major|version> [--dry-run]';
const VERSION = /^(\d+)\.(\d+)\.(\d+)$/;
/** The Unreleased section of the CHANGELOG: its heading, then everything up to the next version. */
const UNRELEASED = /^## Unreleased\n([\s\S]*?)(?=^## |(?![\s\S]))/m;
/** The package whose root is the working directory, as npm sets it. */
const root = process.cwd();

const git = (...args) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
const read = (file) => readFileSync(path.join(root, file), 'utf8');

function fail(message) {
  console.error(message);
  process.exit(1);
}

function nextVersion(current, bump) {
  const [major, minor, patch] = current.split('.').map(Number);
  switch (bump) {
    case 'major':
      return `${major + 1}.0.0`;
    case 'minor':
      return `${major}.${minor + 1}.0`;
    case 'patch':
      return `${major}.${minor}.${patch + 1}`;
    default:
      return VERSION.test(bump) ? bump : fail(`"${bump}" is not a version.\n${USAGE}`);
  }
}

/** Whether `version` is higher than `current`. */
function isHigher(version, current) {
  const [a, b] = [version, current].map((text) => text.split('.').map(Number));
  const index = a.findIndex((number, i) => number !== b[i]);
  return index !== -1 && a[index] > b[index];
}

function withVersion(json, version) {
  const data = JSON.parse(json);
  data.version = version;
  if (data.packages !== undefined) data.packages[''].version = version;
  return `${JSON.stringify(data, null, 2)}\n`;
}

const { values, positionals } = parseArgs({ options: { 'dry-run': { type: 'boolean' } }, allowPositionals: true });
const dryRun = values['dry-run'] === true;
const bump = positionals[0] ?? (dryRun ? 'patch' : undefined);
if (bump === undefined || positionals.length > 1) fail(USAGE);

const current = JSON.parse(read('package.json')).version;
const version = nextVersion(current, bump);
const tag = `v${version}`;
const changelog = read('CHANGELOG.md');
const changes = UNRELEASED.exec(changelog)?.[1].trim() ?? '';
const date = new Date().toISOString().slice(0, 10);

if (git('status', '--porcelain') !== '') fail('The working tree has changes: commit them first.');
if (!isHigher(version, current)) fail(`${version} is not higher than ${current}.`);
if (git('tag', '--list', tag) !== '') fail(`The tag ${tag} exists already.`);
if (changes.replace(/^#.*$/gm, '').trim() === '') fail('CHANGELOG.md has nothing under "Unreleased".');

/** The new text of each file that contains the version. */
const files = {
  'CHANGELOG.md':
    changelog.replace(UNRELEASED, () => `## Unreleased\n\n## ${version} (${date})\n\n${changes}\n\n`).trimEnd() + '\n',
  'package.json': withVersion(read('package.json'), version),
  'package-lock.json': withVersion(read('package-lock.json'), version),
  'src/util/package.ts': read('src/util/package.ts').replace(`version: '${current}'`, () => `version: '${version}'`),
};

const does = dryRun ? 'Would' : 'Will';
console.log(`${does} release ${version} (now ${current}):`);
for (const [name, text] of Object.entries(files)) {
  if (text === read(name)) fail(`${name} does not contain the version ${current}.`);
  console.log(`- write ${name}`);
}
console.log(`- commit "chore: release ${version}" and tag ${tag}`);
if (dryRun) {
  console.log(`\nThe notes of the release:\n\n${changes}`);
} else {
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(root, name), text);
  git('commit', '--all', '--quiet', '--message', `chore: release ${version}`);
  git('tag', '--annotate', tag, '--message', tag);
  console.log(`\nNext: git push --follow-tags && npm publish`);
}
