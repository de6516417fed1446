import { isFailure } from '../util/failure.js';
import type { Failure } from '../util/failure.js';
import { cutsOf, printable, safeCopy, safeDetails, safeText } from '../util/printable.js';
import { percentDecoded } from '../util/percent-decoding.js';
import { safeError } from '../util/safe-error.js';

/**
 * Minimum length of a secret, in characters. Shorter values are often words such as `true` or `debug`; hiding these makes texts unreadable.
 */
const MIN_SECRET = 6;
const REDACTED = '[redacted]';

/** How many tokens and session ids are remembered, besides the constant values. */
const MAX_LATEST = 64;

/** Maximum number of cuts in a text that are checked. Own texts have fewer. */
const MAX_CUTS = 4;

/** Maximum depth of URL encoding in which a secret is found. */
const MAX_ENCODINGS = 4;

/** Common values of variables and headers, and words of our own messages. They are never secrets. */
const NO_SECRETS: ReadonlySet<string> = new Set(
  (
    'server client process session request response connection transport command message method stderr stdout unknown answered ' +
    'failed queued waiting connecting production development staging testing default enabled disabled verbose warning debug ' +
    'localhost 127.0.0.1 0.0.0.0 Bearer bearer Basic application/json text/event-stream text/plain no-cache keep-alive identity ' +
    'redacted [redacted]'
  ).split(' '),
);

/**
 * The secrets that were sent to a server. It removes them from failures and texts. Each transport has one, and everything that a link or a
 * client reports passes through it. Adding a value is cheap: its encodings are computed only after a failure.
 */
export class Secrets {
  readonly #sources: (() => Iterable<string>)[] = [];
  #latest: string[] = [];
  #newest: string | undefined;
  readonly #shown: string[] = [];
  #needles: readonly string[] | undefined;
  #beginnings: RegExp | undefined;
  /** The last failure and its clean copy: calls that fail at once often share one failure. */
  #last: { readonly given: Failure; readonly clean: Failure } | undefined;
  #lastCause: { readonly given: object; readonly clean: unknown } | undefined;

  /** Adds a source of constant values, such as headers. It is called only after a failure. */
  from(source: () => Iterable<string>): void {
    this.#sources.push(source);
    this.#forget();
  }

  /** Adds a token or a session id. The last 64 are remembered, because a server may quote an old one. */
  add(value: string): void {
    if (value === this.#newest) return;
    this.#newest = value;
    if (this.#latest.includes(value)) return;
    this.#latest.push(value);
    if (this.#latest.length > MAX_LATEST) this.#latest.shift();
    this.#forget();
  }

  /** Adds a text that is always shown: the program, or the URL without its query. A part of it is not a secret. */
  show(text: string): void {
    this.#shown.push(text);
  }

  #forget(): void {
    this.#needles = undefined;
    this.#beginnings = undefined;
    this.#last = this.#lastCause = undefined;
  }

  /** All encodings of all secrets, the longest first, because one may contain another. */
  get #encoded(): readonly string[] {
    if (this.#needles !== undefined) return this.#needles;
    const values = new Set([...this.#sources.flatMap((source) => [...source()]), ...this.#latest]);
    const isSecret = (value: string): boolean =>
      value.length >= MIN_SECRET && !NO_SECRETS.has(value) && !this.#shown.some((text) => text.includes(value));
    const needles = new Set([...values].filter(isSecret).flatMap(encodingsOf));
    return (this.#needles = [...needles].sort((one, other) => other.length - one.length));
  }

  /** Whether a text contains the beginning of a secret. This check is faster than searching for many secrets. */
  #mayBeIn(text: string): boolean {
    this.#beginnings ??= beginningsOf(this.#encoded);
    return this.#beginnings.test(text);
  }

  /** Whether a text contains a secret. */
  isIn(text: string): boolean {
    return this.#mayBeIn(text) && this.#encoded.some((secret) => text.includes(secret));
  }

  /**
   * Removes the secrets from a text. Returns the same text if it contains none.
   * @param cut whether the text is the beginning of a longer one; a safe text marks its cuts itself
   */
  readonly hide = (text: string, cut = false): string => {
    let clean = text;
    if (this.#mayBeIn(text))
      for (const secret of this.#encoded) if (clean.includes(secret)) clean = clean.replaceAll(secret, REDACTED);
    if (clean.includes('%')) clean = clean.split(/(\s+)/).map(this.#decodedToo).join('');
    for (const at of cutsOf(clean).slice(-MAX_CUTS).reverse())
      clean = this.#withoutPiece(clean.slice(0, at), true) + clean.slice(at);
    return cut ? this.#withoutPiece(clean, true) : clean;
  };

  /** Removes a word with a secret that is encoded more than once, as in a URL within a URL. */
  readonly #decodedToo = (word: string): string => {
    let decoded = word;
    for (let times = 0; times < MAX_ENCODINGS && decoded.includes('%'); times++) {
      decoded = percentDecoded(decoded);
      if (this.isIn(decoded)) return REDACTED;
    }
    return word;
  };

  /** Removes the piece of a secret where a text was cut: at its end or at its start. */
  #withoutPiece(text: string, atEnd: boolean): string {
    let longest = 0;
    const edge = text.charCodeAt(atEnd ? text.length - 1 : 0);
    for (const secret of this.#encoded) {
      const least = Math.max(longest + 1, MIN_SECRET);
      for (let length = Math.min(secret.length - 1, text.length); length >= least; length--) {
        // This comparison excludes most lengths.
        if (secret.charCodeAt(atEnd ? length - 1 : secret.length - length) !== edge) continue;
        const isPiece = atEnd ? text.endsWith(secret.slice(0, length)) : text.startsWith(secret.slice(-length));
        if (!isPiece) continue;
        longest = length;
        break;
      }
    }
    if (longest === 0) return text;
    return atEnd ? text.slice(0, -longest) + REDACTED : REDACTED + text.slice(longest);
  }

  /**
   * The end of the stderr of a server: safe, and without secrets.
   * @param cut whether the text may begin in the middle of a secret
   */
  tail(text: string, length: number, cut: boolean): string {
    const clean = this.hide(printable(text));
    return (cut ? this.#withoutPiece(clean, false) : clean).slice(-length);
  }

  /** Removes the secrets from a failure and its causes. Returns the same failure if it contains none. */
  failure(why: Failure): Failure {
    const last = this.#last;
    if (last !== undefined && (last.given === why || last.clean === why)) return last.clean;
    const { hide } = this;
    const message = hide(why.message);
    const details = why.details && safeDetails(why.details, (text) => hide(text));
    const cause = isFailure(why.cause) ? this.failure(why.cause) : this.#cause(why.cause);
    const data = details?.data;
    const shownData =
      why.shownData ?? (data === undefined ? undefined : safeCopy(data, (text) => hide(safeText(text))));
    const isSame =
      message === why.message && details === why.details && cause === why.cause && shownData === why.shownData;
    const clean = isSame
      ? why
      : {
          ...why,
          message,
          ...(details && { details }),
          ...(shownData !== undefined && { shownData }),
          ...(cause !== undefined && { cause }),
        };
    this.#last = { given: why, clean };
    return clean;
  }

  #cause(thrown: unknown): unknown {
    if (typeof thrown !== 'object' || thrown === null)
      return typeof thrown === 'string' ? this.hide(printable(thrown)) : thrown;
    const last = this.#lastCause;
    if (last?.given === thrown) return last.clean;
    const clean = safeError(thrown, (text) => this.hide(printable(text)));
    this.#lastCause = { given: thrown, clean };
    return clean;
  }
}

/** A pattern for the first characters of any secret. Without secrets it matches nothing. */
function beginningsOf(secrets: readonly string[]): RegExp {
  const beginnings = new Set(secrets.map((secret) => secret.slice(0, MIN_SECRET)));
  const patterns = [...beginnings].map((text) => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'));
  return patterns.length === 0 ? /(?!)/ : new RegExp(patterns.join('|'));
}

/** A value in plain text, in JSON, and in a URL or form. */
function encodingsOf(value: string): string[] {
  const plain = printable(value);
  const encoded = encodeURIComponent(plain);
  const inLowerCase = encoded.replace(/%[0-9A-F]{2}/g, (hex) => hex.toLowerCase());
  const inJson = [value, plain].map((one) => JSON.stringify(one).slice(1, -1));
  return [value, plain, ...inJson, encoded, inLowerCase, encoded.replaceAll('%20', '+')].filter(
    ({ length }) => length >= MIN_SECRET,
  );
}
