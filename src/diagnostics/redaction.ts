import { Pseudonyms } from './pseudonyms.js';
import { FAILURE, INTERNAL, MESSAGE, paramsRule, RESULT } from './redaction-rules.js';
import type { Rule, SettledRule } from './redaction-rules.js';

/** Limits of a redaction. */
export interface RedactionLimits {
  /** The largest depth; deeper values are left out. Default 100. */
  readonly maxDepth?: number;
  /** The largest number of objects, arrays and leaves in one value; the rest is left out. Default 1 000 000. */
  readonly maxNodes?: number;
  /** How many different secrets keep their pseudonyms, at least. The oldest ones get new pseudonyms. Default 100 000. */
  readonly remember?: number;
  /** Whether a text contains a secret, such as a token, and must be hidden everywhere. Default: never. */
  readonly isSecret?: ((text: string) => boolean) | undefined;
}

/** Replaces a value that was not copied. */
const LEFT_OUT = { deep: '‹too deep›', long: '‹too long›', cycle: '‹cycle›', unreadable: '‹unreadable›' } as const;

/** Integers closer to 0 are kept, because they are mostly counts. */
const SMALLEST_SECRET = 10;

/**
 * Makes copies of messages without secrets. Secrets become pseudonyms: `‹s7:24›` is the seventh different secret of this redaction and has 24
 * characters. Equal secrets have equal pseudonyms, so that related values can be recognised, and a cursor or URI that is sent back to the server
 * still matches.
 *
 * Everything that controls the protocol is kept, so that a copy of a valid message is valid and has the same effect: the envelope with its ids,
 * methods, progress tokens, revisions, capabilities, error codes, types, roles and levels, the names of tools, prompts and their
 * arguments, names and versions of programs, the structure of schemas, and all keys and booleans. Where a name or a word of a closed set is
 * expected, any other text is hidden. Also hidden are arguments, results, texts, data, instructions,
 * descriptions, the messages of errors, cursors, headers. URIs become URIs (`redacted:s7:24`), numbers become other numbers of their
 * kind (from 9 000 000; integers from -9 to 9 stay). Keys are visible, even if a program uses secrets as keys. A name, id or key is hidden if it
 * contains a token or another secret value that was sent to the server.
 *
 * No method throws. Values that JSON does not have are handled like `JSON.stringify` does. Cycles and unreadable properties are replaced by a
 * note such as `‹cycle›`. The copy shares nothing with the original.
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

  /** A redaction with the same pseudonyms and its own `isSecret`. */
  beside(isSecret: (text: string) => boolean): Redaction {
    const other = new Redaction({ maxDepth: this.#maxDepth, maxNodes: this.#maxNodes, isSecret });
    other.#pseudonyms = this.#pseudonyms;
    return other;
  }

  /** Redacts a JSON-RPC message, a batch, or any other value in their place. */
  message(message: unknown): unknown {
    return this.#copy(message, MESSAGE);
  }

  /** Redacts the parameters of a request or notification with this method. */
  params(method: string, params: unknown): unknown {
    return this.#copy(params, paramsRule(method));
  }

  /** Redacts the result of any method. */
  result(result: unknown): unknown {
    return this.#copy(result, RESULT);
  }

  /** Redacts a `Failure`, an `Error` or another thrown value: codes, classes and numbers stay, texts are hidden. */
  failure(thrown: unknown): unknown {
    return this.#copy(thrown, FAILURE);
  }

  /**
   * Redacts the context of an actor, or an event. Messages and failures in it are recognised by their shape; of other objects only the `type`
   * and facts such as `epoch`, `era` and times stay.
   */
  internal(value: unknown): unknown {
    return this.#copy(value, INTERNAL);
  }

  /** Redacts everything except the structure: for headers, environments, arguments. */
  value(value: unknown): unknown {
    return this.#copy(value, 'hide');
  }

  /** The pseudonym of a text. The empty text stays. */
  text(text: string): string {
    return text === '' ? '' : `‹${this.#pseudonyms.of(text)}›`;
  }

  /** The pseudonym of a URI, which is a URI itself. */
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
      // A getter, a proxy or `toJSON` threw.
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
      // If it returns its own object it is not called again, like in `JSON.stringify`.
      if (plain !== object) return this.#any(plain, rule);
    }
    return this.#fields(object as Record<string, unknown>, settled(rule, object));
  }

  #items(items: readonly unknown[], rule: Rule): unknown[] {
    const copy: unknown[] = [];
    for (const item of items) {
      copy.push(this.#any(item, rule) ?? null);
      // One note stands for all items that are left out.
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
      // An assignment to this key would set the prototype.
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

/** An error as data. Its name, message and cause are not enumerable. */
function partsOf(error: Error): Record<string, unknown> {
  return { ...error, name: error.name, message: error.message, cause: error.cause };
}
