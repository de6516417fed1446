import * as api from '../../src/index.js';
import {
  MCPAuthenticationError,
  MCPCapabilityError,
  MCPClient,
  MCPConnectionError,
  MCPError,
  MCPProtocolError,
  MCPTimeoutError,
  MCPToolError,
  MCPTransportError,
} from '../../src/index.js';
import { errorFrom } from '../support/outcomes.js';
import { answer, legacyScript, refuse, scriptedServer, silence } from '../support/servers/scripts.js';
import type { ScriptedServer } from '../support/servers/scripts.js';

const LINEAGES = [
  { ErrorClass: MCPError, lineage: [MCPError], code: 'MCP_ERROR' },
  { ErrorClass: MCPConnectionError, lineage: [MCPError, MCPConnectionError], code: 'MCP_CONNECTION_LOST' },
  { ErrorClass: MCPTimeoutError, lineage: [MCPError, MCPConnectionError, MCPTimeoutError], code: 'MCP_TIMEOUT' },
  {
    ErrorClass: MCPTransportError,
    lineage: [MCPError, MCPConnectionError, MCPTransportError],
    code: 'MCP_TRANSPORT_FAILED',
  },
  { ErrorClass: MCPProtocolError, lineage: [MCPError, MCPProtocolError], code: 'MCP_INVALID_MESSAGE' },
  {
    ErrorClass: MCPCapabilityError,
    lineage: [MCPError, MCPProtocolError, MCPCapabilityError],
    code: 'MCP_CAPABILITY_MISSING',
  },
  {
    ErrorClass: MCPAuthenticationError,
    lineage: [MCPError, MCPAuthenticationError],
    code: 'MCP_AUTHENTICATION_REQUIRED',
  },
  { ErrorClass: MCPToolError, lineage: [MCPError, MCPToolError], code: 'MCP_TOOL_ERROR' },
];
const CLASSES = LINEAGES.map(({ ErrorClass }) => ErrorClass);

/** This library once more, as when two versions of it are installed. */
function otherCopy(): typeof api {
  let copy: typeof api | undefined;
  jest.isolateModules(() => {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- import() would give the same copy again
    copy = require('../../src/index.js') as typeof api;
  });
  if (copy === undefined) throw new Error('There is no other copy');
  return copy;
}

describe.each(LINEAGES)('$ErrorClass.name', ({ ErrorClass, lineage, code }) => {
  const error = new ErrorClass('went wrong');

  test('is an error of its own class and of those above, and of no other', () => {
    expect(error).toBeInstanceOf(Error);
    expect(CLASSES.filter((one) => error instanceof one)).toEqual(lineage);
    expect(CLASSES.filter((one) => one.isInstance(error))).toEqual(lineage);
  });

  test('is recognised by another copy of this library', () => {
    const copy = otherCopy();
    const other = new copy[error.name as 'MCPError']('from the other copy');
    expect(other).not.toBeInstanceOf(MCPError);
    expect(CLASSES.filter((one) => one.isInstance(other))).toEqual(lineage);
    expect(copy.MCPError.isInstance(error)).toBe(true);
  });

  test('has a name, a code and nothing else that was not given', () => {
    expect(error).toMatchObject({ name: ErrorClass.name, message: 'went wrong', code, details: {} });
    expect([error.errorCode, error.delivery, error.cause]).toEqual([undefined, undefined, undefined]);
    expect('cause' in error).toBe(false);
    expect(error.toString()).toBe(`${ErrorClass.name} [${code}]: went wrong`);
  });

  test('takes what it is given', () => {
    const cause = new TypeError('below');
    const given = new ErrorClass('m', {
      code: 'MY_CODE',
      errorCode: -32000,
      details: { a: 1 },
      delivery: 'unknown',
      cause,
    });
    expect(given).toMatchObject({ code: 'MY_CODE', errorCode: -32000, details: { a: 1 }, delivery: 'unknown' });
    expect(given.cause).toBe(cause);
    expect(given.toString()).toContain(`${ErrorClass.name} [MY_CODE -32000]: m`);
    expect(given.explain()).toMatch(/^m \[MY_CODE\]\n {2}a: 1\n {2}because below\n.*may have run\.$/);
  });
});

test('exactly these eight are exported', () => {
  const exported = Object.entries(api).filter(([name]) => name.endsWith('Error'));
  expect(exported.map(([, one]) => one)).toEqual(expect.arrayContaining([...CLASSES]));
  expect(exported).toHaveLength(8);
});

test('a class that a user derives is distinguished from others', () => {
  class MyError extends MCPToolError {
    protected static override readonly brand: string = 'MyError';
  }
  const mine = new MyError('mine');
  expect(mine.name).toBe('MyError');
  expect([MyError.isInstance(mine), MCPToolError.isInstance(mine), MCPTimeoutError.isInstance(mine)]).toEqual([
    true,
    true,
    false,
  ]);
  expect(MyError.isInstance(new MCPToolError('not mine'))).toBe(false);
});

test.each([undefined, null, 'MCPError', {}, new Error('MCPError'), { name: 'MCPError', code: 'MCP_ERROR' }])(
  '%p is not taken for an error of this library',
  (value) => {
    expect(CLASSES.filter((one) => one.isInstance(value))).toEqual([]);
  },
);

describe('the texts of errors', () => {
  test('toString() shows the details of all but the answers of tools', () => {
    expect(new MCPError('m', { details: { limit: 5 } }).toString()).toBe('MCPError [MCP_ERROR]: m {"limit":5}');
    const result = { content: [{ type: 'text', text: 'private' }] };
    expect(new MCPToolError('m', { details: { tool: 'x', result } }).toString()).toBe(
      'MCPToolError [MCP_TOOL_ERROR]: m',
    );
  });

  test('toString() of details that JSON cannot express shows that there are some', () => {
    const circular: Record<string, unknown> = { number: 1n };
    circular['self'] = circular;
    expect(new MCPError('m', { details: circular }).toString()).toBe('MCPError [MCP_ERROR]: m {…}');
  });

  test('transport errors give what is known of the process or of the exchange', () => {
    const details = {
      pid: 7,
      exitCode: null,
      signal: 'SIGKILL',
      stderr: 'oops',
      url: 'http://x',
      status: 503,
      retryAfter: 1_000,
    };
    expect(new MCPTransportError('m', { details })).toMatchObject(details);
    const { pid, exitCode, signal, stderr, url, status, retryAfter } = new MCPTransportError('m');
    expect([pid, exitCode, signal, stderr, url, status, retryAfter]).toEqual(Array(7).fill(undefined));
  });

  test('explain() shows the whole chain, and the hint for its innermost cause', () => {
    const root = new MCPTransportError('no such program', {
      code: 'MCP_SPAWN_FAILED',
      details: { command: 'serve', errno: 'ENOENT' },
    });
    const error = new MCPConnectionError('Not connected', {
      code: 'MCP_NOT_CONNECTED',
      delivery: 'not-sent',
      cause: root,
    });
    expect(error.explain()).toBe(
      [
        'Not connected [MCP_NOT_CONNECTED]',
        '  because no such program [MCP_SPAWN_FAILED]',
        '    command: serve',
        '    errno: ENOENT',
        'The request did not run: it is safe to repeat.',
        'Hint: Check that the command is installed and on PATH, and that `cwd` exists.',
      ].join('\n'),
    );
  });
});

describe('the stack of an error', () => {
  let server: ScriptedServer;
  let client: MCPClient;

  beforeEach(async () => {
    server = await scriptedServer(
      legacyScript('2025-11-25', {
        'tools/call': ({ params }) =>
          params?.['name'] === 'silent' ? silence : answer({ content: [], isError: params?.['name'] === 'failing' }),
        'tools/list': refuse(-32603, 'broken'),
        'prompts/get': refuse(-32602, 'no such prompt'),
      }),
    );
    client = await MCPClient.connect(server.transport);
  });

  afterEach(async () => {
    await client.disconnect();
    await server[Symbol.asyncDispose]();
  });

  test.each<[string, (client: MCPClient) => Promise<unknown>]>([
    ['a request that is refused', (given) => given.getPrompt('x')],
    ['a list', (given) => given.listTools()],
    ['a call at its deadline', (given) => given.callTool('silent', {}, { timeout: 20 })],
    ['a tool that fails', (given) => given.callTool('failing')],
    ['a question about the server', (given) => given.disconnect().then(() => given.getServerInfo())],
    [
      'a request that is not served',
      (given) => given.complete({ ref: { type: 'ref/prompt', name: 'x' }, argument: { name: 'a', value: '' } }),
    ],
  ])('of %s names the function that made the call', async (_what, call) => {
    async function theUsersOwnFunction(): Promise<void> {
      await call(client);
    }
    const error = await errorFrom(theUsersOwnFunction());
    expect(error.stack).toContain('theUsersOwnFunction');
  });

  test('of connect() names the function that called it', async () => {
    async function theUsersOwnFunction(): Promise<void> {
      await new MCPClient(server.transport).connect();
    }
    expect((await errorFrom(theUsersOwnFunction())).stack).toContain('theUsersOwnFunction');
  });
});
