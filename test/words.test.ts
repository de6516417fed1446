import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

import ts from 'typescript';

const ROOT = path.resolve(__dirname, '..');

/** Files and folders that are clean already. Of a folder in `test`, only the names of the tests are checked. */
const CLEAN = [
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'README.md',
  'SECURITY.md',
  'bench',
  'docs',
  'examples',
  'scripts',
  'src',
  'test/api',
  'test/chaos',
  'test/cli',
  'test/config',
  'test/faults',
  'test/fuzz',
  'test/group',
  'test/interop',
  'test/machines',
  'test/models',
  'test/pains',
  'test/protocol',
  'test/recording',
  'test/scripts',
  'test/shells',
  'test/support',
  'test/testing',
  'test/transports/sse',
  'test/transports/stdio',
  'test/transports/websocket',
  'test/util',
  'test/visualizations',
  'visualizations',
];

interface BannedTerm {
  readonly pattern: RegExp;
  readonly use: string;
  readonly allowed: readonly RegExp[];
}

const { terms } = JSON.parse(readFileSync(path.join(__dirname, 'banned-terms.json'), 'utf8')) as {
  readonly terms: readonly { readonly term: string; readonly use: string; readonly allowed?: readonly string[] }[];
};

const BANNED = terms.map(({ term, use, allowed = [] }): BannedTerm => ({
  pattern: new RegExp(`(?<![A-Za-z])(?:${term})(?![A-Za-z])`, 'gi'),
  use,
  allowed: allowed.map((context) => new RegExp(context, 'gi')),
}));

/** The banned terms in a text, each with its line and the words to use. Parts of identifiers are words. */
function bannedIn(text: string): string[] {
  // Most terms are nowhere in a text, and most texts have none: lines are searched only for terms that the text has.
  const whole = splitWords(text);
  const present = BANNED.filter(({ pattern }) => whole.search(pattern) !== -1);
  if (present.length === 0) return [];
  return text.split('\n').flatMap((line, index) =>
    present.flatMap(({ pattern, use, allowed }) => {
      const rest = allowed.reduce((left, context) => left.replace(context, ''), line);
      return [...splitWords(rest).matchAll(pattern)].map(([term]) => `${index + 1}: "${term}", use: ${use}`);
    }),
  );
}

/** A text with a space between the words of its identifiers. */
function splitWords(text: string): string {
  return text.replace(/([a-z\d])([A-Z])/g, '$1 $2');
}

/** The names of the tests and suites of a file, each on the line where it is. */
function testNames(source: string): string {
  const file = ts.createSourceFile('test.ts', source, ts.ScriptTarget.Latest);
  const lines = source.split('\n').map(() => '');
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && /^(?:it|test|describe)\b/.test(node.expression.getText(file))) {
      const [name] = node.arguments;
      if (name !== undefined && (ts.isStringLiteralLike(name) || ts.isTemplateExpression(name)))
        lines[file.getLineAndCharacterOfPosition(name.getStart(file)).line] += name.getText(file);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return lines.join('\n');
}

function filesOf(place: string): string[] {
  const whole = path.join(ROOT, place);
  if (!statSync(whole).isDirectory()) return [place];
  const names = readdirSync(whole, { recursive: true, encoding: 'utf8' });
  // The page of the inspector is generated.
  return names
    .filter((name) => /\.(?:ts|mjs|md|html)$/.test(name))
    .map((name) => `${place}/${name}`)
    .filter((name) => name !== 'src/inspect/page.ts');
}

it.each(CLEAN)('%s contains no banned term', (place) => {
  const files = filesOf(place);
  expect(files).not.toEqual([]);
  const found = files.flatMap((name) => {
    const text = readFileSync(path.join(ROOT, name), 'utf8');
    // The diagrams are generated.
    const written = text.replace(/<!-- chart:[\s\S]*?<!-- \/chart/g, (chart) => chart.replace(/[^\n]/g, ''));
    return bannedIn(name.startsWith('test/') ? testNames(text) : written).map((problem) => `${name}:${problem}`);
  });
  expect(found).toEqual([]);
});

it('finds a banned term in a sentence and in an identifier, but not in an allowed context', () => {
  expect(bannedIn('fine\nThe server hears it')).toEqual(['2: "hears", use: receive']);
  expect(bannedIn('tellServer()')).toEqual(['1: "tell", use: emit, send, notify, report']);
  expect(bannedIn('`limits.maxQuestions` of heartbeats')).toEqual([]);
});

it('reads the names of tests and suites', () => {
  expect(testNames("describe('a', () => {\n  it.each([1])('b', () => tell('c'));\n});")).toBe("'a'\n'b'\n");
});

it('lists every clean place once', () => {
  expect(new Set(CLEAN).size).toBe(CLEAN.length);
  expect(CLEAN.filter((place) => !existsSync(path.join(ROOT, place)))).toEqual([]);
});
