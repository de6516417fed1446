import { isLoopback, isPublicAddress } from '../../../src/auth/network/addresses.js';
import { UrlRules } from '../../../src/auth/network/url-rules.js';

const STRICT = { allowPrivate: false, allowHttp: false };
const PUBLIC = new URL('https://mcp.example/mcp');

describe('the rules for URLs of a server with a public address', () => {
  const rules = new UrlRules(PUBLIC, STRICT);

  test.each([
    'https://169.254.169.254/latest',
    'https://10.1.2.3/',
    'https://0x7f.1/',
    'https://017700000001/',
    'https://2130706433/',
    'https://[::ffff:10.0.0.1]/',
    'https://[64:ff9b::10.0.0.1]/',
    'https://[::1]/',
    'https://[::]/',
    'https://[fe80::1]/',
    'https://[fd00::1]/',
    'https://[2002:a00:1::]/',
    'https://[::ffff:0:10.0.0.1]/',
    'https://[1::1]/',
    'https://[4000::1]/',
    'https://[100::1]/',
    'https://[100:0:0:1::1]/',
    'https://[64:ff9b:1::8.8.8.8]/',
    'https://localhost/',
    'https://a.localhost./',
    'https://100.64.0.1/',
    'https://192.168.1.1/',
  ])('refuse the address of %s', (url) => {
    expect(rules.refusal(url, 'token endpoint')).toMatchObject({
      code: 'MCP_AUTH_URL_FORBIDDEN',
      kind: 'authentication',
      details: { rule: expect.stringContaining('allowPrivate') as string },
    });
  });

  test.each([
    'http://as.example/',
    'ftp://as.example/',
    'https://user:secret@as.example/',
    'https://as.example/#part',
    'javascript:alert(1)',
    '/relative',
    'https://as.exa\tmple/',
    'https://as.example/\n',
    'https://as.example/\u202E',
  ])('refuse %s', (url) => {
    const refusal = rules.refusal(url, 'token endpoint');
    expect(refusal?.code).toBe('MCP_AUTH_URL_FORBIDDEN');
    expect(JSON.stringify(refusal)).not.toContain('secret');
  });

  test.each([
    'https://as.example/',
    'https://8.8.8.8/',
    'https://[2606:4700::1111]/',
    'https://[64:ff9b::8.8.8.8]/',
    'https://[::ffff:8.8.8.8]/',
  ])('allow %s', (url) => {
    expect(rules.refusal(url, 'token endpoint')).toBeUndefined();
  });

  test('show a forbidden URL without its query', () => {
    const refusal = rules.refusal('http://as.example/path?code=secret', 'token endpoint');
    expect(refusal?.message).toContain('http://as.example/path');
    expect(JSON.stringify(refusal)).not.toContain('secret');
  });
});

describe('the rules for URLs of a server on this machine', () => {
  const rules = new UrlRules(new URL('http://localhost:3000/mcp'), STRICT);

  test.each([
    'http://127.0.0.1:9/',
    'http://[::1]:9/',
    'http://localhost:9/',
    'https://10.0.0.1/',
    'https://as.example/',
  ])('allow %s', (url) => {
    expect(rules.refusal(url, 'token endpoint')).toBeUndefined();
  });

  test('refuse plain HTTP to another machine', () => {
    expect(rules.refusal('http://10.0.0.1/', 'token endpoint')?.code).toBe('MCP_AUTH_URL_FORBIDDEN');
  });
});

test('options lift the rules for addresses and for plain HTTP, each on its own', () => {
  const url = 'http://10.0.0.1/';
  expect(new UrlRules(PUBLIC, { allowPrivate: true, allowHttp: true }).refusal(url, 'URL')).toBeUndefined();
  expect(new UrlRules(PUBLIC, { allowPrivate: true, allowHttp: false }).refusal(url, 'URL')).toBeDefined();
  expect(new UrlRules(PUBLIC, { allowPrivate: false, allowHttp: true }).refusal(url, 'URL')).toBeDefined();
});

test('a text that is no address is not public', () => {
  expect(['', 'example.com', '1.2.3', 'fe80::1%eth0'].map(isPublicAddress)).toEqual([false, false, false, false]);
});

test('a name is this machine only as `localhost`', () => {
  const names = ['localhost', 'x.localhost', 'localhost.example', 'notlocalhost', '127.0.0.53'];
  expect(names.map((name) => isLoopback(new URL(`http://${name}/`)))).toEqual([true, true, false, false, true]);
});
