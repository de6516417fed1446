import { isFailure } from '../util/failure.js';
import type { Failure } from '../util/failure.js';
import { cutsOf, printable, safeCopy, safeDetails, safeText } from '../util/printable.js';
import { percentDecoded } from '../util/percent-decoding.js';
import { safeError } from '../util/safe-error.js';

/** Shorter values are words such as `true` or `debug`: hiding those would only make text unreadable. Characters. */
const SHORTEST_SECRET = 6;
const REDACTED = '[redacted]';

/** How many tokens and session ids are remembered besides the values that do not change. */
const MOST_LATEST = 64;

/** How many places of a text may be cut. Only a server would write more. */
const MOST_CUTS = 4;

/** How often something may be encoded for a URL, to be found. */
const MOST_ENCODINGS = 4;

/** Values of variables and headers that say nothing, and words of our own messages. */
const NO_SECRETS: ReadonlySet<string> = new Set(
  (
    'server client process session request response connection transport command message method stderr stdout unknown answered ' +
    'failed queued waiting connecting production development staging testing default enabled disabled verbose warning debug ' +
    'localhost 127.0.0.1 0.0.0.0 Bearer bearer Basic application/json text/event-stream text/plain no-cache keep-alive identity ' +
    'redacted [redacted]'
  ).split(' '),
);

/**
 * What was sent to a server and may not be shown: it knows the values, and takes them out of failures. Each transport has one; whatever leaves
 * a link or a client passes it. To add a value costs nothing but its place: how it may be written is found out when something has failed.
 */
export class Secrets {
  readonly #sources: (() => Iterable<string>)[] = [];
  #latest: string[] = [];
  #newest: string | undefined;
  readonly #shown: string[] = [];
  #needles: readonly string[] | undefined;
  #beginnings: RegExp | undefined;
  /** What was looked at last, and what became of it: when many calls fail at once they have one reason. */
  #last: { readonly given: Failure; readonly clean: Failure } | undefined;
  #lastCause: { readonly given: object; readonly clean: unknown } | undefined;

  /** Adds values that stay, such as those of headers. They are asked for when something has failed. */
  from(source: () => Iterable<string>): void {
    this.#sources.push(source);
    this.#forget();
  }

  /** Adds a token, or the id of a session. The last 64 are remembered: a server may quote one that was renewed. */
  add(value: string): void {
    if (value === this.#newest) return;
    this.#newest = value;
    if (this.#latest.includes(value)) return;
    this.#latest.push(value);
    if (this.#latest.length > MOST_LATEST) this.#latest.shift();
    this.#forget();
  }

  /** Says what is shown in any case: the program, or the URL without its query. A value that is a part of it is no secret. */
  show(text: string): void {
    this.#shown.push(text);
  }

  #forget(): void {
    this.#needles = undefined;
    this.#beginnings = undefined;
    this.#last = this.#lastCause = undefined;
  }

  /** All the ways to write the secrets, the longest first, since one may contain another. */
  get #written(): readonly string[] {
    if (this.#needles !== undefined) return this.#needles;
    const values = new Set([...this.#sources.flatMap((source) => [...source()]), ...this.#latest]);
    const isSecret = (value: string): boolean =>
      value.length >= SHORTEST_SECRET && !NO_SECRETS.has(value) && !this.#shown.some((text) => text.includes(value));
    const needles = new Set([...values].filter(isSecret).flatMap(waysToWrite));
    return (this.#needles = [...needles].sort((one, other) => other.length - one.length));
  }

  /** Whether the beginning of a secret is in a text, which is faster to find out than whether one of many secrets is. */
  #mayBeIn(text: string): boolean {
    this.#beginnings ??= beginningsOf(this.#written);
    return this.#beginnings.test(text);
  }

  /** Whether a secret is in a text. */
  isIn(text: string): boolean {
    return this.#mayBeIn(text) && this.#written.some((secret) => text.includes(secret));
  }

  /**
   * A text without the secrets. The same text when there is none in it.
   * @param cut whether it is the beginning of a longer text; a safe text says so itself
   */
  readonly hide = (text: string, cut = false): string => {
    let clean = text;
    if (this.#mayBeIn(text))
      for (const secret of this.#written) if (clean.includes(secret)) clean = clean.replaceAll(secret, REDACTED);
    if (clean.includes('%')) clean = clean.split(/(\s+)/).map(this.#decodedToo).join('');
    for (const at of cutsOf(clean).slice(-MOST_CUTS).reverse())
      clean = this.#withoutPiece(clean.slice(0, at), true) + clean.slice(at);
    return cut ? this.#withoutPiece(clean, true) : clean;
  };

  /** A word without secrets that are encoded more than once, as those of a URL in a URL are. */
  readonly #decodedToo = (word: string): string => {
    let decoded = word;
    for (let times = 0; times < MOST_ENCODINGS && decoded.includes('%'); times++) {
      decoded = percentDecoded(decoded);
      if (this.isIn(decoded)) return REDACTED;
    }
    return word;
  };

  /** A text without the piece of a secret that is left where the text was cut: at its end, or at its start. */
  #withoutPiece(text: string, atEnd: boolean): string {
    let longest = 0;
    const edge = text.charCodeAt(atEnd ? text.length - 1 : 0);
    for (const secret of this.#written) {
      const least = Math.max(longest + 1, SHORTEST_SECRET);
      for (let length = Math.min(secret.length - 1, text.length); length >= least; length--) {
        // Most lengths end here.
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
   * The end of what a server wrote to standard error: safe, and without secrets.
   * @param cut whether it begins somewhere in the middle, perhaps of a secret
   */
  tail(text: string, length: number, cut: boolean): string {
    const clean = this.hide(printable(text));
    return (cut ? this.#withoutPiece(clean, false) : clean).slice(-length);
  }

  /** A failure, and what led to it, without the secrets. The same failure when there is none in it. */
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

/** Finds the first characters of any of these; nothing in no text when there are none. */
function beginningsOf(secrets: readonly string[]): RegExp {
  const beginnings = new Set(secrets.map((secret) => secret.slice(0, SHORTEST_SECRET)));
  const patterns = [...beginnings].map((text) => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'));
  return patterns.length === 0 ? /(?!)/ : new RegExp(patterns.join('|'));
}

/** A value as it stands in a text, in JSON, and in a URL or a form. */
function waysToWrite(value: string): string[] {
  const plain = printable(value);
  const encoded = encodeURIComponent(plain);
  const inLowerCase = encoded.replace(/%[0-9A-F]{2}/g, (hex) => hex.toLowerCase());
  const inJson = [value, plain].map((one) => JSON.stringify(one).slice(1, -1));
  return [value, plain, ...inJson, encoded, inLowerCase, encoded.replaceAll('%20', '+')].filter(
    ({ length }) => length >= SHORTEST_SECRET,
  );
}
