import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { keysOf } from '../../config/entries/entry-format.js';
import { SOURCES } from '../../config/sources/index.js';
import type { ConfiguredServer, ConfigProblem, ConfigProblemCode } from '../../config/types.js';
import type { Limits } from './limits.js';
import type { Finding } from './report.js';

/** What to do about the problems of an entry. */
const FIXES: Readonly<Partial<Record<ConfigProblemCode, (name: string) => string>>> = {
  syntax: () => 'Correct the file: none of its servers can be used.',
  'unset-variable': () => 'Set the variable, or give it a default in the file.',
  'missing-input': () => 'Set the variable MCP_INPUT_<ID>, or use a terminal, which prompts for it.',
  untrusted: (name) =>
    `Look at the entry: mcp-actors config show ${name}. Then agree to it: mcp-actors config trust ${name}`,
  'unknown-key': () => 'Remove the key, or move the entry to a file of the program that has it.',
};

/** Checks an entry of a config file: its problems, unknown keys, and secrets in a file that git tracks. */
export async function checkEntry(server: ConfiguredServer, limits: Limits): Promise<Finding> {
  const { name, source, enabled, problems } = server;
  const place = `${source.file}:${source.line}`;
  const data = { file: source.file, line: source.line, client: source.client, problems };
  const details = problems.map((problem) => describe(problem));
  const failed = problems.find(({ level }) => level === 'error');
  if (failed !== undefined) {
    const fix = FIXES[failed.code]?.(name) ?? 'Correct the entry.';
    return { check: 'entry', status: 'failed', message: describe(failed), fix, details: details.slice(1), data };
  }
  const secret = await trackedSecret(server, limits);
  if (secret !== undefined) {
    return {
      check: 'entry',
      status: 'warning',
      message: `${place}: the value of ${secret} stands in plain text in a file that git tracks`,
      fix: 'Write a variable in its place, and get a new secret: the history of git keeps the old one.',
      details,
      data: { ...data, secret },
    };
  }
  const [warning] = problems;
  if (warning !== undefined) {
    const fix = FIXES[warning.code]?.(name);
    return { check: 'entry', status: 'warning', message: describe(warning), fix, details: details.slice(1), data };
  }
  if (!enabled) {
    const message = `the server is switched off in ${place}`;
    return { check: 'entry', status: 'warning', message, fix: 'Switch it on in the file.', data };
  }
  return { check: 'entry', status: 'ok', message: `${place} (${source.client})`, details, data };
}

function describe({ file, line, message, code }: ConfigProblem): string {
  const owners = code === 'unknown-key' ? ownersOf(/^"((?:[^"\\]|\\.)*)"/.exec(message)?.[1]) : [];
  return `${file}:${line}: ${message}${owners.length === 0 ? '' : ` It is a key of ${owners.join(', ')}.`}`;
}

/** The programs that have a key. */
function ownersOf(key: string | undefined): string[] {
  if (key === undefined) return [];
  return SOURCES.filter(({ format }) => keysOf(format).has(key)).map(({ title }) => title);
}

/** Names of variables and headers whose values are secrets. */
const SECRET = /key|token|secret|passw|credential|authorization|cookie/i;
/** Shorter values are found in other words, too. */
const SHORTEST = 8;

/** The name of a secret that stands in the file, if git tracks the file. The value is compared, and never shown. */
async function trackedSecret({ target, source }: ConfiguredServer, limits: Limits): Promise<string | undefined> {
  if (typeof target !== 'object' || target instanceof URL) return undefined;
  const { env, headers } = target as { readonly env?: unknown; readonly headers?: unknown };
  const secrets = [...valuesOf(env, 'env'), ...valuesOf(headers, 'headers')];
  if (secrets.length === 0) return undefined;
  const text = await readFile(source.file, 'utf8').catch(() => '');
  const found = secrets.find(({ value }) => text.includes(JSON.stringify(value).slice(1, -1)));
  return found !== undefined && (await isTracked(source.file, limits)) ? found.name : undefined;
}

function valuesOf(given: unknown, field: string): { readonly name: string; readonly value: string }[] {
  if (typeof given !== 'object' || given === null) return [];
  return Object.entries(given).flatMap(([name, value]) =>
    SECRET.test(name) && typeof value === 'string' && value.length >= SHORTEST
      ? [{ name: `${field}.${name}`, value }]
      : [],
  );
}

/** Whether git tracks a file; false without git. */
function isTracked(file: string, { program }: Limits): Promise<boolean> {
  const options = { cwd: path.dirname(file), timeout: program, killSignal: 'SIGKILL' as const, windowsHide: true };
  return new Promise((resolve) => {
    execFile('git', ['ls-files', '--error-unmatch', '--', path.basename(file)], options, (error) =>
      resolve(error === null),
    );
  });
}
