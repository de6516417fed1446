import { hintFor } from '../../src/diagnostics/explain.js';
import { failure } from '../../src/util/failure.js';
import type { Failure, FailureCode } from '../../src/util/failure.js';
import { hintOf } from '../../src/diagnostics/hints.js';
import type { Circumstances } from '../../src/diagnostics/hintable.js';
import { circumstancesOf } from '../../src/diagnostics/story.js';
import type { Problem } from '../../src/diagnostics/story.js';

function hint(code: FailureCode, details: object = {}, about: Circumstances = {}, errorCode?: number): string {
  return hintOf(failure('transport', code, 'No', { details: { ...details }, errorCode }), about) ?? '';
}

const exited = (stderr: string, rest: object = { exitCode: 1, signal: null }): string =>
  hint('MCP_PROCESS_EXITED', { stderr, ...rest });

describe('the hint for a process that exited', () => {
  test.each([
    ['Error: listen EADDRINUSE: address already in use :::3000', 'port of the server is in use'],
    ['OSError: [Errno 98] Address already in use', 'port of the server is in use'],
    ['Need to install the following packages:\nserver-x@1.0.0\nOk to proceed? (y)', 'add `-y`'],
    ['npm error code E404\nnpm error 404 Not Found - GET https://a.invalid/x', 'no package of this name'],
    ['npm ERR! code ENOTFOUND', 'registry is not reachable'],
    ['sh: 1: uvx: not found', 'was not found'],
    ["'npx' is not recognized as an internal or external command", 'was not found'],
    ["Error: Cannot find module '/srv/server.js'", 'file or package of the server is missing'],
    ["ModuleNotFoundError: No module named 'mcp'", 'Python package'],
    ['FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory', 'out of memory'],
    ["EACCES: permission denied, open '/etc/x'", 'no permission for a file'],
    ['OSError: [Errno 28] No space left on device', 'disk is full'],
    ['GITHUB_TOKEN environment variable is required', 'setting of the server is missing'],
    ['Missing required API key', 'setting of the server is missing'],
    ['Error: DATABASE_URL is not set', 'setting of the server is missing'],
    ['Missing REDIS_HOST', 'setting of the server is missing'],
  ])('is found in what it said: %s', (stderr, expected) => {
    expect(exited(stderr)).toContain(expected);
  });

  test.each([
    [{ exitCode: 127, signal: null }, 'was not found'],
    [{ exitCode: 126, signal: null }, 'not executable'],
    [{ exitCode: 0, signal: null }, 'exited without an error'],
    [{ exitCode: null, signal: 'SIGKILL' }, 'ran out of memory'],
    [{ exitCode: null, signal: 'SIGSEGV' }, 'native code'],
    [{ exitCode: 3, signal: null }, 'Run the command in a terminal'],
  ])('is found in how it ended when it said nothing: %j', (ending, expected) => {
    expect(exited('', ending)).toContain(expected);
  });

  test('is about its output when it printed there what is no message', () => {
    expect(hint('MCP_PROCESS_EXITED', { exitCode: 3, stderr: '' }, { noise: true })).toContain('standard output');
  });
});

describe('the hint for a status of HTTP', () => {
  const url = 'http://a.invalid';

  test.each<[number, object, string]>([
    [404, { url: `${url}/` }, `Try ${url}/mcp or ${url}/sse.`],
    [404, { url: `${url}/mcp` }, `Try ${url}/sse.`],
    [405, { url: `${url}/api/sse` }, `Try ${url}/api/mcp.`],
    [406, {}, 'Accept header'],
    [407, {}, 'proxy'],
    [413, {}, 'too large'],
    [429, { retryAfter: 7_000 }, 'in 7.0 s'],
    [503, { retryAfter: 200_000 }, 'in 3 min'],
    [503, {}, 'is overloaded'],
    [502, {}, 'behind it'],
    [500, {}, 'its log'],
    [403, {}, 'hosts and origins'],
    [200, { contentType: 'text/html; charset=utf-8' }, 'web page'],
    [403, { contentType: 'text/html' }, 'web page'],
    [525, { contentType: 'text/html' }, 'no valid response'],
    [530, { contentType: 'text/html' }, 'no valid response'],
    [499, { contentType: 'text/html' }, 'no valid response'],
  ])('%i with %j', (status, details, expected) => {
    expect(hint('MCP_HTTP_STATUS', { status, ...details })).toContain(expected);
  });

  test('is none for one that is not known', () => {
    expect(hint('MCP_HTTP_STATUS', { status: 418 })).toBe('');
  });
});

describe('the hint for a token', () => {
  test.each<[object, string]>([
    [{ status: 401 }, 'pass the transport `auth: { token }`'],
    [{ status: 401, resourceMetadata: 'https://a.invalid/prm' }, 'https://a.invalid/prm describes where to get one.'],
    [{ status: 401, error: 'invalid_token', requiredScope: 'read' }, 'Renew it'],
    [{ status: 403, error: 'insufficient_scope', requiredScope: 'read write' }, 'the scope "read write"'],
  ])('that was refused with %j', (details, expected) => {
    expect(hint('MCP_AUTHENTICATION_REQUIRED', details)).toContain(expected);
  });

  test('that its source does not give', () => {
    expect(hintOf(failure('authentication', 'MCP_AUTHENTICATION_REQUIRED', 'No'))).toContain('auth.token()');
  });
});

describe('the hint for running out of time', () => {
  test.each<[object, Circumstances, string]>([
    [{ phase: 'connecting' }, { state: 'connecting' }, 'The server was not reached'],
    [{ phase: 'connecting' }, { state: 'initializing' }, 'check that it is an MCP server'],
    [{ phase: 'connecting' }, { state: 'initializing', noise: true }, 'standard output'],
    [{ phase: 'queued' }, {}, 'was not sent'],
    [{ phase: 'waiting' }, {}, 'raise `timeout`'],
    [{ phase: 'asking' }, {}, 'raise `maxTotalTimeout`'],
  ])('%j while %j', (details, about, expected) => {
    expect(hint('MCP_TIMEOUT', details, about)).toContain(expected);
  });
});

test.each<[FailureCode, object, string]>([
  ['MCP_SPAWN_FAILED', { command: 'node server.js', errno: 'ENOENT' }, 'put each argument into `args`'],
  ['MCP_SPAWN_FAILED', { command: 'npx -y @scope/server', errno: 'ENOENT' }, 'name of one program'],
  ['MCP_SPAWN_FAILED', { command: '/usr/bin/node /srv/server.js', errno: 'ENOENT' }, 'put each argument into `args`'],
  ['MCP_SPAWN_FAILED', { command: '/opt/my-server', errno: 'ENOENT' }, 'installed and on PATH'],
  ['MCP_SPAWN_FAILED', { command: './server.py', errno: 'EACCES' }, 'Make the file executable'],
  ['MCP_TRANSPORT_FAILED', { reason: 'ECONNREFUSED' }, 'No process listens'],
  ['MCP_TRANSPORT_FAILED', { reason: 'UND_ERR_CONNECT_TIMEOUT' }, 'firewall'],
  ['MCP_TRANSPORT_FAILED', { reason: 'EAI_AGAIN' }, 'DNS'],
  ['MCP_MESSAGE_TOO_LARGE', { field: 'limits.maxMessageBytes' }, 'Raise `limits.maxMessageBytes`'],
  ['MCP_REDIRECT_REFUSED', { to: 'https://b.invalid' }, 'If you trust https://b.invalid'],
  ['MCP_AUTH_BUSY', {}, 'try again'],
  ['MCP_AUTH_DISCOVERY_FAILED', {}, '`authorizationServer`'],
  ['MCP_AUTH_RESPONSE_INVALID', {}, 'do not use it'],
  ['MCP_AUTH_RESPONSE_INVALID', {}, '`obtain` of your grant'],
  ['MCP_AUTH_UNREACHABLE', { reason: 'ECONNREFUSED' }, 'No process listens'],
  ['MCP_AUTH_UNSUPPORTED', {}, 'pass its metadata'],
  ['MCP_AUTH_URL_FORBIDDEN', {}, 'the option that the message names'],
  ['MCP_CLIENT_UNKNOWN', {}, '`client: { id }`'],
  ['MCP_CLIENT_UNKNOWN', {}, '`issuer`'],
  ['MCP_ISSUER_MISMATCH', { received: 'https://b.invalid' }, "`authorizationServer: 'https://b.invalid'`"],
  ['MCP_ISSUER_MISMATCH', {}, 'from another server'],
  ['MCP_GRANT_FAILED', {}, 'A function of your program'],
  ['MCP_SIGN_IN_REQUIRED', { reason: 'the program has signed out' }, 'signIn()'],
  ['MCP_REGISTRATION_REFUSED', {}, 'register by hand'],
  ['MCP_RESOURCE_MISMATCH', {}, 'host, port and path'],
  ['MCP_SCOPE_INSUFFICIENT', {}, 'permissions'],
  ['MCP_SIGN_IN_CANCELLED', {}, 'connect()'],
  ['MCP_SIGN_IN_DENIED', {}, 'administrator'],
  ['MCP_SIGN_IN_REQUIRED', {}, '`prompt: "auto"`'],
  ['MCP_SIGN_IN_TIMEOUT', {}, '`prompt.complete()`'],
  ['MCP_TOKEN_REFUSED', {}, '`resource`'],
  ['MCP_TOKEN_REFUSED', {}, '`dpop: true`'],
  ['MCP_TOKEN_REQUEST_REFUSED', { error: 'invalid_client' }, '`secret` or `key`'],
  ['MCP_TOKEN_REQUEST_REFUSED', { error: 'invalid_grant' }, 'sign in again'],
  ['MCP_TOKEN_REQUEST_REFUSED', { error: 'invalid_scope' }, '`scopes`'],
  ['MCP_TOKEN_REQUEST_REFUSED', { error: 'invalid_target' }, '`resource: false`'],
  ['MCP_TOKEN_REQUEST_REFUSED', {}, 'at the authorization server'],
  ['MCP_TOKEN_STORE_FAILED', {}, 'Check the store'],
  ['MCP_CONNECTION_LOST', { misses: 3 }, 'hangs'],
  ['MCP_CONNECTION_LOST', {}, '`autoReconnect`'],
  ['MCP_CRASH_LOOP', {}, '`maxRestarts`'],
  ['MCP_QUEUE_FULL', {}, '`maxQueued`'],
  ['MCP_UNSUPPORTED_VERSION', {}, '`era`'],
  ['MCP_SESSION_LOST', {}, 'instances'],
  ['MCP_SKILL_INVALID', { field: 'digest' }, '`client.skills.get(uri)`'],
  ['MCP_SKILL_INVALID', { field: 'digest' }, 'authors of the server'],
  ['MCP_SKILL_INVALID', { field: 'resources', received: '"dynamic"' }, '`allowDynamic: true`'],
  ['MCP_SKILL_INVALID', { field: 'resources', limit: 512 }, 'authors of the server'],
  ['MCP_CAPABILITY_MISSING', { required: 'tools' }, '`getServerInfo()`'],
  ['MCP_CAPABILITY_MISSING', { resultType: 'input_required' }, '`elicitation`'],
  ['MCP_INPUT_LIMIT', { field: 'maxServerRequests' }, 'raise `maxServerRequests`'],
  ['MCP_INPUT_LIMIT', {}, 'raise `limits.maxInputRounds`'],
])('the hint for %s with %j', (code, details, expected) => {
  expect(hint(code, details)).toContain(expected);
});

test.each([
  [-32_601, 'does not support this method'],
  [-32_602, '`inputSchema`'],
  [-32_603, 'its log'],
  [-32_021, '`elicitation`'],
  [-32_042, '`elicitation: { url }`'],
])('the hint for the JSON-RPC error %i', (code, expected) => {
  expect(hint('MCP_RPC_ERROR', {}, {}, code)).toContain(expected);
});

test.each([
  ['prompts/get', 'listPrompts()'],
  ['resources/read', 'listResources()'],
  ['resources/subscribe', 'does not support this method'],
])('the hint for the JSON-RPC error -32601 of %s', (method, expected) => {
  expect(hint('MCP_RPC_ERROR', { method }, {}, -32_601)).toContain(expected);
});

test('a code that is nobody’s has none, not even one that objects have', () => {
  for (const code of ['MY_CODE', 'constructor', 'toString']) expect(hintOf({ code, message: '' })).toBeUndefined();
});

test('a connection that was there before is to be opened again, and not first', () => {
  const lost = 'Not connected: ws://a.invalid/ closed the connection with code 1011 (internal error)';
  expect(hintOf({ code: 'MCP_NOT_CONNECTED', message: lost })).toContain('connect() again');
  expect(hintOf({ code: 'MCP_NOT_CONNECTED', message: 'Not connected' })).toContain('connect() first');
});

test('the innermost cause that has a hint gives it', () => {
  const chain = (...failures: Failure[]): Failure => failures.reduceRight((cause, one) => ({ ...one, cause }));
  const refused = failure('transport', 'MCP_TRANSPORT_FAILED', 'No', { details: { reason: 'ECONNREFUSED' } });
  const unknown = failure('transport', 'MCP_TRANSPORT_FAILED', 'No', { details: { reason: 'EWHATEVER' } });
  const outer = failure('connection', 'MCP_NOT_CONNECTED', 'No');
  expect(hintFor(chain(outer, refused))).toContain('No process listens');
  expect(hintFor(chain(outer, unknown))).toContain('connect()');
  expect(hintFor(chain(outer, refused, unknown))).toContain('No process listens');
});

describe('a hint does no harm', () => {
  test.each([
    [
      { from: 'https://a.invalid', to: 'http://a.invalid', location: 'http://a.invalid/mcp/', status: 307 },
      'https://a.invalid/mcp/',
    ],
    [
      { from: 'https://a.invalid:8443', to: 'http://a.invalid:8080', location: 'http://a.invalid:8080/x', status: 308 },
      'https://a.invalid:8443/x',
    ],
    [
      { from: 'https://a.invalid', to: 'http://b.invalid', location: 'http://b.invalid/mcp', status: 302 },
      'https://b.invalid/mcp',
    ],
    [
      { from: 'https://a.invalid', to: 'http://a.invalid', location: 'http://a.invalid/', status: 301 },
      'https://a.invalid/',
    ],
    [{ from: 'https://a.invalid', to: 'http://a.invalid' }, 'https://'],
  ])('a redirect from TLS to plain HTTP is not advised: %j', (details, expected) => {
    const text = hint('MCP_REDIRECT_REFUSED', details);
    expect(text).toContain(expected);
    expect(text).not.toContain('http://');
  });

  test.each([
    [
      { from: 'http://a.invalid', to: 'https://b.invalid', location: 'https://b.invalid/mcp', status: 307 },
      'use it as the URL',
    ],
    [
      { from: 'https://a.invalid', to: 'https://a.invalid', location: 'https://a.invalid/login', status: 302 },
      'https://a.invalid/login',
    ],
    [{ from: 'https://a.invalid', to: 'file:', location: 'file:', status: 302 }, 'not HTTP'],
    [{ from: 'https://a.invalid', status: 307 }, 'no end or no target'],
    [{ from: 'https://a.invalid', to: 'https://b.invalid' }, 'wrong address for messages'],
  ])('a redirect elsewhere is told with its path: %j', (details, expected) => {
    expect(hint('MCP_REDIRECT_REFUSED', details)).toContain(expected);
  });

  test.each([
    ['http://a.invalid/foo', 'Try http://a.invalid/foo/mcp or http://a.invalid/foo/sse or http://a.invalid/mcp.'],
    ['http://a.invalid/foo/', 'Try http://a.invalid/foo/mcp or http://a.invalid/foo/sse or http://a.invalid/mcp.'],
    ['http://a.invalid/mcp/', 'Try http://a.invalid/mcp or http://a.invalid/sse.'],
    ['http://a.invalid/v1/api', 'or http://a.invalid/mcp.'],
    ['ws://a.invalid/', 'Try ws://a.invalid/mcp or ws://a.invalid/ws.'],
    ['', 'Check the path of the URL'],
  ])('404 at %s suggests other paths of the same server', (url, expected) => {
    const text = hint('MCP_HTTP_STATUS', { status: 404, ...(url !== '' && { url }) });
    expect(text).toContain(expected);
    expect(text).not.toContain('Try .');
  });

  test('standard output is spoken of only where a process has one', () => {
    expect(hint('MCP_INVALID_JSON', { excerpt: 'Starting' })).toContain('standard output');
    expect(hint('MCP_INVALID_JSON', { length: 5 })).not.toContain('standard output');
    expect(hint('MCP_INVALID_JSON', { excerpt: '{"id":1,"result":NaN}', requestId: 1 })).not.toContain(
      'standard output',
    );
    expect(hint('MCP_INVALID_JSON', { length: 21, requestId: 1 })).toContain(
      'response of the server is not valid JSON',
    );
    const problem = (details: object): Problem => ({
      at: 1,
      failure: failure('protocol', 'MCP_INVALID_JSON', 'No', { details: { ...details } }),
    });
    const noise = (details: object): boolean | undefined =>
      circumstancesOf({ at: 1, path: '', changes: [], frames: [], problem: problem(details) }).noise;
    expect([noise({ excerpt: 'x' }), noise({ length: 5 })]).toEqual([true, false]);
  });

  test.each([
    [{ status: 401, authorization: 'sent' }, 'does not accept this token'],
    [{ status: 401, authorization: 'sent', error: 'invalid_request' }, 'does not accept this token'],
    [{ status: 401, authorization: 'none' }, 'pass the transport `auth: { token }`'],
    [{ status: 401, authorization: 'none', url: 'wss://a.invalid/' }, '`headers: { Authorization }`'],
    [{ status: 403, authorization: 'sent' }, 'permissions'],
  ])('a token that was refused is not asked for: %j', (details, expected) => {
    const text = hint('MCP_AUTHENTICATION_REQUIRED', details);
    expect(text).toContain(expected);
    if (details.authorization === 'sent') expect(text).not.toContain('pass the transport');
  });

  test('a call that ran out of its whole time is not told to raise the other limit', () => {
    const timedOut = failure('timeout', 'MCP_TIMEOUT', 'x got no answer within 5 ms (maxTotalTimeout)', {
      details: { operation: 'x', timeout: 5, phase: 'waiting' },
    });
    expect(hintOf(timedOut)).toContain('raise `maxTotalTimeout`');
  });

  test.each<[string, FailureCode, object, Circumstances, string, string]>([
    [
      'an end in the middle of a session',
      'MCP_PROCESS_EXITED',
      { exitCode: 0 },
      { state: 'ready' },
      'during use',
      'argument',
    ],
    ['no free processes', 'MCP_SPAWN_FAILED', { command: 'x', errno: 'EAGAIN' }, {}, 'raise its limits', 'PATH'],
    [
      'a method of another revision',
      'MCP_UNSUPPORTED_VERSION',
      { method: 'x' },
      {},
      'belongs to another revision',
      'update',
    ],
    ['restoring', 'MCP_TIMEOUT', { operation: 'restore', phase: 'connecting' }, {}, '', 'reached'],
    [
      'a subscription',
      'MCP_TIMEOUT',
      { operation: 'subscriptions/listen', phase: 'waiting' },
      {},
      'acknowledge',
      'timeout',
    ],
    [
      'text in place of JSON',
      'MCP_HTTP_STATUS',
      { status: 200, contentType: 'text/plain' },
      {},
      'check the URL',
      'page',
    ],
  ])('%s has a hint of its own', (_what, code, details, about, expected, other) => {
    expect(hint(code, details, about)).toContain(expected);
    expect(hint(code, details, about)).not.toContain(other);
  });

  test.each([
    ["FileNotFoundError: [Errno 2] No such file or directory: '/data/x'", 'cannot find a file'],
    ["Error: ENOENT: no such file or directory, open '/etc/x.json'", 'cannot find a file'],
    ['SyntaxError: Unexpected token u in JSON at position 0, undefined', 'Run the command in a terminal'],
    ['Error: user 5 not found in table: retry', 'Run the command in a terminal'],
    ["/usr/bin/env: 'node22': No such file or directory", 'was not found'],
    ['bash: line 1: uvx: command not found', 'was not found'],
  ])('what a server says is not taken for something else: %s', (stderr, expected) => {
    expect(exited(stderr)).toContain(expected);
  });
});
