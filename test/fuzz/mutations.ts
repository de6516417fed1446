import type { Dice } from './fuzzer.js';

const LONG = 'x'.repeat(5_000);

/** Values that nobody expects. */
const ODD: readonly (() => unknown)[] = [
  () => null,
  () => true,
  () => 0,
  () => -1,
  () => 1e308,
  () => 0.1,
  () => 2 ** 53,
  () => '',
  () => LONG,
  () => '\u0000\u001b[31m\u202e\u2028\ud800',
  () => '__proto__',
  () => '../../etc/passwd',
  () => 'javascript:alert(1)',
  () => [],
  () => [null, [[]], {}],
  () => ({}),
  () => JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}') as unknown,
  () => ({ toString: 1, then: 1, toJSON: 1, length: -1 }),
  () => nested(2_000),
  () => Array.from({ length: 300 }, (_, number) => number),
];

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level += 1) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}

/** The value with a few places changed: replaced, left out, added, renamed, repeated. The given one is left alone. */
export function mutated(value: unknown, dice: Dice): unknown {
  let copy = structuredClone(value);
  for (let times = 1 + dice.number(3); times > 0; times -= 1) copy = mutatedOnce(copy, dice);
  return copy;
}

function mutatedOnce(value: unknown, dice: Dice): unknown {
  if (typeof value !== 'object' || value === null || dice.chance(5)) return dice.pick(ODD)();
  return Array.isArray(value) ? mutatedArray(value, dice) : mutatedObject(value, dice);
}

function mutatedArray(value: readonly unknown[], dice: Dice): unknown {
  if (value.length === 0 || dice.chance(20)) return [...value, dice.pick(ODD)()];
  const at = dice.number(value.length);
  if (dice.chance(10)) return value.toSpliced(at, 1);
  if (dice.chance(10)) return [...value, value[at]];
  return value.with(at, mutatedOnce(value[at], dice));
}

function mutatedObject(value: object, dice: Dice): unknown {
  const entries = Object.entries(value as Record<string, unknown>);
  if (entries.length === 0) return { a: dice.pick(ODD)() };
  const at = dice.number(entries.length);
  const [name, inner] = entries[at] as [string, unknown];
  if (dice.chance(12)) return Object.fromEntries(entries.toSpliced(at, 1));
  if (dice.chance(8))
    return Object.fromEntries([...entries, [dice.pick(['_meta', 'a', '__proto__', 'id', name + name]), inner]]);
  return Object.fromEntries(entries.with(at, [name, mutatedOnce(inner, dice)]));
}

/** The text with a few pieces changed: cut, repeated, removed, overwritten. */
export function mutatedText(text: string, dice: Dice): string {
  const at = dice.number(text.length + 1);
  const length = dice.number(20);
  const junk = dice.pick([
    '\u0000',
    '"',
    '\\',
    '}',
    '{',
    '[',
    '\n',
    '\r\n',
    '\ufeff',
    '\u2028',
    ',',
    'NaN',
    '1e999',
    '\\ud800',
    '💥',
    LONG,
  ]);
  return dice.pick([
    () => text.slice(0, at),
    () => text.slice(at),
    () => text.slice(0, at) + text.slice(at + length),
    () => text.slice(0, at) + junk + text.slice(at),
    () => text.slice(0, at) + junk + text.slice(at + length),
    () => text + text,
    () => text.slice(0, at) + text.slice(at, at + length).repeat(50) + text.slice(at),
  ])();
}
