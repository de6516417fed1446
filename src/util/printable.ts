/* eslint-disable no-control-regex -- such characters are what this file is about */

import { beginning } from './beginning.js';

/** Control sequences, strings for the terminal such as titles and links, and single escapes, in their forms of 7 and of 8 bits. ECMA-48. */
const SEQUENCES =
  /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|(?:\u001b[\]PX^_]|[\u0090\u0098\u009d-\u009f])[^\u0007\u001b\u0080-\u009f]*(?:\u0007|\u001b\\|\u009c)|\u001b[ -/]*[0-~]/g;

/** Characters that end a line where a text is shown, besides the line feed. */
const LINE_ENDS = /[\u0085\u2028\u2029]/g;

/**
 * Characters that a reader does not see, or that show other characters in another order: controls but the tab and the line feed, marks and
 * isolates of text direction, characters without width, selectors of the supplement, and tags. The last two can carry any hidden text.
 */
const INVISIBLE =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e0fff}]/gu;

/** Half a character: programs that write UTF-8 fail on it. */
const LONE_SURROGATE = /\p{Surrogate}/gu;

/** Texts with none of these are left as they are, which is most of them. */
const SUSPICIOUS =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]/;

/** Removes from foreign text what controls a terminal or is invisible. Newlines and tabs stay. */
export function printable(text: string): string {
  if (!SUSPICIOUS.test(text)) return text;
  return text.replace(SEQUENCES, '').replace(LINE_ENDS, '\n').replace(INVISIBLE, '').replace(LONE_SURROGATE, '\ufffd');
}

/** The most characters of one foreign text in a failure. */
export const LONGEST_TEXT = 4_096;

/** More of a text is not looked at: what is taken out of it does not count. Characters. */
const LONGEST_LOOK = 4 * LONGEST_TEXT;

/** What stands in a text where the rest was cut off. */
const CUT = /… \(\d+ characters in all\)/;
const CUT_AT_END = new RegExp(`${CUT.source}$`);
const CUTS = new RegExp(CUT.source, 'g');
/** Long enough for each of them. */
const LONGEST_MARK = 60;

/**
 * Text of somebody else that is safe to show: {@link printable}, and not longer than `longest` characters. What is cut off is replaced by the
 * length of the whole: `… (1200000 characters in all)`. Safe text stays as it is.
 */
export function safeText(text: string, longest = LONGEST_TEXT): string {
  if (text.length <= longest) return printable(text);
  const mark = CUT_AT_END.exec(text.slice(-LONGEST_MARK))?.[0];
  const whole = mark === undefined ? text : text.slice(0, -mark.length);
  const clean = printable(whole.slice(0, LONGEST_LOOK));
  if (mark === undefined && clean.length <= longest && whole.length <= LONGEST_LOOK) return clean;
  return beginning(clean, longest) + (mark ?? `… (${text.length} characters in all)`);
}

/** How much of what a server says in one text goes into the message of an error. Characters. */
const LONGEST_EXCERPT = 500;

/** The beginning of what a server said, for a message that says more. `details` have more of it. */
export function excerpt(text: string): string {
  return safeText(text, LONGEST_EXCERPT);
}

/** Where in a safe text something was cut off. */
export function cutsOf(text: string): number[] {
  return text.includes('… (') ? Array.from(text.matchAll(CUTS), ({ index }) => index) : [];
}

/**
 * Safe text whose further lines begin with a bar: a stranger cannot write a line that looks like one of an explanation, of a stack or of a log.
 */
export function safeMessage(text: string): string {
  const safe = safeText(text);
  return safe.includes('\n') ? barred(safe.trimEnd(), '') : safe;
}

/** A text of one or more lines as a part of an explanation: the further ones are indented by as much as the first one, and a bar. */
export function barred(text: string, indent: string): string {
  return text.replace(/\n(?: *\| ?)?/g, `\n${indent}  | `);
}

/** How deep the texts in details are looked for, and how many values there may be. More is left out. */
const DEEPEST = 8;
const MOST_VALUES = 1_000;

/** The fields of details that are data for programs: what the server sent, as it was sent. Nothing prints them as they are. */
const DATA: ReadonlySet<string> = new Set(['data', 'result']);

/** Details in which all texts are safe, but for those fields that are data for programs. The same object where they are already. */
export function safeDetails(
  details: Readonly<Record<string, unknown>>,
  safe: (text: string) => string = safeText,
): Readonly<Record<string, unknown>> {
  return new SafeCopy(safe).details(details);
}

/** A copy of a plain value in which all texts and keys are safe. The same value where they are already. Bounded in depth and size. */
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
    // What is no plain data was not sent by anybody.
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

/** A text without its numbers: process ids and times differ between two outputs that say the same. */
export function withoutNumbers(text: string): string {
  return text.replace(/\d+/g, '0');
}
