import { hintFor } from '../../src/protocol/explain.js';
import { failure } from '../../src/protocol/failure.js';
import type { Failure, FailureCode } from '../../src/protocol/failure.js';
import { hintOf } from '../../src/protocol/hints.js';
import type { Circumstances } from '../../src/protocol/hints.js';

function hint(code: FailureCode, details: object = {}, about: Circumstances = {}, errorCode?: number): string {
  return hintOf(failure('transport', code, 'No', { details: { ...details }, errorCode }), about) ?? '';
}

const exited = (stderr: string, rest: object = { exitCode: 1, signal: null }): string =>
  hint('MCP_PROCESS_EXITED', { stderr, ...rest });

describe('the hint for a process that exited', () => {
  test.each([
    ['Error: listen EADDRINUSE: address already in use :::3000', 'port is taken'],
    ['OSError: [Errno 98] Address already in use', 'port is taken'],
    ['Need to install the following packages:\nserver-x@1.0.0\nOk to proceed? (y)', 'add `-y`'],
    ['npm error code E404\nnpm error 404 Not Found - GET https://a.invalid/x', 'no package of this name'],
    ['npm ERR! code ENOTFOUND', 'registry cannot be reached'],
    ['sh: 1: uvx: not found', 'is not there'],
    ["'npx' is not recognized as an internal or external command", 'is not there'],
    ["Error: Cannot find module '/srv/server.js'", 'file or package of the server is missing'],
    ["ModuleNotFoundError: No module named 'mcp'", 'Python package'],
    ['FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory', 'out of memory'],
    ["EACCES: permission denied, open '/etc/x'", 'may not use a file'],
    ['OSError: [Errno 28] No space left on device', 'disk is full'],
    ['GITHUB_TOKEN environment variable is required', 'misses a setting'],
    ['Missing required API key', 'misses a setting'],
  ])('is found in what it said: %s', (stderr, expected) => {
    expect(exited(stderr)).toContain(expected);
  });

  test.each([
    [{ exitCode: 127, signal: null }, 'is not there'],
    [{ exitCode: 126, signal: null }, 'may not be executed'],
    [{ exitCode: 0, signal: null }, 'as if it was done'],
    [{ exitCode: null, signal: 'SIGKILL' }, 'want of memory'],
    [{ exitCode: null, signal: 'SIGSEGV' }, 'native code'],
    [{ exitCode: 3, signal: null }, 'Run the command by hand'],
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
    [503, {}, 'cannot serve now'],
    [502, {}, 'behind it'],
    [500, {}, 'its log'],
    [403, {}, 'hosts and origins'],
    [200, { contentType: 'text/html; charset=utf-8' }, 'page for browsers'],
    [403, { contentType: 'text/html' }, 'page for browsers'],
  ])('%i with %j', (status, details, expected) => {
    expect(hint('MCP_HTTP_STATUS', { status, ...details })).toContain(expected);
  });

  test('is none for one that is not known', () => {
    expect(hint('MCP_HTTP_STATUS', { status: 418 })).toBe('');
  });
});

describe('the hint for a token', () => {
  test.each<[object, string]>([
    [{ status: 401 }, 'give the transport `auth: { token }`'],
    [{ status: 401, resourceMetadata: 'https://a.invalid/prm' }, 'is said at https://a.invalid/prm.'],
    [{ status: 401, error: 'invalid_token', requiredScope: 'read' }, 'renew it'],
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
    [{ phase: 'connecting' }, { state: 'connecting' }, 'Nothing could be reached'],
    [{ phase: 'connecting' }, { state: 'initializing' }, 'is it a server of MCP'],
    [{ phase: 'connecting' }, { state: 'initializing', noise: true }, 'standard output'],
    [{ phase: 'queued' }, {}, 'never sent'],
    [{ phase: 'waiting' }, {}, 'raise `timeout`'],
    [{ phase: 'asking' }, {}, 'raise `maxTotalTimeout`'],
  ])('%j while %j', (details, about, expected) => {
    expect(hint('MCP_TIMEOUT', details, about)).toContain(expected);
  });
});

test.each<[FailureCode, object, string]>([
  ['MCP_SPAWN_FAILED', { command: 'node server.js', errno: 'ENOENT' }, 'goes into `args`'],
  ['MCP_SPAWN_FAILED', { command: '/opt/my server', errno: 'ENOENT' }, 'installed and on PATH'],
  ['MCP_SPAWN_FAILED', { command: './server.py', errno: 'EACCES' }, 'Make the command executable'],
  ['MCP_TRANSPORT_FAILED', { reason: 'ECONNREFUSED' }, 'Nothing listens there'],
  ['MCP_TRANSPORT_FAILED', { reason: 'UND_ERR_CONNECT_TIMEOUT' }, 'firewall'],
  ['MCP_TRANSPORT_FAILED', { reason: 'EAI_AGAIN' }, 'DNS'],
  ['MCP_MESSAGE_TOO_LARGE', { field: 'limits.maxMessageBytes' }, 'Raise `limits.maxMessageBytes`'],
  ['MCP_REDIRECT_REFUSED', { to: 'https://b.invalid' }, 'If https://b.invalid is to be trusted'],
  ['MCP_CONNECTION_LOST', { misses: 3 }, 'hangs'],
  ['MCP_CONNECTION_LOST', {}, '`autoReconnect`'],
  ['MCP_CRASH_LOOP', {}, '`maxRestarts`'],
  ['MCP_QUEUE_FULL', {}, '`maxQueued`'],
  ['MCP_UNSUPPORTED_VERSION', {}, '`era`'],
  ['MCP_SESSION_LOST', {}, 'instances'],
  ['MCP_CAPABILITY_MISSING', { required: 'tools' }, '`getServerInfo()`'],
  ['MCP_CAPABILITY_MISSING', { resultType: 'input_required' }, '`elicitation`'],
  ['MCP_INPUT_LIMIT', { field: 'maxQuestions' }, 'raise `maxQuestions`'],
  ['MCP_INPUT_LIMIT', {}, 'raise `limits.maxInputRounds`'],
])('the hint for %s with %j', (code, details, expected) => {
  expect(hint(code, details)).toContain(expected);
});

test.each([
  [-32_601, 'does not have this method'],
  [-32_602, '`inputSchema`'],
  [-32_603, 'its log'],
  [-32_021, '`elicitation`'],
  [-32_042, '`elicitation: { url }`'],
])('the hint for the JSON-RPC error %i', (code, expected) => {
  expect(hint('MCP_RPC_ERROR', {}, {}, code)).toContain(expected);
});

test('a code that is nobody’s has none, not even one that objects have', () => {
  for (const code of ['MY_CODE', 'constructor', 'toString']) expect(hintOf({ code, message: '' })).toBeUndefined();
});

test('the innermost cause that has a hint gives it', () => {
  const chain = (...failures: Failure[]): Failure => failures.reduceRight((cause, one) => ({ ...one, cause }));
  const refused = failure('transport', 'MCP_TRANSPORT_FAILED', 'No', { details: { reason: 'ECONNREFUSED' } });
  const unknown = failure('transport', 'MCP_TRANSPORT_FAILED', 'No', { details: { reason: 'EWHATEVER' } });
  const outer = failure('connection', 'MCP_NOT_CONNECTED', 'No');
  expect(hintFor(chain(outer, refused))).toContain('Nothing listens');
  expect(hintFor(chain(outer, unknown))).toContain('connect()');
  expect(hintFor(chain(outer, refused, unknown))).toContain('Nothing listens');
});
