import { Parser } from 'yaml';

import { readSkillDocument } from '../../../../src/api/operations/skills/front-matter.js';

/** The front matter with this YAML, or what the problem says about it. */
async function read(yaml: string): Promise<unknown> {
  const document = await readSkillDocument(`---\n${yaml}\n---\nDo it.\n`);
  return 'path' in document ? document.received : document.frontmatter;
}

/** Forms of YAML that people write in skills, and their values. */
const READABLE: readonly (readonly [what: string, yaml: string, value: object])[] = [
  [
    'plain text with commas',
    'name: pdf\ndescription: Extract, and fill',
    { name: 'pdf', description: 'Extract, and fill' },
  ],
  ['quoted text', 'a: "b"\nc: \'it\'\'s "d"\' # a comment', { a: 'b', c: 'it\'s "d"' }],
  ['comments', '# one\n\na: b # two\n\n  # three\nc: d#e\n', { a: 'b', c: 'd#e' }],
  ['escape sequences', String.raw`a: "\u00e9\x41\n\t\"\\\/ \U0001F600\e"`, { a: 'éA\n\t"\\/ 😀\u001b' }],
  ['quoted text over lines', 'a: "b\n  c\n\n  d"\ne: \'f\n  g\'', { a: 'b c\nd', e: 'f g' }],
  ['escaped ends of lines', 'a: "b \\\n  c \\\n  \\ d"', { a: 'b c  d' }],
  ['plain text over lines', 'a: b c\n  d\n\n  e\nf: g', { a: 'b c d\ne', f: 'g' }],
  [
    'colons and brackets in plain text',
    'a: b:c, [d] and {e}\nf: http://g/#h?i',
    { a: 'b:c, [d] and {e}', f: 'http://g/#h?i' },
  ],
  [
    'literal blocks',
    'a: |\n  b\n    c\n\n  d\ne: |-\n  f\n\ng: |+\n  h\n\ni: j',
    { a: 'b\n  c\n\nd\n', e: 'f', g: 'h\n\n', i: 'j' },
  ],
  ['folded blocks', 'a: >\n  b\n  c\n\n  d\n    e\n  f\ng: >-\n\n  h\n  i\n', { a: 'b c\nd\n  e\nf\n', g: '\nh i' }],
  ['blocks with comments and empty blocks', 'a: | # b\n  *c\nd: |-\ne: >\nf: g', { a: '*c\n', d: '', e: '', f: 'g' }],
  ['an indentation indicator', 'a: |2\n   b', { a: ' b\n' }],
  ['nested mappings', 'a:\n  b: c\n  d:\n    e: f g', { a: { b: 'c', d: { e: 'f g' } } }],
  ['sequences', 'a:\n  - b\n  - c d\n  - "e"\nf:\n- g\n- h\ni: j', { a: ['b', 'c d', 'e'], f: ['g', 'h'], i: 'j' }],
  [
    'sequences of collections',
    'a:\n  - b: c\n    d: 1\n  - - e\n    - f\n  -\n    g: 2\n  -',
    { a: [{ b: 'c', d: 1 }, ['e', 'f'], { g: 2 }, null] },
  ],
  [
    'flow collections',
    'a: [b, "c", 1, true, null, [d], {e: f}]\ng: []\nh: {}',
    { a: ['b', 'c', 1, true, null, ['d'], { e: 'f' }], g: [], h: {} },
  ],
  ['flow mappings without values', 'a: {b: 1, "c":2, d, e: }', { a: { b: 1, c: 2, d: null, e: null } }],
  ['pairs in a flow sequence', 'a: [b: c, d]', { a: [{ b: 'c' }, 'd'] }],
  ['flow collections over lines', 'a: [\n  b, # c\n  d,\n]\ne: {\n  f: g\n  }', { a: ['b', 'd'], e: { f: 'g' } }],
  ['a flow mapping as the whole', '{a: b}', { a: 'b' }],
  ['nothing as a value', 'a:\nb: ~\nc: null\nd: ""', { a: null, b: null, c: null, d: '' }],
  [
    'booleans of YAML 1.2 alone',
    'a: true\nb: False\nc: yes\nd: off\ne: "true"',
    { a: true, b: false, c: 'yes', d: 'off', e: 'true' },
  ],
  ['whole numbers', 'a: 1\nb: -2\nc: +3\nd: 0o17\ne: 0xff\nf: 007', { a: 1, b: -2, c: 3, d: 15, e: 255, f: 7 }],
  ['fractions', 'a: 1.5\nb: .5\nc: 1.\nd: 1e3\ne: 1.0', { a: 1.5, b: 0.5, c: 1, d: 1000, e: 1 }],
  ['numbers of YAML 1.1 as text', 'a: 1_000\nb: 12:30\nc: 0b11', { a: '1_000', b: '12:30', c: '0b11' }],
  ['dates and versions as text', 'a: 2024-01-01\nb: v1.2.3\nc: 1.2.3', { a: '2024-01-01', b: 'v1.2.3', c: '1.2.3' }],
  ['text that begins with an indicator', 'a: -b\nc: ?d\ne: :f\ng: --', { a: '-b', c: '?d', e: ':f', g: '--' }],
  ['unusual keys', 'a b: c\n"d: e": f\n\'g\' : h\n? i\n: j\nä: é', { 'a b': 'c', 'd: e': 'f', g: 'h', i: 'j', ä: 'é' }],
  ['values below their keys', 'a:\n  b\nc:\n  "d"\ne:\n    [1, 2]', { a: 'b', c: 'd', e: [1, 2] }],
  ['an indented mapping', '  a: b\n  c: d', { a: 'b', c: 'd' }],
  ['spaces and tabs around values', 'a:    b   \nc:\td', { a: 'b', c: 'd' }],
  ['lines that end with CR LF', 'a: |\r\n  b\r\n  c\r\nd: e\r', { a: 'b\nc\n', d: 'e' }],
  ['nothing', '', {}],
  ['only comments', '\n# a\n', {}],
];

describe('the front matter of a SKILL.md', () => {
  test.each(READABLE)('may have %s', async (_what, yaml, value) => {
    // The order of keys is that of the text, too.
    expect(JSON.stringify(await read(yaml))).toBe(JSON.stringify(value));
  });

  test('gives no value another prototype', async () => {
    const value = await read('__proto__: {polluted: true}\na: {__proto__: {polluted: true}, constructor: b}');
    expect(JSON.stringify(value)).toBe(
      '{"__proto__":{"polluted":true},"a":{"__proto__":{"polluted":true},"constructor":"b"}}',
    );
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(Object.getPrototypeOf((value as { a: object }).a)).toBe(Object.prototype);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  test('ends at the first line with dashes alone', async () => {
    expect(await readSkillDocument('---\na: b\n---\nc\n---\n')).toEqual({ frontmatter: { a: 'b' }, body: 'c\n---\n' });
  });
});

const A_BOMB = `a: &a [x, x]\n${Array.from({ length: 30 }, (_, i) => `b${i}: &b${i} [*a, *a]`).join('\n')}`;

describe('reading front matter is refused, with the line, for', () => {
  test.each([
    ['an alias', 'a: b\nc: *d', 'an alias (line 3)'],
    ['an anchor', 'a: &b c', 'an anchor (line 2)'],
    ['aliases that multiply', A_BOMB, 'an anchor (line 2)'],
    ['an alias as a key', 'a: b\n*a : c', 'an alias (line 3)'],
    ['a tag', 'a: !!binary aGk=', 'a tag (line 2)'],
    ['a tag of a collection', 'a:\n  - !b {c: d}', 'a tag (line 3)'],
    ['a merge key', 'a: 1\n<<: {b: 2}', 'a merge key (line 3)'],
    ['a merge key in a flow mapping', 'a: {<<: {b: 2}}', 'a merge key (line 2)'],
    ['a directive', '%YAML 1.1\n--- # a\nb: yes', 'a directive (line 2)'],
    ['a second document', 'a: b\n--- # c\nd: e', 'a second document (line 3)'],
    ['a second document after the end of the first', 'a: b\n...\nc: d', 'a second document (line 4)'],
    ['a key twice', 'a: 1\nb: 2\na: 3', 'a key that is there twice (line 4)'],
    ['a key twice, once quoted', 'a: 1\n"a": 2', 'a key that is there twice (line 3)'],
    ['a key twice in a flow mapping', 'a: {b: 1, b: 2}', 'a key that is there twice (line 2)'],
    ['a key that is a number', '1: a', 'a key that is not a text (line 2)'],
    ['a key that is null', 'null: a', 'a key that is not a text (line 2)'],
    ['a key that is empty', 'a: b\n: c', 'a key that is not a text (line 3)'],
    ['a key that is a boolean', 'a: {true: b}', 'a key that is not a text (line 2)'],
    ['a key that is a collection', '? [a]\n: b', 'a key that is not a text (line 2)'],
    ['a sequence as the whole', '- a\n- b', 'a value that is not a mapping (line 2)'],
    ['a text as the whole', '\nonly text', 'a value that is not a mapping (line 3)'],
    ['null as the whole', '~', 'a value that is not a mapping (line 2)'],
    ['an infinite number', 'a: .inf', 'a number that JSON does not have (line 2)'],
    ['not a number', 'a: [1, .NaN]', 'a number that JSON does not have (line 2)'],
    ['a number that is too large', `a: 1${'0'.repeat(400)}`, 'a number that JSON does not have (line 2)'],
    ['a zero byte', 'a: b\0c', 'a control character (line 2)'],
    ['an escape character', 'a: b\nc: "\u001b[31m"', 'a control character (line 3)'],
    ['the characters that mark tokens of the parser', 'a: b\n\u0002c: d', 'a control character (line 3)'],
    ['a carriage return', 'a: b\rc: d', 'a control character (line 2)'],
    ['a byte order mark inside', 'a: b\n\ufeffc: d', 'a control character (line 3)'],
  ])('%s', async (_what, yaml, received) => {
    expect(await read(yaml)).toBe(received);
  });

  test.each([
    ['a tab in the indentation', 'a:\n\tb: c', 3],
    ['a tab before the text of a block', 'a: |\n\tb', 3],
    ['a colon in a plain text', 'a: b: c', 2],
    ['a colon at the end of a plain text', 'a: b:', 2],
    ['a text after a quoted text', 'a: b\nc: "d" e', 3],
    ['a text after a collection', 'a: [b] c', 2],
    ['a comment without a space', 'a: "b"#c', 2],
    ['a quoted text without its end', 'a: "b\n  c', 4],
    ['a collection without its end', 'a: [b, c', 3],
    ['a mapping without its end', 'a: {b: c', 3],
    ['a collection without an item', 'a: [b, , c]', 2],
    ['an end without its collection', 'a: b\n]', 3],
    ['an unknown escape sequence', 'a: "\\q"', 2],
    ['an escape sequence without its digits', 'a: "\\u12"', 2],
    ['a code point that does not exist', 'a: "\\UFFFFFFFF"', 2],
    ['a backtick', 'a: `b`', 2],
    ['an at sign', 'a: @b', 2],
    ['a sequence on the line of its key', 'a: - b', 2],
    ['less indentation than the first key', '  a: b\nc: d', 3],
    ['wrong indentation below a key', 'a:\n    b: c\n  d: e', 4],
    ['wrong indentation of an item', 'a:\n  - [b]\n   - c', 4],
    ['an empty line that is indented too much', 'a: |\n     \n  b', 4],
    ['a text after a comment in it', 'a: b # c\n  d', 3],
    ['a line without a key', 'a: b\nno key', 3],
  ])('%s', async (_what, yaml, line) => {
    expect(await read(yaml)).toMatch(new RegExp(`^invalid YAML: .+ \\(line ${line}\\)$`));
  });

  test('a long text, of which the problem shows the beginning', async () => {
    expect(await read(`a: |${'x'.repeat(1_000)}`)).toMatch(/^invalid YAML: Block scalar header.{1,250} \(line 2\)$/);
  });
});

/** Collections below the front matter, in each of the ways to nest them. */
const NESTED: readonly (readonly [what: string, levels: number, nest: (count: number) => string])[] = [
  ['flow sequences', 1, (count) => `a: ${'['.repeat(count)}${']'.repeat(count)}`],
  ['flow mappings', 1, (count) => `a: ${'{b: '.repeat(count)}${'}'.repeat(count)}`],
  ['pairs in flow sequences', 2, (count) => `a: ${'[b: '.repeat(count)}${']'.repeat(count)}`],
  ['items on one line', 1, (count) => `a:\n  ${'- '.repeat(count)}b`],
  [
    'block mappings',
    1,
    (count) => Array.from({ length: count + 1 }, (_, level) => `${' '.repeat(level)}a:`).join('\n'),
  ],
];

const TOO_DEEP = /^more than 32 levels of collections \(line \d+\)$/;

describe('the levels of front matter', () => {
  test.each(NESTED)('may be 32, and not more, with %s', async (_what, levels, nest) => {
    const most = Math.floor(31 / levels);
    expect(await read(nest(most))).toBeInstanceOf(Object);
    expect(await read(nest(most + 1))).toMatch(TOO_DEEP);
  });

  test.each([
    ['flow sequences', `a: ${'['.repeat(65_000)}`],
    ['flow mappings', '{'.repeat(65_000)],
    ['flow mappings as keys', '{? '.repeat(20_000)],
    ['items', `a:\n  ${'- '.repeat(30_000)}`],
    ['complex keys', '? '.repeat(30_000)],
    ['values without keys', `a: ${': '.repeat(30_000)}`],
  ])('are refused with %s before the rest of the text is read', async (_what, yaml) => {
    // Each call reads one token.
    const next = jest.spyOn(Parser.prototype, 'next');
    try {
      expect(await read(yaml)).toMatch(TOO_DEEP);
      expect(next.mock.calls.length).toBeGreaterThan(32);
      expect(next.mock.calls.length).toBeLessThan(200);
    } finally {
      next.mockRestore();
    }
  });
});

test('the front matter may have thousands of keys, of which none is there twice', async () => {
  const keys = Array.from({ length: 8_000 }, (_, index) => `k${index}:`);
  expect(Object.keys((await read(keys.join('\n'))) as object)).toHaveLength(8_000);
  expect(await read([...keys, 'k0:'].join('\n'))).toBe('a key that is there twice (line 8002)');
});
