import { demandOf, parseChallenges } from '../../src/protocol/challenge.js';

function read(header: string | string[] | undefined): [string, Record<string, string>][] {
  return parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);
}

describe('the challenges of WWW-Authenticate', () => {
  test.each<[string, string | string[] | undefined, [string, Record<string, string>][]]>([
    ['nothing', undefined, []],
    ['an empty header', '', []],
    ['a scheme alone', 'Negotiate', [['negotiate', {}]]],
    ['a scheme with a token', 'Negotiate a87421000492aa874209af8bc028==', [['negotiate', {}]]],
    [
      'parameters with and without quotes',
      'BEARER Realm="a, b", error=invalid_token',
      [['bearer', { realm: 'a, b', error: 'invalid_token' }]],
    ],
    ['escapes', 'Bearer realm="say \\"hi\\" \\\\ there"', [['bearer', { realm: 'say "hi" \\ there' }]]],
    ['blanks where they may be', 'Bearer  a = "1" ,\tb= 2', [['bearer', { a: '1', b: '2' }]]],
    [
      'several in one header',
      'Basic realm="x", Bearer scope="a b", DPoP algs="ES256"',
      [
        ['basic', { realm: 'x' }],
        ['bearer', { scope: 'a b' }],
        ['dpop', { algs: 'ES256' }],
      ],
    ],
    [
      'several, one with a token',
      'Negotiate abc=, Basic realm=x',
      [
        ['negotiate', {}],
        ['basic', { realm: 'x' }],
      ],
    ],
    [
      'several headers',
      ['Basic realm="x"', 'Bearer scope="a"'],
      [
        ['basic', { realm: 'x' }],
        ['bearer', { scope: 'a' }],
      ],
    ],
    ['empty elements', ', , Bearer a=1,, b=2 ,', [['bearer', { a: '1', b: '2' }]]],
    ['a parameter twice, of which the first counts', 'Bearer a=1, A=2', [['bearer', { a: '1' }]]],
    [
      'an unclosed quote, of which the rest is left',
      'Bearer a=1, b="open',
      [
        ['bearer', { a: '1' }],
        ['b', {}],
        ['open', {}],
      ],
    ],
  ])('are read: %s', (_, header, challenges) => {
    expect(read(header)).toEqual(challenges);
  });

  test('are read in a moment, whatever they are', () => {
    for (const junk of ['"'.repeat(50_000), 'a='.repeat(50_000), '\\'.repeat(50_000), 'a "'.repeat(30_000)]) {
      const started = performance.now();
      parseChallenges(junk);
      expect(performance.now() - started).toBeLessThan(2_000);
    }
  });
});

test('of several demands the one that takes tokens counts', () => {
  const header =
    'Basic realm="x", Bearer error="insufficient_scope", scope="a b", resource_metadata="https://a.example/prm"';
  expect(demandOf(header)).toEqual({
    scheme: 'bearer',
    requiredScope: 'a b',
    resourceMetadata: 'https://a.example/prm',
    error: 'insufficient_scope',
  });
  expect(demandOf('Basic realm="x"').scheme).toBe('basic');
  expect(demandOf(undefined).scheme).toBeUndefined();
});
