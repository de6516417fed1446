import path from 'node:path';

import { changeFile } from '../edits/locked-file.js';
import { systemFiles } from '../files.js';
import { ownFolder, placeOf } from '../place.js';
import type { Agreement, TrustStore } from './trust-store.js';

/** The most agreements that are remembered. The oldest are forgotten. */
const MOST_AGREEMENTS = 10_000;

/**
 * A {@link TrustStore} in a file, for any number of processes. The file contains hashes, and no values of variables. Its functions reject with
 * errors of the file system, and if the file is damaged.
 * @param file Default: `trusted.json` in the config folder of this package
 */
export function fileTrustStore(file: string = path.join(ownFolder(placeOf()), 'trusted.json')): TrustStore {
  const change = (change: (agreements: readonly Agreement[]) => readonly Agreement[]): Promise<void> =>
    changeFile(file, path.join(path.dirname(file), 'locks'), (text) => {
      const agreements = change(agreementsIn(text)).slice(-MOST_AGREEMENTS);
      return `${JSON.stringify({ version: 1, agreements }, null, 2)}\n`;
    });
  return {
    async read(ofFile, name) {
      const agreements = agreementsIn(await systemFiles.read(file));
      return agreements.find((one) => one.file === ofFile && one.name === name)?.hash;
    },
    async add(added) {
      await change((agreements) => [
        ...agreements.filter((one) => !added.some((other) => other.file === one.file && other.name === one.name)),
        ...added.map(({ file: ofFile, name, hash }) => ({ file: ofFile, name, hash })),
      ]);
    },
    async remove(ofFile, name) {
      await change((agreements) =>
        agreements.filter((one) => one.file !== ofFile || (name !== undefined && one.name !== name)),
      );
    },
  };
}

function agreementsIn(text: string | undefined): readonly Agreement[] {
  if (text === undefined || text.trim() === '') return [];
  const { agreements } = JSON.parse(text) as { agreements?: unknown };
  if (!Array.isArray(agreements)) throw new Error('The file of the trust store is damaged');
  return agreements.filter(isAgreement);
}

function isAgreement(value: unknown): value is Agreement {
  const { file, name, hash } = (value ?? {}) as Partial<Record<keyof Agreement, unknown>>;
  return typeof file === 'string' && typeof name === 'string' && typeof hash === 'string';
}
