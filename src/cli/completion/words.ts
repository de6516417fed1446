/**
 * Splits the text before the cursor into words, as a shell does: at blanks outside of quotes. The last word is the one at the cursor, which may be
 * empty, and whose quotes may be open.
 */
export function wordsOf(line: string): readonly string[] {
  const words: string[] = [];
  let word = '';
  let started = false;
  let quote = '';
  for (let at = 0; at < line.length; at += 1) {
    const character = line[at] ?? '';
    if (quote === '' && /\s/.test(character)) {
      if (started) words.push(word);
      word = '';
      started = false;
      continue;
    }
    started = true;
    if (character === '\\' && quote !== "'") {
      at += 1;
      word += line[at] ?? '';
    } else if (quote === '' && (character === '"' || character === "'")) quote = character;
    else if (character === quote) quote = '';
    else word += character;
  }
  return [...words, word];
}

/** The words of a command, taken apart by what the command knows of its flags. */
export interface TypedWords {
  readonly positionals: readonly string[];
  /** The values of flags, by long name. */
  readonly flags: ReadonlyMap<string, readonly string[]>;
  /** The flag whose value is at the cursor; undefined for anything else. */
  readonly pending: string | undefined;
}

/** What is known of a flag. */
export interface KnownFlag {
  readonly names: readonly string[];
  readonly takesValue: boolean;
}

/** Takes the words before the cursor apart. */
export function typedWords(words: readonly string[], known: readonly KnownFlag[]): TypedWords {
  const positionals: string[] = [];
  const flags = new Map<string, string[]>();
  let pending: string | undefined;
  for (const word of words) {
    if (pending !== undefined) {
      flags.get(pending)?.push(word);
      pending = undefined;
    } else if (word.startsWith('-') && word.length > 1) {
      const [name = '', value] = word.split(/=(.*)/s, 2);
      const flag = known.find(({ names }) => names.includes(name));
      const long = flag?.names.at(-1) ?? name;
      const values = flags.get(long) ?? [];
      flags.set(long, values);
      if (value !== undefined) values.push(value);
      else if (flag?.takesValue === true) pending = long;
    } else positionals.push(word);
  }
  return { positionals, flags, pending };
}
