import { createHash } from 'node:crypto';

import { filesIn } from '../entries/expansion.js';
import type { RawEntry } from '../entries/raw-entry.js';
import type { Template } from '../entries/template.js';

/** Changes with the meaning of the hash, so that old agreements end. */
const VERSION = 'mcp-actors.trust.v1';

/**
 * The hash of an entry, to which a user agrees. It covers everything that decides what is started, where data is sent and which tools are used: all texts as they are
 * written, with the names of variables and without their values, and the content of files that the entry includes, which belong to the same
 * project. Time limits, and whether the entry is switched off, are not part of it.
 * @param read the text of a file that the entry names
 */
export async function entryHash(
  file: string,
  entry: RawEntry,
  read: (path: Template | string) => Promise<string | undefined>,
): Promise<string> {
  const { name, kind, command, args, env, envFile, cwd, url, headers, headersHelper, auth } = entry;
  const { include, exclude, settings } = entry;
  const { clientSecret, ...publicAuth } = auth ?? {};
  const templates = [command, ...args, envFile, cwd, url, ...env.values(), ...headers.values(), clientSecret];
  const included = [...new Set(templates.flatMap((one) => (one === undefined ? [] : filesIn(one))))].sort();
  const contents: (string | null)[] = [];
  for (const path of included) contents.push((await read(path)) ?? null);
  if (envFile !== undefined) contents.push((await read(envFile)) ?? null);
  const parts = [
    VERSION,
    file,
    name,
    kind,
    command?.written,
    args.map(({ written }) => written),
    writtenIn(env),
    envFile?.written,
    cwd?.written,
    url?.written,
    writtenIn(headers),
    headersHelper,
    Object.entries(publicAuth).sort(),
    clientSecret?.written,
    [include, exclude],
    Object.entries(settings).sort(),
    included,
    contents,
  ];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

function writtenIn(texts: ReadonlyMap<string, Template>): [string, string][] {
  return [...texts]
    .map(([name, { written }]): [string, string] => [name, written])
    .sort(([one], [other]) => (one < other ? -1 : 1));
}
