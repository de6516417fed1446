import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { inspect } from 'node:util';

import type { MCPToolError } from '../../src/index.js';
import { MCPClient, MCPConnectionError, MCPError, MCPTimeoutError, MCPTransportError } from '../../src/index.js';
import { compiled } from '../support/compiled.js';
import { scratchDirectory } from '../support/servers/fixture-servers.js';
import { errorFrom } from '../support/outcomes.js';
import { answer, legacyScript, scriptedServer, silence } from '../support/servers/scripts.js';
import type { Script } from '../support/servers/scripts.js';

const ROOT = path.resolve(__dirname, '../..');

/** How often a text is in another. */
function count(text: string, part: string): number {
  return text.split(part).length - 1;
}

/** Neither escapes of strings nor the ends of their lines: what a reader reads. */
function read(printed: string): string {
  return printed.replaceAll("\\'", "'");
}

async function timedOut(): Promise<MCPError> {
  await using server = await scriptedServer(legacyScript('2025-11-25', { 'tools/call': silence }));
  await using client = await MCPClient.connect(server.transport);
  return await errorFrom(client.callTool('slow', {}, { timeout: 20 }));
}

const scratch = scratchDirectory();

const TOLD = [
  'MCPTimeoutError: tools/call "slow" got no answer within 20 ms',
  "code: 'MCP_TIMEOUT'",
  "delivery: 'unknown'",
  'raise `timeout`',
];

describe('util.inspect() of an error', () => {
  let error: MCPError;
  beforeAll(async () => {
    error = await timedOut();
  });

  test.each<[string, (given: MCPError) => unknown, object]>([
    ['by itself', (given) => given, {}],
    ['with colors', (given) => given, { colors: true }],
    ['without customInspect, as Node prints uncaught errors', (given) => given, { customInspect: false, depth: 5 }],
    ['in an array', (given) => [given], {}],
    ['in an object', (given) => ({ given }), {}],
    ['as a cause', (given) => new Error('mine', { cause: given }), {}],
    ['in an AggregateError', (given) => new AggregateError([given], 'all'), { depth: 3 }],
    ['without a limit of depth', (given) => ({ a: { b: { c: given } } }), { depth: null }],
  ])('%s shows message, code, delivery and hint, each once', (_how, wrap, options) => {
    // eslint-disable-next-line no-control-regex -- colors
    const printed = read(inspect(wrap(error), options)).replace(/\u001b\[\d+m/g, '');
    for (const part of TOLD) expect([part, count(printed, part)]).toEqual([part, 1]);
    expect(count(printed, error.hint ?? 'none')).toBe(1);
    expect(printed).not.toContain('undefined');
  });

  test('that lies deeper than the limit shows the same in one line', () => {
    for (const wrap of [
      { a: { b: { c: error } } },
      [new AggregateError([error])],
      { a: { b: new Error('x', { cause: error }) } },
    ]) {
      const printed = inspect(wrap);
      expect(printed).toContain(
        '[MCPTimeoutError: tools/call "slow" got no answer within 20 ms (MCP_TIMEOUT, unknown)',
      );
      expect(printed).toContain(`Hint: ${error.hint}`);
    }
  });

  test('does not show what an error does not have', () => {
    const printed = inspect(new MCPError('bare'));
    expect(printed).toMatch(/^MCPError: bare\n/);
    expect(printed).toMatch(/ \{\n {2}code: 'MCP_ERROR'\n\}$/);
  });

  test('shows the hint once when a cause has it, and the message of the cause once', async () => {
    const client = new MCPClient(new (await import('../../src/index.js')).StdioTransport('no-such-command-anywhere'));
    await errorFrom(client.connect());
    const late = await errorFrom(client.callTool('x'));
    const printed = read(inspect(late));
    expect(late.cause).toBeInstanceOf(MCPTransportError);
    expect(late.hint).toBe((late.cause as MCPError).hint);
    expect(late.hint).toContain('on PATH');
    expect(count(printed, String(late.hint))).toBe(1);
    expect(count(printed, 'there is no such program')).toBe(1);
    expect(printed).toContain("code: 'MCP_SPAWN_FAILED'");
  });

  test('shows the hint once when a user wraps an error in one of the same class', () => {
    const wrapped = new MCPConnectionError('mine', { code: 'MY_CODE', cause: error });
    expect(wrapped.hint).toBe(error.hint);
    expect(count(read(inspect(wrapped)), String(error.hint))).toBe(1);
  });

  test('does not show the result of a tool, which programs read all the same', async () => {
    const result = { content: [{ type: 'text', text: `said ${'x'.repeat(600)} private` }], isError: true };
    await using server = await scriptedServer(legacyScript('2025-11-25', { 'tools/call': answer(result) }));
    await using client = await MCPClient.connect(server.transport);
    const refused = await errorFrom(client.callTool('x'));
    for (const customInspect of [true, false])
      expect(inspect(refused, { depth: 10, customInspect })).not.toContain('private');
    expect(JSON.stringify(refused)).not.toContain('private');
    expect(refused.toString()).not.toContain('private');
    expect(refused.explain()).not.toContain('private');
    expect((refused as MCPToolError).result).toEqual(result);
    expect(refused.details).toEqual({ tool: 'x', result });
    expect({ ...refused.details }).toEqual({ tool: 'x', result });
  });

  test('does not run away when an error is its own cause', () => {
    const mine: MCPError & { cause?: unknown } = new MCPTimeoutError('round');
    mine.cause = mine;
    expect(inspect(mine)).toContain('Circular');
    expect(inspect({ a: { b: { c: mine } } })).toContain('round');
    expect(mine.explain().length).toBeLessThan(5_000);
    expect(JSON.stringify(mine).length).toBeLessThan(10_000);
  });
});

describe('JSON.stringify() of an error', () => {
  test('shows everything but the stack', async () => {
    const { hint } = await timedOut();
    expect(JSON.parse(JSON.stringify(await timedOut()))).toEqual({
      name: 'MCPTimeoutError',
      message: 'tools/call "slow" got no answer within 20 ms',
      code: 'MCP_TIMEOUT',
      delivery: 'unknown',
      details: { operation: 'tools/call', timeout: 20, phase: 'waiting', tool: 'slow' },
      hint,
    });
  });

  test('shows causes of every kind', () => {
    const system = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    const inner = new MCPTransportError('down', { cause: system });
    expect(JSON.parse(JSON.stringify({ error: new MCPError('outer', { cause: inner }) }))).toMatchObject({
      error: { message: 'outer', cause: { message: 'down', cause: { message: system.message, code: 'ECONNREFUSED' } } },
    });
    expect(JSON.parse(JSON.stringify(new MCPError('outer', { cause: 'a text' })))).toMatchObject({ cause: 'a text' });
  });

  test('does not throw for details that JSON cannot express', () => {
    const circular: Record<string, unknown> = { number: 1n };
    circular['self'] = circular;
    expect(JSON.parse(JSON.stringify(new MCPError('m', { details: circular })))).toMatchObject({ details: '{…}' });
  });
});

describe('an uncaught error', () => {
  /** What Node writes to stderr for a program with an error that it does not catch. */
  function dying(
    body: string,
    module: 'commonjs' | 'module' = 'commonjs',
    script: Script = legacyScript('2025-11-25'),
  ): string {
    const index = JSON.stringify(compiled('index'));
    const head =
      module === 'module'
        ? `import { createRequire } from 'node:module';\nconst { MCPClient, StdioTransport } = createRequire(import.meta.url)(${index});`
        : `const { MCPClient, StdioTransport } = require(${index});`;
    const file = scratch(module === 'module' ? 'program.mjs' : 'program.cjs');
    const fixture = path.join(ROOT, 'test/fixtures/servers/scripted.mjs');
    const server = JSON.stringify([fixture, JSON.stringify(script), scratch('transcript')]);
    writeFileSync(file, `${head}\nconst server = { command: process.execPath, args: ${server} };\n${body}\n`);
    const NODE_PATH = path.join(ROOT, 'node_modules');
    const child = spawnSync(process.execPath, [file], {
      env: { ...process.env, NODE_PATH },
      encoding: 'utf8',
      timeout: 20_000,
    });
    expect([child.status, child.stderr]).toEqual([1, expect.any(String)]);
    return child.stderr;
  }

  const CALL = `const client = await MCPClient.connect(server); await client.callTool('slow', {}, { timeout: 50 });`;

  test.each<[string, string, 'commonjs' | 'module']>([
    ['of an async function', `void (async () => { ${CALL} })();`, 'commonjs'],
    ['at the top level of a module', CALL, 'module'],
    ['thrown again', `void (async () => { try { ${CALL} } catch (thrown) { throw thrown; } })();`, 'commonjs'],
    [
      'of a promise that nobody awaits',
      `MCPClient.connect(server).then((client) => client.callTool('slow', {}, { timeout: 50 }));`,
      'commonjs',
    ],
  ])(
    '%s is printed with message, code, delivery and hint, and without a line of this library',
    (_how, body, module) => {
      const stderr = dying(body, module, legacyScript('2025-11-25', { 'tools/call': silence }));
      for (const part of [
        'MCPTimeoutError: tools/call "slow" got no answer within 50 ms',
        "code: 'MCP_TIMEOUT'",
        "delivery: 'unknown'",
        "tool: 'slow'",
        'raise `timeout`',
      ]) {
        expect([part, count(stderr, part)]).toEqual([part, 1]);
      }
      expect(stderr).not.toMatch(/^ *\^/m);
      expect(stderr).not.toContain('new CLASSES');
      expect(stderr.trimStart()).toMatch(/^MCPTimeoutError: /);
    },
    60_000,
  );

  test.each<[string, string]>([
    ['of a constructor', `new MCPClient(new StdioTransport('x'), { timeout: -1 });`],
    ['of a call', `MCPClient.connect(server).then((client) => client.callTool('x', {}, { timeout: -1 }));`],
    ['of a stdio transport', `new StdioTransport('x', [], { timeout: -1 });`],
    ['of an HTTP target', `new MCPClient({ url: 'http://127.0.0.1:1/mcp', timout: 5, headers: 7 });`],
  ])(
    '%s that gets a wrong option is printed without a line of this library',
    (_how, body) => {
      const stderr = dying(body);
      expect(stderr.trimStart()).toMatch(/^MCPError: .*(?:timeout|headers).*(?:-1|7)/);
      expect(stderr).toContain("code: 'MCP_INVALID_PARAMS'");
      expect(stderr).not.toMatch(/^ *\^/m);
    },
    60_000,
  );

  test('of a server that crashes at its start describes the crash once', () => {
    const body = `MCPClient.connect({ command: process.execPath, args: ['-e', 'console.error("API_KEY is missing, pid " + process.pid); process.exit(3)'] });`;
    const stderr = dying(body);
    expect(count(stderr, 'API_KEY is missing')).toBe(1);
    expect(count(stderr, 'exited with code 3')).toBe(1);
    expect(stderr).toContain('set it in `env`');
    expect(stderr).toContain('was started once before and ended in the same way');
    expect(stderr).not.toMatch(/^ *\^/m);
  }, 60_000);
});

test('explain() describes a crash at the start once', async () => {
  const program = 'console.error("API_KEY is missing, pid " + process.pid); process.exit(3)';
  const { StdioTransport } = await import('../../src/index.js');
  const client = new MCPClient(new StdioTransport(process.execPath, ['-e', program]));
  const error = await errorFrom(client.connect());
  for (const text of [error.explain(), client.explain()]) {
    expect(count(text, 'API_KEY is missing')).toBe(1);
    expect(count(text, 'exited with code 3')).toBe(1);
    expect(count(text, 'exitCode: 3')).toBe(1);
  }
  expect(error.cause).toMatchObject({ exitCode: 3, stderr: expect.stringContaining('API_KEY') as string });
  await client.close();
});

test('explain() does not repeat the message of a cause', () => {
  const cause = new MCPTransportError('The server is gone', { code: 'MCP_TRANSPORT_FAILED' });
  const error = new MCPConnectionError(`Not connected: ${cause.message}`, { code: 'MCP_NOT_CONNECTED', cause });
  expect(error.explain()).toMatch(/^Not connected \[MCP_NOT_CONNECTED\]\n {2}because The server is gone \[/);
});

test('a failure that would occur again is not called safe to repeat', async () => {
  await using server = await scriptedServer(legacyScript());
  await using client = await MCPClient.connect(server.transport);
  const wrong = await errorFrom(client.callTool('x', {}, { timeout: -1 }));
  expect(wrong).toMatchObject({ code: 'MCP_INVALID_PARAMS', delivery: 'not-sent' });
  for (const call of [
    wrong,
    await errorFrom(client.request('x', [] as never)),
    await errorFrom(client.getPrompt(5 as never)),
  ]) {
    expect(call.delivery).toBe('not-sent');
    expect(call.explain()).toContain('Nothing was sent.');
    expect(call.explain()).not.toContain('safe to repeat');
  }
});

test('NODE_DEBUG=mcp-actors shows which connections keep the process from ending', () => {
  const fixture = path.join(ROOT, 'test/fixtures/servers/scripted.mjs');
  const args = JSON.stringify([fixture, JSON.stringify(legacyScript('2025-11-25')), scratch('transcript')]);
  const program = `
    const { MCPClient } = require(${JSON.stringify(compiled('index'))});
    MCPClient.connect({ command: process.execPath, args: ${args} }).then((client) => client.close());
  `;
  const env = { ...process.env, NODE_DEBUG: 'mcp-actors', NODE_PATH: path.join(ROOT, 'node_modules') };
  const { stderr, status } = spawnSync(process.execPath, ['-e', program], { env, encoding: 'utf8', timeout: 20_000 });
  expect(status).toBe(0);
  expect(stderr).toMatch(
    /MCP-ACTORS \d+: StdioTransport .*: idle → connecting; it keeps the process alive until close\(\)/,
  );
  expect(stderr).toMatch(/pid \d+: initializing → ready$/m);
  expect(stderr).toMatch(/: ready → closed$/m);
}, 60_000);
