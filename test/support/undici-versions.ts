import { createRequire } from 'node:module';

/**
 * The package undici in another version than the library uses. It is loaded by a computed name: the types are those of the version in use,
 * which is what a user who mixes versions sees.
 */
export function undiciVersion(version: 5 | 6 | 8): typeof import('undici') {
  return createRequire(__filename)(`undici${version}`) as typeof import('undici');
}

/** undici 8 needs Node 22.19 or later. */
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
export const RUNS_UNDICI_8 = major > 22 || (major === 22 && minor >= 19);
