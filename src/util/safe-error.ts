/** How deep, and how many values, the texts of a foreign error are checked. The default depth of `util.inspect` is 2. */
const DEEPEST = 12;
const MOST_VALUES = 5_000;

/** Replaces an object that is not safe to show and cannot be copied. */
const HIDDEN = '[redacted]';

/** Properties that printers show although they are not enumerable. */
const UNLISTED = ['name', 'message', 'stack', 'cause', 'errors'];

/** Makes a text safe. Returns a safe text unchanged. */
type Safe = (text: string) => string;

/**
 * Makes a thrown value safe to be the cause of an error, which printers show with its stack and properties. It comes from undici, Node or a
 * function of the user. Returns the same object if all its texts are safe, otherwise a copy with the same class and codes and with safe texts.
 * Never throws.
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

/** The properties that printers show. Getters are not called, except for the stack of an error. */
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

  /** Whether a value contains an unsafe text. */
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
    // Stored before it is filled, because of cycles.
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
    // Another class, such as a socket: kept if it contains no unsafe text.
    return new Search(this.#safe).finds(object, 0) ? HIDDEN : object;
  }
}
