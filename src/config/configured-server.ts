import type { ConnectTarget } from '../api/connect-target.js';
import { describe } from './entries/describe.js';
import type { EntryProblem, RawEntry } from './entries/raw-entry.js';
import { shown } from './entries/describe.js';
import type {
  ConfigProblem,
  ConfiguredAuth,
  ConfiguredServer,
  ConfiguredServerJson,
  ServerDescription,
  ServerOptions,
  ServerSettings,
  ServerSource,
  ServerTransport,
  ToolFilter,
} from './types.js';

/** The parts of a server that are not in its entry. */
export interface ServerParts {
  readonly source: ServerSource;
  readonly trusted: boolean;
  readonly target: (() => ConnectTarget) | undefined;
  readonly clientSecret: string | undefined;
  readonly hiddenBy: ServerSource | undefined;
  /** The problems besides those of the entry. */
  readonly problems: readonly EntryProblem[];
}

/** The method that `util.inspect`, and with it `console.log`, calls. Node, util.inspect.custom. */
const INSPECT = Symbol.for('nodejs.util.inspect.custom');

/** The entries of servers as they are written, for copies. Outside of the servers, because literal values are in them. */
const RAW_ENTRIES = new WeakMap<object, RawEntry>();

/** The entry of a server as it is written; undefined for a server of another copy of this package. */
export function rawEntryOf(server: ConfiguredServer): RawEntry | undefined {
  return RAW_ENTRIES.get(server);
}

/** A server of a config file. Printing it shows no secret. */
export class Server implements ConfiguredServer {
  readonly name: string;
  readonly options: ServerOptions;
  readonly transport: ServerTransport;
  readonly enabled: boolean;
  readonly trusted: boolean;
  readonly tools: ToolFilter;
  readonly auth: ConfiguredAuth | undefined;
  readonly settings: ServerSettings;
  readonly description: ServerDescription;
  readonly source: ServerSource;
  readonly hiddenBy: ServerSource | undefined;
  readonly problems: readonly ConfigProblem[];
  readonly #target: (() => ConnectTarget) | undefined;

  constructor(entry: RawEntry, parts: ServerParts) {
    const { source, trusted, target, clientSecret, hiddenBy } = parts;
    const { timeout, connectTimeout, settings, include, exclude, auth } = entry;
    this.name = entry.name;
    this.description = describe(entry);
    this.transport = this.description.transport;
    this.enabled = entry.enabled;
    this.trusted = trusted;
    this.options = {
      ...(timeout !== undefined && { timeout }),
      ...(connectTimeout !== undefined && { connectTimeout }),
      ...(settings.era !== undefined && { era: settings.era as NonNullable<ServerOptions['era']> }),
    };
    this.tools = { ...(include && { include }), ...(exclude && { exclude }) };
    this.auth = auth && authOf(auth, clientSecret);
    this.settings = settings;
    this.source = source;
    this.hiddenBy = hiddenBy;
    this.problems = [...entry.problems, ...parts.problems].map((problem): ConfigProblem =>
      toConfigProblem(problem, source.file, entry.name),
    );
    this.#target = target;
    RAW_ENTRIES.set(this, entry);
  }

  get target(): ConnectTarget | undefined {
    return this.#target?.();
  }

  toJSON(): ConfiguredServerJson {
    const { enabled, trusted, options, tools, auth, settings, source, hiddenBy, problems } = this;
    const { clientSecret: _secret, ...publicAuth } = auth ?? {};
    return {
      ...this.description,
      enabled,
      trusted,
      usable: this.#target !== undefined,
      options,
      tools,
      ...(auth !== undefined && { auth: publicAuth as Omit<ConfiguredAuth, 'clientSecret'> }),
      settings,
      source,
      ...(hiddenBy !== undefined && { hiddenBy }),
      problems,
    };
  }

  /** The value that `console.log` prints. */
  [INSPECT](): ConfiguredServerJson {
    return this.toJSON();
  }
}

/** A problem with its file and server. */
export function toConfigProblem(
  { message, at, level, code }: EntryProblem,
  file: string,
  server?: string,
): ConfigProblem {
  const name = server === undefined ? {} : { server: shown(server) };
  return { message: shown(message), file, line: at.line, column: at.column, ...name, level, code };
}

function authOf({ clientSecret: _template, ...auth }: NonNullable<RawEntry['auth']>, secret: string | undefined) {
  const result: ConfiguredAuth = secret === undefined ? auth : { ...auth, clientSecret: secret };
  return result;
}
