import { Declarations } from './support/declarations.js';
import { ENTRIES } from './support/entries.js';

const FILES = [...ENTRIES.values()].map((entry) => `${entry}.ts`);

const declarations = Declarations.of(FILES);

/** What nobody is to name: whoever could might write down a block of a type that there is not. */
const NAMELESS = new Set(['UnknownContentType']);

/** The package that users of a subpath have installed, so that its types may be mentioned there. */
const PEERS: Readonly<Record<string, string>> = { 'adapters/langchain/index.ts': 'node_modules/@langchain/core/' };

describe.each(FILES)('what src/%s exports', (entry) => {
  const exported = declarations.exportsOf(entry);

  test('mentions no type of this package that users cannot name, since it is exported nowhere', () => {
    const known = new Set([...exported.values(), ...declarations.exportsOf('index.ts').values()]);
    const unknown = [...exported].flatMap(([name, symbol]) =>
      declarations
        .mentionedBy(symbol)
        .filter((mentioned) => !known.has(mentioned) && !NAMELESS.has(mentioned.name))
        .map((mentioned) => `${name} mentions ${declarations.placeOf(mentioned)}`),
    );
    expect(unknown).toEqual([]);
  });

  test('mentions no type of another package, but for the peer of the subpath', () => {
    const peer = PEERS[entry];
    const strangers = [...exported].flatMap(([name, symbol]) =>
      declarations
        .strangersIn(symbol)
        .filter((file) => peer === undefined || !file.includes(peer))
        .map((file) => `${name} mentions ${file}`),
    );
    expect(strangers).toEqual([]);
  });

  test('says what it is', () => {
    const silent = [...exported].filter(([, symbol]) => declarations.docOf(symbol) === '').map(([name]) => name);
    expect(silent).toEqual([]);
  });

  test('says of each member of a class what it is', () => {
    const silent = [...exported].flatMap(([name, symbol]) =>
      declarations.isClass(symbol)
        ? declarations
            .membersOf(symbol)
            .filter((member) => declarations.docOf(member) === '')
            .map((member) => `${name}.${member.name}`)
        : [],
    );
    expect(silent).toEqual([]);
  });

  test('says of everything asynchronous what it throws, or that it never does, or what it is the same as', () => {
    const silent = [...exported].flatMap(([name, symbol]) =>
      [symbol, ...(declarations.isClass(symbol) ? declarations.membersOf(symbol) : [])]
        .filter((one) => declarations.isAsynchronous(one))
        .filter((one) => !/@throws|[Rr]ejects|not reject|Same as|never fails/.test(declarations.docOf(one)))
        .map((one) => (one === symbol ? name : `${name}.${one.name}`)),
    );
    expect(silent).toEqual([]);
  });
});
