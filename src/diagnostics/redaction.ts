import { Pseudonyms } from './pseudonyms.js';
import { FAILURE, INTERNAL, MESSAGE, paramsRule, RESULT } from './redaction-rules.js';
import type { Rule, SettledRule } from './redaction-rules.js';

/** How much of a value is looked at. */
export interface RedactionLimits {
  /** What is nested deeper is left out. Default 100. */
  readonly maxDepth?: number;
  /** Objects, arrays and leaves of one value beyond this number are left out. Default 1 000 000. */
  readonly maxNodes?: number;
  /** How many different secrets keep their pseudonyms, at the least. Beyond that the oldest get new ones. Default 100 000. */
  readonly remember?: number;
  /** Whether a text has something in it that is a secret wherever it stands, such as a token. Default: none has. */
  readonly isSecret?: ((text: string) => boolean) | undefined;
}

/** What stands for something that could not be copied. */
const LEFT_OUT = { deep: '‹too deep›', long: '‹too long›', cycle: '‹cycle›', unreadable: '‹unreadable›' } as const;

/** Integers closer to 0 are no secrets, and mostly counts. */
const SMALLEST_SECRET = 10;

/**
 * Makes copies of what a connection exchanges that may be shown to others. Secrets become pseudonyms: `‹s7:24›` is the seventh different
 * secret that this object has met, and 24 characters long. Equal secrets have equal pseudonyms, so that one can see what belongs
 * together, and a cursor or URI that goes back to the server is still the one that came.
 *
 * What controls the protocol is kept, so that a copy of a valid message is a valid message that does the same: the envelope with its
 * ids, methods, progress tokens, revisions, capabilities, error codes, types, roles and levels, the names of tools, prompts and their
 * arguments, names and versions of programs, the structure of schemas, and all keys and booleans. Where a word of a closed set or a
 * name is expected, anything else is a secret. Everything else is hidden: arguments, results, texts, data, instructions,
 * descriptions, the messages of errors, cursors, headers. URIs become URIs (`redacted:s7:24`), numbers become other numbers of their
 * kind (from 9 000 000; integers from -9 to 9 stay). Mind the keys: a program that uses secrets as keys of its arguments shows them. A
 * name, an id or a key that has a token or another value in it which was sent to the server is hidden like a text.
 *
 * No method ever throws. What JSON has no place for is treated as `JSON.stringify` does it, cycles and unreadable properties are
 * replaced by a note such as `‹cycle›`, and nothing of the original is shared with the copy.
 */
export class Redaction {
  #pseudonyms: Pseudonyms;
  readonly #maxDepth: number;
  readonly #maxNodes: number;
  readonly #above: object[] = [];
  readonly #isSecret: (text: string) => boolean;
  #left = 0;

  constructor({ maxDepth = 100, maxNodes = 1_000_000, remember = 100_000, isSecret }: RedactionLimits = {}) {
    this.#isSecret = isSecret ?? ((): boolean => false);
    this.#pseudonyms = new Pseudonyms(remember);
    this.#maxDepth = maxDepth;
    this.#maxNodes = maxNodes;
  }

  /** A redaction that has the same pseudonyms for the same secrets, and secrets of its own besides. */
  beside(isSecret: (text: string) => boolean): Redaction {
    const other = new Redaction({ maxDepth: this.#maxDepth, maxNodes: this.#maxNodes, isSecret });
    other.#pseudonyms = this.#pseudonyms;
    return other;
  }

  /** A message of JSON-RPC, or a batch of them, or whatever else came in place of one. */
  message(message: unknown): unknown {
    return this.#copy(message, MESSAGE);
  }

  /** The parameters of a request or notification of this method. */
  params(method: string, params: unknown): unknown {
    return this.#copy(params, paramsRule(method));
  }

  /** The result of any method. */
  result(result: unknown): unknown {
    return this.#copy(result, RESULT);
  }

  /** A `Failure`, an `Error`, or whatever else was thrown: codes, classes and facts stay, texts do not. */
  failure(thrown: unknown): unknown {
    return this.#copy(thrown, FAILURE);
  }

  /**
   * What an actor holds or is sent: its context, or an event. Messages and failures in it are known by their looks; of the rest only
   * the `type` and facts such as `epoch`, `era` and times stay.
   */
  internal(value: unknown): unknown {
    return this.#copy(value, INTERNAL);
  }

  /** Anything of which nothing may be seen but its structure: headers, environments, arguments. */
  value(value: unknown): unknown {
    return this.#copy(value, 'hide');
  }

  /** The pseudonym of one text. The empty text has no secret and stays. */
  text(text: string): string {
    return text === '' ? '' : `‹${this.#pseudonyms.of(text)}›`;
  }

  /** The pseudonym of one URI. */
  uri(uri: string): string {
    return uri === '' ? '' : `redacted:${this.#pseudonyms.of(uri)}`;
  }

  #copy(value: unknown, rule: Rule): unknown {
    this.#left = this.#maxNodes;
    this.#above.length = 0;
    return this.#any(value, rule);
  }

  #any(value: unknown, rule: Rule): unknown {
    this.#left -= 1;
    if (this.#left < 0) return LEFT_OUT.long;
    switch (typeof value) {
      case 'string':
        return this.#string(value, rule);
      case 'number':
        return this.#number(value, rule);
      case 'boolean':
        return value;
      case 'bigint':
        return this.text(String(value));
      case 'object':
        return value === null ? null : this.#object(value, rule);
      default:
        return undefined;
    }
  }

  #string(text: string, rule: Rule): string {
    if (rule instanceof RegExp && rule.test(text) && !this.#isSecret(text)) return text;
    return rule === 'uri' ? this.uri(text) : this.text(text);
  }

  #number(number: number, rule: Rule): number | null {
    if (!Number.isFinite(number)) return null;
    if (rule === 'number' || rule instanceof RegExp) return number;
    if (Number.isInteger(number) && Math.abs(number) < SMALLEST_SECRET) return number;
    return this.#pseudonyms.ofNumber(number);
  }

  #object(object: object, rule: Rule): unknown {
    if (this.#above.length >= this.#maxDepth) return LEFT_OUT.deep;
    if (this.#above.includes(object)) return LEFT_OUT.cycle;
    this.#above.push(object);
    try {
      return this.#inside(object, rule);
    } catch {
      // A getter, a proxy or `toJSON` of somebody else threw.
      return LEFT_OUT.unreadable;
    } finally {
      this.#above.pop();
    }
  }

  #inside(object: object, rule: Rule): unknown {
    if (Array.isArray(object)) return this.#items(object, rule);
    if (ArrayBuffer.isView(object)) return this.text(`bytes ${object.byteLength}`);
    if (object instanceof Error) return this.#fields(partsOf(object), settled(FAILURE, object));
    const { toJSON } = object as { toJSON?: unknown };
    if (typeof toJSON === 'function') {
      const plain: unknown = toJSON.call(object, '');
      // One that returns its own object is asked once, as `JSON.stringify` does it.
      if (plain !== object) return this.#any(plain, rule);
    }
    return this.#fields(object as Record<string, unknown>, settled(rule, object));
  }

  #items(items: readonly unknown[], rule: Rule): unknown[] {
    const copy: unknown[] = [];
    for (const item of items) {
      copy.push(this.#any(item, rule) ?? null);
      // The note that there was more stands for all of it.
      if (this.#left < 0) break;
    }
    return copy;
  }

  #fields(object: Readonly<Record<string, unknown>>, rule: SettledRule): unknown {
    const named = typeof rule === 'object' && 'fields' in rule ? rule : undefined;
    const rest = named?.rest ?? (rule === 'number' ? 'number' : 'hide');
    const copy: Record<string, unknown> = {};
    for (const key of Object.keys(object)) {
      if (this.#left < 0) break;
      let inner: unknown;
      try {
        inner = this.#any(object[key], named?.fields.get(key) ?? rest);
      } catch {
        inner = LEFT_OUT.unreadable;
      }
      if (inner === undefined) continue;
      const shown = this.#isSecret(key) ? this.text(key) : key;
      // Assigned, a key of this name would be the prototype.
      if (shown === '__proto__') Object.defineProperty(copy, shown, { value: inner, enumerable: true });
      else copy[shown] = inner;
    }
    return copy;
  }
}

function settled(rule: Rule, object: object): SettledRule {
  let found = rule;
  while (typeof found === 'function') found = found(object as Record<string, unknown>);
  return found;
}

/** An error as data. What it is called and says is not enumerable. */
function partsOf(error: Error): Record<string, unknown> {
  return { ...error, name: error.name, message: error.message, cause: error.cause };
}
