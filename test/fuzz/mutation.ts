/** Values that programs trip over. */
const ODD: readonly unknown[] = [
  ...[null, true, false, 0, -1, 1, 0.5, 2 ** 31, 2 ** 53, -(2 ** 53), 1e308, 1e-300],
  ...['', '∞', '__proto__', 'constructor', '‹s1:8›', '\u001b[2J', '\u202e', 'end', 'a\nb', '%%{init: {}}%%', '<script>'],
  ...[[], {}, [[]], [null], { type: 'tell' }, { length: -1 }, { then: 1 }, { toJSON: 1 }],
];

/** An array in an array, and so on: a program that walks it by calling itself has no stack for it. */
const DEEP = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;

/** Makes other values of values, as a seed decides: a value is left out, doubled, moved, or becomes an odd one. */
export class Mutation {
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** A whole number from 0 and below `end`. */
  below(end: number): number {
    return Math.floor(this.#random() * end);
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)] as Item;
  }

  /** One of the odd values, or a huge one. */
  odd(): unknown {
    switch (this.below(12)) {
      case 0:
        return 'x'.repeat(100_000);
      case 1:
        return nested(this.pick([100, 1_500]));
      case 2:
        return Array.from({ length: 20_000 }, (_, index) => index);
      default:
        return this.pick(ODD);
    }
  }

  /** A copy of a JSON value with one place changed somewhere inside. */
  changed(value: unknown): unknown {
    const copy = JSON.parse(JSON.stringify(value)) as unknown;
    const places: { readonly parent: Record<string, unknown>; readonly key: string }[] = [];
    const visit = (parent: unknown): void => {
      if (typeof parent !== 'object' || parent === null) return;
      for (const [key, inner] of Object.entries(parent)) {
        places.push({ parent: parent as Record<string, unknown>, key });
        visit(inner);
      }
    };
    visit(copy);
    if (places.length === 0) return this.odd();
    const { parent, key } = this.pick(places);
    switch (this.below(6)) {
      case 0:
        if (Array.isArray(parent)) parent.splice(Number(key), 1);
        else Reflect.deleteProperty(parent, key);
        break;
      case 1:
        // An own property, as `JSON.parse` makes it.
        Object.defineProperty(parent, '__proto__', { value: this.odd(), enumerable: true, configurable: true });
        break;
      case 2: {
        const other = this.pick(places);
        parent[key] = JSON.parse(JSON.stringify(other.parent[other.key] ?? null)) as unknown;
        break;
      }
      case 3:
        parent[key] = typeof parent[key] === 'number' ? parent[key] + this.pick([-1, 1, 0.5, 1e6]) : this.odd();
        break;
      default:
        parent[key] = this.odd();
    }
    return copy;
  }

  /** A text with a few characters changed, left out, or doubled. */
  garbled(text: string): string {
    let garbled = text;
    for (let times = 1 + this.below(4); times > 0; times -= 1) {
      const at = this.below(garbled.length + 1);
      const length = this.pick([0, 1, 1, 10, 200]);
      const piece = this.pick(['', DEEP, '"', '{', '}', ',', '\0', '\\u0000', '9', '\n', garbled.slice(at, at + 50)]);
      garbled = garbled.slice(0, at) + piece + garbled.slice(at + length);
    }
    return garbled;
  }
}

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level += 1) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}
