/* eslint-disable no-control-regex -- this file removes these characters */

import { beginning } from './beginning.js';

/** Terminal escape sequences in 7-bit and 8-bit form: control sequences, strings such as titles and links, single escapes. ECMA-48. */
const SEQUENCES =
  /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|(?:\u001b[\]PX^_]|[\u0090\u0098\u009d-\u009f])[^\u0007\u001b\u0080-\u009f]*(?:\u0007|\u001b\\|\u009c)|\u001b[ -/]*[0-~]/g;

/** Characters that end a line where a text is shown, besides the line feed. */
const LINE_ENDS = /[\u0085\u2028\u2029]/g;

/**
 * Characters that are invisible or reorder others: controls except tab and line feed, text direction marks and isolates, zero-width characters,
 * supplementary variation selectors, and tags. The last two can carry hidden text.
 */
const INVISIBLE =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e0fff}]/gu;

/** Half a surrogate pair, which is not valid in UTF-8. */
const LONE_SURROGATE = /\p{Surrogate}/gu;

/** A quick check: most texts contain none of these characters and stay unchanged. */
const SUSPICIOUS =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]/;

/** Removes escape sequences and invisible characters from untrusted text. Newlines and tabs stay. */
export function printable(text: string): string {
  if (!SUSPICIOUS.test(text)) return text;
  return text.replace(SEQUENCES, '').replace(LINE_ENDS, '\n').replace(INVISIBLE, '').replace(LONE_SURROGATE, '\ufffd');
}

/** The longest untrusted text in a failure, in characters. */
export const LONGEST_TEXT = 4_096;

/** How much of a text is cleaned, in characters; removed characters do not count towards the limit. */
const LONGEST_LOOK = 4 * LONGEST_TEXT;

/** The mark at the place where a text was cut. */
const CUT = /… \(\d+ characters in all\)/;
const CUT_AT_END = new RegExp(`${CUT.source}$`);
const CUTS = new RegExp(CUT.source, 'g');
/** An upper bound for the length of a mark. */
const LONGEST_MARK = 60;

/**
 * Makes untrusted text safe to show: {@link printable}, and at most `longest` characters. A cut text ends with its original length: `… (1200000
 * characters in all)`. Safe text stays unchanged.
 */
export function safeText(text: string, longest = LONGEST_TEXT): string {
  if (text.length <= longest) return printable(text);
  const mark = CUT_AT_END.exec(text.slice(-LONGEST_MARK))?.[0];
  const whole = mark === undefined ? text : text.slice(0, -mark.length);
  const clean = printable(whole.slice(0, LONGEST_LOOK));
  if (mark === undefined && clean.length <= longest && whole.length <= LONGEST_LOOK) return clean;
  return beginning(clean, longest) + (mark ?? `… (${text.length} characters in all)`);
}

/** The longest text of a server in the message of an error, in characters. */
const LONGEST_EXCERPT = 500;

/** The beginning of a server's text, for the message of an error. `details` contain more of it. */
export function excerpt(text: string): string {
  return safeText(text, LONGEST_EXCERPT);
}

/** The indices of the cut marks in a safe text. */
export function cutsOf(text: string): number[] {
  return text.includes('… (') ? Array.from(text.matchAll(CUTS), ({ index }) => index) : [];
}

/**
 * Safe text whose further lines begin with a bar, so that an untrusted text cannot imitate a line of an explanation, a stack or a log.
 */
export function safeMessage(text: string): string {
  const safe = safeText(text);
  return safe.includes('\n') ? barred(safe.trimEnd(), '') : safe;
}

/** Indents the further lines of a text and puts a bar before each. */
export function barred(text: string, indent: string): string {
  return text.replace(/\n(?: *\| ?)?/g, `\n${indent}  | `);
}

/** Limits of depth and number of values in `details`. The rest is left out. */
const DEEPEST = 8;
const MOST_VALUES = 1_000;

/** The fields of `details` with the unchanged data of the server. They are never printed. */
const DATA: ReadonlySet<string> = new Set(['data', 'result']);

/** Makes all texts in `details` safe, except in the data fields. Returns the same object if they are safe already. */
export function safeDetails(
  details: Readonly<Record<string, unknown>>,
  safe: (text: string) => string = safeText,
): Readonly<Record<string, unknown>> {
  return new SafeCopy(safe).details(details);
}

/** A copy of a plain value with safe texts and keys, bounded in depth and size. Returns the same value if they are safe already. */
export function safeCopy(value: unknown, safe: (text: string) => string = safeText): unknown {
  return new SafeCopy(safe).of(value, 0);
}

class SafeCopy {
  readonly #safe: (text: string) => string;
  #left = MOST_VALUES;

  constructor(safe: (text: string) => string) {
    this.#safe = safe;
  }

  details(details: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
    let copy: Record<string, unknown> | undefined;
    for (const key of Object.keys(details)) {
      if (DATA.has(key)) continue;
      const value = details[key];
      const safe = this.of(value, 0);
      if (safe !== value) (copy ??= { ...details })[key] = safe;
    }
    return copy ?? details;
  }

  of(value: unknown, depth: number): unknown {
    if (typeof value === 'string') return this.#safe(value);
    if (typeof value !== 'object' || value === null) return value;
    this.#left -= 1;
    if (depth >= DEEPEST || this.#left < 0) return '…';
    return Array.isArray(value) ? this.#items(value, depth) : this.#fields(value as Record<string, unknown>, depth);
  }

  #items(items: readonly unknown[], depth: number): readonly unknown[] {
    const kept = items.length > MOST_VALUES ? items.slice(0, MOST_VALUES) : items;
    const copy = kept.map((item) => this.of(item, depth + 1));
    return kept === items && copy.every((item, at) => item === items[at]) ? items : copy;
  }

  #fields(object: Readonly<Record<string, unknown>>, depth: number): Readonly<Record<string, unknown>> {
    const prototype: unknown = Object.getPrototypeOf(object);
    // Only plain data can come from a server.
    if (prototype !== Object.prototype && prototype !== null) return object;
    let same = true;
    const entries = Object.entries(object)
      .slice(0, MOST_VALUES)
      .map(([key, value]) => {
        const safe = [this.#safe(key), this.of(value, depth + 1)] as const;
        same &&= safe[0] === key && safe[1] === value;
        return safe;
      });
    return same && entries.length === Object.keys(object).length ? object : Object.fromEntries(entries);
  }
}

/** Replaces all numbers, so that two outputs that differ only in process ids and times are equal. */
export function withoutNumbers(text: string): string {
  return text.replace(/\d+/g, '0');
}
