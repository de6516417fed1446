import { closest, didYouMean } from '../../src/util/did-you-mean.js';

describe('didYouMean', () => {
  it('suggests the known name in a text that can follow a sentence', () => {
    expect(didYouMean('timout', ['signal', 'timeout'])).toBe(' Did you mean "timeout"?');
  });

  it('is empty when no known name is similar', () => {
    expect(didYouMean('colour', ['signal', 'timeout'])).toBe('');
    expect(didYouMean('colour', [])).toBe('');
    expect(didYouMean('', ['signal'])).toBe('');
  });
});

describe('closest', () => {
  it.each([
    ['timout', 'timeout'],
    ['timeoutt', 'timeout'],
    ['tiemout', 'timeout'],
    ['TIMEOUT', 'timeout'],
    ['connectionTimeout', 'connectTimeout'],
    ['max_total_timeout', 'maxTotalTimeout'],
    ['max-total-timeout', 'maxTotalTimeout'],
    ['header', 'headers'],
    ['ev', 'env'],
  ])('finds the name that %s stands for', (wrong, right) => {
    const known = ['signal', 'timeout', 'connectTimeout', 'maxTotalTimeout', 'headers', 'env', 'cwd'];
    expect(closest(wrong, known)).toBe(right);
  });

  it('prefers the most similar name to the first similar one', () => {
    expect(closest('getIssues', ['getIssue', 'get_issues', 'listIssues'])).toBe('get_issues');
    expect(closest('list_issue', ['list_tissues', 'list_issues'])).toBe('list_issues');
  });

  it('takes the first of equally similar names', () => {
    expect(closest('cat', ['bat', 'hat'])).toBe('bat');
  });

  it('does not replace more than a third of a name', () => {
    expect(closest('abc', ['axy'])).toBeUndefined();
    expect(closest('retry', ['limit'])).toBeUndefined();
    expect(closest('a', ['b', 'ab'])).toBeUndefined();
    expect(closest('', ['b'])).toBeUndefined();
  });

  it('does not compare names that are very long', () => {
    expect(closest('a'.repeat(1_000_000), ['a'.repeat(1_000_000)])).toBeUndefined();
    expect(closest('search', ['search'.repeat(1_000), 'serach'])).toBe('serach');
  });
});
