import { parseArguments } from '../../src/cli/arguments/parse-arguments.js';
import { parametersOf, signatureOf } from '../../src/cli/arguments/signature.js';

const SCHEMA = {
  type: 'object',
  properties: {
    id: { type: 'string' },
    count: { type: 'integer', minimum: 1 },
    ratio: { type: 'number' },
    dry: { type: 'boolean' },
    labels: { type: 'array', items: { type: 'string' } },
    sizes: { type: 'array', items: { type: 'integer' } },
    address: { $ref: '#/$defs/address' },
    level: { enum: ['low', 'high', 3] },
    maybe: { type: ['number', 'null'] },
    either: { anyOf: [{ type: 'string' }, { type: 'number' }] },
    'a.b': { type: 'string' },
    loose: {},
  },
  required: ['id'],
  additionalProperties: false,
  $defs: { address: { type: 'object', properties: { city: { type: 'string' }, zip: { type: 'integer' } } } },
};

const files: Readonly<Record<string, string>> = {
  'text.md': 'from a file\n',
  'all.json': '{"id":"7"}',
  '-': '{"id":"stdin"}',
};
const sources = { read: async (file: string) => Promise.resolve(files[file] ?? '') };

function parse(words: readonly string[], json?: string, schema: unknown = SCHEMA): Promise<Record<string, unknown>> {
  const signature = signatureOf('tool', parametersOf(schema));
  return parseArguments({ words, json }, { signature, schema }, sources);
}

describe('parseArguments', () => {
  it.each([
    ['keeps a text that looks like a number', ['id=007'], { id: '007' }],
    ['keeps a text that looks like JSON', ['id={"a":1}'], { id: '{"a":1}' }],
    ['keeps everything after the first equals sign', ['id=a=b:=c'], { id: 'a=b:=c' }],
    ['accepts an empty text', ['id='], { id: '' }],
    ['converts a whole number', ['id=x', 'count=12'], { id: 'x', count: 12 }],
    ['converts a number', ['id=x', 'ratio=-0.5e1'], { id: 'x', ratio: -5 }],
    ['converts a boolean', ['id=x', 'dry=true'], { id: 'x', dry: true }],
    ['converts null where it is allowed', ['id=x', 'maybe=null'], { id: 'x', maybe: null }],
    ['keeps a text where a text is one of several types', ['id=x', 'either=5'], { id: 'x', either: '5' }],
    ['finds a choice that is no text', ['id=x', 'level=3'], { id: 'x', level: 3 }],
    ['makes a list of one value', ['id=x', 'labels=bug'], { id: 'x', labels: ['bug'] }],
    ['makes a list of repeated names', ['id=x', 'sizes=1', 'sizes=2'], { id: 'x', sizes: [1, 2] }],
    ['reads a list as JSON', ['id=x', 'sizes=[3, 4]'], { id: 'x', sizes: [3, 4] }],
    [
      'sets a value inside of an object',
      ['id=x', 'address.city=Ulm', 'address.zip=89'],
      { id: 'x', address: { city: 'Ulm', zip: 89 } },
    ],
    ['prefers a property whose name has a dot', ['id=x', 'a.b=1'], { id: 'x', 'a.b': '1' }],
    ['reads JSON after :=', ['id:="7"', 'address:={"city":"Ulm"}'], { id: '7', address: { city: 'Ulm' } }],
    ['reads a file after =@', ['id=@text.md'], { id: 'from a file\n' }],
    ['reads a file as JSON after :=@', ['id=x', 'address:=@all.json'], { id: 'x', address: { id: '7' } }],
    ['keeps a text without a schema', ['id=x', 'loose=5'], { id: 'x', loose: '5' }],
  ])('%s', async (_name, words, expected) => {
    expect(await parse(words)).toEqual(expected);
  });

  it.each([
    ['an object', '{"id":"1"}', { id: '1' }],
    ['a file', '@all.json', { id: '7' }],
    ['standard input', '-', { id: 'stdin' }],
  ])('reads --args from %s', async (_name, json, expected) => {
    expect(await parse([], json)).toEqual(expected);
  });

  it('lets words replace values of --args', async () => {
    expect(await parse(['id=new'], '{"id":"old","count":1}')).toEqual({ id: 'new', count: 1 });
  });

  it.each([
    ['a word without an equals sign', ['id'], /"id" is not an argument/],
    ['a place in a list, with the form for lists', ['id=x', 'labels[0]=a'], /Unknown argument "labels\[0\]"\.$/],
    ['an unknown name, with the nearest one', ['id=x', 'cuont=1'], /Unknown argument "cuont"\. Did you mean "count"/],
    [
      'an unknown name inside of an object',
      ['id=x', 'address.citty=1'],
      /Unknown argument "address\.citty"\. Did you mean "city"/,
    ],
    ['a missing name', [], /Missing argument "id"/],
    ['a text in place of a number', ['id=x', 'count=many'], /"count" must be a whole number/],
    ['a fraction in place of a whole number', ['id=x', 'count=1.5'], /"count" must be a whole number/],
    ['an empty number', ['id=x', 'count='], /"count" must be a whole number/],
    ['an infinite number', ['id=x', 'ratio=Infinity'], /"ratio" must be a number/],
    ['a text in place of a boolean', ['id=x', 'dry=yes'], /"dry" must be true or false/],
    ['a text in place of an object', ['id=x', 'address=Ulm'], /"address" must be JSON of an object/],
    ['a value that is no choice', ['id=x', 'level=hihg'], /"level" must be one of low, high, 3\. Did you mean "high"/],
    ['damaged JSON, with its place', ['id=x', 'address:={"a"'], /The value of address:= is not JSON/],
  ])('refuses %s', async (_name, words, message) => {
    await expect(parse(words)).rejects.toThrow(message);
    await expect(parse(words)).rejects.toMatchObject({ exitCode: 2 });
  });

  it('names the signature in the hint', async () => {
    const hint = expect.stringContaining('tool(id: string, count?: integer') as string;
    await expect(parse([])).rejects.toMatchObject({ hint });
  });

  it.each(['labels[0]=a', 'labels[]=a', 'labels.0=a'])(
    'says how a list is written in the hint for %s',
    async (word) => {
      const hint = expect.stringContaining(`Write a list as JSON, such as labels:='[…]'`) as string;
      await expect(parse(['id=x', word])).rejects.toMatchObject({ hint });
    },
  );

  it('takes any name where the schema allows it', async () => {
    expect(await parse(['x=1'], undefined, { type: 'object' })).toEqual({ x: '1' });
    expect(
      await parse(['x=1'], undefined, { type: 'object', properties: { a: {} }, additionalProperties: true }),
    ).toEqual({ x: '1' });
  });

  it('sets a property that is called __proto__ without changing the prototype', async () => {
    const values = await parse(['__proto__:={"polluted":true}'], undefined, { type: 'object' });
    expect(Object.keys(values)).toEqual(['__proto__']);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it('survives a schema that refers to itself', async () => {
    const schema = { type: 'object', properties: { a: { $ref: '#/properties/a' }, b: { $ref: '#' } } };
    expect(await parse(['a=1', 'b.a=2'], undefined, schema)).toEqual({ a: '1', b: { a: '2' } });
  });

  it('takes no text for a list of lists without an end', async () => {
    const schema = { type: 'object', properties: { a: { type: 'array', items: { $ref: '#/properties/a' } } } };
    await expect(parse(['a=1'], undefined, schema)).rejects.toThrow(/"a" must be/);
  });

  it('survives branches that require themselves', async () => {
    const schema = { properties: { a: {} }, allOf: [{ $ref: '#' }], required: ['a'] };
    expect(await parse(['a=1'], undefined, schema)).toEqual({ a: '1' });
    await expect(parse([], undefined, schema)).rejects.toThrow('Missing argument "a"');
  });
});

describe('signatureOf', () => {
  it('follows each branch once, so that branches with all others inside cost little', () => {
    const branches = Array.from({ length: 30 }, () => ({ $ref: '#/$defs/x' }));
    const schema = { properties: { a: { anyOf: branches } }, $defs: { x: { anyOf: branches } }, anyOf: branches };
    expect(signatureOf('t', parametersOf(schema))).toBe('t(a?: any)');
  });

  it('puts required parameters first and names choices', () => {
    const schema = {
      type: 'object',
      properties: {
        a: { type: 'string' },
        b: { enum: ['x', 'y'] },
        c: { type: 'array', items: { type: ['string', 'null'] } },
      },
      required: ['b'],
    };
    expect(signatureOf('t', parametersOf(schema))).toBe('t(b: "x" | "y", a?: string, c?: (string | null)[])');
  });

  it('removes control characters of a server', () => {
    expect(signatureOf('a\u001b[31mb', parametersOf({ properties: { 'c\u0007': {} } }))).toBe('ab(c?: any)');
  });
});
