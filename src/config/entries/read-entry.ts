import { didYouMean } from '../../util/did-you-mean.js';
import type { ConfigNode } from '../documents/node.js';
import { keysOf } from './entry-format.js';
import type { EntryFormat } from './entry-format.js';
import { EntryReader, quoted } from './entry-reader.js';
import type { DraftEntry, RawEntry } from './raw-entry.js';
import { checkEra, readSettings } from './settings.js';
import { foreignVariable, literal, parseTemplate } from './template.js';
import type { Template, VariableSyntax } from './template.js';
import { transportKind } from './transport-kind.js';

/** The most arguments, variables or headers of an entry. */
const MOST_TEXTS = 1_000;

/** Reads an entry by the keys of the program that owns the file. Nothing is expanded. */
export function readEntry(name: string, node: ConfigNode, format: EntryFormat): RawEntry {
  if (node.kind !== 'object') {
    const entry = emptyEntry(name, node);
    entry.problems.push({ code: 'invalid-entry', at: node.at, message: 'it must be an object', level: 'error' });
    return entry;
  }
  const reader = new EntryReader(node);
  const entry: DraftEntry = { ...emptyEntry(name, node), problems: reader.problems };
  entry.kind = transportKind(format, reader);
  readCommand(entry, reader, format);
  readRemote(entry, reader, format);
  readTimes(entry, reader, format);
  entry.enabled = isEnabled(reader, format);
  entry.include = listOf(reader, format.include);
  entry.exclude = listOf(reader, format.exclude);
  entry.settings = readSettings(reader);
  format.finish?.(entry, reader);
  checkEra(entry, reader);
  reportUnknownKeys(reader, format);
  reportForeignVariables(entry, reader);
  return entry;
}

function emptyEntry(name: string, { at }: ConfigNode): DraftEntry {
  return {
    name,
    at,
    kind: undefined,
    command: undefined,
    args: [],
    env: new Map(),
    envFile: undefined,
    cwd: undefined,
    url: undefined,
    headers: new Map(),
    headersHelper: undefined,
    timeout: undefined,
    connectTimeout: undefined,
    enabled: true,
    include: undefined,
    exclude: undefined,
    auth: undefined,
    settings: {},
    problems: [],
  };
}

function readCommand(entry: DraftEntry, reader: EntryReader, format: EntryFormat): void {
  const key = reader.key(...(format.command ?? []));
  if (key !== undefined) {
    // Some programs write the command line as a list.
    const isList = reader.member(key)?.kind === 'list';
    const line = isList ? (reader.texts(key) ?? []) : [reader.text(key) ?? ''];
    const [command = '', ...args] = line.map((text) => parseTemplate(text, format.variables));
    if (command !== '' && command.written !== '') entry.command = command;
    else if (reader.problems.length === 0 || isList)
      reader.error('invalid-value', reader.at(key), `${quoted(key)} must name a program`);
    entry.args = args;
  }
  const args = reader.key(...(format.args ?? []));
  const given = args === undefined ? [] : (reader.texts(args) ?? []);
  entry.args = [...entry.args, ...given.map((text) => parseTemplate(text, format.variables))].slice(0, MOST_TEXTS);
  fill(entry.env, reader, format.env, format.envVariables ?? format.variables);
  entry.envFile = templateOf(reader, format.envFile, format.variables);
  entry.cwd = templateOf(reader, format.cwd, format.variables);
}

function readRemote(entry: DraftEntry, reader: EntryReader, format: EntryFormat): void {
  entry.url = templateOf(reader, Object.keys(format.url ?? {}), format.variables);
  fill(entry.headers, reader, format.headers, format.headerVariables ?? format.variables);
  const helper = reader.key(...(format.headersHelper ?? []));
  entry.headersHelper = helper && reader.text(helper);
}

function readTimes(entry: DraftEntry, reader: EntryReader, { times = [] }: EntryFormat): void {
  for (const { key, unit, option } of times) {
    const time = reader.positive(key);
    if (time !== undefined) entry[option] ??= unit === 's' ? time * 1_000 : time;
  }
}

function isEnabled(reader: EntryReader, { enabled = [], disabled = [] }: EntryFormat): boolean {
  return !enabled.some((key) => reader.flag(key) === false) && !disabled.some((key) => reader.flag(key) === true);
}

function listOf(reader: EntryReader, keys: readonly string[] = []): readonly string[] | undefined {
  const key = reader.key(...keys);
  return key === undefined ? undefined : reader.texts(key);
}

function templateOf(
  reader: EntryReader,
  keys: readonly string[] = [],
  syntax: VariableSyntax | undefined,
): Template | undefined {
  const key = reader.key(...keys);
  const text = key && reader.text(key);
  return text === undefined ? undefined : parseTemplate(text, syntax);
}

function fill(
  into: Map<string, Template>,
  reader: EntryReader,
  keys: readonly string[] = [],
  syntax: VariableSyntax | undefined,
): void {
  for (const key of keys) {
    for (const [name, text] of [...(reader.map(key) ?? [])].slice(0, MOST_TEXTS))
      into.set(name, syntax === undefined ? literal(text) : parseTemplate(text, syntax));
  }
}

function reportUnknownKeys(reader: EntryReader, format: EntryFormat): void {
  const known = keysOf(format);
  for (const [key, { at }] of reader.node.members) {
    if (known.has(key) || key.startsWith('$') || key.startsWith('//')) continue;
    reader.warn('unknown-key', at, `${quoted(key)} is not a key of this program.${didYouMean(key, known)}`);
  }
}

function reportForeignVariables(entry: DraftEntry, reader: EntryReader): void {
  const named: [string, Template | undefined][] = [
    ['command', entry.command],
    ...entry.args.map((arg): [string, Template] => ['args', arg]),
    ['url', entry.url],
    ...[...entry.env].map(([name, value]): [string, Template] => [`env.${name}`, value]),
    ...[...entry.headers].map(([name, value]): [string, Template] => [`headers.${name}`, value]),
  ];
  for (const [where, template] of named) {
    const found = template && foreignVariable(template);
    if (found !== undefined)
      reader.warn('foreign-variable', entry.at, `${where}: ${found} is not a variable of this program, and stays text`);
  }
}
