import { judgeRedirect, MOST_REDIRECTS } from '../../src/protocol/redirects.js';

function judge(method: string, status: number, from: string, location: string | undefined, followed = 0): unknown {
  const verdict = judgeRedirect({ method, status, location, from: new URL(from), followed });
  return verdict instanceof URL ? verdict.href : verdict.details;
}

test.each([
  ['POST', 307, 'http://a.example/mcp', '/other', 'http://a.example/other'],
  ['POST', 308, 'http://a.example/mcp', 'http://a.example:80/x#y', 'http://a.example/x'],
  ['POST', 308, 'http://a.example/mcp', 'https://a.example/mcp', 'https://a.example/mcp'],
  ['GET', 302, 'https://a.example/mcp', '?again', 'https://a.example/mcp?again'],
])('%s with %i from %s to %s is followed to %s', (method, status, from, location, target) => {
  expect(judge(method, status, from, location)).toBe(target);
});

test.each([
  ['another host', 'POST', 307, 'https://a.example/', 'https://b.example/'],
  ['a host below', 'POST', 307, 'https://a.example/', 'https://x.a.example/'],
  ['another port', 'POST', 307, 'http://a.example/', 'http://a.example:8080/'],
  ['TLS on another port', 'POST', 307, 'http://a.example/', 'https://a.example:8443/'],
  ['TLS from another port', 'POST', 307, 'http://a.example:8080/', 'https://a.example/'],
  ['less than TLS', 'POST', 307, 'https://a.example/', 'http://a.example/'],
  ['a file', 'GET', 302, 'https://a.example/', 'file:///etc/passwd'],
  ['nowhere', 'POST', 307, 'https://a.example/', undefined],
  ['nothing that is a URL', 'POST', 307, 'https://a.example/', 'https://['],
  ['a GET in place of a POST', 'POST', 302, 'https://a.example/', '/other'],
])('a redirect to %s is refused', (_, method, status, from, location) => {
  expect(judge(method, status, from, location)).toMatchObject({ status, from: new URL(from).origin });
});

test('so is one too many', () => {
  expect(judge('POST', 307, 'https://a.example/', '/b', MOST_REDIRECTS - 1)).toBe('https://a.example/b');
  expect(judge('POST', 307, 'https://a.example/', '/b', MOST_REDIRECTS)).toMatchObject({ status: 307 });
});

test('credentials of the URL stay with the origin that they were given for', () => {
  expect(judge('POST', 307, 'https://me:secret@a.example/mcp', '/other')).toBe('https://me:secret@a.example/other');
});
