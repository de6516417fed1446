/** How far into an error of somebody else its texts are looked at, and how many values. `util.inspect` goes to 2 by default. */
const DEEPEST = 12;
const MOST_VALUES = 5_000;

/** What stands for an object that cannot be shown, and cannot be copied. */
const HIDDEN = '[redacted]';

/** What printers show of an error although it is not enumerable. */
const UNLISTED = ['name', 'message', 'stack', 'cause', 'errors'];

/** Makes a text safe, and gives it back as it is when it is so already. */
type Safe = (text: string) => string;

/**
 * What somebody else threw, fit to be the cause of an error that is printed with its stack and its properties: an error of undici or of Node,
 * or what a function of the user threw. It is the same object when all its texts are safe. Otherwise it is a copy of the same class and with
 * the same codes, in which they are. Never throws.
 */
export function safeError(thrown: unknown, safe: Safe): unknown {
  try {
    const isUnsafe = new Search(safe).finds(thrown, 0);
    return isUnsafe ? new Copies(safe).of(thrown, 0) : thrown;
  } catch {
    // A foreign proxy threw.
    return 'a thrown object that cannot be looked at';
  }
}

/** The properties that printers show. A getter is not called, as printers do not: only the stack of an error may be one. */
function propertiesOf(object: object): [name: string, value: unknown][] {
  if (object instanceof URL) return [['href', object.href]];
  if (isCollection(object)) return [...object.entries()].map((entry) => ['entry', entry]);
  const isError = object instanceof Error;
  const names = isError ? new Set([...UNLISTED, ...Object.keys(object)]) : Object.keys(object);
  const properties: [string, unknown][] = [];
  for (const name of names) {
    const descriptor = Object.getOwnPropertyDescriptor(object, name);
    if (descriptor === undefined) continue;
    properties.push([name, isError && name === 'stack' ? object.stack : descriptor.value]);
  }
  return properties;
}

/** A Map, a Set, Headers, or the query of a URL. */
function isCollection(object: object): object is Map<unknown, unknown> {
  return !Array.isArray(object) && typeof (object as Partial<Map<unknown, unknown>>).entries === 'function';
}

class Search {
  readonly #safe: Safe;
  readonly #seen = new Set<object>();

  constructor(safe: Safe) {
    this.#safe = safe;
  }

  /** Whether a text that is not safe is anywhere in it. */
  finds(value: unknown, depth: number): boolean {
    if (typeof value === 'string') return this.#safe(value) !== value;
    if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return false;
    if (depth > DEEPEST || this.#seen.size >= MOST_VALUES || this.#seen.has(value)) return false;
    this.#seen.add(value);
    return propertiesOf(value).some(([name, inner]) => this.#safe(name) !== name || this.finds(inner, depth + 1));
  }
}

class Copies {
  readonly #safe: Safe;
  readonly #made = new Map<object, unknown>();

  constructor(safe: Safe) {
    this.#safe = safe;
  }

  of(value: unknown, depth: number): unknown {
    if (typeof value === 'string') return this.#safe(value);
    if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
    const made = this.#made.get(value);
    if (made !== undefined) return made;
    const copy = depth > DEEPEST || this.#made.size >= MOST_VALUES ? HIDDEN : this.#emptyCopy(value);
    // Before it is filled: what it holds may lead back to it.
    this.#made.set(value, copy);
    if (typeof copy !== 'object' || copy === value) return copy;
    for (const [name, inner] of propertiesOf(value)) {
      Object.defineProperty(copy, this.#safe(name), {
        value: this.of(inner, depth + 1),
        enumerable: Object.prototype.propertyIsEnumerable.call(value, name),
        configurable: true,
        writable: true,
      });
    }
    return copy;
  }

  #emptyCopy(object: object): unknown {
    const prototype: unknown = Object.getPrototypeOf(object);
    if (object instanceof Error) return Object.setPrototypeOf(new Error(), prototype as object);
    if (Array.isArray(object)) return [];
    if (prototype === Object.prototype || prototype === null) return {};
    // A socket, for instance. One with nothing to hide may stay.
    return new Search(this.#safe).finds(object, 0) ? HIDDEN : object;
  }
}
