import { transportFor } from '../../api/connect-target.js';
import type { ConnectTarget } from '../../api/connect-target.js';
import { HelperTransport } from '../headers-helper.js';
import { variable } from '../place.js';
import type { Place } from '../place.js';
import { expand, readEnvFile } from './expansion.js';
import type { Values } from './expansion.js';
import { quoted } from './entry-reader.js';
import type { EntryProblem, RawEntry } from './raw-entry.js';
import type { Template, Variable } from './template.js';

/** The file of an entry, and where its values come from. */
export interface EntryScope {
  readonly place: Place;
  /** The folder of the project, or for files of the user the current one. Relative paths begin there. */
  readonly folder: string;
  /** The folder of the file, where the paths of included files begin. */
  readonly fileFolder: string;
  /** The working directory of servers that have none; undefined for that of this process. */
  readonly defaultCwd: string | undefined;
  readonly allowUnset: boolean;
  /** The name of the program that owns the file. */
  readonly title: string;
  /** Reads a file. Undefined if there is none, or it cannot be read. */
  read(path: string): Promise<string | undefined>;
  input(id: string): Promise<string | undefined>;
}

/** An entry with the values of its variables. */
export interface ResolvedEntry {
  /** Makes the target; undefined when the entry cannot be used. */
  readonly target: (() => ConnectTarget) | undefined;
  readonly clientSecret: string | undefined;
  readonly problems: readonly EntryProblem[];
}

/** Expands the variables of an entry and makes the target for `MCPClient.connect`. Nothing is started. Never rejects for what is in a file. */
export async function resolveEntry(entry: RawEntry, scope: EntryScope): Promise<ResolvedEntry> {
  const resolver = new EntryResolver(entry, scope);
  const target = await resolver.target();
  const secret = entry.auth?.clientSecret;
  const clientSecret = secret && (await resolver.text(secret, '"oauth"'));
  const { problems } = resolver;
  const isUsable = ![...entry.problems, ...problems].some(({ level }) => level === 'error');
  return { target: isUsable ? target : undefined, clientSecret, problems };
}

/** The path of a file that a text of a config file names. */
export function pathIn({ path, home }: Place, folder: string, text: string): string {
  const [, rest] = /^~(?:[\\/](.*))?$/s.exec(text) ?? [];
  return text.startsWith('~') && (rest !== undefined || text === '~')
    ? path.join(home, rest ?? '')
    : path.resolve(folder, text);
}

/** The values of variables that are the same for all entries of a file. */
export function valuesOf(scope: EntryScope): Values {
  const { place, folder } = scope;
  return {
    env: (name) => variable(place, name),
    input: (id) => scope.input(id),
    file: async (path) => (await scope.read(pathIn(place, scope.fileFolder, path)))?.trim(),
    place: (name) =>
      new Map([
        ['userHome', place.home],
        ['workspaceFolder', folder],
        ['workspaceFolderBasename', place.path.basename(folder)],
        ['pathSeparator', place.path.sep],
        ['/', place.path.sep],
      ]).get(name),
  };
}

class EntryResolver {
  readonly problems: EntryProblem[] = [];
  readonly #entry: RawEntry;
  readonly #scope: EntryScope;
  readonly #values: Values;

  constructor(entry: RawEntry, scope: EntryScope) {
    this.#entry = entry;
    this.#scope = scope;
    this.#values = valuesOf(scope);
  }

  async target(): Promise<(() => ConnectTarget) | undefined> {
    const { kind } = this.#entry;
    if (kind === undefined) return undefined;
    const target = await (kind === 'stdio' ? this.#process() : this.#remote());
    if (target === undefined || this.problems.some(({ level }) => level === 'error')) return undefined;
    try {
      // Checks all values, and opens nothing. The messages of its errors contain no values.
      transportFor(target());
      return target;
    } catch (thrown) {
      this.#error('invalid-value', (thrown as Error).message.replace(/, such as "[^"]*"/g, ''));
      return undefined;
    }
  }

  /** The text of a template; undefined with a problem if a variable has no value. */
  async text(template: Template, where: string): Promise<string | undefined> {
    const { text, missing } = await expand(template, this.#values, this.#scope.allowUnset);
    for (const variable of missing) this.#missing(variable, where);
    return text;
  }

  async #process(): Promise<(() => ConnectTarget) | undefined> {
    const { command, args, cwd, env, envFile } = this.#entry;
    const program = command && (await this.text(command, '"command"'));
    const texts: string[] = [];
    for (const arg of args) {
      const text = await this.text(arg, '"args"');
      if (text !== undefined) texts.push(text);
    }
    const variables = { ...(envFile && (await this.#envFile(envFile))), ...(await this.#texts(env, 'the variable')) };
    const folder = cwd && (await this.text(cwd, '"cwd"'));
    if (program === undefined) return undefined;
    const { defaultCwd } = this.#scope;
    const directory = folder === undefined ? defaultCwd : pathIn(this.#scope.place, this.#scope.folder, folder);
    const target = {
      command: program,
      args: texts,
      ...(Object.keys(variables).length > 0 && { env: variables }),
      ...(directory !== undefined && { cwd: directory }),
    };
    return () => target;
  }

  async #remote(): Promise<(() => ConnectTarget) | undefined> {
    const { kind, url, headers, headersHelper } = this.#entry;
    const address = url && (await this.text(url, '"url"'))?.trim();
    const values = await this.#texts(headers, 'the header');
    if (address === undefined) return undefined;
    if (/^unix:/i.test(address)) {
      this.#error('no-transport', 'URLs of Unix sockets are not supported');
      return undefined;
    }
    // Not left to the transport, whose message proposes a similar URL: parts of it may be values of variables.
    if (!URL.canParse(address) || !/^(?:https?|wss?):/i.test(address)) {
      this.#error('invalid-value', '"url" must be a URL that begins with http://, https://, ws:// or wss://');
      return undefined;
    }
    if (headersHelper !== undefined) return this.#withHelper(address, values, headersHelper);
    const type = kind === 'sse' || kind === 'http' ? kind : kind === 'websocket' ? 'ws' : undefined;
    const target = {
      ...(type !== undefined && { type }),
      url: address,
      ...(Object.keys(values).length > 0 && { headers: values }),
    };
    return () => target;
  }

  #withHelper(url: string, headers: Record<string, string>, command: string): (() => ConnectTarget) | undefined {
    const { place, folder } = this.#scope;
    if (this.#entry.kind === 'websocket' || /^wss?:/i.test(url)) {
      this.#error('invalid-value', '"headersHelper" works only over HTTP');
      return undefined;
    }
    // Claude Code sets the same variables.
    const env = { ...place.env, CLAUDE_CODE_MCP_SERVER_NAME: this.#entry.name, CLAUDE_CODE_MCP_SERVER_URL: url };
    return () => new HelperTransport(url, headers, { command, cwd: folder, env });
  }

  async #texts(templates: ReadonlyMap<string, Template>, what: string): Promise<Record<string, string>> {
    const texts = new Map<string, string>();
    for (const [name, template] of templates) {
      const text = await this.text(template, `${what} ${quoted(name)}`);
      if (text !== undefined) texts.set(name, text);
    }
    return Object.fromEntries(texts);
  }

  async #envFile(template: Template): Promise<Record<string, string>> {
    const path = await this.text(template, '"envFile"');
    if (path === undefined) return {};
    const { place, folder } = this.#scope;
    const text = await this.#scope.read(pathIn(place, folder, path));
    if (text === undefined) {
      this.#error('file-unreadable', 'the file of "envFile" does not exist, or cannot be read');
      return {};
    }
    return Object.fromEntries([...readEnvFile(text)].map(([name, { written }]) => [name, written]));
  }

  #missing({ kind, name }: Variable, where: string): void {
    switch (kind) {
      case 'env':
      case 'place':
        return this.#error('unset-variable', `the variable ${name}, which ${where} needs, is not set`);
      case 'file':
        return this.#error('file-unreadable', `a file that ${where} includes does not exist, or cannot be read`);
      case 'input':
        return this.#error('missing-input', `the input ${quoted(name)} has no value: set ${inputVariable(name)}`);
      case 'unsupported':
        return this.#error('unsupported-variable', `only ${this.#scope.title} has a value for \${${name}} in ${where}`);
    }
  }

  #error(code: EntryProblem['code'], message: string): void {
    this.problems.push({ code, message, at: this.#entry.at, level: 'error' });
  }
}

/** The environment variable with the value of an input. */
export function inputVariable(id: string): string {
  return `MCP_INPUT_${id.toUpperCase().replace(/[^A-Z0-9]/g, '_')}`;
}
