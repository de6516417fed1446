import { configFiles } from './config-paths.js';
import type { ConfigFile } from './config-paths.js';
import { Server, toConfigProblem } from './configured-server.js';
import { describe } from './entries/describe.js';
import type { RawEntry } from './entries/raw-entry.js';
import { resolveEntry } from './entries/resolve.js';
import type { EntryScope, ResolvedEntry } from './entries/resolve.js';
import { systemFiles } from './files.js';
import type { ConfigFiles } from './files.js';
import { Inputs } from './inputs.js';
import { ownFolder, placeOf } from './place.js';
import type { Place } from './place.js';
import { readConfigFile } from './read-file.js';
import type { ReadFile } from './read-file.js';
import { namedFile } from './named-file.js';
import { Decisions } from './trust/decisions.js';
import { fileTrustStore } from './trust/file-trust-store.js';
import { memoryTrustStore } from './trust/trust-store.js';
import type { ConfigProblem, LoadedServers, LoadServersOptions, ServerSource } from './types.js';

/**
 * Reads the config files of this machine, of this package and of other programs, and returns their servers. Nothing is started and nothing is
 * sent: see {@link ConfiguredServer.target}. Variables are expanded by the rules of the program that owns the file; a server with a variable that
 * is not set has no target. Entries of project files are used only after the user agreed to them.
 *
 * @throws only what the functions `trust` and `input` throw. Damaged and unreadable files are in `problems`.
 * @example
 * const { servers, problems } = await loadServers({ sources: ['claude-code', 'cursor'], trust: (entries) => ask(entries) });
 * const linear = servers.get('linear');
 * if (linear?.target !== undefined) await using client = await MCPClient.connect(linear.target, linear.options);
 */
export async function loadServers(options: LoadServersOptions = {}): Promise<LoadedServers> {
  return new Loading(options).run();
}

class Loading {
  readonly #options: LoadServersOptions;
  readonly #place: Place;
  readonly #cwd: string;
  readonly #files: ConfigFiles;
  readonly #decisions: Decisions;
  readonly #servers = new Map<string, Server>();
  readonly #hidden: Server[] = [];
  readonly #problems: ConfigProblem[] = [];

  constructor(options: LoadServersOptions) {
    this.#options = options;
    this.#place = placeOf(options);
    this.#cwd = this.#place.path.resolve(options.cwd ?? process.cwd());
    this.#files = options.files ?? systemFiles;
    const store =
      options.trustStore ??
      (options.files === undefined
        ? fileTrustStore(this.#place.path.join(ownFolder(this.#place), 'trusted.json'))
        : memoryTrustStore());
    this.#decisions = new Decisions(store, options.trust);
  }

  async run(): Promise<LoadedServers> {
    const { config, sources } = this.#options;
    const files =
      config === undefined
        ? await configFiles(this.#place, this.#cwd, this.#files, sources)
        : [await namedFile(this.#place, this.#cwd, this.#files, config)];
    for (const file of files) {
      const read = await readConfigFile(file, this.#place, this.#cwd, this.#files);
      if (read !== undefined) await this.#add(file, read);
      else if (config !== undefined) this.#missing(file);
    }
    return { servers: this.#servers, hidden: this.#hidden, problems: this.#problems };
  }

  async #add(file: ConfigFile, { root, entries, problems }: ReadFile): Promise<void> {
    for (const problem of problems) this.#problems.push(toConfigProblem(problem, file.file));
    const inputs = new Inputs(root, this.#place, this.#options.input);
    const scopeFor = (entry: RawEntry): EntryScope => {
      const mayAsk = entry.enabled && this.#isWanted(entry) && !this.#servers.has(entry.name);
      return this.#scope(file, (id) => inputs.value(id, mayAsk));
    };
    const trusted = await this.#trusted(file, entries);
    for (const entry of entries) {
      const source = sourceOf(file, entry);
      const hiddenBy = this.#servers.get(entry.name)?.source;
      const isTrusted = trusted.get(entry) ?? false;
      const resolved = isTrusted ? await resolveEntry(entry, scopeFor(entry)) : untrusted(entry);
      const server = new Server(entry, { ...resolved, source, trusted: isTrusted, hiddenBy });
      this.#problems.push(...server.problems);
      if (hiddenBy === undefined) this.#servers.set(entry.name, server);
      else this.#hidden.push(server);
    }
  }

  /** Which entries of a file may be used. */
  async #trusted(file: ConfigFile, entries: readonly RawEntry[]): Promise<ReadonlyMap<RawEntry, boolean>> {
    if (file.scope === 'user') return new Map(entries.map((entry) => [entry, true]));
    const scope = this.#scope(file, async () => undefined);
    const asked = entries.map((entry) => ({
      entry,
      description: describe(entry),
      source: sourceOf(file, entry),
      mayAsk: this.#isWanted(entry) && !this.#servers.has(entry.name),
    }));
    const { trusted, problem } = await this.#decisions.about(file.file, asked, scope);
    if (problem !== undefined) this.#problems.push(toConfigProblem(problem, file.file));
    return trusted;
  }

  #isWanted({ name }: RawEntry): boolean {
    const { only } = this.#options;
    return only === undefined || only.includes(name);
  }

  #scope({ source, file, folder, scope }: ConfigFile, input: EntryScope['input']): EntryScope {
    return {
      place: this.#place,
      folder: scope === 'project' ? folder : this.#cwd,
      fileFolder: this.#place.path.dirname(file),
      defaultCwd: scope === 'project' ? folder : undefined,
      allowUnset: this.#options.allowUnset === true,
      title: source.title,
      read: (path) => this.#files.read(path).catch(() => undefined),
      input,
    };
  }

  #missing({ file }: ConfigFile): void {
    const problem = { code: 'file-unreadable', message: 'the file does not exist', level: 'error' } as const;
    this.#problems.push({ ...problem, file, line: 1 });
  }
}

/** The result for an entry that must not be used. None of its variables is read. */
function untrusted({ at }: RawEntry): ResolvedEntry {
  const message = 'the entry is of a project file, and you have not agreed to it';
  return { target: undefined, clientSecret: undefined, problems: [{ code: 'untrusted', message, at, level: 'error' }] };
}

function sourceOf({ source, file, scope }: ConfigFile, { at }: RawEntry): ServerSource {
  return { client: source.name, file, line: at.line, scope };
}
