/** The words of the library and those of the command line. An empty text removes what only a program can do. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/: see `inheritEnv`\./g, ': pass others with --env NAME, or in `env` of the entry.'],
  [/, or its stderr in `details`/g, ', or its stderr with --verbose'],
  [/, or with the `dispatcher` or `agent` of the transport/g, ''],
  [/`client\.explain\(\)` shows/g, '--verbose shows'],
  [/ ?With `autoReconnect` the client [^.]*\./g, ''],
  [/\(maxTotalTimeout\)/g, '(--total-timeout)'],
  [/`maxTotalTimeout`/g, '--total-timeout'],
  [/`connectTimeout`/g, '--connect-timeout'],
  [/`timeout`/g, '--timeout'],
];

/** A message or hint of the library, with the flags of the command line in place of options. It may be empty. */
export function inFlags(text: string): string {
  return WORDS.reduce((before, [words, flags]) => before.replace(words, flags), text).trim();
}
