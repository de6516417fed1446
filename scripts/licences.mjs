// The licences of the packages that bundles contain.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** The names of the packages from which a bundle was made. */
export function inlinedPackages(files) {
  const names = files.map((file) => /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1]);
  return new Set(names.filter((name) => name !== undefined));
}

const NOTICE = 'dist/cli, dist/cjs and dist/esm contain parts of these packages.\n';

/** Writes dist/THIRD-PARTY-LICENSES.txt. */
export function writeLicences(root, names) {
  const texts = [...names].sort().map((name) => {
    const folder = path.join(root, 'node_modules', name);
    const { version, license } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
    const file = readdirSync(folder).find((one) => /^licen[cs]e/i.test(one));
    if (file === undefined) throw new Error(`${name} has no licence file`);
    return `${name} ${version} (${license})\n\n${readFileSync(path.join(folder, file), 'utf8').trim()}\n`;
  });
  const line = `\n${'-'.repeat(80)}\n\n`;
  writeFileSync(path.join(root, 'dist/THIRD-PARTY-LICENSES.txt'), [NOTICE, ...texts].join(line));
}
