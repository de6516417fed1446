import { createRequire } from 'node:module';

/**
 * The package undici in one of its versions. The library uses version 7. It is loaded by a computed name: the types are those of the version in use,
 * which is what a user who mixes versions sees.
 */
export function undiciVersion(version: 5 | 6 | 7 | 8): typeof import('undici') {
  return createRequire(__filename)(version === 7 ? 'undici' : `undici${version}`) as typeof import('undici');
}

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

/** undici 8 needs Node 22.19 or later. */
export const RUNS_UNDICI_8 = major > 22 || (major === 22 && minor >= 19);
