import { readServerName, shownWord } from '../../src/cli/server-name.js';
import { splitWords } from '../../src/cli/target.js';
import { cliHome, runCli } from '../support/cli.js';

const home = cliHome();
afterAll(() => {
  home.remove();
});

function run(words: readonly string[]) {
  return runCli(words, { env: home.env });
}

describe('the name of a server', () => {
  it.each([
    ['linear', { name: 'linear' }],
    ['cursor:linear', { name: 'linear', source: 'cursor' }],
    ['cursor:plugin:linear', { name: 'plugin:linear', source: 'cursor' }],
    ['other:linear', { name: 'other:linear' }],
    ['./mcp.json:linear', { name: 'linear', file: './mcp.json' }],
    ['./mcp.json:plugin:linear', { name: 'plugin:linear', file: './mcp.json' }],
    ['C:\\x\\mcp.json:linear', { name: 'linear', file: 'C:\\x\\mcp.json' }],
    ['C:\\x\\mcp.json', { name: 'C:\\x\\mcp.json' }],
    ['config/servers:linear', { name: 'linear', file: 'config/servers' }],
    ['cursor:', { name: 'cursor:' }],
    ['__proto__', { name: '__proto__' }],
    ['', { name: '' }],
  ])('%s is read as %j', (word, expected) => {
    expect(readServerName(word, ['cursor', 'claude-code'])).toEqual(expected);
  });
});

describe('a target and an item in one word', () => {
  it.each([
    ['linear.search', 'linear', 'search'],
    ['my.server.search', 'my.server', 'search'],
    ['./mcp.json:linear', './mcp.json:linear', undefined],
    ['./mcp.json:linear.search', './mcp.json:linear', 'search'],
    ['C:\\a.b\\mcp.json:linear', 'C:\\a.b\\mcp.json:linear', undefined],
    ['../servers:linear', '../servers:linear', undefined],
    ['.hidden', '.hidden', undefined],
  ])('%s is read as %s and %s', (word, target, item) => {
    expect(splitWords([word], { serverCommand: undefined })).toEqual({ target, item, rest: [] });
  });
});

it.each([
  ['https://user:marker@ho st/?key=marker', 'https://…@ho st/?…'],
  ['mcp.example.com/mcp?token=marker', 'mcp.example.com/mcp?…'],
  ['linear', 'linear'],
])('shows %s as %s in an error', (word, shown) => {
  expect(shownWord(word)).toBe(shown);
});

describe('wrong use', () => {
  it.each([
    ['a target beside a command line', ['list', 'linear', '--', 'node'], /"linear" is a target, and .* is one too/],
    ['no command', [], /^Usage: mcp-actors/],
    ['an unknown flag, without its value', ['list', '--heade=X: marker'], /^error: Unknown option '--heade'/],
    ['a broken URL, without secrets', ['list', 'https://me:marker@ho st/'], /"https:\/\/…@ho st\/" is not a URL/],
    ['a URL without scheme', ['list', 'example.com?token=marker'], /no server "example.com\?…"/],
    ['config add without scheme', ['config', 'add', 'x', 'example.com?token=marker'], /"example.com\?…" is not a URL/],
  ])('is reported with exit code 2: %s', async (_name, words, message) => {
    const { code, stdout, stderr } = await run(words);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain('marker');
  });
});
