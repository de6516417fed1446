import { eraOf } from '../../protocol/revisions.js';
import { member } from '../documents/node.js';
import { settingsSchema } from '../schema.js';
import type { ServerSettings } from '../types.js';
import { quoted } from './entry-reader.js';
import type { EntryReader } from './entry-reader.js';
import type { DraftEntry } from './raw-entry.js';

/** Removes an era that no client knows, with a warning. */
export function checkEra(entry: DraftEntry, reader: EntryReader): void {
  const { era, ...others } = entry.settings;
  if (era === undefined || ['auto', 'modern', 'legacy'].includes(era) || eraOf(era) !== undefined) return;
  reader.warn('invalid-value', entry.at, 'the era must be "auto", "modern", "legacy" or a revision; it is ignored');
  entry.settings = others;
}

/** Reads the member "mcpActors". Members that are not valid are warnings, and left out. */
export function readSettings(reader: EntryReader): ServerSettings {
  const given = reader.member('mcpActors');
  if (given === undefined) return {};
  if (given.kind !== 'object') {
    reader.warn('invalid-value', given.at, '"mcpActors" must be an object; it is ignored');
    return {};
  }
  const value = reader.value('mcpActors') as Record<string, unknown>;
  const wrong = settingsSchema.safeParse(value).error?.issues ?? [];
  for (const issue of wrong) {
    const names = issue.code === 'unrecognized_keys' ? issue.keys : [String(issue.path[0])];
    for (const name of names) {
      const at = member(given, name)?.at ?? given.at;
      const problem = issue.code === 'unrecognized_keys' ? 'is no setting' : 'has an invalid value';
      const code = issue.code === 'unrecognized_keys' ? 'unknown-key' : 'invalid-value';
      reader.warn(code, at, `"mcpActors": ${quoted(name)} ${problem}; it is ignored`);
      Reflect.deleteProperty(value, name);
    }
  }
  return { ...(settingsSchema.safeParse(value).data as ServerSettings | undefined) };
}
