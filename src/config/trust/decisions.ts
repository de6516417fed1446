import { expand } from '../entries/expansion.js';
import type { EntryProblem, RawEntry } from '../entries/raw-entry.js';
import { pathIn, valuesOf } from '../entries/resolve.js';
import type { EntryScope } from '../entries/resolve.js';
import { START } from '../documents/node.js';
import type { LoadServersOptions, ServerDescription, ServerSource, UntrustedEntry } from '../types.js';
import { entryHash } from './entry-hash.js';
import type { TrustStore } from './trust-store.js';

/** An entry of a project file. */
export interface AskedEntry {
  readonly entry: RawEntry;
  readonly description: ServerDescription;
  readonly source: ServerSource;
  /** Whether the user may be asked about it. */
  readonly mayAsk: boolean;
}

/** Decides which entries of project files may be used: those of the trust store, and the entries that the user agrees to. */
export class Decisions {
  readonly #store: TrustStore;
  readonly #ask: LoadServersOptions['trust'];

  constructor(store: TrustStore, ask: LoadServersOptions['trust']) {
    this.#store = store;
    this.#ask = ask;
  }

  /**
   * Decides about the entries of one file.
   * @throws only what the function of the user throws
   */
  async about(
    file: string,
    asked: readonly AskedEntry[],
    scope: EntryScope,
  ): Promise<{ trusted: ReadonlyMap<RawEntry, boolean>; problem: EntryProblem | undefined }> {
    const trusted = new Map<RawEntry, boolean>();
    const open: (UntrustedEntry & { readonly entry: RawEntry })[] = [];
    let problem: EntryProblem | undefined;
    for (const { entry, description, source, mayAsk } of asked) {
      const hash = await hashOf(file, entry, scope);
      const known = await this.#store.read(file, entry.name).catch((): undefined => {
        problem = storeProblem('read');
      });
      trusted.set(entry, known === hash);
      if (known !== hash && mayAsk) open.push({ ...description, source, changed: known !== undefined, hash, entry });
    }
    if (open.length > 0 && this.#ask !== undefined) {
      const answer = await this.#ask(open.map(({ entry: _entry, ...shown }) => shown));
      const agreed = open.filter((_, index) => answer === true || (Array.isArray(answer) && answer[index] === true));
      for (const { entry } of agreed) trusted.set(entry, true);
      const agreements = agreed.map(({ entry, hash }) => ({ file, name: entry.name, hash }));
      if (agreements.length > 0)
        await this.#store.add(agreements).catch(() => {
          problem = storeProblem('written');
        });
    }
    return { trusted, problem };
  }
}

/** The hash of an entry. See {@link entryHash}. */
export function hashOf(file: string, entry: RawEntry, scope: EntryScope): Promise<string> {
  const { place, folder, fileFolder } = scope;
  return entryHash(file, entry, async (path) => {
    if (typeof path === 'string') return scope.read(pathIn(place, fileFolder, path));
    const { text } = await expand(path, valuesOf(scope), true);
    return text === undefined ? undefined : scope.read(pathIn(place, folder, text));
  });
}

function storeProblem(done: string): EntryProblem {
  const message = `the file with the entries that you have agreed to cannot be ${done}`;
  return { code: 'trust-store', message, at: START, level: 'warning' };
}
