import { createRequire } from 'node:module';
import path from 'node:path';

/** The major versions of the package `ai` that the adapter is tested with. */
export type AiVersion = 5 | 6 | 7;

/** All of {@link AiVersion}, in order. */
export const AI_VERSIONS: readonly AiVersion[] = [5, 6, 7];

/** The parts of this version are used for a version that is not known. */
export const NEWEST: AiVersion = 7;

/**
 * The major version of the package `ai` that the program finds from its working directory; undefined if there is none. A bundled program has no
 * packages, so it has to pass the option `version`.
 */
export function installedVersion(directory?: string): number | undefined {
  try {
    const manifest = createRequire(path.join(directory ?? process.cwd(), 'package.json'))('ai/package.json') as {
      version?: unknown;
    };
    const [, major] = /^(\d+)\./.exec(String(manifest.version)) ?? [];
    return major === undefined ? undefined : Number(major);
  } catch {
    return undefined;
  }
}

/** Whether the adapter knows the parts of this version. */
export function isAiVersion(version: number | undefined): version is AiVersion {
  return (AI_VERSIONS as readonly unknown[]).includes(version);
}
