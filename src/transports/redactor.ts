import { USER_AGENT } from '../protocol/package.js';
import { percentDecoded } from '../protocol/percent-decoding.js';
import { printable } from '../protocol/printable.js';

/** Shorter values are words such as `true` or `debug`: hiding those would only make text unreadable. */
const SHORTEST_SECRET = 6;
/** How much of a long text is looked at for an excerpt. */
const LONGEST_LOOK = 4_096;
const REDACTED = '[redacted]';

/** What a server was given with a request and no error may show: the values of headers, tokens behind the name of their scheme, and parts of the URL. */
export function secretsOf(url: URL, headers: readonly string[]): string[] {
  const values = headers
    .filter((value, at) => at % 2 === 1 && value !== USER_AGENT)
    .flatMap((value) => [value, ...value.split(' ')]);
  return [...values, url.password, percentDecoded(url.password), ...url.searchParams.values()];
}

/** Makes what a server wrote fit for an error: without the secrets that it was given, without control characters, and short. */
export class Redactor {
  /** The longest first, since one may contain another. */
  readonly #secrets: readonly string[];
  readonly #longest: number;

  /** @param values what must not be seen, if it has six characters or more */
  constructor(values: Iterable<string | undefined>) {
    const secrets = [...values].flatMap((value) => (value === undefined ? [] : [printable(value)]));
    this.#secrets = [...new Set(secrets)]
      .filter(({ length }) => length >= SHORTEST_SECRET)
      .sort((one, other) => other.length - one.length);
    this.#longest = this.#secrets[0]?.length ?? 0;
  }

  /** The start of a text, in one line. */
  excerpt(text: string, length: number): string {
    const looked = LONGEST_LOOK + this.#longest;
    const clean = this.#redact(printable(text.slice(0, looked)));
    // Where the look ended there may be a piece of a secret.
    const whole = text.length > looked ? clean.slice(0, clean.length - this.#longest) : clean;
    const line = whole.replace(/\s+/g, ' ').trim();
    return line.length > length || text.length > looked ? `${line.slice(0, length)}…` : line;
  }

  /** The end of a text. `cut` says that the text begins somewhere in the middle, perhaps of a secret. */
  tail(text: string, length: number, cut: boolean): string {
    const clean = this.#redact(printable(text));
    return (cut ? clean.slice(this.#longest) : clean).slice(-length);
  }

  #redact(text: string): string {
    return this.#secrets.reduce((clean, secret) => clean.replaceAll(secret, REDACTED), text);
  }
}
