import { parse } from 'yaml';
import { readYamlMapping } from '../../../src/protocol/skills/yaml.js';
import { YamlProblem } from '../../../src/protocol/skills/yaml-scalars.js';
import { seededRandom } from '../../../src/testing/random.js';
import { LONG } from '../../support/long-form.js';

/** What the parser of another author reads: YAML 1.2 with the core schema. */
function official(text: string): unknown {
  return parse(text, { version: '1.2', schema: 'core', logLevel: 'error' });
}

/** The mapping, or the message of the problem. */
function read(text: string): unknown {
  try {
    return readYamlMapping(text);
  } catch (thrown) {
    if (thrown instanceof YamlProblem) return thrown.message;
    throw thrown;
  }
}

/** Front matter that occurs in skills, with most forms of YAML that a person writes. */
const READABLE: readonly string[] = [
  'name: pdf-processing\ndescription: Extract, fill, and assemble PDF documents',
  'name: "a"\ndescription: \'it\'\'s "quoted"\' # a comment',
  '# a comment\n\nname: a # another\n\n  # indented\ndescription: b\n',
  'a: "\\u00e9\\x41\\n\\t\\"\\\\\\/ \\U0001F600\\e"',
  'a: "two\n  lines\n\n  and a paragraph"\nb: \'two\n  lines\'',
  'a: "ends with a space \\\n  joined \\\n  \\ again"',
  'a: plain text\n  over two lines\n\n  and a paragraph\nb: c',
  'a: plain # comment\nb: has#hash and a:colon, [brackets] and {braces}',
  'a: |\n  line\n    more\n\n  last\nb: |-\n  x\n\nc: |+\n  x\n\nd: e',
  'a: >\n  folded\n  text\n\n  new paragraph\n    more indented\n  less\nb: >-\n\n  x\n  y\n',
  'a: | # comment\n  x\nb: >+\n  y\n\n',
  'a: |\n\n  leading empty line\nb: |-\nc: >\nd: |+\n\n',
  'a: >\n    more\n     indented\n\n\n    text\n',
  'metadata:\n  author: acme\n  version: "1.0"\n  nested:\n    deep: yes it is',
  'list:\n  - one\n  - two words\n  - "three"\nsame:\n- a\n- b\nafter: x',
  'list:\n  - name: a\n    value: 1\n  -   name: b\n      value: 2\n  - - x\n    - y\n  -\n    z: 1\n  - # comment\n    w\n  -',
  'flow: [a, "b", \'c\', 1, true, null, [d, e], {f: g}]\nempty: []\nnone: {}',
  'map: {a: 1, "b": 2, "c":3, d, e: , f: [x]}',
  'long: [\n  a, # comment\n  b,\n\n  c,\n]\nnext: {\n  a: b,\n  c: d\n  }',
  'null1:\nnull2: ~\nnull3: null\nempty: ""',
  'a: true\nb: False\nc: yes\nd: off\ne: "true"',
  'a: 1\nb: -2\nc: +3\nd: 0o17\ne: 0xff\nf: 1.5\ng: .5\nh: 1.\ni: 1e3\nj: 1.0\nk: 007\nl: 1_000\nm: 12:30\nn: 0b11',
  'a: 2024-01-01\nb: 2024-01-01T00:00:00Z\nc: v1.2.3\nd: 1.2.3',
  'a: -x\nb: ?x\nc: :x\nd: -1\ne: --\nf: a - b\ng: http://example.com/#a?b',
  'key with spaces: a\n"quoted: key": b\n\'single\' : c\nkebab-case: d\nä: é',
  '__proto__: a\nconstructor: b\ntoString:\n  __proto__:\n    polluted: true',
  'allowed-tools: Bash(git:*) Read\nlicense: Apache-2.0',
  '  name: indented\n  description: mapping',
  'a:\n  value below\nb:\n  "quoted below"\nc:\n    [1, 2]',
  'a: b\r'.replace('\r', ''),
  'a:    spaces before   \nb:\ttab',
  'a: emoji 😀 and ﷽\nb: "😀"',
];

test.each(READABLE)('reads %j as the parser of another author does', (text) => {
  const mapping = read(text);
  expect(mapping).toEqual(official(text));
  // A mapping of the same JSON, without prototypes that differ.
  expect(JSON.stringify(mapping)).toBe(JSON.stringify(official(text)));
});

test('reads an empty text and comments as an empty mapping', () => {
  expect(read('')).toEqual({});
  expect(read('\n# nothing\n')).toEqual({});
});

test.each([
  ['an alias', 'a: &x 1\nb: *x'],
  ['many aliases', `a: &a [x,x]\n${Array.from({ length: 20 }, (_, i) => `b${i}: &b${i} [*a,*a]`).join('\n')}`],
  ['a tag', 'a: !!binary aGk='],
  ['a merge key', 'a: 1\n<<: {b: 2}'],
  ['a merge key in a flow mapping', 'a: {<<: {b: 2}}'],
  ['a complex key', '? a\n: b'],
  ['a directive', '%YAML 1.1\na: b'],
  ['a second document', 'a: b\n--- \nc: d'],
  ['the end of a document', 'a: b\n...'],
  ['a key twice', 'a: 1\na: 2'],
  ['a key twice, once quoted', 'a: 1\n"a": 2'],
  ['a key twice in a flow mapping', 'a: {b: 1, b: 2}'],
  ['a key that is a number', '1: a'],
  ['a key that is null', 'null: a'],
  ['a key that is a boolean in a flow mapping', 'a: {true: b}'],
  ['a sequence as the whole', '- a\n- b'],
  ['a text as the whole', 'only text'],
  ['a flow mapping as the whole', '{a: b}'],
  ['a tab in the indentation', 'a:\n\tb: c'],
  ['a tab before the text of a block', 'a: |\n\tb'],
  ['a tab on an empty line', 'a: b\n\t\n  c'],
  ['a colon in a plain text', 'a: b: c'],
  ['a colon at the end of a plain text', 'a: b:'],
  ['a colon in a further line of a plain text', 'a: b\n  c: d'],
  ['a text after a quoted text', 'a: "b" c'],
  ['a text after a collection', 'a: [b] c'],
  ['a comment without a space', 'a: "b"#c'],
  ['a quoted text without its end', 'a: "b\nc: d'],
  ['a collection without its end', 'a: [b, c'],
  ['a mapping without its end', 'a: {b: c'],
  ['a collection without an item', 'a: [b, , c]'],
  ['a pair in a sequence', 'a: [b: c]'],
  ['an unknown escape sequence', 'a: "\\q"'],
  ['an escape sequence without its digits', 'a: "\\u12"'],
  ['a code point that does not exist', 'a: "\\UFFFFFFFF"'],
  ['an empty line after an escaped line feed', 'a: "b\\\n\n  c"'],
  ['a backtick', 'a: `b`'],
  ['an at sign', 'a: @b'],
  ['a sequence on the line of its key', 'a: - b'],
  ['wrong indentation', 'a: b\n  c: d'],
  ['less indentation than the first key', '  a: b\nc: d'],
  ['wrong indentation below a key', 'a:\n    b: c\n  d: e'],
  ['wrong indentation of an item', 'a:\n  - [b]\n   - c'],
  ['an indentation indicator', 'a: |2\n   b'],
  ['an empty line that is indented too much', 'a: |\n     \n  b'],
  ['a text after a comment in it', 'a: b # c\n  d'],
  ['an infinite number', 'a: .inf'],
  ['not a number', 'a: .NaN'],
  ['a number that is too large', `a: 1${'0'.repeat(400)}`],
  ['a zero byte', 'a: b\0c'],
  ['an escape character', 'a: "\u001b[31m"'],
  ['a carriage return', 'a: b\rc: d'],
  ['a byte order mark inside', 'a: b\n\ufeffc: d'],
  ['a line without a key', 'a: b\nno key'],
  ['too many levels of flow', `a: ${'['.repeat(1_000)}${']'.repeat(1_000)}`],
  ['too many levels of blocks', Array.from({ length: 100 }, (_, i) => `${' '.repeat(i)}a:`).join('\n')],
  ['too many levels of items', `a:\n  ${'- '.repeat(5_000)}x`],
])('refuses %s', (_, text) => {
  expect(() => readYamlMapping(text)).toThrow(YamlProblem);
});

test('gives a prototype to no mapping', () => {
  const mapping = readYamlMapping('__proto__: {polluted: true}\na: {__proto__: {polluted: true}}');
  expect(Object.getPrototypeOf(mapping)).toBe(Object.prototype);
  expect(Object.keys(mapping)).toEqual(['__proto__', 'a']);
  expect((mapping as { polluted?: unknown }).polluted).toBeUndefined();
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
});

/** What the parser of another author refuses although YAML allows it: a text below its key, after a comment that is not indented. */
const STRICTER = /^Implicit keys need to be on a single line/;

/** Pieces that meet each other in random texts. */
const PIECES = [
  ...[
    'a',
    'b',
    'c d',
    '1',
    '-',
    '- ',
    '- - ',
    ':',
    ': ',
    '?',
    '? ',
    ',',
    '[',
    ']',
    '{',
    '}',
    '#',
    ' #',
    '"',
    "'",
    '\\',
    '|',
    '>',
  ],
  ...[
    '|-\n',
    '>+\n',
    '\n',
    '\n',
    '\n',
    '\n  ',
    '\n    ',
    ' ',
    '  ',
    '\t',
    'a: ',
    'b: ',
    '\na: ',
    '\n  b: ',
    '\n- ',
    '\n  - ',
  ],
  ...['true', 'null', '~', '1.5', '0x1', '&a', '*a', '!', '%', '@', '`', '---', '...', "''", '""', '\\n', 'é', '😀'],
];

test('agrees with the parser of another author on every random text that it reads', () => {
  const random = seededRandom(7);
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)] as Item;
  let readable = 0;
  for (let run = 0; run < (LONG ? 100_000 : 20_000); run += 1) {
    const base = random() < 0.5 ? [...pick(READABLE)] : [];
    for (let change = 1 + Math.floor(random() * 8); change > 0; change -= 1) {
      base.splice(Math.floor(random() * (base.length + 1)), Math.floor(random() * 3), pick(PIECES));
    }
    const text = `${base.join('')}\n`;
    const mapping = read(text);
    if (typeof mapping === 'string') continue;
    readable += 1;
    let expected: unknown;
    try {
      expected = official(text);
    } catch (thrown) {
      if (STRICTER.test((thrown as Error).message) && /^ *#/m.test(text)) continue;
      throw new Error(`read ${JSON.stringify(text)} as ${JSON.stringify(mapping)}`, { cause: thrown });
    }
    if (JSON.stringify(mapping) !== JSON.stringify(expected ?? {}))
      expect({ text, mapping }).toEqual({ text, mapping: expected ?? {} });
  }
  expect(readable).toBeGreaterThan(1_000);
});
